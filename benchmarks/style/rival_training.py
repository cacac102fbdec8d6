"""Train the rivals on the same pictures and for the same minutes as ours, one network a style where they need it.

All are trained by the clock: `length.minutes` must be given.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.common.progress import Progress
from benchmarks.style.data import Data, endless_crops, references
from benchmarks.style.methods import Length, Method
from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.manifest import PHOTO
from stylefuse.networks.weights import Weights

# Length of a progress bar in percent of the time.
WHOLE = 100


def train_cut(name: str, data: Data, length: Length, seed: int) -> Weights:
    """Train CUT, a network a style; each gets an equal share of the minutes."""
    from benchmarks.rivals import cut

    return _train_each(cut.train_cut, cut.BATCH, name, data, length, seed)


def load_cut(data: Data, weights: Weights, seed: int) -> Method:
    """Return a network a style."""
    from benchmarks.rivals import cut

    return _load_each(cut.cut_generator, data, weights)


def train_cyclegan(name: str, data: Data, length: Length, seed: int) -> Weights:
    """Train CycleGAN, a pair of networks a style, of which only the one from photos to paintings is kept."""
    from benchmarks.rivals import cyclegan

    return _train_each(cyclegan.train_cyclegan, cyclegan.BATCH, name, data, length, seed)


def load_cyclegan(data: Data, weights: Weights, seed: int) -> Method:
    """Return a network a style."""
    from benchmarks.rivals import cyclegan

    blocks = cyclegan.blocks_for(data.training.image_size)
    return _load_each(lambda: cyclegan.cyclegan_generator(blocks=blocks), data, weights)


def train_adain(name: str, data: Data, length: Length, seed: int) -> Weights:
    """Train AdaIN, one network for all styles, which takes an example painting with each photo."""
    from benchmarks.rivals import adain

    network, record = _timed(
        adain.train_adain, adain.BATCH, f"{name}, seed {seed}", data, data.styles[1:], length.minutes, seed
    )
    return _pack(dict(network.state_dict()), data, record)


def load_adain(data: Data, weights: Weights, seed: int) -> Method:
    """Restyle each photo after a random training painting of the style."""
    network = adain_network(data, weights)
    size = data.evaluation.batch_size

    def paint(photos: Tensor, style: int) -> Tensor:
        pairs = zip(photos.split(size), references(data, style, photos, seed).split(size), strict=True)
        return torch.cat([network(*(x.to(data.device) for x in pair)).cpu() for pair in pairs])

    return Method(torch.inference_mode()(paint), [network])


def adain_network(data: Data, weights: Weights) -> nn.Module:
    """Load AdaIN as `train_adain` has trained it."""
    from benchmarks.rivals.adain import AdaIN
    from stylefuse.networks.features import EfficientNetLite0

    return _filled(AdaIN(EfficientNetLite0()), weights.tensors, data.device)


def load_reinhard(data: Data, weights: None, seed: int) -> Method:
    """Give each photo the colours of a random training painting of the style; nothing is learned."""
    from benchmarks.rivals import reinhard

    def paint(photos: Tensor, style: int) -> Tensor:
        return reinhard.recolour(photos, references(data, style, photos, seed)).clamp(-1, 1)

    return Method(paint, [])


def load_untouched(data: Data, weights: None, seed: int) -> Method:
    """Return the photo as it is: the baseline of every number."""
    return Method(lambda photos, style: photos, [])


def _train_each(
    train: Callable[..., nn.Module], batch: int, name: str, data: Data, length: Length, seed: int
) -> Weights:
    tensors, records = {}, []
    for style in data.styles[1:]:
        share = length.minutes / (len(data.styles) - 1)
        title = f"{name} {style}, seed {seed}"
        network, record = _timed(train, batch, title, data, [style], share, seed)
        tensors |= {f"{style}/{key}": value for key, value in network.state_dict().items()}
        records.append(record)
    minutes, images = (sum(record[key] for record in records) for key in ("minutes", "images"))
    losses = {name: sum(r["losses"][name] for r in records) / len(records) for name in records[0]["losses"]}
    record = {"minutes": minutes, "images": images, "losses": losses}
    return _pack(tensors, data, {**record, "images_per_second": images / (60 * minutes)})


def _timed(
    train: Callable[..., nn.Module],
    batch: int,
    title: str,
    data: Data,
    styles: list[str],
    minutes: float,
    seed: int,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train for so many minutes; returns the network and a record."""
    photos, paintings = (
        (crops.to(data.device) for crops in endless_crops(data, names, batch, seed))
        for names in ([PHOTO], styles)
    )
    images, start = 0, time.monotonic()
    with Progress(title, WHOLE, "%") as progress:

        def on_step(seen: int, losses: dict[str, float], share: float) -> None:
            nonlocal images
            images = seen
            progress.step(math.floor(WHOLE * share), {**losses, "images": seen})

        network = train(photos, paintings, minutes, seed, on_step)
    seconds, losses = time.monotonic() - start, progress.losses()
    losses.pop("images", None)
    record = {"minutes": seconds / 60, "images": images, "losses": losses}
    return network, {**record, "images_per_second": images / seconds}


def _pack(tensors: dict[str, Tensor], data: Data, record: dict[str, Any]) -> Weights:
    return Weights(tensors, {"kind": "style_rival", "styles": data.styles, "training": record})


def _load_each(build: Callable[[], nn.Module], data: Data, weights: Weights) -> Method:
    networks = []
    for style in data.styles[1:]:
        start = f"{style}/"
        own = {k.removeprefix(start): v for k, v in weights.tensors.items() if k.startswith(start)}
        networks.append(_filled(build(), own, data.device))

    def paint(photos: Tensor, style: int) -> Tensor:
        network = networks[style - 1]
        return in_batches(lambda x: network(x).clamp(-1, 1), photos, data.evaluation.batch_size, data.device)

    return Method(paint, networks)


def _filled(network: nn.Module, tensors: dict[str, Tensor], device: torch.device) -> nn.Module:
    network.load_state_dict(tensors)
    return network.to(device).eval().requires_grad_(False)
