"""ingest: folders of good and bad files in; manifest, store and report out."""

import errno
import hashlib
import logging
import tempfile
import threading
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from ingesting import options_for_tests, run_ingest, scene, write_each_split
from PIL import Image
from pydantic import ValidationError

from stylefuse.images.manifest import COLUMNS, data_hash, kept, rows_of, style_names
from stylefuse.images.store import ImageStore
from stylefuse.pipelines.ingest import create_pipeline
from stylefuse.pipelines.ingest.inspection import map_in_order
from stylefuse.pipelines.ingest.nodes import ingest_pictures, report_data
from stylefuse.pipelines.ingest.options import IngestOptions


@pytest.fixture(autouse=True)
def temporary_folders(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("temporary")))


@pytest.fixture
def options():
    return options_for_tests()


@pytest.fixture
def folders(tmp_path, options):
    """photos/ and styles/{monet,zorn}/, two pictures a split each."""
    seed = 1
    for folder in ("photos", "styles/monet", "styles/zorn"):
        seed = write_each_split(tmp_path / folder, options, seed)
    return tmp_path


@pytest.fixture
def ingest(folders, options):
    def run(**changes):
        return run_ingest(folders / "photos", folders / "styles", options.model_copy(update=changes))

    return run


def row_of(manifest, path):
    return manifest[manifest["path"] == path].iloc[0]


def test_every_file_is_in_the_manifest_and_every_sound_one_in_the_store(ingest, folders, options):
    manifest, store_folder = ingest()
    store = ImageStore(store_folder)
    assert tuple(manifest.columns) == COLUMNS
    assert style_names(manifest) == ["photo", "monet", "zorn"]
    assert len(store) == len(manifest) == 18
    assert manifest["row"].tolist() == list(range(18))
    assert (manifest["verdict"] == "ok").all() and (manifest["reason"] == "").all()
    for row in manifest.itertuples():
        file = folders / ("photos" if row.style == "photo" else "styles") / row.path
        assert row.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (row.width, row.height, row.bytes) == (60, 48, file.stat().st_size)
        assert file.name.startswith(row.split)
        with Image.open(file) as original:
            assert (store[row.row] == np.asarray(original)).all()
    for style in style_names(manifest):
        assert [len(rows_of(manifest, style, split)) for split in ("train", "judge", "test")] == [2, 2, 2]


def test_larger_pictures_are_reduced_and_smaller_ones_stay_as_they_are(ingest, folders):
    large = scene(600, (300, 240))
    large.save(folders / "styles" / "monet" / "large.png")
    manifest, store = ingest(short_side=96)
    wanted = np.asarray(large.resize((120, 96), Image.Resampling.LANCZOS))
    assert (ImageStore(store)[row_of(manifest, "monet/large.png").row] == wanted).all()
    sizes = {ImageStore(store)[row].shape for row in rows_of(manifest, "photo", "train")}
    assert sizes == {(48, 60, 3)}


def test_result_does_not_depend_on_workers(ingest):
    (one, store_one), (four, store_four) = ingest(workers=1), ingest(workers=4)
    pd.testing.assert_frame_equal(one, four)
    assert (store_one / "pixels.u8").read_bytes() == (store_four / "pixels.u8").read_bytes()


def test_adding_files_moves_no_old_one(ingest, folders):
    before, _ = ingest()
    for seed in range(1000, 1030):
        scene(seed).save(folders / "photos" / f"a{seed}.png")
        scene(seed + 100).save(folders / "styles" / "monet" / f"a{seed}.png")
    after, _ = ingest()
    assert len(after) == len(before) + 60
    columns = ["path", "style", "sha256", "split", "verdict"]
    both = before[columns].merge(after[columns])
    assert len(both) == len(before)


def test_bad_files_are_quarantined_and_the_rest_kept(ingest, folders):
    whole = (folders / "photos").glob("train*.png").__next__().read_bytes()
    (folders / "photos" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folders / "photos" / "empty.jpg").write_bytes(b"")
    (folders / "photos" / "readme.txt").write_text("notes")
    (folders / "styles" / "monet" / "huge.png").write_bytes(whole + b"\0" * 300_000)
    scene(1, (20, 20)).save(folders / "styles" / "monet" / "tiny.png")
    scene(1, (2000, 40)).save(folders / "styles" / "monet" / "strip.png")
    (folders / "styles" / "loose.png").write_bytes(whole)
    manifest, store = ingest(max_bytes=200_000)
    reasons = {
        "cut.png": "damaged",
        "empty.jpg": "empty",
        "readme.txt": "a text file, not a picture",
        "monet/huge.png": "MB",
        "monet/tiny.png": "20 pixels",
        "monet/strip.png": "50 times",
        "loose.png": "beside the style folders",
    }
    for path, reason in reasons.items():
        row = row_of(manifest, path)
        assert (row.verdict, row.split, row.row) == ("quarantined", "", -1)
        assert reason in row.reason
        assert len(row.sha256) == 64
    assert len(kept(manifest)) == len(ImageStore(store)) == 18
    assert kept(manifest)["row"].tolist() == list(range(18))


