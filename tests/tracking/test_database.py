"""The tracking database: made whole or not at all, once, and named where it cannot be used."""

import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import mlflow
import pytest
from mlflow.store.db.utils import _get_latest_schema_revision

import stylefuse
from stylefuse.tracking import database as making
from stylefuse.tracking.connection import connect
from stylefuse.tracking.database import file_of, make_or_check
from stylefuse.tracking.errors import TrackingError
from stylefuse.tracking.moved import follow_move
from stylefuse.tracking.signals import deferred_signals


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a database just made."""
    path = tmp_path_factory.mktemp("whole") / "mlflow.db"
    make_or_check(path, "stylefuse")
    return path.read_bytes()


@pytest.fixture
def quickly(monkeypatch, whole):
    """Let MLflow write a database in no time."""

    class Store:
        def __init__(self, uri, files):
            file_of(uri).write_bytes(whole)
            self.engine = mock.Mock()

        def create_experiment(self, name, files, tags):
            pass

    monkeypatch.setattr("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore", Store)


def written(path: Path, content: bytes, *statements: str) -> Path:
    """A file with this content, changed by SQL."""
    path.write_bytes(content)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def revision_of(content: bytes, folder: Path) -> str:
    connection = sqlite3.connect(written(folder / "read.db", content))
    ((revision,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return revision


def test_a_new_database_is_whole_and_leaves_nothing_beside_it(tmp_path, whole):
    assert revision_of(whole, tmp_path) == _get_latest_schema_revision()
    connect(tmp_path / "a")
    assert {p.name for p in (tmp_path / "a").iterdir()} <= {"mlflow.db", "mlflow.db.lock"}
    experiment = mlflow.get_experiment_by_name("stylefuse")
    assert experiment.artifact_location == (tmp_path / "a" / "mlruns").as_uri()


def test_an_end_in_the_middle_leaves_no_database_and_the_next_run_makes_it(tmp_path, monkeypatch, quickly):
    path = tmp_path / "mlflow.db"
    with monkeypatch.context() as patch:
        patch.setattr(making.os, "replace", lambda *names: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make_or_check(path, "stylefuse")
    assert not path.exists() and (tmp_path / "mlflow.db.making").exists()
    (tmp_path / "mlflow.db.making").write_bytes(b"half of a database")
    make_or_check(path, "stylefuse")
    assert path.exists() and not (tmp_path / "mlflow.db.making").exists()


def test_many_first_starts_at_once_make_one_database(tmp_path, monkeypatch, quickly):
    path, made = tmp_path / "mlflow.db", []
    make = making._make
    monkeypatch.setattr(making, "_make", lambda *arguments: (made.append(1), make(*arguments)))
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: make_or_check(path, "stylefuse"), range(10)))
    assert made == [1]


@pytest.mark.slow
def test_ten_first_runs_in_ten_processes_all_connect(tmp_path):
    code = "import sys, pathlib, stylefuse.hooks as h, mlflow; h.connect(pathlib.Path(sys.argv[1])); mlflow.start_run()"
    env = {**os.environ, "PYTHONPATH": str(Path(stylefuse.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) for _ in range(10)]
    assert [process.communicate()[1][-2000:] for process in started if process.wait()] == []
    connect(tmp_path)
    assert (
        len(mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("stylefuse").experiment_id]))
        == 10
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_wait_until_the_database_is_whole(number):
    seen = []
    before = signal.signal(number, lambda signum, frame: seen.append(f"signal {signum}"))
    try:
        with deferred_signals():
            signal.raise_signal(number)
            seen.append("whole")
        assert seen == ["whole", f"signal {number}"]
    finally:
        signal.signal(number, before)


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with deferred_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_half_made_database_without_runs_is_named_and_kept(tmp_path, whole):
    path = written(tmp_path / "mlflow.db", whole, "CREATE TABLE _alembic_tmp_tags (key TEXT)")
    content = path.read_bytes()
    with pytest.raises(TrackingError, match=r"half made .* holds no runs") as error:
        connect(tmp_path)
    assert f"(mv {path} {path}.old)" in str(error.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("folder", ["Anna's project", "a b", "c$d"])
def test_the_commands_of_messages_are_as_a_shell_takes_them(tmp_path, whole, folder):
    (tmp_path / folder).mkdir()
    path = written(tmp_path / folder / "mlflow.db", whole, "CREATE TABLE _alembic_tmp_tags (key TEXT)")
    with pytest.raises(TrackingError) as error:
        connect(path.parent)
    (command,) = re.findall(r"\((mv .*)\)", str(error.value))
    assert shlex.split(command) == ["mv", str(path), f"{path}.old"]
    path = written(path, whole, OLDER)
    with pytest.raises(TrackingError) as error:
        connect(path.parent)
    (command,) = re.findall(r"`(mlflow .*)`", str(error.value))
    assert shlex.split(command) == ["mlflow", "db", "upgrade", f"sqlite:///{path}"]


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE notes (text TEXT)", "CREATE TABLE experiments (name TEXT)"]
)
def test_a_database_that_is_not_mlflows_is_told_from_one_that_cannot_be_written(tmp_path, statement):
    path = written(tmp_path / "mlflow.db", b"", statement)
    with pytest.raises(TrackingError, match=r"no tracking database .*\(no such (table|column)") as error:
        follow_move(path, "stylefuse")
    assert "MLFLOW_TRACKING_URI" in str(error.value) and str(path) in str(error.value)
    assert "writ" not in str(error.value)


def test_a_sound_and_empty_database_of_an_older_version_is_not_called_half_made(tmp_path, whole):
    path = written(tmp_path / "mlflow.db", whole, OLDER)
    with pytest.raises(TrackingError, match=r"older MLflow .*mlflow db upgrade"):
        make_or_check(path, "stylefuse")


def test_a_database_with_missing_tables_is_half_made(tmp_path):
    path = written(tmp_path / "mlflow.db", b"", "CREATE TABLE experiments (name TEXT)")
    with pytest.raises(TrackingError, match="half made"):
        make_or_check(path, "stylefuse")


OLDER = "UPDATE alembic_version SET version_num = '0584bdc529eb'"
RUN = "INSERT INTO registered_models (workspace, name) VALUES ('default', 'mine')"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (OLDER, r"older MLflow .*mlflow db upgrade sqlite:///"),
        ("UPDATE alembic_version SET version_num = 'ffffffffffff'", "newer MLflow"),
        ("CREATE TABLE _alembic_tmp_tags (key TEXT)", "ended half way"),
    ],
)
def test_a_database_with_content_of_another_version_names_the_remedy(tmp_path, whole, statement, words):
    path = written(tmp_path / "mlflow.db", whole, RUN, statement)
    with pytest.raises(TrackingError, match=words):
        make_or_check(path, "stylefuse")


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database, but longer than a header of SQLite" * 9)
    with pytest.raises(TrackingError, match=f"{tmp_path}/mlflow.db is no SQLite database"):
        connect(tmp_path)


def test_an_empty_file_is_no_database_yet(tmp_path, quickly, whole):
    path = tmp_path / "mlflow.db"
    path.touch()
    make_or_check(path, "stylefuse")
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI") as error:
        connect(tmp_path)
    assert str(tmp_path / "mlflow.db") in str(error.value) and len(str(error.value).splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_database_is_one_sentence(tmp_path, whole):
    path = written(tmp_path / "mlflow.db", whole)
    path.chmod(0o400)
    with pytest.raises(TrackingError, match="cannot be written"):
        connect(tmp_path)


def test_an_experiment_of_another_name_in_a_sound_database(tmp_path, whole):
    written(tmp_path / "mlflow.db", whole)
    connect(tmp_path, "another")
    assert mlflow.get_experiment_by_name("another").artifact_location == (tmp_path / "mlruns").as_uri()


@pytest.mark.parametrize(
    "uri", ["http://host:5000", "sqlite://", "sqlite:///:memory:", "postgresql://a/b", "mlruns"]
)
def test_only_a_file_is_made_here(uri):
    assert file_of(uri) is None


def test_the_file_of_a_uri(tmp_path):
    assert file_of(f"sqlite:///{tmp_path}/C# 100%.db?timeout=9") == tmp_path / "C# 100%.db"


def test_a_store_that_mlflow_refuses_is_named_with_its_reason(tmp_path, monkeypatch):
    """As a folder of files is, which older versions of MLflow wrote."""

    def refuse(name):
        raise mlflow.exceptions.MlflowException("it is in maintenance mode")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setattr(mlflow, "set_tracking_uri", lambda uri: None)
    monkeypatch.setattr(mlflow, "set_experiment", refuse)
    with pytest.raises(
        TrackingError, match=r"runs cannot be recorded at file:.*mlruns: it is in maintenance"
    ):
        connect(tmp_path)
