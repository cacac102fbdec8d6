"""The node that makes the embedded sample."""

import json
import logging
from pathlib import Path

from stylefuse.pipelines.sample.options import SampleOptions

logger = logging.getLogger(__name__)


def make_sample(folder: Path, options: SampleOptions) -> Path:
    """Make photos, paintings in three styles, and the paintings' clean twins.

    The folder holds `photos/*.png`, `styles/<style>/*.png`, `twins/<style>/<same name>.png` (what each
    painting was made from) and `sample.json` (options, library versions, every file's photograph and crop
    box). It is the same to the byte for the same options and library versions, whatever the number of
    workers.

    Args:
        folder: the staging folder of the sample's folder.
        options: see `SampleOptions`.

    Returns:
        `folder`; with `make: false` the sample's folder itself, unchanged.

    Raises:
        FileNotFoundError: a library is installed without the photographs that its wheel contains.
    """
    if not options.make:
        logger.info("No sample is made (sample.make is false): photos and styles are your own.")
        return folder.parent

    # Imported here: Kedro imports this module to list pipelines, which should not wait for scipy and skimage.
    from stylefuse.pipelines.sample.drawing import draw_all
    from stylefuse.pipelines.sample.plan import plan_sample, sample_metadata

    pictures = plan_sample(options)
    draw_all(pictures, folder, options.size, options.workers)
    metadata = sample_metadata(pictures, options)
    (folder / "sample.json").write_text(
        json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    logger.info(
        "Made the sample: %s.", ", ".join(f"{count} {name}" for name, count in metadata["counts"].items())
    )
    return folder