def test_hidden_files_are_not_looked_at_and_subfolders_are(ingest, folders):
    for hidden in ("photos/.cache/a.png", "photos/.DS_Store", "styles/.git/a.png", "styles/monet/.a.png"):
        (folders / hidden).parent.mkdir(exist_ok=True)
        scene(500).save(folders / hidden, "PNG")
    (folders / "styles" / "monet" / "late" / "garden").mkdir(parents=True)
    scene(501).save(folders / "styles" / "monet" / "late" / "garden" / "a b.png")
    manifest, _ = ingest()
    assert len(manifest) == 19
    assert row_of(manifest, "monet/late/garden/a b.png")["style"] == "monet"


def test_copies_and_look_alikes_are_dropped_wherever_they_are(ingest, folders):
    test_file = next((folders / "styles" / "monet").glob("test*.png"))
    (folders / "styles" / "monet" / "a_copy.png").write_bytes(test_file.read_bytes())
    with Image.open(test_file) as image:
        for quality in range(60, 90):  # some of these files fall to train, some to judge by their hash
            image.save(folders / "styles" / "monet" / f"b{quality}.jpg", quality=quality)
            image.resize((90, 72)).save(folders / "photos" / f"c{quality}.jpg", quality=quality)
    manifest, _ = ingest()
    alike = manifest[
        manifest["path"].str.contains(r"a_copy|b\d\d|c\d\d") | (manifest["sha256"] == sha(test_file))
    ]
    assert len(alike) == 62
    assert kept(alike)["split"].tolist() == ["test"]
    dropped = alike[alike["verdict"] == "duplicate"]
    assert (dropped["row"] == -1).all() and (dropped["split"] == "").all()
    assert dropped["reason"].str.contains("looks like|the same file as").all()
    assert len(kept(manifest)) == 18


