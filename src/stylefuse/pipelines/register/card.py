"""What the model needs to run, and the card that travels with it."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.register.promotion import FUSION
from stylefuse.tasks.fuse.network import load_fuser

# What the cost of a fuser is measured on: pairs are what people bring.
PICTURES, SIDE = 2, 256


def measure_budget(weights: Weights, repeats: int = 5) -> dict[str, float]:
    """Measure what one picture of the training size costs on this machine's CPU.

    Returns:
        `parameters` (count), `megabytes` (of weights), `image_size` (pixels a side), `gmacs` (1e9
        multiply-adds) and `milliseconds` (median of `repeats`, after one that does not count).
    """
    size = int(weights.facts["image_size"])
    generator = load_generator(weights)
    x = torch.zeros(1, 3, size, size)
    style = style_weights(torch.tensor([1]), generator.rows)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        generator(x, style)
    tensors = weights.tensors.values()
    return {
        "parameters": sum(p.numel() for p in generator.parameters()),
        "megabytes": round(sum(t.numel() * t.element_size() for t in tensors) / 1e6, 3),
        "image_size": size,
        # The counter counts a multiply-add as two operations.
        "gmacs": round(counter.get_total_flops() / 2e9, 4),
        "milliseconds": _milliseconds(lambda: generator(x, style), repeats),
    }


def measure_fuser_budget(generator: Weights, fuser: Weights, repeats: int = 5) -> dict[str, float]:
    """Measure what fusing two pictures of 256×256 costs on this machine's CPU.

    Returns:
        `parameters` (count, without the generator's encoder), `megabytes` (of weights), `pictures`,
        `image_size` (pixels a side) and `milliseconds` (median of `repeats`, after one that does not count).
    """
    network = load_fuser(fuser, load_generator(generator), generator.facts["fingerprint"])
    x = torch.zeros(1, PICTURES, 3, SIDE, SIDE)
    tensors = fuser.tensors.values()
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "megabytes": round(sum(t.numel() * t.element_size() for t in tensors) / 1e6, 3),
        "pictures": PICTURES,
        "image_size": SIDE,
        "milliseconds": _milliseconds(lambda: network(x), repeats),
    }


def _milliseconds(run: Callable[[], Any], repeats: int) -> float:
    times = []
    with torch.inference_mode():
        for _ in range(1 + repeats):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    return round(statistics.median(times[1:]) * 1e3, 1)


def write_card(
    name: str,
    facts: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    budget: Mapping[str, Any],
    pictures: Mapping[str, int],
    fusion: Mapping[str, float] | None = None,
) -> str:
    """Return the model card as Markdown.

    Args:
        name: of the registered model.
        facts: the weights' facts.
        evaluation: as the evaluate pipeline writes it; its summary and warnings are shown.
        budget: as `measure_budget` returns it; under "fuser", if there is one, as `measure_fuser_budget` does.
        pictures: pictures kept by style, "photo" among them; empty if the manifest is of other pictures by now.
        fusion: numbers by dotted path, where there is a fuser and they were measured.
    """
    styles = facts["styles"][1:]
    lines = [
        f"# {name}",
        "",
        f"Restyles a photo in the manner of: {', '.join(styles)}. Strength 0 (the photo) to 1 (the style); "
        "styles mix by weights; the photo's colours can be kept.",
        "",
        "| | |",
        "|---|---|",
        f"| Learned from | {', '.join(f'{count} {style}' for style, count in pictures.items()) or 'unknown'} |",
        f"| Data hash | `{facts.get('data_hash', 'unknown')}` |",
        f"| Training fingerprint | `{facts.get('fingerprint', 'unknown')}` |",
        f"| Images seen in training | {facts.get('images_seen', 'unknown')} |",
        f"| Size | {budget['parameters']:,} parameters, {budget['megabytes']:.2f} MB |",
        f"| Cost at {budget['image_size']}×{budget['image_size']} | {budget['gmacs']:.2f} GMACs, "
        f"{budget['milliseconds']:.0f} ms on the CPU it was registered on |",
        "",
        "## Evaluation",
        "",
        "| metric | value |",
        "|---|---|",
        *(f"| {key} | {_shown(value)} |" for key, value in evaluation.get("summary", {}).items()),
        "",
        *(f"- {warning}" for warning in evaluation.get("warnings", [])),
        "",
        *(_fusion_section(budget["fuser"], fusion or {}) if "fuser" in budget else ()),
        "## Limits",
        "",
        "It knows the textures and colours of the paintings it was trained on, at the size it was trained "
        "at, and nothing of their subjects: expect brushwork on any photo, not a painter's composition. "
        "The numbers above are of pictures held out from training; yours may differ.",
        "",
    ]
    return "\n".join(lines)


def _fusion_section(budget: Mapping[str, float], numbers: Mapping[str, float]) -> list[str]:
    size, count = budget["image_size"], budget["pictures"]
    return [
        "## Fusion",
        "",
        'Fuses 2 to 8 pictures of one scene (task "fuse"), and restyles the result (task "fuse+stylize").',
        "",
        "| | |",
        "|---|---|",
        f"| Size | {budget['parameters']:,} parameters, {budget['megabytes']:.2f} MB; it reads the encoder above |",
        f"| Cost of {count} pictures at {size}×{size} | {budget['milliseconds']:.0f} ms on the same CPU |",
        *(f"| {key.removeprefix(f'{FUSION}summary.')} | {_shown(value)} |" for key, value in numbers.items()),
        *([] if numbers else ["| Quality | not measured |"]),
        "",
    ]


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
