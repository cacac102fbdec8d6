"""A project that was moved or copied goes on with its own files."""

import shutil
import sqlite3

import mlflow
import pytest

from stylefuse.tracking.connection import connect
from stylefuse.tracking.errors import TrackingError


def tracked(project, name="a.txt"):
    """Record a run with a file; returns its id."""
    connect(project)
    with mlflow.start_run() as run:
        mlflow.log_text("content", name)
    return run.info.run_id


def files(run, project):
    """The URI of the run's files, and their names."""
    connect(project)
    return mlflow.get_run(run).info.artifact_uri, [
        f.path for f in mlflow.artifacts.list_artifacts(run_id=run)
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with a run, a registered version and its files, to be copied; it is not touched by the tests."""
    project = tmp_path_factory.mktemp("made") / "My Fotos 100% (ü)"
    project.mkdir()
    run = tracked(project)
    client = mlflow.MlflowClient()
    client.create_registered_model("mine")
    client.create_model_version("mine", f"{mlflow.get_run(run).info.artifact_uri}/a.txt", run)
    return project, run


@pytest.fixture
def before(made, tmp_path):
    """The same project in a place of its own, which its database knows."""
    place = tmp_path / "before"
    shutil.copytree(made[0], place)
    run = tracked(place)  # the first run here notes where it is
    return place, run


def test_a_moved_project_finds_its_files_and_writes_beside_its_database(before, tmp_path, caplog):
    project, run = before
    after = project.rename(tmp_path / "after")
    uri, names = files(run, after)
    assert (uri, names) == (f"{(after / 'mlruns').as_uri()}/{run}/artifacts", ["a.txt"])
    assert f"moved from {project}" in caplog.text and str(after / "mlruns") in caplog.text
    source = mlflow.MlflowClient().get_model_version("mine", "1").source
    assert source.startswith((after / "mlruns").as_uri())
    second = tracked(after)
    assert (after / "mlruns" / second).is_dir() and not project.exists()
    caplog.clear()
    connect(after)
    assert caplog.text == ""  # told once


def test_a_copy_leaves_the_original_alone(before, tmp_path, caplog):
    project, run = before
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    original = (project / "mlflow.db").read_bytes()
    uri, names = files(run, copy)
    assert uri.startswith((copy / "mlruns").as_uri()) and names == ["a.txt"]
    assert f"copied from {project}" in caplog.text
    tracked(copy)
    assert (project / "mlflow.db").read_bytes() == original


def test_files_at_the_old_place_alone_keep_their_name(before, tmp_path, caplog):
    project, run = before
    after = tmp_path / "after"
    shutil.copytree(project, after)
    second = tracked(project)  # recorded by the original only
    shutil.copy(project / "mlflow.db", after / "mlflow.db")
    assert files(second, after) == (f"{(project / 'mlruns').as_uri()}/{second}/artifacts", ["a.txt"])
    assert files(run, after)[0].startswith((after / "mlruns").as_uri())
    assert "lie in" in caplog.text


def test_files_kept_elsewhere_by_choice_stay_there(tmp_path, caplog):
    project, elsewhere = tmp_path / "project", tmp_path / "big disk" / "mlruns"
    connect(project, "another")
    mlflow.create_experiment("stylefuse", artifact_location=elsewhere.as_uri())
    elsewhere.mkdir(parents=True)
    run = tracked(project)
    assert (elsewhere / run).is_dir()
    assert files(run, project)[0].startswith(elsewhere.as_uri())
    assert str(elsewhere) in caplog.text and "this run's files go there" in caplog.text


def test_another_path_to_the_same_folder_changes_nothing(before, tmp_path, monkeypatch):
    project, _ = before
    database = (project / "mlflow.db").read_bytes()
    (tmp_path / "link").symlink_to(project)
    connect(tmp_path / "link")
    assert (project / "mlflow.db").read_bytes() == database


def test_a_failure_in_the_middle_changes_nothing(before, tmp_path, monkeypatch):
    project, _ = before
    after = project.rename(tmp_path / "after")
    content = (after / "mlflow.db").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("stylefuse.tracking.moved._rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            connect(after)
    assert (after / "mlflow.db").read_bytes() == content
    connection = sqlite3.connect(after / "mlflow.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def untagged(project):
    """As older versions made it."""
    connection = sqlite3.connect(project / "mlflow.db")
    connection.execute("DELETE FROM experiment_tags")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("old", [False, True])
def test_a_project_moved_without_its_files_goes_on(before, tmp_path, old):
    project, run = before
    if old:
        untagged(project)
    after = project.rename(tmp_path / "after")
    shutil.rmtree(after / "mlruns")
    if old:  # then the files may also be on a disk that is not mounted
        with pytest.raises(TrackingError, match="there is no such folder: mount its disk") as error:
            connect(after)
        assert str(project / "mlruns") in str(error.value) and str(after / "mlruns") in str(error.value)
        (after / "mlruns").mkdir()
    assert files(run, after) == (f"{(after / 'mlruns').as_uri()}/{run}/artifacts", [])
    assert not project.exists()
