"""`kedro run --pipelines stylize` as a process that is stopped or killed: the same command goes on."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from project import ROOT
from stylefuse.networks.generator import pack_generator
from stylefuse.networks.weights import write_weights
from stylefuse.pipelines.journal import JOURNAL
from support import STYLES, lively_generator, scene

pytestmark = pytest.mark.slow
LIMIT = 300  # s, against hanging
PICTURES = 30


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i in range(PICTURES):
        Image.fromarray(scene(random, 600, 900)).save(folder / f"{i:02d}.jpg")
    return folder


class Workplace:
    """A folder of data with a generator, and a tracking database."""

    def __init__(self, folder, photos):
        self.folder, self.photos = folder, photos
        self.results = folder / "data" / "07_model_output" / "stylized"
        generator = pack_generator(lively_generator(), STYLES, image_size=32)
        write_weights(folder / "data" / "06_models" / "generator.safetensors", generator)

    def start(self, log):
        given = f"data_root={self.folder / 'data'},stylize_input={self.photos},stylize.style=red"
        run = [
            sys.executable,
            "-m",
            "kedro",
            "run",
            "--env",
            "test",
            "--pipelines",
            "stylize",
            "--params",
            given,
        ]
        settings = {"MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db", "OMP_NUM_THREADS": "1"}
        with (self.folder / log).open("w") as file:
            return subprocess.Popen(run, cwd=ROOT, env={**os.environ, **settings}, stdout=file, stderr=file)

    def log(self, name):
        return " ".join((self.folder / name).read_text().split())

    def finished(self):
        journal = self.results / ".incoming" / JOURNAL
        return max(0, journal.read_bytes().count(b"\n") - 1) if journal.is_file() else 0

    def made(self):
        return {path.name: path.read_bytes() for path in self.results.glob("[!.]*")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, photos):
    """What a batch makes that nobody disturbs."""
    workplace = Workplace(tmp_path_factory.mktemp("whole"), photos)
    assert workplace.start("log").wait(LIMIT) == 0, workplace.log("log")
    assert len(workplace.made()) == PICTURES
    return workplace.made(), (workplace.folder / "data" / "08_reporting" / "stylized.csv").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_in_the_middle_the_same_command_goes_on(tmp_path, photos, whole, number):
    workplace = Workplace(tmp_path, photos)
    process, until = workplace.start("stopped"), time.monotonic() + LIMIT
    while workplace.finished() < 5:
        assert process.poll() is None and time.monotonic() < until, workplace.log("stopped")
        time.sleep(0.005)
    process.send_signal(number)
    assert process.wait(LIMIT) != 0
    kept = workplace.finished()
    assert 5 <= kept < PICTURES and workplace.made() == {}
    if number != signal.SIGKILL:
        assert f"{kept} of {PICTURES} pictures are restyled and kept in" in workplace.log("stopped")
    assert workplace.start("resumed").wait(LIMIT) == 0, workplace.log("resumed")
    assert f"{kept} of {PICTURES} pictures were restyled before: goes on" in workplace.log("resumed")
    assert (workplace.made(), (tmp_path / "data/08_reporting/stylized.csv").read_bytes()) == whole
    assert not (workplace.results / ".incoming").exists()
