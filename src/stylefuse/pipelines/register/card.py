"""Measure the cost of a model, and write its model card."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.register.heads import HeadEntry
from stylefuse.serving.bundle import Bundle
from stylefuse.tasks.params import Spec
from stylefuse.tasks.task import Task, find_tasks

SIDE = 256  # px of the pictures that the cost of a head is measured on


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


def measure_head_budgets(networks: Mapping[str, Weights], repeats: int = 5) -> dict[str, dict[str, Any]]:
    """Measure what each task with a head costs on this machine's CPU, on as few pictures of 256×256 as it takes.

    Returns:
        By the head's name: `parameters` (count, without the shared encoder), `megabytes` (of weights), `pictures`,
        `image_size` (pixels a side) and `milliseconds` (median of `repeats`, after one that does not count).
    """
    bundle, budgets = Bundle(networks, device="cpu"), {}
    example = np.asarray(Image.linear_gradient("L").convert("RGB"))
    for task in bundle.tasks:
        if task.head is None or task.head.weights not in networks:
            continue
        count, tensors = task.pictures[0], networks[task.head.weights].tensors.values()
        picture = example if task.deep else Image.fromarray(example)
        run = partial(bundle.predictor(task.name).predict, [picture] * count, task.params())
        budgets[task.head.weights] = {
            "parameters": sum(p.numel() for p in bundle.head(task.head.weights).parameters()),
            "megabytes": round(sum(t.numel() * t.element_size() for t in tensors) / 1e6, 3),
            "pictures": count,
            "image_size": SIDE,
            "milliseconds": _milliseconds(run, repeats),
        }
    return budgets


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
    heads: Sequence[HeadEntry] = (),
) -> str:
    """Return the model card as Markdown.

    Args:
        name: of the registered model.
        facts: the weights' facts.
        evaluation: as the evaluate pipeline writes it; its summary and warnings are shown.
        budget: as `measure_budget` returns it, with what `measure_head_budgets` does.
        pictures: pictures kept by style, "photo" among them; empty if the manifest is of other pictures by now.
        heads: that the model holds.
    """
    styles = facts["styles"][1:]
    lines = [
        f"# {name}",
        "",
        f"Paints in the manner of: {', '.join(styles)}.",
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
        *_tasks_section(heads),
        *(line for entry in heads for line in _head_section(entry, budget[entry.head.weights])),
        "## Limits",
        "",
        "It knows the textures and colours of the paintings it was trained on, at the size it was trained "
        "at, and nothing of their subjects: expect brushwork on any photo, not a painter's composition. "
        "The numbers above are of pictures held out from training; yours may differ.",
        "",
    ]
    return "\n".join(lines)


def _tasks_section(heads: Sequence[HeadEntry]) -> list[str]:
    """What the model can do, and with which parameters."""
    there = {"generator", *(entry.head.weights for entry in heads)}
    tasks = [task for task in find_tasks().values() if there >= set(task.needs)]
    return ["## Tasks", "", *(line for task in tasks for line in _task_lines(task))]


def _task_lines(task: Task) -> list[str]:
    rows = [f"| `{name}` | {_range(spec)} | {spec.help} |" for name, spec in task.specs.items()]
    table = ["| parameter | values | |", "|---|---|---|", *rows, ""] if rows else []
    return [f"**{task.name}**: {task.phrase}.", "", *table]


def _range(spec: Spec) -> str:
    if spec.names:
        return ", ".join(spec.names)
    if spec.least is not None and spec.most is not None:
        return f"{spec.least:g} to {spec.most:g}"
    return {"bool": "true, false", "str": "text"}.get(spec.kind.value.__name__, "a number")


def _head_section(entry: HeadEntry, budget: Mapping[str, float]) -> list[str]:
    size, count, prefix = budget["image_size"], budget["pictures"], entry.head.reports
    metrics = entry.metrics.items()
    return [
        f"## {prefix.capitalize()}",
        "",
        "| | |",
        "|---|---|",
        f"| Size | {budget['parameters']:,} parameters, {budget['megabytes']:.2f} MB; it reads the encoder above |",
        f"| Cost of {count} pictures at {size}×{size} | {budget['milliseconds']:.0f} ms on the same CPU |",
        *(f"| {key.removeprefix(f'{prefix}.summary.')} | {_shown(value)} |" for key, value in metrics),
        *([] if metrics else ["| Quality | not measured |"]),
        "",
    ]


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
