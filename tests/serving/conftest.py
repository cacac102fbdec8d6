"""A served model without a database: an untrained generator, saved as register logs it."""

import pytest
import torch

from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator

STYLES = ["photo", "ink", "monet"]


@pytest.fixture(scope="session")
def weights():
    torch.manual_seed(0)
    generator = Generator(len(STYLES), GeneratorConfig((4, 8), 1))
    for name, parameter in generator.named_parameters():
        if name.endswith("shift"):  # else all styles of an untrained network look the same
            torch.nn.init.normal_(parameter)
    torch.nn.init.normal_(generator.head.weight, std=0.2)
    return pack_generator(generator, STYLES, image_size=64, images_seen=0, data_hash="d" * 64)


@pytest.fixture(scope="session")
def model_folder(weights, tmp_path_factory):
    import mlflow

    from stylefuse.pipelines.register.package import model_arguments

    folder = tmp_path_factory.mktemp("saved")
    mlflow.pyfunc.save_model(folder / "model", **model_arguments(weights, "# card", folder))
    return folder / "model"
