"""The benchmark at viewing size: its table and sheets, what is kept, and what is left out by name."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.style import viewing
from benchmarks.style.__main__ import main
from benchmarks.style.restylers import METHODS, Given, MissingError
from stylefuse.evaluation.settings import Settings
from stylefuse.evaluation.viewing import Judges, view_paintings
from support import scene
from tinted_pictures import STYLES


@pytest.fixture
def bench(tmp_path):
    """Two photos and a judge by darkness."""
    import torch

    def judge(x):
        light = x.mean((1, 2, 3))
        return torch.stack([light, -light, light], 1)

    random, files = np.random.default_rng(0), []
    for name, width in (("a", 160), ("b", 90)):
        files.append(tmp_path / f"{name}.png")
        Image.fromarray(scene(random, 90, width)).save(files[-1])
    judges = Judges(judge, [0, 1, 2], 32)
    paintings = {style: [scene(random) for _ in range(4)] for style in STYLES[1:]}
    settings = Settings(halvings=2, bootstrap_repeats=20, directions=20)

    class Data:
        evaluation = settings
        styles = STYLES

    given = Given(Data, tmp_path / "generator.safetensors", None, 64, 1)
    seen = view_paintings(paintings, [64], judges)
    return viewing.Bench(files, seen, judges, given, False, {"views": [64]}, tmp_path / "out")


def test_a_size_is_measured_once_and_kept(bench):
    cells = viewing.measured(bench, "untouched", METHODS["untouched"](bench.given), 80)
    assert [(c["style"], round(c["ssim"], 3), c["photos"]) for c in cells] == [
        ("blue", 1, 2),
        ("red", 1, 2),
    ]

    def never(photo, row):
        raise AssertionError("it was measured before")

    assert viewing.measured(bench, "untouched", never, 80) == cells
    with pytest.raises(ValueError, match="other views: use another --out"):
        viewing.measured(bench._replace(settings={"views": [96]}), "untouched", never, 80)


def test_tables_and_sheets_name_methods_and_sizes(bench):
    cells = {}
    for name in ("untouched", "darker"):
        darker = name == "darker"
        for size in (64, 80):
            restyle = lambda photo, row, darker=darker: photo.point(lambda v: v // 3) if darker else photo  # noqa: E731
            cells[name] = [*cells.get(name, ()), *viewing.measured(bench, name, restyle, size)]
    means, by_style = viewing.report(cells).split("By style")
    assert [line.split(" | ")[:3] for line in means.splitlines() if "darker" in line] == [
        ["| darker", "64 px", "64 px"],
        ["| darker", "64 px", "80 px"],
    ]
    assert by_style.count("| untouched |") == 4
    for kind in (viewing.WHOLE, viewing.PART):
        viewing.draw_sheet(bench.out, kind, 1, "blue", list(cells), [64, 80])
    sheets = [
        Image.open(bench.out / "sheets" / f"{kind}-1-blue.png") for kind in (viewing.WHOLE, viewing.PART)
    ]
    assert all(sheet.width >= 2 * 64 and sheet.height >= 4 * 64 for sheet in sheets)


def test_what_is_not_at_hand_says_so(bench):
    for name in ("stylefuse", "cut"):
        with pytest.raises(MissingError, match="there "):
            METHODS[name](bench.given)


def test_examples_are_the_same_in_each_run(bench, monkeypatch, tmp_path):
    from benchmarks.style import restylers
    from stylefuse.images.store import ImageStore
    from support import write_tiny_data

    manifest = write_tiny_data(tmp_path / "store")
    bench.given.data.manifest, bench.given.data.store = manifest, ImageStore(tmp_path / "store")
    photo = Image.open(bench.files[0])
    first, second = (METHODS["reinhard"](bench.given)(photo, 1) for _ in range(2))
    assert np.array_equal(first, second) and first.size == photo.size
    blue, red = (
        np.asarray(METHODS["reinhard"](bench.given)(photo, row), float).mean((0, 1)) for row in (1, 2)
    )
    assert blue[2] > blue[0] and red[0] > red[2]
    assert restylers.METHODS["untouched"](bench.given)(photo, 1) is photo


def test_adain_paints_photos_that_are_not_square(bench, tmp_path):
    import torch

    from benchmarks.rivals.adain import AdaIN
    from stylefuse.images.store import ImageStore
    from stylefuse.networks.features import EfficientNetLite0
    from stylefuse.networks.weights import Weights, write_weights
    from support import write_tiny_data

    manifest = write_tiny_data(tmp_path / "store")
    data = bench.given.data
    data.manifest, data.store, data.device = manifest, ImageStore(tmp_path / "store"), torch.device("cpu")
    weights = Weights(AdaIN(EfficientNetLite0()).state_dict(), {"kind": "style_rival"})
    write_weights(tmp_path / "weights" / "adain-seed-1.safetensors", weights)
    restyle = METHODS["adain"](bench.given._replace(rivals=tmp_path))
    assert restyle(Image.open(bench.files[0]), 1).size == (160, 90)


def test_a_missing_data_root_is_named(tmp_path, capsys):
    arguments = [
        "viewing",
        str(tmp_path / "g"),
        "--photos",
        str(tmp_path),
        "--paintings-data",
        str(tmp_path / "no"),
    ]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 1
    assert "pipelines ingest" in capsys.readouterr().err
