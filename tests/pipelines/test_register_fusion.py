"""The fuser in the registry: it goes with its generator, is told where it does not, and has its own rules."""

import json

import mlflow
import pytest
from mlflow import MlflowClient
from registering import champion, measured, packed, packed_fuser

from stylefuse.networks.generator import Generator, GeneratorConfig
from stylefuse.pipelines.register.package import content_hash
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import Fuser

pytestmark = pytest.mark.usefixtures("database")


def test_a_fuser_goes_with_its_generator(register, request, tmp_path):
    result = register(0, 0.7, fuser=packed_fuser(1), fusion=measured(1, focus_psnr=38.25))
    assert (result["outcome"], result["fusion"]) == ("promoted", "included")
    assert result["content"] == content_hash({"generator": packed(0), "fuser": packed_fuser(1)})
    network = Fuser(Generator(3, GeneratorConfig((4, 8), 1)).encoder, FuserConfig((4, 4, 8), (4, 4, 4)))
    assert result["budget"]["fuser"]["parameters"] == sum(p.numel() for p in network.parameters())
    assert (result["budget"]["fuser"]["pictures"], result["budget"]["fuser"]["image_size"]) == (2, 256)
    version = champion(request.node.name)
    assert json.loads(version.tags["metrics"])["fusion.summary.focus_psnr"] == 38.25
    for word in ("## Fusion", "| focus_psnr | 38.25 |", "pictures at 256×256"):
        assert word in version.description
    model = mlflow.pyfunc.load_model(result["uri"])
    assert model.unwrap_python_model().predictor.bundle.weights.keys() == {"generator", "fuser"}
    assert model.metadata.metadata["fuser"]["fingerprint"] == "f1"


def test_without_a_fuser_all_is_as_before(register, request):
    result = register(0, 0.7, fusion=measured(1, focus_psnr=38.0))  # numbers of a fuser that is gone
    assert result["outcome"] == "promoted" and result["fusion"].startswith("none: ")
    assert "fuser" not in result["budget"]
    assert "Fusion" not in champion(request.node.name).description
    assert "fusion." not in champion(request.node.name).tags["metrics"]
    assert mlflow.pyfunc.load_model(result["uri"]).unwrap_python_model().predictor.bundle.weights.keys() == {
        "generator"
    }


def test_a_fuser_of_another_generator_is_left_out_and_told(register, request, caplog):
    result = register(0, 0.7, fuser=packed_fuser(1, generator="g9"), fusion=measured(1, focus_psnr=38.0))
    assert result["outcome"] == "promoted"
    assert result["fusion"].startswith("left out: ") and "g9" in result["fusion"] and "g0" in result["fusion"]
    assert "train_fusion" in result["fusion"]
    assert any(r.levelname == "WARNING" and "left out" in r.message for r in caplog.records)
    assert "Fusion" not in champion(request.node.name).description


def test_another_fuser_is_another_version(register, request):
    versions_of = [
        register(0, 0.7, fuser=fuser)["version"] for fuser in (None, packed_fuser(1), packed_fuser(2))
    ]
    assert versions_of == [1, 2, 3]
    assert register(0, 0.7, fuser=packed_fuser(1))["outcome"] == "unchanged: version 2"
    assert "not measured" in MlflowClient().get_model_version(request.node.name, "2").description


FUSION_GATE = [
    {"metric": "fusion.summary.focus_psnr", "at_least": 30},
    {"metric": "fusion.summary.focus_psnr", "not_worse_than_champion_by": 1},
]


def test_rules_about_fusion_hold_for_models_with_a_fuser(register):
    assert register(0, 0.7, gate=FUSION_GATE)["outcome"] == "promoted"
    # The champion cannot fuse: it is no bar for one that can.
    good = register(0, 0.7, gate=FUSION_GATE, fuser=packed_fuser(1), fusion=measured(1, focus_psnr=36))
    assert good["outcome"] == "promoted"
    low = register(0, 0.7, gate=FUSION_GATE, fuser=packed_fuser(2), fusion=measured(2, focus_psnr=29))
    assert "29, below 30" in low["outcome"] and "champion's 36" in low["outcome"]
    unmeasured = register(0, 0.7, gate=FUSION_GATE, fuser=packed_fuser(3))
    assert "fusion.summary.focus_psnr is missing" in unmeasured["outcome"]


def test_numbers_of_another_fuser_block(register):
    result = register(0, 0.7, fuser=packed_fuser(1), fusion=measured(2, focus_psnr=36))
    assert result["fusion"] == "included"
    assert (
        result["outcome"].startswith("blocked: ") and "f2" in result["outcome"] and "f1" in result["outcome"]
    )
