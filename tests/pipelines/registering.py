"""Networks so small that registering them takes a second, and what is told about them."""

import mlflow
import pandas as pd
import torch

from stylefuse.images.manifest import data_hash
from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import Fuser, pack_fuser

MANIFEST = pd.DataFrame(
    {
        "style": ["photo", "ink", "ink", "ink"],
        "verdict": ["ok", "ok", "ok", "duplicate"],
        "sha256": ["a", "b", "c", "d"],
        "split": ["train", "train", "test", ""],
        "trim": "",
    }
)
DATA = data_hash(MANIFEST)
GATE = [
    {"metric": "summary.judge_accuracy", "at_least": 0.5},
    {"metric": "summary.judge_accuracy", "not_worse_than_champion_by": 0.05},
]


def packed(seed, data=DATA):
    torch.manual_seed(seed)
    generator = Generator(3, GeneratorConfig((4, 8), 1))
    styles = ["photo", "ink", "monet"]
    return pack_generator(generator, styles, image_size=64, data_hash=data, fingerprint=f"g{seed}")


def packed_fuser(seed, generator="g0"):
    torch.manual_seed(seed)
    fuser = Fuser(Generator(3, GeneratorConfig((4, 8), 1)).encoder, FuserConfig((4, 4, 8), (4, 4, 4)))
    return pack_fuser(fuser, generator, fingerprint=f"f{seed}")


def measured(seed, **summary):
    return {"summary": summary, "about": {"fingerprint": f"f{seed}"}, "table": [{"kind": "focus", "n": 2}]}


def champion(name):
    return mlflow.MlflowClient().get_model_version_by_alias(name, "champion")


def versions(name):
    return mlflow.MlflowClient().search_model_versions(f"name = '{name}'")
