"""The node that makes the embedded sample."""

import json
import logging
import tempfile
from pathlib import Path

from stylefuse.pipelines.sample.options import SampleOptions

logger = logging.getLogger(__name__)


def make_sample(options: SampleOptions) -> Path:
    """Make photos, paintings in three styles, and the paintings' clean twins in a new temporary folder.

    The folder holds `photos/*.png`, `styles/<style>/*.png`, `twins/<style>/<same name>.png` (what each
    painting was made from) and `sample.json` (options, library versions, every file's photograph and crop
    box). It is the same to the byte for the same options and library versions, whatever the number of
    workers. With `make` off it is empty.

    Raises:
        FileNotFoundError: a library came without the photographs that its wheel holds.
    """
    folder = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    if not options.make:
        logger.info("No sample is made (sample.make is false): photos and styles are your own.")
        return folder

    # Imported here: Kedro imports this module to list pipelines, which should not wait for scipy and skimage.
    from stylefuse.pipelines.sample.drawing import draw_all
    from stylefuse.pipelines.sample.plan import plan_sample, sample_facts

    pictures = plan_sample(options)
    draw_all(pictures, folder, options.size, options.workers)
    facts = sample_facts(pictures, options)
    (folder / "sample.json").write_text(
        json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    logger.info(
        "Made the sample: %s.", ", ".join(f"{count} {name}" for name, count in facts["counts"].items())
    )
    return folder
