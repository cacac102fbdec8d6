"""Files damaged at random: each decodes or is refused with a reason; none hangs, crashes or fails otherwise."""

import io
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from decoding import DECODERS, Decoding
from mutations import mutated

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
SEED, SECONDS = 0, 5.0


def sound_files() -> list[bytes]:
    random = np.random.default_rng(SEED)
    levels = random.integers(0, 256, (24, 32, 3), np.uint8)
    deep = Image.fromarray(random.integers(0, 65536, (24, 32), np.uint16))
    pictures = [(Image.fromarray(levels), name) for name in FORMATS] + [(deep, "PNG"), (deep, "TIFF")]
    files = []
    for picture, name in pictures:
        buffer = io.BytesIO()
        picture.save(buffer, name)
        files.append(buffer.getvalue())
    return files


def outcomes(copies: int) -> Counter:
    """Verdicts over so many damaged copies of each sound file, through both decoders."""
    random, found = np.random.default_rng(SEED), Counter()
    with Decoding(SECONDS) as decoding:
        for data in sound_files():
            for _ in range(copies):
                damaged = mutated(data, random)
                found.update(decoding(damaged, decoder).verdict for decoder in DECODERS)
    print(f"seed {SEED}: {copies * len(sound_files())} files, {dict(found)}")
    return found


@pytest.mark.parametrize("copies", [63, pytest.param(1_000, marks=pytest.mark.slow)])
def test_damaged_files_decode_or_are_refused(copies):
    found = outcomes(copies)
    assert found.keys() <= {"decoded", "refused"}
    assert found.total() == copies * len(sound_files()) * len(DECODERS)
    assert min(found["decoded"], found["refused"]) > copies  # the damage is neither harmless nor hopeless
