"""What `stylefuse serve` refuses to start with, and the text that says why."""

import asyncio
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import mlflow
import pytest
import yaml

import stylefuse
from service_support import HERE, start
from stylefuse.command_line import main
from stylefuse.networks.generator import GeneratorConfig
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.serving.bundle import FORMAT, ModelError, read_model
from stylefuse.serving.service.command import (
    TOKEN,
    CannotStart,
    bind,
    check_address,
    ended_by_signals,
    read_token,
)
from stylefuse.serving.service.registry import NotRegisteredError, fetch
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.serving.service.server import example


@pytest.fixture
def folder(model_folder, tmp_path):
    """A copy of the model, to be damaged."""
    return shutil.copytree(model_folder, tmp_path / "model")


def weights_in(folder):
    return folder / "artifacts" / "generator.safetensors"


def test_a_model_is_read_as_registered_and_as_trained(model_folder, weights, fuser_weights, tmp_path):
    stored = read_model(model_folder)
    assert stored.weights["generator"].facts["fingerprint"] == weights.facts["fingerprint"]
    assert stored.weights["fuser"].facts["fingerprint"] == fuser_weights.facts["fingerprint"]
    write_weights(tmp_path / "generator.safetensors", weights)
    assert "fuser" not in read_model(tmp_path).weights
    assert RequestHandler(read_model(tmp_path)).about["tasks"] == ["stylize", "panorama", "panorama+stylize"]
    write_weights(tmp_path / "fuser.safetensors", fuser_weights)
    assert RequestHandler(read_model(tmp_path)).about["tasks"] == RequestHandler(stored).about["tasks"]


def test_a_missing_file_is_named(folder, tmp_path):
    with pytest.raises(ModelError, match=r"no folder .*nowhere"):
        read_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"generator.safetensors"):
        read_model(tmp_path)
    (folder / "artifacts" / "fuser.safetensors").unlink()  # which the model says it has
    with pytest.raises(ModelError, match=r"fuser.safetensors"):
        read_model(folder)


