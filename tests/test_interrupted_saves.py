"""Every dataset of the catalog, saved on a full disk, in a folder that cannot be written to, and killed at every step.

A save is run in a forked process in which an audit hook sees each thing that it does to the disk. Afterwards the
dataset holds what it held before or what was saved, whole, and the same save succeeds.
"""

import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from kedro.io import AbstractDataset

from project import configuration, pipelines
from stylefuse.images.manifest import COLUMNS
from stylefuse.networks.weights import Weights
from stylefuse.output_folder import LIST, LOCK, staging_of

# What a save does to names on a disk; a file that is only read does not count.
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"}
# A full disk refuses new names and bytes, and still deletes.
FREES = {"os.remove", "os.rmdir"}
KILLED = 9


def saved_datasets() -> dict[str, dict[str, Any]]:
    made = set().union(*(pipeline.all_outputs() for pipeline in pipelines().values()))
    return {name: entry for name, entry in configuration("catalog").items() if name in made}


def dataset(name: str, root: Path) -> AbstractDataset:
    entry = dict(saved_datasets()[name])
    entry["filepath"] = str(root / Path(entry["filepath"]).name)
    return AbstractDataset.from_config(name, entry)


def value(name: str, version: int, root: Path) -> Any:
    """Something that the dataset can hold, another one for each version."""
    kind = saved_datasets()[name]["type"].rpartition(".")[2]
    if kind == "OutputFolderDataset":
        folder = root / f"made {version}"
        (folder / "sub").mkdir(parents=True)
        for file in ("same.txt", f"only {version}.txt", "sub/same.txt"):
            (folder / file).write_text(f"{file} {version}")
        return folder
    if kind == "ManifestDataset":
        return pd.DataFrame([[str(version)] * len(COLUMNS)], columns=list(COLUMNS))
    if kind == "CSVDataset":
        return pd.DataFrame({"images_seen": [version]})
    if kind in ("JSONDataset", "OptionalJSONDataset"):
        return {"version": version}
    assert kind in ("WeightsDataset", "OptionalWeightsDataset"), f"say what a {kind} holds"
    return Weights({"a": torch.full((3,), float(version))}, {"version": version})


def content(loaded: Any) -> Any:
    """A loaded value in a form that can be compared."""
    if isinstance(loaded, Path):
        files = (
            path for path in sorted(loaded.rglob("*")) if path.is_file() and path.name not in (LIST, LOCK)
        )
        found = {path.relative_to(loaded).as_posix(): path.read_text() for path in files}
        return {name: text for name, text in found.items() if not name.startswith(".")}
    if isinstance(loaded, pd.DataFrame):
        return loaded.astype(str).to_dict("list")
    if isinstance(loaded, Weights):
        return loaded.facts, loaded.tensors["a"].tolist()
    return loaded


def in_a_process(save: Callable[[], None], root: Path, fault: str, step: int) -> tuple[int, str]:
    """Run a save with a fault at its step of that number; gives the exit status, and the error's text.

    Exit status 0: it was saved; 1: it raised; KILLED: it was killed.
    """
    read, write = os.pipe()
    process = os.fork()
    if process:
        os.close(write)
        with os.fdopen(read) as pipe:
            text = pipe.read()
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), text
    done = 0

    def watch(event: str, arguments: tuple) -> None:
        nonlocal done
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if (event not in CHANGES and not writes) or not str(arguments[0]).startswith(str(root)):
            return
        done += 1
        if done < step:
            return
        if fault == "killed":
            os._exit(KILLED)
        if fault == "full" and event not in FREES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
        if fault == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), arguments[0])

    status = 1
    try:
        sys.addaudithook(watch)
        save()
        status = 0
    except BaseException as error:
        os.write(write, str(error).encode())
    finally:
        os._exit(status)


def one_of_each_kind() -> list[Any]:
    """All datasets; those whose kind came before are slow."""
    seen: set[str] = set()
    cases = []
    for name, entry in sorted(saved_datasets().items()):
        cases.append(pytest.param(name, marks=[pytest.mark.slow] if entry["type"] in seen else []))
        seen.add(entry["type"])
    return cases


@pytest.mark.parametrize("fault", ["killed", "full", "read-only"])
@pytest.mark.parametrize("name", one_of_each_kind())
def test_a_dataset_is_the_old_one_or_the_new_one(name, fault, tmp_path):
    root = tmp_path / "data"
    expected = {}
    for version in (1, 2):
        place = tmp_path / f"whole {version}"
        dataset(name, place).save(value(name, version, tmp_path / f"values {version}"))
        expected[version] = content(dataset(name, place).load())
    assert expected[1] != expected[2]
    step = status = 0
    while status != 0 or step == 0:
        step += 1
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(tmp_path / "made", ignore_errors=True)
        dataset(name, root).save(value(name, 1, tmp_path / "made" / "1"))
        new = value(name, 2, tmp_path / "made" / "2")
        status, text = in_a_process(lambda new=new: dataset(name, root).save(new), root, fault, step)
        assert status in (0, 1, KILLED)
        if status == 1:
            assert str(root) in text, text  # it says where
        assert content(dataset(name, root).load()) in expected.values()
        dataset(name, root).save(value(name, 2, tmp_path / "made" / "3"))
        assert content(dataset(name, root).load()) == expected[2]
        if fault == "full":
            assert not list(root.rglob("*.tmp"))
        assert step < 100
    assert step > 3  # the faults were met
    folder = Path(dataset(name, root)._describe()["filepath"])
    assert not staging_of(folder).exists()
