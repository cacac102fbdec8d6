"""Time G beside its convolutions alone and beside larger networks, in turns; writes a table with ratios.

All parts of a comparison take turns, so a busy machine slows all of them alike, and the ratios of their medians
depend little on how fast the machine is.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.common.command import count
from benchmarks.common.files import write_json, write_text
from benchmarks.common.tables import to_markdown
from benchmarks.common.timing import medians, time_in_turns
from benchmarks.rivals.cut import cut_generator
from benchmarks.rivals.johnson import johnson_generator
from stylefuse.networks.blocks import ReflectConv
from stylefuse.networks.generator import Generator, style_weights
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.training.device import autocast

OURS, CONVOLUTIONS = "stylefuse", "its convolutions alone"
# Task, side of the pictures in px, whether gradients are computed.
TASKS = (("inference", 128, False), ("inference", 512, False), ("forward and backward", 128, True))


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for speed_style.md and .json")
    add("--repeats", type=count, default=7, help="rounds that count; one more goes before them (%(default)s)")
    add(
        "--batch-size",
        type=count,
        default=4,
        help="pictures a batch at 128 px; at 512 px it is one (%(default)s)",
    )
    add("--precision", choices=["auto", "fp32", "bf16"], default="auto", help="as in training (%(default)s)")


def run(options: argparse.Namespace) -> None:
    training = HybridOptions(precision=options.precision, device="cpu")
    seconds, batches = {}, {}
    for what, size, backward in TASKS:
        task = f"{what}, {size} px"
        batches[task] = options.batch_size if size == 128 else 1
        seconds[task] = measure(size, backward, batches[task], options.repeats, training)
    text = f"{torch.get_num_threads()} threads, {options.precision}, medians of {options.repeats}.\n\n"
    text += table(seconds, batches) + "\n"
    write_text(options.out / "speed_style.md", text)
    write_json(options.out / "speed_style.json", {"seconds": seconds, "batches": batches})
    print(text)


class Styled(nn.Module):
    """G with three styles, restyling in one of them."""

    def __init__(self):
        super().__init__()
        self.generator = Generator(4)

    def forward(self, x: Tensor) -> Tensor:
        style = torch.ones(len(x), dtype=torch.int64, device=x.device)
        return self.generator(x, style_weights(style, self.generator.rows))


def networks() -> dict[str, nn.Module]:
    """Return what is compared: N×3×H×W → the same."""
    torch.manual_seed(0)
    return {OURS: Styled(), "CUT": cut_generator(), "Johnson": johnson_generator()}


def measure(
    size: int, backward: bool, batch_size: int, repeats: int, options: HybridOptions
) -> dict[str, float]:
    """Return the median seconds of a batch, by network."""
    x = torch.rand(batch_size, 3, size, size) * 2 - 1
    x = x.contiguous(memory_format=torch.channels_last)
    calls: dict[str, Callable[[], None]] = {}
    for name, network in networks().items():
        network = network.to(memory_format=torch.channels_last).train(backward)
        calls[name] = partial(work, [(network, x.clone())], backward, options)
        if name == OURS:
            alone = convolutions(network, x, options)
            calls[CONVOLUTIONS] = partial(work, alone, backward, options)
    return medians(time_in_turns(calls, repeats))


def convolutions(network: nn.Module, x: Tensor, options: HybridOptions) -> list[tuple[nn.Module, Tensor]]:
    """Return every convolution of a network without its padding, and a random tensor like its input for x."""
    found, handles = [], []

    def note(conv: nn.Module, given: tuple[Tensor]) -> None:
        found.append((conv, torch.randn_like(given[0], memory_format=torch.channels_last)))

    for conv in network.modules():
        if isinstance(conv, nn.Conv2d | nn.ConvTranspose2d):
            handles.append(conv.register_forward_pre_hook(note))
    with torch.no_grad(), autocast(options):
        network(x)
    for handle in handles:
        handle.remove()
    return [(_bare(conv), given) for conv, given in found]


def work(modules: Sequence[tuple[nn.Module, Tensor]], backward: bool, options: HybridOptions) -> None:
    """Run each module on its own input; with `backward`, compute gradients of weights and inputs as well."""
    for module, x in modules:
        with torch.set_grad_enabled(backward), autocast(options):
            y = module(x.requires_grad_(backward))
        if backward:
            y.backward(torch.ones_like(y))
            module.zero_grad(set_to_none=True)
            x.grad = None
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def table(seconds: Mapping[str, Mapping[str, float]], batches: Mapping[str, int]) -> str:
    """Markdown: pictures a second, and how many times as long as ours each takes."""
    rows = [["task", "network", "images/s", "time / ours"]]
    for task, each in seconds.items():
        for name, median in each.items():
            rows.append([task, name, f"{batches[task] / median:.2f}", f"{median / each[OURS]:.2f}"])
    return to_markdown(rows)


def _bare(conv: nn.Module) -> nn.Module:
    if not isinstance(conv, ReflectConv):
        return conv
    sizes = conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride
    return nn.Conv2d(*sizes, padding=conv.border).to(conv.weight.device, memory_format=torch.channels_last)