@pytest.mark.parametrize("left", [0, 5, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(folder, left):
    data = weights_in(folder).read_bytes()
    weights_in(folder).write_bytes(data[: left if isinstance(left, int) else int(left * len(data))])
    with pytest.raises(ModelError, match=r"generator.safetensors is damaged"):
        read_model(folder)


def test_a_changed_file_is_refused(folder):
    data = bytearray(weights_in(folder).read_bytes())
    data[-1] ^= 1
    weights_in(folder).write_bytes(data)
    with pytest.raises(ModelError, match="does not match its checksum"):
        read_model(folder)


def test_another_model_s_file_is_refused(folder, weights):
    """It is whole, but it is not what was registered."""
    write_weights(weights_in(folder), Weights(weights.tensors, {**weights.facts, "fingerprint": "e" * 16}))
    with pytest.raises(ModelError, match="sha256 differs"):
        read_model(folder)


def described(folder, change):
    path = folder / "MLmodel"
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(text["metadata"])
    path.write_text(yaml.safe_dump(text), encoding="utf-8")


def test_a_model_of_another_version_is_refused(folder):
    described(folder, lambda said: said.update(format=FORMAT + 1))
    with pytest.raises(
        ModelError, match=f"format {FORMAT + 1}, this stylefuse serves format {FORMAT}: register"
    ):
        read_model(folder)


def test_a_model_from_before_checksums_is_served_with_a_warning(folder, caplog):
    described(folder, lambda said: [said.pop(key) for key in ("format", "sha256")])
    assert "fuser" in read_model(folder).weights
    assert "without checksums" in caplog.text


@pytest.mark.parametrize("text", ["", "[]", "metadata: [", "x: 1"])
def test_a_description_that_is_none_is_refused(folder, text):
    (folder / "MLmodel").write_text(text)
    with pytest.raises(ModelError, match="MLmodel is no description"):
        read_model(folder)


def test_weights_that_fit_no_network_of_this_version_are_refused(weights, tmp_path):
    config = {"channels": [8, 16], "blocks": GeneratorConfig().blocks}
    for wrong in ({"config": config}, {"config": {}}, {"kind": "judge"}, {"styles": None}):
        write_weights(
            tmp_path / "generator.safetensors", Weights(weights.tensors, {**weights.facts, **wrong})
        )
        with pytest.raises(ValueError, match=r"do not fit|not of a generator"):
            RequestHandler(read_model(tmp_path))


def test_a_model_whose_pictures_are_not_numbers_is_refused(weights, fuser_weights, tmp_path):
    def spoilt(weights):
        return Weights(
            {name: tensor * float("nan") for name, tensor in weights.tensors.items()}, weights.facts
        )

    write_weights(tmp_path / "generator.safetensors", spoilt(weights))
    with pytest.raises(ValueError, match="NaN"):
        RequestHandler(read_model(tmp_path)).warm_up()
    write_weights(tmp_path / "generator.safetensors", weights)
    write_weights(tmp_path / "fuser.safetensors", spoilt(fuser_weights))
    with pytest.raises(ValueError):
        RequestHandler(read_model(tmp_path)).warm_up()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_others_get_in_with_a_token_or_when_that_is_said(host):
    with pytest.raises(CannotStart, match="--insecure"):
        check_address(host, None, insecure=False)
    check_address(host, "token", insecure=False)
    check_address(host, None, insecure=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_token(host):
    check_address(host, None, insecure=False)


def test_the_token_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "from-environment")
    assert read_token(None) == "from-environment"
    (tmp_path / "token").write_text("from-file\n")
    assert read_token(tmp_path / "token") == "from-file"
    for bad in ("", "\n", "two words", "é"):
        (tmp_path / "token").write_text(bad, encoding="utf-8")
        with pytest.raises(CannotStart, match="holds no token"):
            read_token(tmp_path / "token")
    with pytest.raises(CannotStart, match="cannot be read"):
        read_token(tmp_path / "nowhere")
    monkeypatch.setenv(TOKEN, "")  # meant to be set, and is not
    with pytest.raises(CannotStart, match=TOKEN):
        read_token(None)


def test_a_second_server_at_a_port_says_so():
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} .*--port"):
            bind("127.0.0.1", port)
    for host, port in (("no.such.host.invalid", 1), ("127.0.0.1", 70_000), ("198.51.100.1", 8080)):
        with pytest.raises(CannotStart):
            bind(host, port)
    with bind("127.0.0.1", 0) as free, socket.create_connection(free.getsockname()[:2]):
        pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--queue", "0"], "--queue 0"),
        (["--workers", "0"], "--workers 0"),
        (["--timeout", "nan"], "--timeout nan"),
        (["--clip-bytes", "0"], "--clip-bytes 0"),
        (["--host", "0.0.0.0"], "no token"),
        (["--model", str(HERE / "nowhere")], "no folder"),
        (["--model", "models:/stylefuse"], "names no model"),
        (["--model", "models:/stylefuse@champion"], "no mlflow.db here"),
    ],
)
def test_the_command_says_in_a_line_why_it_does_not_start(options, words, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv(TOKEN, raising=False)
    assert main(["serve", "--port", "0", *options]) == 1
    errors = capfd.readouterr().err
    (line,) = [line for line in errors.splitlines() if line.startswith("stylefuse serve: ")]
    assert words in line and "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []  # no database is made where there was none


@pytest.fixture
def registry(model_folder, tmp_path, monkeypatch):
    """A database with one version of "stylefuse", the champion; its path."""
    database = tmp_path / "mlflow.db"
    mlflow.set_tracking_uri(None)  # this also unsets the variable where a test before left a URI
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    client = mlflow.MlflowClient()
    client.create_registered_model("stylefuse")
    client.create_model_version("stylefuse", model_folder.as_uri())
    client.set_registered_model_alias("stylefuse", "champion", "1")
    return database


def test_a_registered_model_is_copied_by_alias_or_version(registry, model_folder, tmp_path):
    for uri in ("models:/stylefuse@champion", "models:/stylefuse/1"):
        to = tmp_path / uri.partition("fuse")[2].strip("/@")
        to.mkdir()
        found = fetch(uri, to)
        assert (found["name"], found["version"]) == ("stylefuse", "1")
        assert Path(found["folder"]).is_relative_to(to)
        assert read_model(Path(found["folder"])).digest == read_model(model_folder).digest


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"stylefuse {stylefuse.__version__}"


@pytest.mark.parametrize(
    ("listening", "url"),
    [
        (("127.0.0.1", 8080), "http://127.0.0.1:8080/v1/stylize"),
        (("0.0.0.0", 80), "http://127.0.0.1:80/v1/stylize"),
        (("::", 8080), "http://[::1]:8080/v1/stylize"),
        (("192.168.1.5", 8080), "http://192.168.1.5:8080/v1/stylize"),
    ],
)
def test_the_log_shows_how_to_ask(listening, url):
    assert example(*listening, None) == f"curl -F image=@photo.jpg -o restyled.png {url}"
    command = example(*listening, "secret")
    assert "Bearer $STYLEFUSE_TOKEN" in command and "secret" not in command


def test_the_command_in_the_log_reads_the_token_from_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("token", "my $token's file"):
        file = Path(name)
        file.write_text("secret\n")
        command = example("127.0.0.1", 8080, read_token(file), file)
        assert "secret" not in command
        header = command.removeprefix("curl -H ").partition(" -F ")[0]
        # In another folder, as the reader of a log may be.
        told = subprocess.run(["sh", "-c", f"printf %s {header}"], cwd="/", capture_output=True, text=True)
        assert told.stdout == "Authorization: Bearer secret"


def test_the_server_knows_the_file_of_its_token(model_folder, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("secret\n")
    options = {}

    async def serve(*_, **given):
        options.update(given)

    monkeypatch.setattr("stylefuse.serving.service.command.serve", serve)
    arguments = ["--port", "0", "--model", str(model_folder), "--token-file", str(tmp_path / "token")]
    assert main(["serve", *arguments]) == 0
    assert options["token_file"] == tmp_path / "token"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_server_that_is_stopped_while_it_starts_leaves_no_copy_of_the_model(registry, tmp_path, name):
    copies = tmp_path / "copies"
    copies.mkdir()
    process, log = start(tmp_path, "--port", "0", env={"TMPDIR": str(copies)})
    number = getattr(signal, name)
    try:
        until = time.monotonic() + 60
        while not any(copies.iterdir()):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    finally:
        process.kill()
    assert list(copies.iterdir()) == [] and "Traceback" not in log.read_text()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_never_interrupts_the_start_of_a_process(name):
    """It would leave the process open, and its transport would print a traceback."""
    number, steps = getattr(signal, name), []

    async def start_a_process():
        signal.raise_signal(number)
        steps.append("started")
        try:
            await asyncio.sleep(60)
        finally:
            steps.append("closed")

    with pytest.raises(SystemExit) as ended, ended_by_signals() as run:
        run(start_a_process())
    assert ended.value.code == 128 + number
    assert steps == ["started", "closed"]


def test_nohup_keeps_a_server_that_starts():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_locked_database_and_an_unknown_model_are_said(registry, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for uri, words in (("models:/stylefuse@nobody", "nobody"), ("models:/else/3", "else")):
        assert main(["serve", "--port", "0", "--model", uri]) == 1
        assert words in capfd.readouterr().err
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registry}?timeout=0.2")
    with sqlite3.connect(registry) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        assert main(["serve", "--port", "0"]) == 1
        errors = capfd.readouterr().err
        lock.rollback()
    assert "stylefuse serve: models:/stylefuse@champion cannot be fetched" in errors
    assert "locked" in errors and "Traceback" not in errors.splitlines()[-1]


def test_a_model_that_is_not_there_is_answered_with_those_that_are(registry, model_folder, tmp_path):
    client = mlflow.MlflowClient()
    client.create_registered_model("Anna's model")
    client.create_model_version(
        "Anna's model", str(model_folder), tags={"gate.reasons": "summary.ssim is low"}
    )
    with pytest.raises(NotRegisteredError, match="there is no models:/stylefuse@nobody") as error:
        fetch("models:/stylefuse@nobody", tmp_path / "copy")
    assert "models:/Anna's model/1 (blocked: summary.ssim is low)" in str(error.value)
    listed = client.search_registered_models()
    assert all(model.name in str(error.value) for model in listed) and len(listed) > 1


def test_an_empty_registry_names_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(
        NotRegisteredError, match="no model is registered: run `kedro run --pipelines train_style`"
    ):
        fetch("models:/stylefuse@champion", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []  # and no database is made


def test_a_version_whose_files_are_gone_is_named_with_the_remedy(tmp_path, model_folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    place = shutil.copytree(model_folder, tmp_path / "place")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    client.create_registered_model("mine")
    client.create_model_version("mine", place.as_uri())
    shutil.rmtree(place)
    with pytest.raises(
        ValueError, match=r"files of models:/mine/1 are gone from .*--pipelines register"
    ) as error:
        fetch("models:/mine/1", tmp_path / "copy")
    assert place.as_uri() in str(error.value)
