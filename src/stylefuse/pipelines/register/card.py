"""What the model needs to run, and the card that travels with it."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.networks.weights import Weights


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
    times = []
    with torch.inference_mode():
        with FlopCounterMode(display=False) as counter:
            generator(x, style)
        for _ in range(repeats):
            start = time.perf_counter()
            generator(x, style)
            times.append(time.perf_counter() - start)
    tensors = weights.tensors.values()
    return {
        "parameters": sum(p.numel() for p in generator.parameters()),
        "megabytes": round(sum(t.numel() * t.element_size() for t in tensors) / 1e6, 3),
        "image_size": size,
        # The counter counts a multiply-add as two operations.
        "gmacs": round(counter.get_total_flops() / 2e9, 4),
        "milliseconds": round(statistics.median(times) * 1e3, 1),
    }


def write_card(
    name: str,
    facts: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    budget: Mapping[str, float],
    pictures: Mapping[str, int],
) -> str:
    """Return the model card as Markdown.

    Args:
        name: of the registered model.
        facts: the weights' facts.
        evaluation: as the evaluate pipeline writes it; its summary and warnings are shown.
        budget: as `measure_budget` returns it.
        pictures: pictures kept by style, "photo" among them.
    """
    styles = facts["styles"][1:]
    lines = [
        f"# {name}",
        "",
        f"Restyles a photo in the manner of: {', '.join(styles)}. Strength 0 (the photo) to 1 (the style).",
        "",
        "| | |",
        "|---|---|",
        f"| Learnt from | {', '.join(f'{count} {style}' for style, count in pictures.items())} |",
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
        "## Limits",
        "",
        "It knows the textures and colours of the paintings it was trained on, at the size it was trained "
        "at, and nothing of their subjects: expect brushwork on any photo, not a painter's composition. "
        "The numbers above are of pictures held out from training; yours may differ.",
        "",
    ]
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
