"""The catalog's own datasets: what is saved comes back, and what is wrong is told with its name."""

import tempfile
from pathlib import Path

import pandas as pd
import pytest
import torch
from kedro.io import DatasetError

from stylefuse.datasets import (
    CSVDataset,
    FolderDataset,
    JSONDataset,
    ManifestDataset,
    OptionalJSONDataset,
    OptionalWeightsDataset,
    OutputFolderDataset,
    StagingDataset,
    WeightsDataset,
)
from stylefuse.images.manifest import COLUMNS
from stylefuse.networks.weights import Weights
from stylefuse.output_folder import LIST, LOCK, staging_of


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "08_reporting" / "report"


def filled(name: str) -> Path:
    """What a node hands over: a temporary folder with a file in it."""
    folder = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    (folder / name).write_text(name)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_moved_into_its_place(target):
    dataset, made = OutputFolderDataset(filepath=str(target)), filled("a.png")
    assert not dataset.exists()
    dataset.save(made)
    assert dataset.exists() and not made.exists()
    assert dataset.load() == target
    assert names(target) == [LIST, LOCK, "a.png"]
    assert target.stat().st_mode & 0o777 == 0o755  # a temporary folder's is 0o700


def test_a_folder_replaces_the_one_before_whole(target):
    dataset = OutputFolderDataset(filepath=str(target))
    dataset.save(filled("old.png"))
    dataset.save(filled("new.png"))
    assert names(target) == [LIST, LOCK, "new.png"]
    assert names(target.parent) == ["report"]


def test_what_an_interrupted_save_left_is_no_obstacle(target):
    leftover = staging_of(target)
    leftover.mkdir(parents=True)
    (leftover / "half.png").touch()
    OutputFolderDataset(filepath=str(target)).save(filled("a.png"))
    assert names(target) == [LIST, LOCK, "a.png"]
    assert names(target.parent) == ["report"]


def test_a_failed_save_leaves_what_was_there(target):
    dataset = OutputFolderDataset(filepath=str(target))
    dataset.save(filled("old.png"))
    with pytest.raises(FileNotFoundError):
        dataset.save(target.parent / "never made")
    assert names(target) == [LIST, LOCK, "old.png"]


def test_a_folder_saved_onto_itself_stays(target):
    dataset = OutputFolderDataset(filepath=str(target), create=True)
    (dataset.load() / "a.png").touch()
    dataset.save(target)
    assert names(target) == ["a.png"]


def test_a_staging_folder_is_emptied_unless_it_is_to_be_kept(target):
    for keep, left in ((True, ["half.png"]), (False, [])):
        staging = StagingDataset(filepath=str(target), keep=keep).load()
        (staging / "half.png").touch()
        assert names(StagingDataset(filepath=str(target), keep=keep).load()) == left
    with pytest.raises(DatasetError, match="output folder"):
        StagingDataset(filepath=str(target)).save(target)


def test_nothing_is_saved_to_an_input(target):
    with pytest.raises(DatasetError, match="is an input or a workspace"):
        FolderDataset(filepath=str(target)).save(target)


def test_a_staging_folder_that_cannot_be_made_names_the_output_folder(target):
    target.parent.mkdir()
    target.touch()
    with pytest.raises(DatasetError, match=r"output folder .*report cannot be written to .*data_root"):
        StagingDataset(filepath=str(target)).load()


def test_notes_of_a_staging_folder_are_not_published(target):
    staging = StagingDataset(filepath=str(target)).load()
    (staging / ".batch.json").touch()
    (staging / "a.png").touch()
    OutputFolderDataset(filepath=str(target)).save(staging)
    assert names(target) == [LIST, LOCK, "a.png"]


@pytest.mark.parametrize(
    ("dataset", "name", "data"),
    [
        (JSONDataset, "a.json", {"psnr": 31.5, "Ünï": [None]}),
        (CSVDataset, "a.csv", pd.DataFrame({"file": ["a"], "images": [2]})),
        (ManifestDataset, "manifest.csv", pd.DataFrame([dict.fromkeys(COLUMNS, "1")])),
    ],
)
def test_files_are_replaced_and_never_written_into(tmp_path, dataset, name, data):
    """DVC links results to its cache: what is written through the link damages every version that uses the file."""
    cached = tmp_path / "cache" / "0123"
    cached.parent.mkdir()
    cached.write_text("cached")
    (tmp_path / name).symlink_to(cached)
    dataset(filepath=str(tmp_path / name)).save(data)
    assert cached.read_text() == "cached"
    assert not (tmp_path / name).is_symlink()
    loaded = dataset(filepath=str(tmp_path / name)).load()
    assert loaded.astype(str).equals(data.astype(str)) if isinstance(data, pd.DataFrame) else loaded == data


