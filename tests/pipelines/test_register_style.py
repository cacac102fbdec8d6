"""The registered version of a model to which a style was added."""

from pathlib import Path

import mlflow
import pytest
import torch
from registering import packed, versions

from stylefuse.networks.added import base_model, blank, pack_added
from stylefuse.networks.weights import write_weights
from stylefuse.pipelines.register.options import RegisterOptions
from stylefuse.pipelines.register.style import register_style
from stylefuse.serving.bundle import load_bundle, read_model

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def added(tmp_path):
    """What `add_style` returns, of a folder with a model and a style of random rows."""
    base = base_model({"generator": packed(0)})
    tensors = {k: torch.randn_like(t).half() for k, t in blank("ukiyoe", base).tensors.items()}
    write_weights(tmp_path / "generator.safetensors", base.networks["generator"])
    file = tmp_path / "added-ukiyoe.safetensors"
    write_weights(file, pack_added("ukiyoe", tensors, base))
    return {"file": str(file), "warnings": ["5 pictures are few"]}


def test_the_version_offers_the_style_and_is_registered_once(added, request):
    options = RegisterOptions(name=request.node.name, alias="champion", gate=())
    first = register_style(added, options)
    again = register_style(added, options)
    assert first["styles"] == ["ink", "monet", "ukiyoe"] and first["new"]
    assert again["version"] == first["version"] and not again["new"]
    (version,) = versions(options.name)
    assert version.tags["added"] == "ukiyoe" and not version.aliases
    assert "5 pictures are few" in version.description
    bundle = load_bundle(read_model(Path(mlflow.artifacts.download_artifacts(first["uri"]))), "cpu")
    assert bundle.names["styles"] == first["styles"]


def test_a_model_that_is_gone_is_named(added, request):
    Path(added["file"]).with_name("generator.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="run the add_style pipeline again"):
        register_style(added, RegisterOptions(name=request.node.name, alias="champion", gate=()))
