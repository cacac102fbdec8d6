"""A batch of restorations with a folder of masks."""

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.pipelines.batches.nodes import run_folder
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.tasks.restore import TASK
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.network import Restorer, pack_restorer


@pytest.fixture
def folders(tmp_path):
    random = np.random.default_rng(0)
    for folder in ("in/old", "masks/old"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("old/1.png", "old/2.png"):
        Image.fromarray(random.integers(0, 256, (32, 40, 3), np.uint8)).save(tmp_path / "in" / name)
    mask = np.zeros((32, 40), np.uint8)
    mask[8:16, 10:20] = 255
    Image.fromarray(mask).save(tmp_path / "masks/old/1.png")
    return tmp_path


def run(tmp_path, **params):
    torch.manual_seed(0)
    generator = pack_generator(Generator(2, GeneratorConfig((4, 8), 1)), ["photo", "ink"], image_size=64)
    restorer = pack_restorer(Restorer(RestorerConfig((4, 8), (4, 4))))
    staging = tmp_path / "out" / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    options = batch_options(TASK)(noise=0, quality=100, **params)
    return run_folder(TASK, {"generator": generator, "restorer": restorer}, tmp_path / "in", staging, options)


def test_each_picture_is_filled_where_its_mask_says(folders):
    made, report = run(folders, mask_folder=str(folders / "masks"))
    rows = report.set_index("file")
    assert rows.loc["old/1.png", "given"] == "6.2500%"
    assert rows.loc["old/2.png", "given"] == "0.0000%"
    hole = np.asarray(Image.open(folders / "masks/old/1.png")) > 0
    before, after = (np.asarray(Image.open(each / "old/1.png")) for each in (folders / "in", made))
    assert np.array_equal(after[~hole], before[~hole]) and not np.array_equal(after, before)


def test_masks_that_fit_no_picture_are_refused(folders):
    with pytest.raises(ValueError, match=r"restore\.mask_folder: there is no folder"):
        run(folders, mask_folder=str(folders / "none"))
    (folders / "masks/old/1.png").rename(folders / "masks/old/3.png")
    with pytest.raises(ValueError, match=r"mask_folder: old/3\.png is of no picture"):
        run(folders, mask_folder=str(folders / "masks"))
