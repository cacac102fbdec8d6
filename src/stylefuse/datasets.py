"""Datasets of the catalog. Nothing here imports torch: that takes seconds, which `kedro --help` should not take."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from stylefuse._atomic import replacing, write_whole
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.output_folder import finish, hold, publish, release, staging_of


class _LocalDataset(AbstractDataset):
    """A path on this machine; relative paths start at the project's root, where Kedro runs."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None):
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.exists()


class FolderDataset(_LocalDataset):
    """A folder; nodes get its path.

    With `create`, loading makes the folder, as a workspace of a node. Nothing can be saved.
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
        raise DatasetError(f"nothing is saved to {self._filepath}: it is an input or a workspace")


class OutputFolderDataset(FolderDataset):
    """A folder of results. A node saves the path of another folder; its files are moved here.

    See `stylefuse.output_folder`. If the node returns the path of this folder, nothing is changed.
    """

    def load(self) -> Path:
        finish(self._filepath)
        return super().load()

    def save(self, data: Path) -> None:
        if data.absolute() != self._filepath.absolute():
            publish(data, self._filepath)
            return
        staging = staging_of(self._filepath)
        if staging.is_dir() and not any(staging.iterdir()):
            staging.rmdir()
        release(self._filepath)


class StagingDataset(_LocalDataset):
    """The staging folder of an output folder, as a node's input. It is on the same disk as the output folder.

    The node fills the folder and returns its path as the value of the output folder's dataset. Files at its top with a
    leading dot belong to the node and are not published. Loading locks the output folder for this run and empties the
    staging folder. With `keep` it is not emptied: the node continues with the files of an interrupted run, or deletes
    them.
    """

    def __init__(self, *, filepath: str, keep: bool = False, metadata: dict[str, Any] | None = None):
        super().__init__(filepath=filepath, metadata=metadata)
        self._keep = keep

    def load(self) -> Path:
        staging = staging_of(self._filepath)
        try:
            hold(self._filepath)
            finish(self._filepath)
            if not self._keep and staging.is_dir():
                shutil.rmtree(staging)
            staging.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatasetError(
                f"the output folder {self._filepath} cannot be written to ({error.strerror}): "
                "correct its permissions, or give another data_root"
            ) from error
        return staging

    def save(self, data: Path) -> None:
        raise DatasetError(f"{self._filepath} is filled through its output folder's dataset")


class JSONDataset(_LocalDataset):
    """Plain values as JSON."""

    def load(self) -> Any:
        if not self._filepath.is_file():
            raise DatasetError(f"there is no {self._filepath}: run the pipeline that makes it")
        try:
            return json.loads(self._filepath.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError(
                f"{self._filepath} is no JSON ({error}): delete it, or run its pipeline again"
            ) from error

    def save(self, data: Any) -> None:
        write_whole(self._filepath, json.dumps(data, indent=2).encode())


class OptionalJSONDataset(JSONDataset):
    """As `JSONDataset`, but loading returns None if there is no file."""

    def load(self) -> Any:
        return super().load() if self._exists() else None


class CSVDataset(_LocalDataset):
    """A table as CSV, without its index."""

    def load(self) -> pd.DataFrame:
        if not self._filepath.is_file():
            raise DatasetError(f"there is no {self._filepath}: run the pipeline that makes it")
        return pd.read_csv(self._filepath, dtype={"fingerprint": str})  # its digits are no number

    def save(self, data: pd.DataFrame) -> None:
        with replacing(self._filepath) as partial:
            data.to_csv(partial, index=False)


class ManifestDataset(_LocalDataset):
    """The manifest as CSV, UTF-8. All text is read back unchanged: also "NA", " ", and any line ending."""

    def load(self) -> pd.DataFrame:
        text = ("path", "style", "sha256", "phash", "split", "verdict", "reason", "trim")
        return pd.read_csv(self._filepath, dtype=dict.fromkeys(text, str), keep_default_na=False)

    def save(self, data: pd.DataFrame) -> None:
        # All text in quotes: otherwise a name with "\r" would end its line.
        with replacing(self._filepath) as partial:
            data.to_csv(partial, index=False, quoting=csv.QUOTE_NONNUMERIC)


class WeightsDataset(_LocalDataset):
    """A network as safetensors, loaded as `stylefuse.networks.weights.Weights`."""

    def load(self) -> Weights:
        return read_weights(self._filepath)

    def save(self, data: Weights) -> None:
        write_weights(self._filepath, data)


class OptionalWeightsDataset(WeightsDataset):
    """As `WeightsDataset`, but loading returns None if there is no file."""

    def load(self) -> Weights | None:  # type: ignore[override]
        return super().load() if self._exists() else None
