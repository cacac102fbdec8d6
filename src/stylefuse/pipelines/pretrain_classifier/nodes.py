"""Nodes of pretrain_classifier: train C on the training split, and J on a split of its own."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.images.manifest import data_hash, pixels_hash, require_usable, rows_of, style_names
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.pretrain_classifier.options import PretrainOptions
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record
from stylefuse.training.options import ClassifierOptions

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)
# A change of this code trains both networks anew.
_CODE = (
    "stylefuse.training.classifier",
    "stylefuse.networks.classifier",
    "stylefuse.networks.judge",
)


def train_classifier(
    manifest: pd.DataFrame, image_store: Path, checkpoints: Path, options: PretrainOptions
) -> Weights:
    """Train C, which tells photos and styles apart, on the training split."""
    from stylefuse.networks.classifier import build_classifier, pack_classifier

    def build(classes: int) -> Any:
        return build_classifier(classes, options.imagenet)

    facts = {"split": "train", "imagenet": options.imagenet}
    return _train(
        "classifier", build, pack_classifier, facts, options.classifier, manifest, image_store, checkpoints
    )


def train_judge(
    manifest: pd.DataFrame, image_store: Path, checkpoints: Path, options: PretrainOptions
) -> Weights:
    """Train J, of another architecture, on pictures that C and G never see."""
    from stylefuse.networks.judge import Judge, pack_judge

    return _train(
        "judge", Judge, pack_judge, {"split": "judge"}, options.judge, manifest, image_store, checkpoints
    )


def _train(
    name: str,
    build: "Callable[[int], nn.Module]",
    pack: Callable[..., Weights],
    facts: dict[str, Any],
    options: ClassifierOptions,
    manifest: pd.DataFrame,
    image_store: Path,
    checkpoints: Path,
) -> Weights:
    """Train a network, or read it if it was trained before with the same options, pictures and code."""
    import torch

    from stylefuse.images.device_store import placed
    from stylefuse.images.store import open_store
    from stylefuse.pipelines.progress import TrackedProgress
    from stylefuse.training.classifier import fit_classifier
    from stylefuse.training.device import described, pick_device, surroundings
    from stylefuse.training.fingerprint import code_hash, fingerprint
    from stylefuse.training.loss_log import LossLog

    require_usable(manifest)
    styles = style_names(manifest)
    facts = {**facts, "data_hash": data_hash(manifest), "image_size": options.image_size}
    store = open_store(image_store, manifest)
    code = code_hash(*_CODE)
    facts["fingerprint"] = fingerprint(
        options.fingerprinted(), facts, pixels_hash(manifest, store.index()), code
    )
    kept = checkpoints / f"{name}-{facts['fingerprint']}.safetensors"
    if kept.is_file():
        try:
            weights = read_weights(kept)
        except ValueError as error:
            log.warning("%s: is trained again: %s", name, error)
        else:
            log.info("%s: already trained on these pictures with these options", name)
            return weights
    facts["trained_with"] = [{"from_image": 0, **(where := surroundings(options.device, "fp32"))}]
    log.info("%s: trains on %s", name, described(where))
    for key, value in where.items():
        record.log_tag(f"{name}.{key}", str(value))
    torch.manual_seed(options.seed)  # initial weights
    device = pick_device(options.device)
    network = build(len(styles)).to(device)
    rows = [rows_of(manifest, style, facts["split"]) for style in styles]
    progress, losses = TrackedProgress(name), LossLog(options.images, every=20 * options.batch_size)

    def on_step(images_seen: int, loss: float) -> None:
        if means := losses.add(images_seen, {"loss": loss}):
            progress.on_row(images_seen, means)
        progress.on_step(images_seen, {"loss": loss})

    progress.on_begin(0, options.images)
    try:
        fit_classifier(network, placed(store, device), rows, options, on_step)
    finally:
        progress.on_end()
    weights = pack(network, styles, **facts)
    write_weights(kept, weights)
    return weights


def report_classifiers(
    classifier: Weights, judge: Weights, manifest: pd.DataFrame, image_store: Path
) -> tuple[dict[str, Any], Path]:
    """Measure C and J on held-out pictures.

    Returns:
        Accuracy overall and a style, and the fingerprint, of each network; a folder with their confusion matrices
        as pictures.
    """
    from stylefuse.images.store import open_store
    from stylefuse.networks.classifier import load_classifier
    from stylefuse.networks.judge import load_judge
    from stylefuse.pipelines.pretrain_classifier.confusion import confusion_of, draw_confusion

    require_same_pictures(manifest, classifier=classifier, judge=judge)
    styles = style_names(manifest)
    metrics: dict[str, Any] = {}
    store = open_store(image_store, manifest)
    with report_folder() as folder:
        for name, network in (("classifier", load_classifier(classifier)), ("judge", load_judge(judge))):
            facts = (classifier if name == "classifier" else judge).facts
            counts = confusion_of(network, store, manifest, styles, facts["image_size"])
            share = counts / counts.sum(axis=1, keepdims=True)
            accuracy = {style: float(share[i, i]) for i, style in enumerate(styles)}
            metrics[name] = {
                "mean_accuracy": sum(accuracy.values()) / len(styles),
                "accuracy": accuracy,
                "fingerprint": facts["fingerprint"],
            }
            draw_confusion(counts, styles, f"{name}: held-out pictures", folder / f"{name}_confusion.png")
            log.info(
                "%s: accuracy on held-out pictures %s", name, {s: round(a, 3) for s, a in accuracy.items()}
            )
        record.log_metrics({f"{name}.held_out_accuracy": m["mean_accuracy"] for name, m in metrics.items()})
        record.log_files(folder, "classifier")
    return metrics, folder
