"""The commands `stylefuse add-style` and `stylefuse remove-style`."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylefuse.serving.default_model import HELP

FAILED = 1


def add_commands(commands: Any) -> None:
    """Add both subcommands."""
    add = commands.add_parser(
        "add-style",
        help="teach a model a style from 5 to 20 pictures",
        description="Teach a model a new style from 5 to 20 pictures, in some minutes. Its other styles stay as they "
        "are. Interrupted, the same command goes on.",
    )
    add.add_argument("style", help="name of the new style")
    add.add_argument("pictures", type=Path, help="folder with pictures of the style")
    add.add_argument(
        "--photos",
        type=Path,
        help="folder with photos to practise on; by default a few of installed packages",
    )
    add.add_argument("--model", help=HELP)
    add.add_argument(
        "-o", "--output", type=Path, help="folder of the new model; by default model-with-<style>"
    )
    add.add_argument("--images", type=int, help="length of the training, in images seen")
    add.add_argument("--restart", action="store_true", help="begin anew instead of going on")
    add.set_defaults(run=_add)
    remove = commands.add_parser(
        "remove-style",
        help="remove an added style from a model",
        description="Remove a style that add-style has added. The model's files are then those it had before.",
    )
    remove.add_argument("style", help="name of the added style")
    remove.add_argument("--model", type=Path, required=True, help="folder of the model")
    remove.set_defaults(run=_remove)


def _add(options: argparse.Namespace) -> int:
    from stylefuse.images.files import ImageError
    from stylefuse.serving.added_style import add_style, folder_of
    from stylefuse.serving.bundle import ModelError
    from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
    from stylefuse.tasks.stylize.add_style.pictures import StyleRefusedError
    from stylefuse.training.run_lock import TrainingRefusedError
    from stylefuse.training.session import TrainingDivergedError

    logging.basicConfig(format="stylefuse add-style: %(message)s", level=logging.INFO)
    target = options.output or Path(f"model-with-{options.style}")
    work = target.with_name(f"{target.name}-training")
    try:
        training = AddStyleOptions(**({"images": options.images} if options.images else {}))
        with tempfile.TemporaryDirectory(prefix="stylefuse-") as temporary:
            photos = options.photos or sample_photos(Path(temporary) / "photos")
            model = folder_of(options.model, temporary)
            made = add_style(
                options.style,
                options.pictures,
                photos,
                model,
                target,
                work,
                training,
                _bar(),
                options.restart,
            )
    except (
        ModelError,
        StyleRefusedError,
        ImageError,
        TrainingRefusedError,
        TrainingDivergedError,
        OSError,
        ValueError,
    ) as error:
        print(f"stylefuse add-style: {error}", file=sys.stderr, flush=True)
        return FAILED
    for warning in made.warnings:
        print(f"stylefuse add-style: {warning}", file=sys.stderr, flush=True)
    print(made.file, flush=True)
    return 0


def _remove(options: argparse.Namespace) -> int:
    from stylefuse.serving.added_style import remove_style
    from stylefuse.serving.bundle import ModelError

    try:
        print(remove_style(options.style, options.model), flush=True)
    except (ModelError, OSError) as error:
        print(f"stylefuse remove-style: {error}", file=sys.stderr, flush=True)
        return FAILED
    return 0


def sample_photos(folder: Path) -> Path:
    """Write the photographs that installed packages bring into a folder, and return it."""
    from importlib.util import find_spec

    from PIL import Image

    from stylefuse.pipelines.sample.photographs import PHOTOGRAPHS

    folder.mkdir(parents=True)
    for photograph in PHOTOGRAPHS:
        package = find_spec(photograph.package)
        assert package is not None and package.origin is not None
        picture = Image.open(Path(package.origin).parent / photograph.file).convert("RGB")
        picture.crop(photograph.content).save(folder / f"{photograph.name}.png")
    return folder


def _bar() -> Any:
    from tqdm import tqdm

    from stylefuse.training.observer import Observer

    class Bar(Observer):
        """Shows a progress bar."""

        def on_begin(self, images_seen: int, total: int) -> None:
            self._bar = tqdm(desc="add-style", unit="img", total=total, initial=images_seen)

        def on_step(self, images_seen: int, losses: Mapping[str, float]) -> None:
            self._bar.update(images_seen - self._bar.n)

        def on_end(self) -> None:
            self._bar.close()

    return Bar()
