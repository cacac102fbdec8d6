"""What all recipes learn from and are measured on: a data root that the pipelines have made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from kedro.config import OmegaConfigLoader
from pydantic import TypeAdapter
from torch import Tensor

from stylefuse.datasets import ManifestDataset
from stylefuse.evaluation.heldout import HeldOut, Twins, all_twins, held_out
from stylefuse.evaluation.networks import classes_of
from stylefuse.evaluation.settings import Settings
from stylefuse.images.crops import CropSampler, centre_crops, draw_each
from stylefuse.images.manifest import pixels_hash, rows_of, style_names
from stylefuse.images.store import ImageStore, open_store
from stylefuse.networks.classifier import StyleClassifier, load_classifier
from stylefuse.networks.judge import Judge, load_judge
from stylefuse.networks.weights import read_weights
from stylefuse.pipelines.evaluate.options import EvaluateOptions
from stylefuse.pipelines.pretrain_classifier.options import PretrainOptions
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.settings import CONFIG_LOADER_ARGS
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.training.device import pick_device
from stylefuse.training.options import ClassifierOptions

CONF = Path(__file__).resolve().parents[2] / "conf"
FEWER_SEED = 5  # of the draw of a few paintings: the same ones for every recipe
# The pipeline that makes each file.
MADE_BY = {
    "manifest": "ingest",
    "image_store": "ingest",
    "classifier": "pretrain_classifier",
    "judge": "pretrain_classifier",
}


class Data(NamedTuple):
    """Pictures, frozen networks and options; the networks are on `device`.

    styles: names, "photo" first; judge_classes: the judge's class of each of them.
    """

    manifest: pd.DataFrame
    store: ImageStore
    sample: Path
    styles: list[str]
    classifier: StyleClassifier
    judge: Judge
    judge_classes: list[int]
    training: HybridOptions
    judge_training: ClassifierOptions
    evaluation: Settings
    device: torch.device

    @property
    def version(self) -> str:
        """Sixteen digits that change with the pictures or their split."""
        return pixels_hash(self.manifest, self.store.index())[:16]


def style_folder(env: str) -> Path:
    """Return the folder of the paintings' files in an environment of conf/."""
    catalog = OmegaConfigLoader(str(CONF), env=env, **CONFIG_LOADER_ARGS)["catalog"]
    return CONF.parent / catalog["styles"]["filepath"]


def load_data(root: Path, env: str, paintings: int | None = None) -> Data:
    """Read a data root, with the options of an environment of conf/.

    Args:
        paintings: the most training paintings of a style, drawn at random; None: all. Classifier and judges do not
            change.

    Raises:
        FileNotFoundError: a file is missing; the message names it and the command that makes it.
        ValueError: the judge does not know all styles.
    """
    conf = OmegaConfigLoader(
        str(CONF), env=env, runtime_params={"data_root": str(root)}, **CONFIG_LOADER_ARGS
    )
    paths = {name: Path(conf["catalog"][name]["filepath"]) for name in (*MADE_BY, "sample")}
    for name, pipeline in MADE_BY.items():
        if not paths[name].exists():
            made = f"kedro run --env {env} --pipelines {pipeline} --params data_root={root}"
            raise FileNotFoundError(f"there is no {paths[name]}: make it with `{made}`")
    parameters: dict[str, Any] = conf["parameters"]
    training = TypeAdapter(TrainOptions).validate_python(parameters["train_hybrid"]).training
    pretraining = TypeAdapter(PretrainOptions).validate_python(parameters["pretrain_classifier"])
    manifest = ManifestDataset(filepath=str(paths["manifest"])).load()
    store = open_store(paths["image_store"], manifest)
    if paintings is not None:
        manifest = _with_fewer(manifest, paintings)
    judge, styles = read_weights(paths["judge"]), style_names(manifest)
    device = pick_device(training.device)
    return Data(
        manifest,
        store,
        paths["sample"],
        styles,
        load_classifier(read_weights(paths["classifier"])).to(device),
        load_judge(judge).to(device),
        classes_of(styles, judge.facts["styles"], "judge"),
        training,
        pretraining.judge,
        EvaluateOptions(**parameters["evaluate"]).settings(),
        device,
    )


def _with_fewer(manifest: pd.DataFrame, paintings: int) -> pd.DataFrame:
    """Return the manifest with at most so many training paintings of each style."""
    for style in style_names(manifest)[1:]:
        rows = rows_of(manifest, style, "train")
        dropped = np.random.default_rng(FEWER_SEED).permutation(rows)[paintings:]
        manifest = manifest[~manifest["row"].isin(dropped)]
    return manifest


def held_out_pictures(data: Data) -> tuple[HeldOut, dict[str, Twins]]:
    """Return the held-out pictures that all are measured on, and by style the twins, where there are any."""
    options, size = data.evaluation, data.training.image_size
    pictures = held_out(
        data.manifest, data.store, data.styles[1:], size, options.photos, options.paintings, options.seed
    )
    return pictures, all_twins(data.manifest, data.sample, data.styles[1:], size, options.paintings)


def endless_crops(data: Data, styles: list[str], batch_size: int, seed: int) -> Iterator[Tensor]:
    """Yield batches of random crops of the training split, N×3×S×S in [-1, 1], as our own training draws them.

    Args:
        styles: drawn in turn, so equally often, however many pictures each has; "photo" for photos.
    """
    options, random = data.training, np.random.default_rng(seed)
    rows = [rows_of(data.manifest, style, "train") for style in styles]
    samplers = [CropSampler(data.store, r, options.image_size, options.least_crop, random) for r in rows]
    turn = 0
    while True:
        yield draw_each([samplers[(turn + i) % len(samplers)] for i in range(batch_size)])
        turn += batch_size


def references(data: Data, style: int, photos: Tensor, seed: int) -> Tensor:
    """Return a random training painting of a style for each photo, for methods that need an example.

    Args:
        photos: N×3×S×S.

    Returns:
        N×3×S×S in [-1, 1]; the same for the same number of photos and seed.
    """
    rows = rows_of(data.manifest, data.styles[style], "train")
    chosen = np.random.default_rng([seed, style]).choice(rows, len(photos))
    return centre_crops(data.store, chosen, photos.shape[-1])
