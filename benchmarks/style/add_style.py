"""Measure a style that is learned from a few pictures, beside rivals that see the same ones; prints JSON.

Some pictures of the style are set aside (`--aside`; else every third). Four independent judges learn from those, from
photos and from paintings of other styles; the method and its rivals learn from the rest. "judge" is how often they name
the style, on average; "real" is the same of the real pictures that they have not seen. "same_bytes": whether each old
style, and a mixture, in three strengths, paints 20 photos to the same bytes as before.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor

from benchmarks.common.command import count, positive
from benchmarks.rivals.adain import train_adain
from benchmarks.rivals.reinhard import recolour
from benchmarks.style.few_shot_judges import Judges
from benchmarks.style.retrained import train_whole
from stylefuse.images.crops import CropSampler, centre_crops
from stylefuse.images.grid import grid
from stylefuse.images.store import ImageStore, write_store
from stylefuse.metrics.content import luma_ssim
from stylefuse.networks.added import base_model, with_added
from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.serving.bundle import Bundle, read_model
from stylefuse.tasks.stylize.add_style.learn import learn_style
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
from stylefuse.tasks.stylize.add_style.pictures import read_photos, read_pictures
from stylefuse.tasks.stylize.params import StylizeParams

SIDE, CROPS, BYTES_PHOTOS, SHEET = 128, 60, 20, 6
TABLES = ("scale", "shift", "palette", "edges")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", type=Path, help="folder of the model that gets the style")
    add("style", help="name of the style; if the model has it, it is removed first")
    add("pictures", type=Path, help="folder of its pictures")
    add("photos", type=Path, help="folder of photos to practise on; the judge learns from every second one")
    add("test", type=Path, help="folder of photos to measure on")
    add("others", type=Path, help="folder with folders of paintings in other styles, for the judge")
    add("output", type=Path, help="folder for pictures, weights and checkpoints")
    add("--aside", type=numbers, default=None, help="numbers of the pictures for the judge, from 0: 1,2,8")
    add("--start", choices=("mean", "nearest"), default=None, help="where the new row begins")
    add("--images", type=int, default=None, help="length of the training")
    add("--adain", type=positive, default=None, help="minutes of AdaIN's training; default: left out")
    add("--retrain", type=count, default=None, help="images of a whole training; default: none")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def run(options: argparse.Namespace) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    pictures, photos, test = (
        read_pictures(options.pictures),
        read_photos(options.photos),
        read_photos(options.test),
    )
    others = {f.name: read_photos(f) for f in sorted(options.others.iterdir()) if f.is_dir()}
    chosen = options.aside or [i for i in range(len(pictures)) if i % 3 == 2]
    aside = [p for i, p in enumerate(pictures) if i in chosen]
    known = [p for i, p in enumerate(pictures) if i not in chosen]
    groups = [photos[::2], *(paintings[::2] for paintings in others.values()), aside]
    judges = Judges(options.output / "judge", groups)
    x = crops(options.output / "test", test)
    real = judges.named(random_crops(options.output / "known", known))
    base = base_model(without(read_model(options.model).weights, options.style))
    training = AddStyleOptions(sample_every=10**9)
    training = replace(training, **{k: v for k in ("start", "images") if (v := getattr(options, k))})
    began = time.process_time()
    learned = learn_style(options.style, base, known, photos[1::2], options.output, training)
    minutes = (time.process_time() - began) / 60
    write_weights(options.output / f"added-{options.style}.safetensors", learned.weights)
    networks = with_added(base.networks, [learned.weights])
    generator = load_generator(networks["generator"])
    same = same_bytes(base.networks, networks, test[:BYTES_PHOTOS])
    size = sum(t.numel() for t in learned.weights.tensors.values())
    facts = {"cpu_minutes": minutes, "numbers": size, "same_bytes": same, "warnings": learned.warnings}
    print(json.dumps(facts | {"copy_ratio": learned.weights.facts["copy_ratio"]}), flush=True)
    row = style_weights(torch.tensor([generator.rows - 1]), generator.rows)
    reference = centre_crops(ImageStore(options.output / "known"), np.arange(len(known)), SIDE)
    turns = torch.arange(len(x)) % len(known)
    references = reference[turns]

    def whole() -> Tensor:
        taught = [photos[1::2], *(paintings[1::2] for paintings in others.values()), known]
        retrained = train_whole(options.output / "retraining", taught, options.retrain)
        last = style_weights(torch.tensor([retrained.rows - 1]), retrained.rows)
        return batched(lambda b, _: retrained(b, last.expand(len(b), -1)), x, references)

    methods: dict[str, Callable[[], Tensor]] = {
        "photos": lambda: x,
        "ours": lambda: batched(lambda b, _: generator(b, row.expand(len(b), -1)), x, references),
        "reinhard": lambda: recolour(x, references),
    }
    if options.adain:
        methods["adain"] = lambda: batched(trained_adain(options, photos[1::2], known), x, references)
    if options.retrain:
        methods["retrained"] = whole
    drawn = {"old": generator(x[:SHEET], style_weights(torch.ones(SHEET, dtype=torch.long), generator.rows))}
    for name, method in methods.items():
        y = method()
        right, ssim = judges.named(y), float(luma_ssim(x, y).mean())
        facts = {"name": name, "judge": mean(right), "of_four": right, "real": mean(real), "ssim": ssim}
        print(json.dumps(facts), flush=True)
        drawn[name] = y[:SHEET]
        grid([list(y) for y in drawn.values()], row_labels=list(drawn)).save(options.output / "sheet.png")


def without(weights: dict[str, Weights], style: str) -> dict[str, Weights]:
    """Return a model without one of the styles that it was trained with; the others keep their rows."""
    found = dict(weights)
    for name, network in weights.items():
        styles = network.facts.get("styles", [])
        if style in styles:
            kept = [i for i, each in enumerate(styles) if each != style]
            tensors = {
                k: t[kept] if k.rpartition(".")[2] in TABLES else t for k, t in network.tensors.items()
            }
            found[name] = Weights(tensors, {**network.facts, "styles": [styles[i] for i in kept]})
    return found


def trained_adain(
    options: argparse.Namespace, photos: list[np.ndarray], known: list[np.ndarray]
) -> torch.nn.Module:
    write_store(options.output / "adain", [*photos, *known])
    store, random = ImageStore(options.output / "adain"), np.random.default_rng(7)
    of_photos = CropSampler(store, np.arange(len(photos)), SIDE, 0.6, random)
    of_style = CropSampler(store, np.arange(len(photos), len(store)), SIDE, 0.6, random)
    endless = ((s.draw(8) for _ in itertools.count()) for s in (of_photos, of_style))
    return train_adain(*endless, options.adain, 7, lambda *_: None)


def crops(folder: Path, pictures: list[np.ndarray]) -> Tensor:
    write_store(folder, pictures)
    return centre_crops(ImageStore(folder), np.arange(len(pictures)), SIDE)


def random_crops(folder: Path, pictures: list[np.ndarray]) -> Tensor:
    write_store(folder, pictures)
    random = np.random.default_rng(0)
    return CropSampler(ImageStore(folder), np.arange(len(pictures)), SIDE, 0.8, random).draw(CROPS)


@torch.inference_mode()
def batched(paint: "object", x: Tensor, references: Tensor) -> Tensor:
    return torch.cat([paint(*pair) for pair in zip(x.split(16), references.split(16), strict=True)])  # type: ignore[operator]


def same_bytes(before: dict[str, Weights], after: dict[str, Weights], photos: list[np.ndarray]) -> bool:
    """Whether two models paint the same bytes in all styles of the first, and in a mixture."""
    one, two = (Bundle(weights, "cpu").predictor("stylize") for weights in (before, after))
    names = before["generator"].facts["styles"][1:]
    wanted = [*names, ",".join(f"{name}:{i + 1}" for i, name in enumerate(names))]
    return all(
        to_bytes(one, photo, style, strength) == to_bytes(two, photo, style, strength)
        for photo in photos
        for style in wanted
        for strength in (0.3, 0.7, 1.0)
    )


def to_bytes(predictor: "object", photo: np.ndarray, style: str, strength: float) -> bytes:
    from PIL import Image

    params = StylizeParams(style=style, strength=strength)
    return predictor.restyle(Image.fromarray(photo), params).tobytes()  # type: ignore[attr-defined]
