"""A loaded generator, and a picture restyled with it at the picture's own size."""

import threading

import torch
from PIL.Image import Image
from torch.nn import functional as F

from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.generator import INPUT_GAIN, load_generator, style_weights
from stylefuse.networks.weights import Weights

# Beyond this many pixels the repainting is computed smaller: the network needs about 500 bytes a pixel.
WORK_PIXELS = 4_000_000


class Restyler:
    """Restyles pictures; safe to share between threads.

    Args:
        weights: as written by the training pipeline.
        device: where the network runs; by default the first GPU, if there is one.
    """

    def __init__(self, weights: Weights, device: str | None = None):
        self.styles: list[str] = weights.facts["styles"]
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._generator = load_generator(weights).to(self._device)
        # One picture already keeps all cores busy; two at once would only need twice the memory.
        self._one_at_a_time = threading.Lock()

    def __call__(self, picture: Image, row: int, strength: float, work_pixels: int = WORK_PIXELS) -> Image:
        """Restyle an RGB picture of any size; strength 0 returns it untouched.

        A picture of more than `work_pixels` pixels is repainted at that size. The generator's answer is its
        input plus a change (before the tanh): the change is enlarged, the details stay those of the input.
        """
        if strength == 0:
            return picture
        with self._one_at_a_time, torch.inference_mode():
            x = to_tensor(picture)[None].to(self._device)
            style = style_weights(torch.tensor([row], device=self._device), len(self.styles), strength)
            scale = (work_pixels / (x.shape[2] * x.shape[3])) ** 0.5
            if scale >= 1:
                return to_image(self._generator(x, style)[0].cpu())
            size = [max(1, round(side * scale)) for side in x.shape[2:]]
            small = F.interpolate(x, size=size, mode="area")
            change = self._generator.repaint(small, style) - torch.atanh(INPUT_GAIN * small)
            change = F.interpolate(change, size=x.shape[2:], mode="bilinear")
            return to_image(change.add_(x.mul_(INPUT_GAIN).atanh_()).tanh_()[0].cpu())
