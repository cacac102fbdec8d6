"""`kedro run --pipelines train_hybrid` as a process that is stopped, started twice, and run as several processes."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from project import ROOT
from stylefuse.networks.weights import read_weights, write_weights
from support import assert_equal_weights, write_tiny_data

pytestmark = pytest.mark.slow
LIMIT = 300  # s, against hanging
TWO = {"train_hybrid.training.devices": 2, "train_hybrid.training.strategy": "ddp"}


class Terminal:
    """A terminal that shows nothing, open while the context lasts."""

    def __enter__(self) -> "Terminal":
        self._screen, self._process_end = os.openpty()
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def start(self, command: list[str], **settings) -> subprocess.Popen:
        """A process whose terminal this is."""
        log_in = partial(os.login_tty, self._process_end)
        process = subprocess.Popen(command, preexec_fn=log_in, pass_fds=[self._process_end], **settings)
        os.close(self._process_end)
        return process

    def _read(self) -> None:
        while not self._closing.is_set():
            if select.select([self._screen], [], [], 0.05)[0]:
                os.read(self._screen, 1 << 16)

    def __exit__(self, *error) -> None:
        self._closing.set()
        self._reader.join()
        os.close(self._screen)


class Workplace:
    """Data of the tests' own, with nothing trained yet, and a tracking database."""

    def __init__(self, folder: Path, classifier):
        self.data, self.tracking = folder / "data", f"sqlite:///{folder}/mlflow.db"
        self.folder = folder
        manifest = write_tiny_data(self.data / "05_model_input" / "images")
        for name in ("03_primary", "p", "s"):
            (self.data / name).mkdir()
        manifest.to_csv(self.data / "03_primary" / "manifest.csv", index=False)
        write_weights(self.data / "06_models" / "classifier.safetensors", classifier)

    def start(
        self, log: str, launcher=(sys.executable,), terminal: Terminal | None = None, **parameters
    ) -> subprocess.Popen:
        """Twenty-four steps, a checkpoint after each; with a terminal the log stays empty."""
        own = {"data_root": self.data, "photos": self.data / "p", "styles": self.data / "s"}
        short = {"train_hybrid.training.images": 96, "train_hybrid.training.checkpoint_every": 4}
        given = ",".join(f"{name}={value}" for name, value in {**own, **short, **parameters}.items())
        run = ["-m", "kedro", "run", "--env", "test", "--pipelines", "train_hybrid", "--params", given]
        settings = {"MLFLOW_TRACKING_URI": self.tracking, "OMP_NUM_THREADS": "1"}
        place = {"cwd": ROOT, "env": {**os.environ, **settings}}
        with (self.folder / log).open("w") as file:
            if terminal:
                return terminal.start([*launcher, *run], **place)
            return subprocess.Popen([*launcher, *run], stdout=file, stderr=file, **place)

    def finish(self, log: str, **settings) -> None:
        assert self.start(log, **settings).wait(LIMIT) == 0, self.log(log)

    def started(self, process: subprocess.Popen, log: str) -> None:
        """Wait for the third checkpoint."""
        until = time.monotonic() + LIMIT
        while self.seen() < 12:
            assert process.poll() is None and time.monotonic() < until, self.log(log)
            time.sleep(0.02)

    def seen(self) -> int:
        names = [p.stem for p in self.data.glob("06_models/checkpoints/*/images-*.safetensors")]
        return int(max(names, default="images-0").removeprefix("images-"))

    def log(self, name: str) -> str:
        return (self.folder / name).read_text()

    def statuses(self) -> list[str]:
        """Of all MLflow runs, oldest first."""
        client = MlflowClient(self.tracking)
        ids = [each.experiment_id for each in client.search_experiments()]
        return [r.info.status for r in client.search_runs(ids, order_by=["start_time"])]

    def generator(self):
        return read_weights(self.data / "06_models" / "generator.safetensors")

    def training_log(self) -> str:
        return (self.data / "08_reporting" / "training.csv").read_text()


@pytest.fixture
def workplace(tmp_path, tiny_classifier):
    return Workplace(tmp_path, tiny_classifier)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_classifier):
    """After a training that nobody disturbed."""
    workplace = Workplace(tmp_path_factory.mktemp("whole"), tiny_classifier)
    workplace.finish("log")
    return workplace


# What `kedro run` makes of Ctrl-C is click's to say: "Aborted!", and 1.
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 1)])
def test_stopped_it_saves_tells_mlflow_and_goes_on(workplace, whole, number, status):
    process = workplace.start("stopped")
    workplace.started(process, "stopped")
    process.send_signal(number)
    assert process.wait(LIMIT) == status, workplace.log("stopped")
    seen = workplace.seen()
    assert f"saved at {seen} of 96 images" in workplace.log("stopped")
    assert workplace.statuses() == ["KILLED"]
    workplace.finish("resumed")
    assert f"goes on from the checkpoint at {seen} of 96" in workplace.log("resumed")
    assert workplace.statuses() == ["KILLED", "FINISHED"]
    assert_equal_weights(workplace.generator(), whole.generator())
    assert workplace.training_log() == whole.training_log()


