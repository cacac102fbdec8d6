"""The model that the package brings: when it is used, in half precision, and what its card says."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import stylefuse
from served_models import fuser_weights, model_folder, weights  # noqa: F401
from serving_examples import landscape
from stylefuse import ready_made
from stylefuse.command_line import main
from stylefuse.networks.weights import read_weights, write_weights
from stylefuse.serving import half
from stylefuse.serving.bundle import Bundle, ModelError, read_model
from stylefuse.serving.service.process import StartFailed
from stylefuse.serving.service.source import Source
from stylefuse.tasks.stylize.reviser import Reviser, pack_reviser
from stylefuse.tasks.stylize.reviser_config import ReviserConfig

NO_DATABASE = "there is no mlflow.db here: using the ready-made model (styles: ink, monet;"
files_are_there = pytest.mark.skipif(
    ready_made.missing() is not None, reason="the ready-made model's files are not in this checkout"
)


@pytest.fixture(scope="module")
def whole(weights, fuser_weights, tmp_path_factory):  # noqa: F811
    """A folder with an untrained model, and a photo."""
    whole = tmp_path_factory.mktemp("whole")
    write_weights(whole / "generator.safetensors", weights)
    write_weights(whole / "fuser.safetensors", fuser_weights)
    reviser = Reviser(len(weights.facts["styles"]), ReviserConfig(draft_side=32, width=4, blocks=1))
    facts = {"styles": weights.facts["styles"], "generator": weights.facts["fingerprint"]}
    write_weights(whole / "reviser.safetensors", pack_reviser(reviser, **facts))
    landscape(64, 48).save(whole / "photo.png")
    return whole


@pytest.fixture(scope="module")
def halves(whole, tmp_path_factory):
    """The same in half precision."""
    folder = tmp_path_factory.mktemp("half")
    assert half.main([str(whole), str(folder), str(whole / "photo.png")]) == 0
    return folder


@pytest.fixture
def here(halves, tmp_path, monkeypatch):
    """An empty folder, on a machine where nothing was ever registered, and with a stand-in of the ready-made model."""
    monkeypatch.setattr(ready_made, "FOLDER", halves)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registry(model_folder, here, monkeypatch):  # noqa: F811
    """A database with the version 1 of "stylefuse", which is no champion."""
    import mlflow

    uri = f"sqlite:///{here}/mlflow.db"
    client = mlflow.MlflowClient(uri, uri)
    client.create_registered_model("stylefuse")
    client.create_model_version("stylefuse", model_folder.as_uri(), tags={"gate.reasons": "ssim is low"})
    return client


def test_the_command_paints_where_nothing_is_registered_and_says_with_what(here):
    landscape(48, 32).save("photo.png")
    code = (
        "import sys; from pathlib import Path; from stylefuse import command_line, ready_made; "
        f"ready_made.FOLDER = Path({str(ready_made.FOLDER)!r}); sys.exit(command_line.main())"
    )
    command = [sys.executable, "-c", code, "stylize", "photo.png", "--style", "monet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "photo-restyled.png\n"), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"stylefuse stylize: {NO_DATABASE}")
    assert {path.name for path in here.iterdir()} == {"photo.png", "photo-restyled.png"}  # and no database


def test_load_without_a_name_takes_it_and_logs_so(here, caplog):
    assert stylefuse.load(device="cpu").styles == ["ink", "monet"]
    (record,) = caplog.records
    assert record.levelname == "WARNING" and record.message.startswith(NO_DATABASE)
    assert list(here.iterdir()) == []


def test_no_database_is_made_where_the_variable_names_one_that_is_not_there(here, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{here}/other.db")
    stylefuse.load(device="cpu")
    assert "no model is registered: using the ready-made model" in caplog.text
    assert list(here.iterdir()) == []


def test_why_there_is_no_champion_is_told(here, monkeypatch, caplog):
    found = json.dumps({"error": "there is none: do this", "absent": "version 1 is blocked"}).encode()
    done = subprocess.CompletedProcess([], 1, found)
    monkeypatch.setattr("stylefuse.serving.registered.subprocess.run", lambda *_, **__: done)
    stylefuse.load(device="cpu")
    assert "version 1 is blocked: using the ready-made model" in caplog.text
    with pytest.raises(ModelError, match="there is none: do this"):
        stylefuse.load("models:/stylefuse@champion")


def test_serve_offers_it(here, caplog):
    assert asyncio.run(Source(None).get()) == (ready_made.FOLDER, "ready-made")
    assert NO_DATABASE in caplog.text
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_the_champion_is_taken_once_there_is_one(registry, caplog):
    stylefuse.load(device="cpu")
    assert "models:/stylefuse/1 (blocked: ssim is low): using the ready-made model" in caplog.text
    caplog.clear()
    registry.set_registered_model_alias("stylefuse", "champion", "1")
    assert "fuse" in stylefuse.load(device="cpu").tasks
    source = Source(None)
    assert asyncio.run(source.get()).version == "1"
    source.close()
    assert caplog.records == []


def test_a_model_that_was_named_is_never_replaced(here, capsys):
    with pytest.raises(ModelError, match=r"no mlflow.db here: start in the project's folder"):
        stylefuse.load("models:/stylefuse@champion")
    with pytest.raises(StartFailed, match="there is no mlflow"):
        asyncio.run(Source("models:/stylefuse@champion").get())


def test_a_registry_that_cannot_be_asked_is_an_error(here):
    (here / "mlflow.db").write_text("no database")
    with pytest.raises(ModelError, match="cannot be fetched from the registry"):
        stylefuse.load()


def test_an_installation_without_its_files_says_so(here, monkeypatch):
    monkeypatch.setattr(ready_made, "FOLDER", here)
    words = "no mlflow.db here, and this installation lacks the ready-made model .*: train a model"
    with pytest.raises(ModelError, match=words):
        stylefuse.load()
    with pytest.raises(StartFailed, match=words):
        asyncio.run(Source(None).get())
    assert ready_made.styles() == []


def test_the_help_names_its_styles(here, capsys):
    with pytest.raises(SystemExit):
        main(["stylize", "--help"])
    assert "the ready-made model has ink, monet" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_an_unknown_style_is_answered_with_those_of_the_model(here, capsys):
    landscape(48, 32).save("photo.png")
    assert main(["stylize", "photo.png", "--style", "cubist"]) == 2
    assert "ink, monet" in capsys.readouterr().err


def test_half_precision_is_stored_and_float32_is_loaded(halves, weights):  # noqa: F811
    path = halves / "generator.safetensors"
    loaded = read_weights(path)
    assert path.stat().st_size < 0.7 * sum(t.nbytes for t in weights.tensors.values()) + len(
        json.dumps(weights.facts)
    ) + 80 * len(weights.tensors)
    assert {tensor.dtype for tensor in loaded.tensors.values()} == {torch.float32}
    assert all(
        torch.equal(tensor, weights.tensors[name].half().float()) for name, tensor in loaded.tensors.items()
    )


def test_a_head_knows_the_rounded_encoder_and_no_other(halves, weights, fuser_weights):  # noqa: F811
    bundle = Bundle(read_model(halves).weights, "cpu")
    assert bundle.head("fuser") is not None and bundle.head("reviser") is not None
    with pytest.raises(ValueError, match="reads the encoder of generator"):
        Bundle({"generator": weights, "fuser": read_weights(halves / "fuser.safetensors")}, "cpu").head(
            "fuser"
        )


def test_a_changed_byte_in_half_precision_is_found(halves, tmp_path):
    path = Path(shutil.copy(halves / "generator.safetensors", tmp_path))
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="does not match its checksum"):
        read_weights(path)


def test_pictures_hardly_change(whole, halves):
    first, second = (Bundle(read_model(folder).weights, "cpu") for folder in (whole, halves))
    apart = half.differences(first, second, [whole / "photo.png"])
    assert apart.keys() == {"ink", "monet"} and all(0 < mean < 2 for mean, _ in apart.values())
    assert half.differences(first, first, [whole / "photo.png"])["ink"] == (0, 0)


def test_what_half_precision_cannot_hold_is_refused(weights):  # noqa: F811
    tensors = dict(weights.tensors)
    name = next(iter(tensors))
    tensors[name] = torch.full_like(tensors[name], 1e6)
    with pytest.raises(ValueError, match=f"cannot hold all values of {re.escape(name)}"):
        half.halved({"generator": weights._replace(tensors=tensors)})


def test_the_card_stands_beside_the_model_and_names_every_licence():
    card = (ready_made.FOLDER / "DATA_CARD.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("CC BY 4.0", "CC BY-SA 4.0", "CC0", "public domain"))


@files_are_there
def test_the_files_take_at_most_two_megabytes_and_the_card_lists_every_style():
    assert sum(path.stat().st_size for path in ready_made.FOLDER.glob("*.safetensors")) <= 2_000_000
    card = (ready_made.FOLDER / "DATA_CARD.md").read_text(encoding="utf-8")
    assert ready_made.styles() and all(f"| `{style}` |" in card for style in ready_made.styles())


@files_are_there
def test_the_packages_model_restyles_a_photo():
    model = stylefuse.load(ready_made.FOLDER, "cpu")
    assert model.styles == ready_made.styles()
    photo = landscape(64, 48)
    painted = model.stylize(photo, style=model.styles[-1])
    assert painted.size == photo.size and np.abs(np.asarray(painted, int) - np.asarray(photo)).mean() > 4
