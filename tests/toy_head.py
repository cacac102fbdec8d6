"""A toy task with a trained head: take noise out of a photo. It may be copied to `tasks/denoise/__init__.py`."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from stylefuse.images.grid import grid
from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.weights import Weights
from stylefuse.tasks.head import Head, HeadData, HeadEvaluation, Measured
from stylefuse.tasks.params import Number, Params, number
from stylefuse.tasks.task import Networks, Result, Task
from stylefuse.training.head import HeadTraining


class Denoiser(nn.Module):
    """Noisy pictures N×3×H×W in [-1, 1] → the same without noise. At the start it changes nothing."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self._shared = (encoder,)  # in a tuple, so that it is neither trained nor saved
        self.change = nn.Conv2d(encoder.stem.weight.shape[0] + 3, 3, 3, padding=1)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.change(torch.cat([x, self._shared[0].stem(x)], 1)).float()


def noisy(photos: Tensor, random: np.random.Generator) -> Tensor:
    """Photos with noise of deviation 0.2."""
    return photos + 0.2 * torch.from_numpy(random.normal(size=photos.shape)).float()


class DenoiseTraining(HeadTraining):
    def pairs(self, photos: Tensor, options: Any) -> tuple[Tensor, Tensor]:
        return noisy(photos, self.random), photos

    def predict(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.network(batch[0])

    def losses(self, output: Tensor, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return {"squared_error": (output - batch[1]).square().mean()}


def build(data: HeadData, options: Any) -> DenoiseTraining:
    new = partial(Denoiser, data.generator.encoder)
    return DenoiseTraining(new, data.store, data.photos, options, partial(sheet, data.shown))


@torch.inference_mode()
def sheet(photos: Tensor, network: Denoiser) -> Image.Image:
    given = noisy(photos, np.random.default_rng(0))
    made = network(given.to(network.change.weight.device)).cpu()
    return grid([list(given), list(made), list(photos)], row_labels=["noisy", "denoised", "truth"])


@torch.inference_mode()
def measure(network: Denoiser, generator: Any, photos: Tensor, options: HeadEvaluation) -> Measured:
    given = noisy(photos, np.random.default_rng(0))
    found = {"untouched": given, "denoised": network(given)}
    error = {name: float((made - photos).square().mean()) for name, made in found.items()}
    table = pd.DataFrame({"method": list(error), "squared_error": list(error.values())})
    return Measured(table, "Mean squared error.", error, {"denoised": sheet(photos[:4], network)})


def pack(network: Denoiser, **facts: Any) -> Weights:
    return Weights(dict(network.state_dict()), {"kind": "denoiser", **facts})


def load(weights: Weights, encoder: Encoder) -> Denoiser:
    network = Denoiser(encoder)
    network.load_state_dict(weights.tensors)
    return network.eval().requires_grad_(False)


class DenoiseParams(Params):
    amount: Number = number(1.0, 0, 1, "share of the noise that is taken out")


class DenoisePredictor:
    def __init__(self, networks: Networks):
        self._networks, self._head = networks, networks.head(HEAD.weights)

    def check(self, params: DenoiseParams) -> None:
        """All values fit."""

    @torch.inference_mode()
    def predict(self, pictures: Sequence[Image.Image], params: DenoiseParams) -> Result:
        with self._networks.lock:
            x = to_tensor(pictures[0])[None].to(self._networks.device)
            made = x + params.amount * (self._head(x) - x)
        return Result(to_image(made[0].clamp(-1, 1)), {"amount": params.amount})


HEAD = Head(
    weights="denoise_head",
    reports="denoise_head",
    pipeline="train_denoise",
    code=(__name__,),
    build=build,
    pack=pack,
    load=load,
    measure=measure,
)
TASK = Task(
    name="denoise",
    summary="Take noise out of a photo",
    params=DenoiseParams,
    predictor=DenoisePredictor,
    needs=("generator", HEAD.weights),
    head=HEAD,
)