def test_a_terminal_that_is_closed_loses_nothing(workplace, whole):
    """As when a connection drops: the kernel sends SIGHUP, and nothing can be written to the terminal any more."""
    with Terminal() as terminal:
        process = workplace.start("unused", terminal=terminal)
        workplace.started(process, "unused")
    process.wait(LIMIT)
    seen = workplace.seen()
    assert 12 <= seen < 96 and workplace.statuses() == ["KILLED"]
    workplace.finish("resumed")
    assert f"goes on from the checkpoint at {seen} of 96" in workplace.log("resumed")
    assert_equal_weights(workplace.generator(), whole.generator())


def test_a_second_run_in_the_same_place_is_refused_and_the_first_goes_on(workplace, whole):
    first = workplace.start("first")
    workplace.started(first, "first")
    first.send_signal(signal.SIGSTOP)  # it takes its time
    try:
        second = workplace.start("second", **{"train_hybrid.training.seed": 3})
        assert second.wait(LIMIT) == 1
        said = " ".join(workplace.log("second").split())
        assert "a training is running in" in said and f"process {first.pid}" in said
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(LIMIT) == 0
    assert_equal_weights(workplace.generator(), whole.generator())
    assert sorted(workplace.statuses()) == ["FAILED", "FINISHED"]


def test_a_changed_parameter_is_named_where_a_training_is_unfinished(workplace):
    process = workplace.start("stopped")
    workplace.started(process, "stopped")
    process.kill()
    process.wait()
    changed = {"train_hybrid.training.critic_rate": 0.0005}
    assert workplace.start("refused", **changed).wait(LIMIT) == 1
    said = " ".join(workplace.log("refused").split())
    assert "critic_rate: 0.001 -> 0.0005" in said and "train_hybrid.restart=true" in said
    workplace.finish("anew", **changed, **{"train_hybrid.restart": "true"})
    assert len(list(workplace.data.glob("06_models/checkpoints/hybrid-*"))) == 1


def workers(process: subprocess.Popen) -> list[psutil.Process]:
    """The training processes, first rank first."""
    children = psutil.Process(process.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def assert_same_training(workplace: Workplace, whole: Workplace, processes: list[int]) -> None:
    """The facts are equal, but for the processes that took part, in turn."""
    facts, expected = workplace.generator().facts, whole.generator().facts
    assert [each["processes"] for each in facts.pop("trained_with")] == processes
    assert [each["processes"] for each in expected.pop("trained_with")] == [1]
    assert facts == expected


def test_two_processes_one_is_killed_and_all_goes_on(workplace, whole):
    process = workplace.start("killed", **TWO)
    workplace.started(process, "killed")
    both = workers(process)
    assert len(both) == 2
    both[1].kill()
    assert process.wait(LIMIT) == 1, workplace.log("killed")
    said = " ".join(workplace.log("killed").split())
    assert "one of 2 training processes failed: process 1 by SIGKILL" in said
    assert not any(worker.is_running() for worker in both)
    assert workplace.statuses() == ["FAILED"]
    seen = workplace.seen()
    workplace.finish("resumed", **TWO)
    assert f"goes on from the checkpoint at {seen} of 96" in workplace.log("resumed")
    assert workplace.statuses() == ["FAILED", "FINISHED"]
    assert_same_training(workplace, whole, [2])


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 1), (signal.SIGKILL, -9)],
)
def test_two_processes_stop_with_their_parent_and_one_goes_on(workplace, whole, number, status):
    process = workplace.start("stopped", **TWO)
    workplace.started(process, "stopped")
    both = workers(process)
    process.send_signal(number)
    assert process.wait(LIMIT) == status, workplace.log("stopped")
    psutil.wait_procs(both, timeout=60)
    assert not any(worker.is_running() for worker in both)
    workplace.finish("resumed")
    assert "processes: 2 -> 1; from here on equal up to rounding only" in workplace.log("resumed")
    assert_same_training(workplace, whole, [2, 1])


def test_torchrun_runs_the_node_on_every_process_and_leaves_the_rest_to_the_first(workplace, whole):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    workplace.finish("log", launcher=launcher, **TWO)
    assert workplace.statuses() == ["FINISHED"]
    assert_same_training(workplace, whole, [2])
    assert "train:" in workplace.log("log") and workplace.training_log().count("\n") == 13
    single = workplace.start("single", launcher=launcher)
    assert single.wait(LIMIT) != 0
    assert "training.strategy=ddp,training.devices=2" in " ".join(workplace.log("single").split())
