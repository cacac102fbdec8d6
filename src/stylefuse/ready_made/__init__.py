"""The model that the package brings, for those who have trained none; DATA_CARD.md tells what it learned from."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent
_GENERATOR = "generator.safetensors"


def missing() -> Path | None:
    """The model's file, where this installation lacks it."""
    path = FOLDER / _GENERATOR
    return None if path.is_file() else path


def styles() -> list[str]:
    """Names of the model's styles, read without PyTorch, for `--help`; none where its file is missing."""
    if missing():
        return []
    with (FOLDER / _GENERATOR).open("rb") as file:  # a safetensors file begins with the length of its JSON
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["facts"])["styles"][1:]
