"""The whole chain, from no data to a registered champion; again; and killed half way."""

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from kedro.io import CatalogConfigResolver
from mlflow import MlflowClient

from project import ROOT, configuration, pipelines, session
from stylefuse.images.io import decode
from stylefuse.networks.weights import read_weights
from support import assert_equal_weights

pytestmark = pytest.mark.slow


class Project:
    """This project, with data and tracking in a folder of their own."""

    def __init__(self, folder: Path):
        self.data, self.tracking = folder / "data", f"sqlite:///{folder}/mlflow.db"
        sample = self.data / "01_raw" / "sample"
        self.paths = {"data_root": self.data, "photos": sample / "photos", "styles": sample / "styles"}

    def run(self, pipeline: str) -> dict[str, Any]:
        """Run in this process; returns what the last node made, loaded."""
        with session("test", **{name: str(path) for name, path in self.paths.items()}) as kedro:
            outputs = kedro.run(pipeline_names=[pipeline])
        return {name: dataset.load() for name, dataset in outputs.items()}

    def start(self, pipeline: str, log: Path, **parameters: Any) -> subprocess.Popen:
        """Run in a process of its own, one that may be killed."""
        given = ",".join(f"{name}={value}" for name, value in {**self.paths, **parameters}.items())
        command = [sys.executable, "-m", "kedro", "run", "--env", "test", "--pipelines", pipeline]
        # One thread: sums of floats depend on how they are split among threads.
        settings = {"MLFLOW_TRACKING_URI": self.tracking, "OMP_NUM_THREADS": "1"}
        with log.open("w") as file:
            return subprocess.Popen(
                [*command, "--params", given],
                cwd=ROOT,
                env={**os.environ, **settings},
                stdout=file,
                stderr=file,
            )

    def stored(self, name: str) -> Path:
        """Where a dataset of the catalog lies."""
        catalog = CatalogConfigResolver(configuration("catalog", "test", data_root=str(self.data)))
        return Path(catalog.resolve_pattern(name)["filepath"])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """After one run of the chain."""
    import mlflow

    project = Project(tmp_path_factory.mktemp("chain"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", project.tracking)
        project.first = project.run("__default__")
        yield project
        mlflow.set_tracking_uri("")


def test_the_chain_leaves_everything_it_promises(project):
    made = pipelines()["__default__"].all_outputs()
    assert made >= {"manifest", "generator", "evaluation", "fuser", "fusion_evaluation", "registration"}
    assert [name for name in made if not project.stored(name).exists()] == []


def test_the_training_log_has_what_dvc_plots(project):
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    named = [plot for entry in plots for plot in entry.values()]
    columns = {plot["x"] for plot in named} | {y for p in named for ys in p["y"].values() for y in ys}
    assert columns <= set(pd.read_csv(project.stored("training_log")).columns)


def test_the_first_model_becomes_champion(project):
    registration = project.first["registration"]
    assert registration["outcome"] == "promoted"
    client = MlflowClient(project.tracking)
    champion = client.get_model_version_by_alias(registration["name"], registration["alias"])
    assert int(champion.version) == registration["version"]
    run = client.get_run(champion.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["train_hybrid.training.images"] == "32"
    assert {"data_hash", "kedro.run_id", "node.train_generator"} <= run.data.tags.keys()
    assert any(name.startswith("train.") for name in run.data.metrics)


def test_the_generator_knows_what_it_is(project):
    manifest = pd.read_csv(project.stored("manifest"), keep_default_na=False)
    facts = read_weights(project.stored("generator")).facts
    assert facts["styles"] == ["photo", *sorted(set(manifest["style"]) - {"photo"})]
    assert facts["images_seen"] == 32


def test_the_champion_fuses_as_well(project):
    import mlflow

    registration = project.first["registration"]
    assert registration["fusion"] == "included"
    model = mlflow.pyfunc.load_model(registration["uri"])
    pictures = sorted(Path(project.paths["photos"]).rglob("*.png"))[:2]
    rows = pd.DataFrame({"image": [base64.b64encode(path.read_bytes()).decode() for path in pictures]})
    answer = model.predict(rows, params={"task": "fuse+stylize", "strength": 0.5})
    assert len(answer) == 1
    fused = decode(base64.b64decode(answer["image"][0]))
    assert fused.size == decode(pictures[0]).size


def test_the_same_again_changes_nothing(project):
    before = read_weights(project.stored("generator"))
    again = project.run("__default__")["registration"]
    assert again["outcome"] == f"unchanged: version {again['version']}"
    assert again["version"] == project.first["registration"]["version"]
    assert_equal_weights(read_weights(project.stored("generator")), before)
    client = MlflowClient(project.tracking)
    assert len(client.search_model_versions(f"name = '{again['name']}'")) == 1


def test_a_killed_training_goes_on_as_if_nothing_had_happened(project, tmp_path):
    """`kill -9`: no handler runs, no file is closed."""
    longer = {
        "train_hybrid.training.images": 320,
        "train_hybrid.training.checkpoint_every": 16,
        "train_hybrid.training.device": "cpu",
    }

    def prepared(name: str) -> Project:
        copy = Project(tmp_path / name)
        for dataset in ("manifest", "image_store", "classifier"):
            source, target = project.stored(dataset), copy.stored(dataset)
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        copy.tracking = project.tracking
        return copy

    whole, killed = prepared("whole"), prepared("killed")
    assert whole.start("train_hybrid", tmp_path / "whole.log", **longer).wait() == 0

    process = killed.start("train_hybrid", tmp_path / "killed.log", **longer)
    try:
        while not list(killed.stored("checkpoints").glob("*/images-*.safetensors")):
            assert process.poll() is None, (tmp_path / "killed.log").read_text()
            time.sleep(0.05)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not killed.stored("generator").exists()

    assert killed.start("train_hybrid", tmp_path / "resumed.log", **longer).wait() == 0
    log = (tmp_path / "resumed.log").read_text()
    assert "goes on from the checkpoint at" in log and "at 320 of 320" not in log
    assert_equal_weights(read_weights(killed.stored("generator")), read_weights(whole.stored("generator")))
    assert killed.stored("training_log").read_bytes() == whole.stored("training_log").read_bytes()
    grids = [sorted(p.name for p in each.stored("training_samples").iterdir()) for each in (whole, killed)]
    assert grids[0] == grids[1]
