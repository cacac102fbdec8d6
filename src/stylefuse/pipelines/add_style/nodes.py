"""The node of add_style: a model and a folder of pictures → the model with one more style."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from stylefuse.pipelines.add_style.options import AddStyleParameters

log = logging.getLogger(__name__)


def add_style(photos: Path, folder: Path, options: AddStyleParameters) -> dict[str, Any]:
    """Teach a model a style; run again after an interruption, it goes on.

    Args:
        photos: folder of photos to practise on.
        folder: workspace; the new model goes into its subfolder of the style's name.
        options: see `AddStyleParameters`.

    Returns:
        What is known of the added style, its losses by images seen, and warnings.

    Raises:
        ValueError: style or pictures are not named.
        StyleRefusedError, ModelError: see `serving.added_style.add_style`.
    """
    from stylefuse.pipelines.progress import TrackedProgress
    from stylefuse.serving import added_style

    if not options.style or not options.pictures:
        raise ValueError(
            "name the style and its pictures: --params add_style.style=ukiyoe,add_style.pictures=/my/prints"
        )
    target = folder / options.style
    with tempfile.TemporaryDirectory(prefix="stylefuse-") as temporary:
        made = added_style.add_style(
            options.style,
            Path(options.pictures).expanduser(),
            photos,
            added_style.folder_of(options.model, temporary),
            target,
            folder / f"{options.style}-training",
            options.training,
            TrackedProgress("add_style", "add_style_samples"),
            options.restart,
        )
    for warning in made.warnings:
        log.warning(warning)
    log.info("the model with the style lies in %s: stylefuse serve --model %s", target, target)
    return {"file": str(made.file), "facts": made.facts, "losses": made.losses, "warnings": made.warnings}