def sha(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_exact_copies_keep_the_first_path(ingest, folders):
    first = next((folders / "photos").glob("train*.png"))
    (folders / "photos" / "zz.png").write_bytes(first.read_bytes())
    manifest, _ = ingest()
    assert row_of(manifest, first.name)["verdict"] == "ok"
    assert row_of(manifest, "zz.png")["reason"] == f"the same file as photo: {first.name}"


def test_no_look_alikes_remain_in_what_is_kept(ingest, folders, options):
    rng = np.random.default_rng(0)
    for i in range(40):  # chains: each a little further from the first
        noisy = np.asarray(scene(7)).astype(float) + rng.normal(0, 4 * i, (48, 60, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folders / "photos" / f"n{i:02}.png")
    manifest, _ = ingest()
    hashes = [int(h, 16) for h in kept(manifest)["phash"]]
    apart = [(a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > options.duplicate_distance
    assert (manifest["verdict"] == "duplicate").any()


def test_paintings_are_trimmed_and_photos_are_not(ingest, folders):
    framed = Image.new("RGB", (160, 128), "white")
    framed.paste(scene(600, (100, 80)), (30, 24))
    framed.save(folders / "styles" / "monet" / "framed.png")
    shifted = Image.new("RGB", (160, 128), "white")
    shifted.paste(scene(601, (100, 80)), (30, 24))
    shifted.save(folders / "photos" / "framed.png")
    manifest, store = ingest()
    row = row_of(manifest, "monet/framed.png")
    left, top, right, bottom = map(int, row.trim.split(","))
    assert 30 <= left <= 33 and 24 <= top <= 27 and 30 <= right <= 33 and 24 <= bottom <= 27
    assert (row.width, row.height) == (160, 128)
    assert (ImageStore(store)[row.row] < 255).any(axis=2).mean() > 0.9
    assert row_of(manifest, "framed.png")["trim"] == ""
    untouched, _ = ingest(trim_margins=False)
    assert (untouched["trim"] == "").all()
    assert data_hash(untouched) != data_hash(manifest)


@pytest.mark.parametrize("name", ["photo", "Photo"])
def test_style_named_photo_is_refused(ingest, folders, name):
    (folders / "styles" / name).mkdir()
    with pytest.raises(ValueError, match=f'"{name}".*rename'):
        ingest()


def test_folders_without_pictures_are_refused(ingest, folders, options, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"no style.*one folder of paintings per style"):
        run_ingest(folders / "photos", empty, options)
    with pytest.raises(ValueError, match="no photo in"):
        run_ingest(empty, folders / "styles", options)
    (folders / "styles" / "degas").mkdir()
    with pytest.raises(ValueError, match=r"no painting in .*degas"):
        ingest()


@pytest.mark.parametrize("inside", ["photos", "styles/monet"])
def test_results_among_the_pictures_are_refused(folders, options, inside):
    """The next ingest would take contact sheets and sample grids for pictures."""
    staging = folders / inside / "data" / "05_model_input" / "images" / ".incoming"
    staging.mkdir(parents=True)
    with pytest.raises(ValueError, match=rf"neither may lie in the other.*name it with {inside[:6]}=…"):
        ingest_pictures(folders, folders / "photos", folders / "styles", staging, options)
    assert list(staging.iterdir()) == []


def test_folders_in_each_other_are_refused(folders, options):
    with pytest.raises(ValueError, match="keep them apart"):
        run_ingest(folders, folders / "styles", options)
    with pytest.raises(ValueError, match="keep them apart"):
        run_ingest(folders / "styles" / "monet", folders / "styles", options)


def test_report_tells_all(ingest, folders, options, caplog):
    (folders / "photos" / "<b>bad.txt").write_text("x")
    big = scene(700, (600, 480))
    big.save(folders / "styles" / "zorn" / "big.png")
    for i in range(3):
        scene(710 + i, (900, 720)).save(folders / "styles" / "zorn" / f"big{i}.png")
    manifest, store = ingest()
    with caplog.at_level(logging.WARNING):
        folder = report_data(manifest, store, options.model_copy(update={"warn_below": 7}))
    page = (folder / "index.html").read_text()
    assert "&lt;b&gt;bad.txt" in page and "<b>bad" not in page
    assert "a text file, not a picture" in page and data_hash(manifest) in page
    for words in (
        "monet: 6 pictures are few",
        "zorn: mixed scales",
        "monet: 6 of 6 pictures have a short side below 96 px",
        "zorn: 6 of 10 pictures have a short side below 96 px",
        "close-ups of them show no fine brush strokes",
        "photo: 1 files",
    ):
        assert words in page and words in caplog.text
    assert "zorn: 10 pictures are few" not in page
    for i in range(3):
        with Image.open(folder / f"style_{i}.png") as sheet:
            assert sheet.width > 500
        assert f'src="style_{i}.png"' in page


@pytest.mark.parametrize("running", [True, False])
def test_report_goes_to_the_active_mlflow_run(ingest, options, monkeypatch, running):
    manifest, store = ingest()
    logged = []
    monkeypatch.setattr(mlflow, "active_run", lambda: object() if running else None)
    monkeypatch.setattr(mlflow, "log_artifacts", lambda *arguments: logged.append(arguments))
    folder = report_data(manifest, store, options)
    assert logged == ([(str(folder), "data")] if running else [])


def test_results_come_in_order_and_an_interrupt_stops_the_rest():
    assert list(map_in_order(lambda i: i * i, range(50), 4)) == [i * i for i in range(50)]
    started = threading.Semaphore(0)
    count = []

    def work(i):
        count.append(i)
        started.release()
        return i

    results = map_in_order(work, range(10_000), 2)
    with pytest.raises(KeyboardInterrupt):
        for _ in results:
            raise KeyboardInterrupt
    results.close()
    assert len(count) < 50


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no")])
def test_an_ingest_that_fails_leaves_no_pixels_behind(folders, options, tmp_path, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("stylefuse.pipelines.ingest.selection.make_manifest", fail)
    with pytest.raises(type(error)):
        ingest_pictures(
            folders, folders / "photos", folders / "styles", tmp_path / "images" / "staging", options
        )
    assert not (tmp_path / "images" / "staging").exists()


def test_a_full_disk_is_named_with_the_remedy(folders, options, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stylefuse.images.store.write_store", full)
    with pytest.raises(OSError, match=f"no space .* in {tmp_path}.*make room.*data_root") as raised:
        ingest_pictures(
            folders, folders / "photos", folders / "styles", tmp_path / "images" / "staging", options
        )
    assert raised.value.errno == errno.ENOSPC


def test_the_store_is_made_in_the_folder_given_and_nothing_in_temporary_folders(folders, options, tmp_path):
    staging = tmp_path / "images" / "staging"
    store, manifest = ingest_pictures(folders, folders / "photos", folders / "styles", staging, options)
    assert store == staging
    assert [path.name for path in staging.iterdir() if path.name.startswith(".")] == []
    assert len(ImageStore(store)) == len(manifest)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_options_refuse_typos_and_shares_that_leave_nothing(options):
    with pytest.raises(ValidationError, match="shortside"):
        IngestOptions(**options.model_dump(), shortside=3)
    with pytest.raises(ValidationError, match="learns from the rest"):
        IngestOptions(**{**options.model_dump(), "test_share": 0.6, "judge_share": 0.4})


def test_pipeline_is_wired_to_the_catalog():
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"sample", "photos", "styles", "image_store_staging", "params:ingest"}
    assert pipeline.all_outputs() == {"manifest", "image_store", "data_report"}
