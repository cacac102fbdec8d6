"""Served models without a database: an untrained generator, alone and with a fuser, saved as register logs them."""

import pytest
import torch

import stylefuse.model
from stylefuse.networks.generator import Generator, GeneratorConfig, load_generator, pack_generator
from stylefuse.networks.weights import write_weights
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import Fuser, pack_fuser
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.network import Restorer, pack_restorer
from stylefuse.tasks.upscale.config import UpscalerConfig
from stylefuse.tasks.upscale.network import Upscaler, pack_upscaler

STYLES = ["photo", "ink", "monet"]


@pytest.fixture(scope="session")
def weights():
    torch.manual_seed(0)
    generator = Generator(len(STYLES), GeneratorConfig((4, 8), 1))
    for name, parameter in generator.named_parameters():
        if name.endswith("shift"):  # else all styles of an untrained network look the same
            torch.nn.init.normal_(parameter)
    torch.nn.init.normal_(generator.head.weight, std=0.2)
    return pack_generator(
        generator, STYLES, image_size=64, images_seen=0, data_hash="d" * 64, fingerprint="f" * 16
    )


@pytest.fixture(scope="session")
def fuser_weights(weights):
    """At its start: it chooses by local energy."""
    torch.manual_seed(0)
    fuser = Fuser(load_generator(weights).encoder, FuserConfig((6, 8, 8), (4, 4, 4)))
    return pack_fuser(fuser, "f" * 16, fingerprint="a" * 16)


@pytest.fixture(scope="session")
def loaded(weights, fuser_weights, tmp_path_factory):
    """Both, loaded as users of Python load them."""
    folder = tmp_path_factory.mktemp("model")
    write_weights(folder / "generator.safetensors", weights)
    write_weights(folder / "fuser.safetensors", fuser_weights)
    return stylefuse.model.load(folder, "cpu")


@pytest.fixture
def here(tmp_path, monkeypatch, loaded):
    """An empty folder, and a model that is loaded already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stylefuse.model.load", lambda model, device: loaded)
    return tmp_path


@pytest.fixture(scope="session")
def model_folder(weights, fuser_weights, tmp_path_factory):
    return saved(tmp_path_factory.mktemp("saved"), weights, fuser_weights)


@pytest.fixture(scope="session")
def chained_model(weights, tmp_path_factory):
    """A folder with a generator, a restorer and an upscaler of one scale, all untrained."""
    folder = tmp_path_factory.mktemp("chained")
    torch.manual_seed(0)
    write_weights(folder / "generator.safetensors", weights)
    restorer = pack_restorer(Restorer(RestorerConfig((4, 8), (4, 4))))
    write_weights(folder / "restorer.safetensors", restorer)
    upscaler = pack_upscaler(Upscaler(UpscalerConfig(width=8, convs=2)))
    write_weights(folder / "upscale_head.safetensors", upscaler)
    return folder


@pytest.fixture(scope="session")
def model_folder_without_fuser(weights, tmp_path_factory):
    return saved(tmp_path_factory.mktemp("saved_without_fuser"), weights, None)


def saved(folder, weights, fuser):
    import mlflow

    from stylefuse.pipelines.register.package import model_arguments

    networks = {"generator": weights} | ({"fuser": fuser} if fuser else {})
    mlflow.pyfunc.save_model(folder / "model", **model_arguments(networks, "# card", folder))
    return folder / "model"