@pytest.mark.parametrize("dataset", [JSONDataset, CSVDataset])
def test_a_missing_result_is_named_with_the_remedy(tmp_path, dataset):
    with pytest.raises(DatasetError, match=r"there is no .*a\.json: run the pipeline"):
        dataset(filepath=str(tmp_path / "a.json")).load()


def test_a_missing_folder_is_named_with_the_remedy(target):
    with pytest.raises(DatasetError, match=r"no folder .*08_reporting/report.*globals\.yml"):
        FolderDataset(filepath=str(target)).load()
    assert not target.exists()


def test_a_file_in_place_of_a_folder_is_refused(target):
    target.parent.mkdir()
    target.touch()
    with pytest.raises(DatasetError, match="no folder"):
        FolderDataset(filepath=str(target)).load()


def test_a_workspace_is_made_on_loading_and_never_emptied(target):
    workspace = FolderDataset(filepath=str(target), create=True)
    (workspace.load() / "checkpoint").touch()
    assert names(workspace.load()) == ["checkpoint"]


def test_a_manifest_keeps_every_text(tmp_path):
    """pandas takes "NA", "null", "" and 007 in a CSV for something else unless it is told not to."""
    rows = [
        ["NA/001.jpg", "NA", 12, 34, 56, "00123", "007e5", "train", "ok", "", "1,2,3,4", 0],
        ["null/None.jpg", "null", 0, 0, 1, "nan", "", "", "quarantined", "N/A, cut short", "", -1],
        ['a "b", c\nd.jpg', "Ünï 風", 1, 1, 1, "1e5", "0", "test", "ok", "", "", 1],
    ]
    manifest = pd.DataFrame(rows, columns=list(COLUMNS))
    dataset = ManifestDataset(filepath=str(tmp_path / "03_primary" / "manifest.csv"))
    dataset.save(manifest)
    loaded = dataset.load()
    assert loaded.columns.tolist() == list(COLUMNS)
    assert loaded.to_numpy().tolist() == rows


def test_a_manifest_without_trimmed_pictures_keeps_text(tmp_path):
    """A column of empty cells alone, or of bare numbers, must not turn into numbers."""
    rows = [["1.jpg", "1", 1, 1, 1, "1", "1", "test", "ok", "", "", 0]]
    dataset = ManifestDataset(filepath=str(tmp_path / "manifest.csv"))
    dataset.save(pd.DataFrame(rows, columns=list(COLUMNS)))
    assert dataset.load().to_numpy().tolist() == rows


def test_weights_come_back_as_saved(tmp_path):
    dataset = WeightsDataset(filepath=str(tmp_path / "06_models" / "generator.safetensors"))
    weights = Weights({"head.weight": torch.randn(3, 4)}, {"kind": "generator", "styles": ["photo", "ink"]})
    assert not dataset.exists()
    dataset.save(weights)
    loaded = dataset.load()
    assert loaded.facts == weights.facts
    assert torch.equal(loaded.tensors["head.weight"], weights.tensors["head.weight"])


def test_missing_weights_are_named_with_the_remedy(tmp_path):
    with pytest.raises(DatasetError, match=r"judge\.safetensors: run the pipeline"):
        WeightsDataset(filepath=str(tmp_path / "judge.safetensors")).load()


@pytest.mark.parametrize("content", [b"", b"not safetensors", None])
def test_damaged_weights_are_named_with_the_remedy(tmp_path, content):
    path = tmp_path / "judge.safetensors"
    dataset = WeightsDataset(filepath=str(path))
    dataset.save(Weights({"a": torch.ones(100)}, {"kind": "judge"}))
    path.write_bytes(path.read_bytes()[:-50] if content is None else content)
    with pytest.raises(DatasetError, match=r"judge\.safetensors is damaged.*train it again"):
        dataset.load()


def test_a_network_that_need_not_be_there(tmp_path):
    path = tmp_path / "06_models" / "fuser.safetensors"
    dataset = OptionalWeightsDataset(filepath=str(path))
    assert dataset.load() is None
    dataset.save(Weights({"a": torch.ones(100)}, {"kind": "fuser"}))
    assert dataset.load().facts == {"kind": "fuser"}
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DatasetError, match="damaged"):  # not there is one thing, broken another
        dataset.load()


def test_numbers_that_need_not_be_there(tmp_path):
    path = tmp_path / "08_reporting" / "fusion.json"
    dataset = OptionalJSONDataset(filepath=str(path))
    assert dataset.load() is None
    values = {"summary": {"psnr": 31.5, "Ünï": None}, "about": {"fingerprint": "f"}}
    dataset.save(values)
    assert dataset.load() == values
    assert names(path.parent) == ["fusion.json"]
    with pytest.raises(DatasetError):
        dataset.save({"not": {"JSON"}})
    assert dataset.load() == values
    path.write_text('{"summary": ')
    with pytest.raises(DatasetError, match=r"fusion\.json is no JSON.*again"):
        dataset.load()
