"""dvc.yaml says twice what the catalog and the code say once; here the two are held together."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from project import ROOT, SOURCE, configuration, pipelines, reached_from

DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # within DVC
STAGES = list(DVC["stages"])
# What every stage goes through: a change of these may change any of its results.
ALWAYS = {
    "conf/base/catalog.yml",
    "src/stylefuse/_atomic.py",
    "src/stylefuse/_output_files.py",
    "src/stylefuse/datasets.py",
    "src/stylefuse/output_folder.py",
}

# Stages whose code is not the folder of their name: the pipeline of a head is made from what its task declares.
CODE = {
    "train_fuser": [SOURCE / "pipelines" / "train_head", SOURCE / "tasks" / "fuse" / "head.py"],
    "train_restore": [SOURCE / "pipelines" / "train_head", SOURCE / "tasks" / "restore" / "head.py"],
    "train_reviser": [SOURCE / "pipelines" / "train_head", SOURCE / "tasks" / "stylize" / "reviser_head.py"],
    "train_upscale": [SOURCE / "pipelines" / "train_head", SOURCE / "tasks" / "upscale" / "head.py"],
}


def filled_in(text: str) -> str:
    """Put the values of the files named in `vars` in place of `${name}`, as DVC does."""
    values = {}
    for name in DVC["vars"]:
        values |= yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), text)


def paths(stage: str, *kinds: str) -> set[str]:
    entries = [entry for kind in kinds for entry in DVC["stages"][stage].get(kind, [])]
    return {filled_in(entry if isinstance(entry, str) else next(iter(entry))) for entry in entries}


@pytest.fixture(scope="module")
def chain():
    return pipelines()


@pytest.fixture(scope="module")
def stored(chain):
    """Name and path of what one stage leaves for another, or for us: all of the catalog but workspaces."""
    made = set().union(*(pipeline.all_outputs() for pipeline in chain.values()))
    catalog = {name: entry for name, entry in configuration("catalog").items() if "{" not in name}
    workspaces = {name for name, entry in catalog.items() if entry.get("create") and name not in made}
    assert workspaces == {
        "checkpoints",
        "fusion_samples",
        "models_with_styles",  # of `add_style`, which is no stage: its pictures are the user's
        "restoration_samples",
        "revision_samples",
        "training_samples",
    }
    workspaces |= {name for name, entry in catalog.items() if entry["type"].endswith("StagingDataset")}
    paths = {name: entry["filepath"] for name, entry in catalog.items() if name not in workspaces}
    return paths | heads_by_pattern(made)


def heads_by_pattern(made):
    """The same of heads that the catalog knows by a pattern."""
    from kedro.io import CatalogConfigResolver

    resolver = CatalogConfigResolver(configuration("catalog"))
    names = [name for name in made if "_head" in name]
    return {name: resolver.resolve_pattern(name)["filepath"] for name in names}


def test_every_pipeline_of_the_chain_is_a_stage(chain):
    nodes = {stage: {node.name for node in chain[stage].nodes} for stage in STAGES}
    assert set().union(*nodes.values()) == {node.name for node in chain["__default__"].nodes}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_its_pipeline_and_nothing_local(stage):
    assert DVC["stages"][stage]["cmd"] == f"kedro run --env base --pipelines {stage}"


@pytest.mark.parametrize("stage", STAGES)
def test_outs_are_what_the_pipeline_saves(stage, chain, stored):
    saved = {stored[name] for name in chain[stage].all_outputs() & stored.keys()}
    assert paths(stage, "outs", "metrics", "plots") == saved


@pytest.mark.parametrize("stage", STAGES)
def test_data_deps_are_what_the_pipeline_loads(stage, chain, stored):
    loaded = {stored[name] for name in chain[stage].inputs() & stored.keys()}
    deps = {path for path in paths(stage, "deps") if not path.startswith(("src/", "conf/"))}
    assert deps == loaded


@pytest.mark.parametrize("stage", STAGES)
def test_code_deps_are_what_the_pipeline_imports(stage):
    deps = {path for path in paths(stage, "deps") if path.startswith(("src/", "conf/"))}
    assert deps >= ALWAYS
    assert all((ROOT / path).exists() for path in deps)
    # Files that hold nothing but a docstring or the version decide no result.
    starts = CODE.get(stage, [SOURCE / "pipelines" / stage])
    needed = {file for file in reached_from(*starts) if file.name != "__init__.py"}

    def below(path: str, file: Path) -> bool:
        return file.is_relative_to(ROOT / path)

    forgotten = [file for file in needed if not any(below(path, file) for path in deps)]
    needless = [path for path in deps - ALWAYS if not any(below(path, file) for file in needed)]
    assert (forgotten, needless) == ([], [])


@pytest.mark.parametrize("stage", STAGES)
def test_params_are_the_whole_section_that_the_pipeline_takes(stage, chain):
    ((name, keys),) = [item for entry in DVC["stages"][stage]["params"] for item in entry.items()]
    taken = {name.removeprefix("params:") for name in chain[stage].inputs() if name.startswith("params:")}
    assert set(keys) == taken
    assert yaml.safe_load((ROOT / name).read_text(encoding="utf-8")).keys() == taken


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """What DVC sees of a fresh clone."""
    from dvc.repo import Repo

    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    clone = tmp_path / "clone"
    subprocess.run(["git", "init", "-q", clone], check=True)
    for name in (".gitignore", ".dvcignore", "dvc.yaml"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "conf", clone / "conf", ignore=shutil.ignore_patterns("local"))
    Repo.init(clone).close()
    shutil.copy(ROOT / ".dvc" / "config", clone / ".dvc")
    monkeypatch.chdir(clone)  # DVC names things relative to where it is called
    with Repo() as repo:
        yield repo


def test_dvc_reads_the_file(repository):
    found = {stage.name: {out.def_path for out in stage.outs} for stage in repository.index.stages}
    assert found == {stage: paths(stage, "outs", "metrics", "plots") for stage in STAGES}
    assert repository.config["core"]["analytics"] is False


def test_dvc_deletes_no_folder_before_a_stage(chain):
    """It would take along what a user put there."""
    catalog = configuration("catalog")
    folders = {entry["filepath"] for entry in catalog.values() if entry["type"].endswith("FolderDataset")}
    for stage in STAGES:
        for out in DVC["stages"][stage]["outs"]:
            path, persists = (out, False) if isinstance(out, str) else (next(iter(out)), True)
            assert persists or filled_in(path) not in folders, path


def test_own_pictures_are_dvcs_and_their_pointers_gits(repository):
    from dvc.repo import Repo

    clone = Path(repository.root_dir)
    for name in ("photos/a.png", "styles/ink/b.png"):
        file = clone / "data" / "01_raw" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(name.encode())
    repository.add([str(clone / "data/01_raw/photos"), str(clone / "data/01_raw/styles")])
    with Repo() as again:  # DVC looks for pointers nowhere that it takes for git-ignored
        known = {stage.addressing for stage in again.index.stages}
    assert {"data/01_raw/photos.dvc", "data/01_raw/styles.dvc"} <= known
    ask = ["git", "status", "--porcelain", "--untracked-files=all", "data"]
    status = subprocess.run(ask, cwd=clone, check=True, capture_output=True, text=True).stdout.split()
    assert status == ["??", "data/01_raw/photos.dvc", "??", "data/01_raw/styles.dvc"]


def test_results_and_lock(repository):
    """Results are ignored by git without help of DVC's; the lock is not, or DVC would refuse it."""
    clone = repository.root_dir
    outs = [path for stage in STAGES for path in paths(stage, "outs", "metrics", "plots")]
    ask = ["git", "check-ignore", *outs, "dvc.lock", "data/README.md"]
    ignored = subprocess.run(ask, cwd=clone, capture_output=True, text=True).stdout.split()
    assert sorted(ignored) == sorted(outs)
