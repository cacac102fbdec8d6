"""The catalog's own datasets. Nothing here imports torch: it costs seconds that `kedro --help` should not pay."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from stylefuse.networks.weights import Weights, read_weights, write_weights


class _LocalDataset(AbstractDataset):
    """A path on this machine; relative ones start at the project's root, where Kedro runs."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None):
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.exists()


class FolderDataset(_LocalDataset):
    """A folder, handed to nodes as its path.

    Saving takes the path of another folder, filled by the node in a temporary place, and moves it here, so
    the catalog's folder is never half written. With `create`, loading makes the folder: a workspace that a
    node fills while it runs.
    """

    def __init__(self, *, filepath: str, create: bool = False, metadata: dict[str, Any] | None = None):
        super().__init__(filepath=filepath, metadata=metadata)
        self._create = create

    def load(self) -> Path:
        if self._create:
            self._filepath.mkdir(parents=True, exist_ok=True)
        if not self._filepath.is_dir():
            raise DatasetError(
                f"there is no folder {self._filepath}: make it, or correct the path in conf/*/globals.yml or --params"
            )
        return self._filepath

    def save(self, data: Path) -> None:
        if data.resolve() == self._filepath.resolve():
            return
        incoming = self._filepath.with_name(f".{self._filepath.name}.incoming")
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(data, incoming)
        incoming.chmod(0o755)  # temporary folders are closed to everyone else
        shutil.rmtree(self._filepath, ignore_errors=True)
        incoming.replace(self._filepath)


class ManifestDataset(_LocalDataset):
    """The manifest as CSV. Empty cells stay empty strings: a style or a file may be called "NA"."""

    def load(self) -> pd.DataFrame:
        text = {"path": str, "style": str, "sha256": str, "phash": str, "split": str, "verdict": str}
        return pd.read_csv(self._filepath, dtype={**text, "reason": str}, keep_default_na=False)

    def save(self, data: pd.DataFrame) -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        partial = self._filepath.with_suffix(".partial")
        data.to_csv(partial, index=False)
        partial.replace(self._filepath)


class WeightsDataset(_LocalDataset):
    """A network as safetensors, loaded as `stylefuse.networks.weights.Weights`."""

    def load(self) -> Weights:
        return read_weights(self._filepath)

    def save(self, data: Weights) -> None:
        write_weights(self._filepath, data)


class OptionalWeightsDataset(WeightsDataset):
    """As `WeightsDataset`, for a network that need not be there: loading gives None where there is no file."""

    def load(self) -> Weights | None:
        return super().load() if self._exists() else None


class OptionalJSONDataset(_LocalDataset):
    """Plain values as JSON that need not be there: loading gives None where there is no file."""

    def load(self) -> Any:
        if not self._exists():
            return None
        try:
            return json.loads(self._filepath.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError(
                f"{self._filepath} is no JSON ({error}): delete it, or run its pipeline again"
            ) from error

    def save(self, data: Any) -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        partial = self._filepath.with_suffix(".partial")
        partial.write_text(json.dumps(data, indent=2), encoding="utf-8")
        partial.replace(self._filepath)
