"""Where there is too little to learn from: manifest and report are written, and the error has the reasons."""

import hashlib
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from ingesting import options_for_tests, png, run_ingest, scene, write_each_split, write_pictures
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from project import pipelines
from stylefuse.datasets import FolderDataset, ManifestDataset, OutputFolderDataset, StagingDataset
from stylefuse.images.manifest import kept, require_usable
from stylefuse.pipelines.evaluate.nodes import evaluate_styles
from stylefuse.pipelines.ingest import create_pipeline
from stylefuse.pipelines.ingest.notes import warnings_of
from stylefuse.pipelines.pretrain_classifier.nodes import train_classifier, train_judge
from stylefuse.pipelines.train_head.nodes import train_head
from stylefuse.pipelines.train_hybrid.nodes import train_generator
from stylefuse.tasks.fuse.head import FUSER

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1234567\n"


@pytest.fixture
def options():
    return options_for_tests()


@pytest.fixture
def folders(tmp_path, options):
    """photos/ (pointers of Git LFS) and styles/{monet,zorn}/: zorn has two pictures, a broken one and a repeat."""
    (tmp_path / "photos").mkdir()
    for i in range(30):
        (tmp_path / "photos" / f"IMG_{i:04}.jpg").write_text(POINTER.format(f"{i:064x}"))
    write_each_split(tmp_path / "styles" / "monet", options, first=0)
    write_pictures(tmp_path / "styles" / "zorn", 2, first=900)
    (tmp_path / "styles" / "zorn" / "b.png").write_bytes(b"")
    (tmp_path / "styles" / "zorn" / "c.png").write_bytes(png(900))
    return tmp_path


@pytest.fixture
def run(folders, options):
    """`kedro run --pipelines ingest`, with the catalog's datasets in a folder of their own."""
    out = folders / "data"

    def run():
        catalog = DataCatalog(
            {
                "sample": MemoryDataset(folders),
                "photos": FolderDataset(filepath=str(folders / "photos")),
                "styles": FolderDataset(filepath=str(folders / "styles")),
                "params:ingest": MemoryDataset(options),
                "manifest": ManifestDataset(filepath=str(out / "manifest.csv")),
                "image_store": OutputFolderDataset(filepath=str(out / "images")),
                "image_store_staging": StagingDataset(filepath=str(out / "images")),
                "data_report": OutputFolderDataset(filepath=str(out / "report")),
            }
        )
        SequentialRunner().run(create_pipeline(), catalog)
        return catalog

    return run


def test_a_refusal_names_all_styles_with_reasons_counts_and_examples(run, folders):
    with pytest.raises(ValueError, match="too few usable") as caught:
        run()
    text = str(caught.value)
    assert re.search(r"the photos: 0 usable of 30 files; 30 × .*, e\.g\. IMG_0000\.jpg", text)
    assert re.search(r"'zorn': 2 usable of 4 files; 1 × the file is empty.*, e\.g\. zorn/b\.png", text)
    assert "1 × the same file as zorn: zorn/" in text
    assert "monet" not in text and "need 3 at the very least" in text
    assert str(folders / "data" / "report" / "index.html") in text


def test_manifest_and_report_are_there_when_the_run_is_refused(run, folders):
    with pytest.raises(ValueError, match="too few usable"):
        run()
    manifest = ManifestDataset(filepath=str(folders / "data" / "manifest.csv")).load()
    assert len(manifest) == 40 and len(kept(manifest)) == 8
    page = (folders / "data" / "report" / "index.html").read_text()
    assert page.count("IMG_") == 30
    assert all(name in page for name in ("photo", "monet", "zorn", "zorn/b.png"))
    sheets = sorted(path.name for path in (folders / "data" / "report").glob("*.png"))
    assert sheets == ["style_1.png", "style_2.png"]


def test_a_run_without_any_usable_picture_is_reported(run, folders):
    for file in (folders / "styles").rglob("*.png"):
        file.write_text("no picture")
    with pytest.raises(ValueError, match=r"(?s)photos: 0 usable.*'monet': 0 usable.*'zorn': 0 usable"):
        run()
    assert "40 files, 0 kept" in (folders / "data" / "report" / "index.html").read_text()


def test_files_enough_pass(run, folders, options):
    write_each_split(folders / "photos", options, first=300)
    write_pictures(folders / "styles" / "zorn", 1, first=990)
    catalog = run()
    assert len(kept(catalog.load("manifest"))) == 15


def test_a_stage_alone_refuses_with_the_same_reasons(run, folders):
    with pytest.raises(ValueError, match="too few usable"):
        run()
    manifest = ManifestDataset(filepath=str(folders / "data" / "manifest.csv")).load()
    store = folders / "data" / "images"
    pretrain = SimpleNamespace(imagenet=False, classifier=None, judge=None)
    stages = [
        lambda: train_classifier(manifest, store, folders, pretrain),
        lambda: train_judge(manifest, store, folders, pretrain),
        lambda: train_generator(manifest, store, None, folders, folders, None),
        lambda: train_head(FUSER, manifest, store, None, folders, folders, None),
        lambda: evaluate_styles(None, None, None, manifest, store, folders, folders, folders, None),
    ]
    for stage in stages:
        with pytest.raises(ValueError, match=r"photos: 0 usable of 30 files; 30 × .*IMG_0000") as caught:
            stage()
        assert "'zorn': 2 usable of 4" in str(caught.value)


@pytest.mark.parametrize("name", ["train_style", "__default__"])
def test_the_report_is_written_before_any_stage_can_refuse(name):
    order = [node.name for node in pipelines()[name].nodes]
    assert order.index("report_data") == order.index("ingest_pictures") + 1


def test_reasons_that_differ_in_numbers_alone_are_counted_as_one(folders, options):
    for side in range(10, 20):
        scene(side, (side, side)).save(folders / "photos" / f"small{side}.png")
    for number in range(4):
        (folders / "photos" / f"text{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(number))
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    with pytest.raises(ValueError, match=r"30 × .*; 10 × the short side has 10 pixels.*small10\.png; 4 × "):
        require_usable(manifest)


def test_links_to_nothing_are_counted_as_one_reason(folders, options):
    for file in (folders / "photos").iterdir():
        file.unlink()
    for number in range(30):
        content = hashlib.sha256(bytes([number])).hexdigest()
        (folders / "photos" / f"{number:02}.jpg").symlink_to(f"../.git/annex/objects/{content}")
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    with pytest.raises(
        ValueError, match=r"0 usable of 30 files; 30 × a link that leads to nothing .*00\.jpg\n"
    ):
        require_usable(manifest)


def test_folders_that_cannot_be_used_are_all_named_before_anything_is_decoded(folders, options, monkeypatch):
    monkeypatch.setattr("stylefuse.pipelines.ingest.inspection.inspect", None)
    (folders / "styles" / "degas").mkdir()
    (folders / "styles" / "renoir").symlink_to("/nowhere/renoir")
    (folders / "styles" / "Photo").mkdir()
    with pytest.raises(ValueError, match="rename") as caught:
        run_ingest(folders / "photos", folders / "styles", options)
    text = str(caught.value)
    assert "no painting in" in text and "degas: add pictures, or delete the folder" in text
    assert "renoir: a link that leads to nothing (/nowhere/renoir)" in text
    assert 'cannot be named "Photo"' in text


def test_a_style_with_few_pictures_in_a_split_is_warned_of(options):
    split = ["train"] * 19 + ["judge"] * 10 + ["test"]
    rows = [
        {
            "path": f"{style}/{i}.png",
            "style": style,
            "width": 99,
            "height": 99,
            "split": s,
            "verdict": "ok",
            "trim": "",
        }
        for style in ("photo", "zorn")
        for i, s in enumerate(split * (8 if style == "photo" else 1))
    ]
    table = pd.DataFrame(rows).assign(reason="")
    notes = warnings_of(table, options)
    (zorn,) = [note for note in notes if note.startswith("zorn")]
    assert zorn.startswith(
        "zorn: 1 test painting of 30: its numbers will mean little; the judge learns from 10; the generator learns "
        "from 19"
    )
    assert [note for note in notes if note.startswith("photo")] == [
        "photo: 8 test photos of 240: its numbers will mean little (wanted: 10 or more in test). Add photos"
    ]


def test_a_hundred_pictures_split_as_expected_are_not_warned_of(options):
    split = ["train"] * 55 + ["judge"] * 25 + ["test"] * 20
    columns = {
        "path": "a",
        "style": "photo",
        "width": 99,
        "height": 99,
        "verdict": "ok",
        "trim": "",
        "reason": "",
    }
    assert warnings_of(pd.DataFrame({"split": split}).assign(**columns), options) == []


def test_many_repeats_are_doubted(folders, options):
    write_each_split(folders / "photos", options, first=300)
    table, _ = run_ingest(folders / "photos", folders / "styles", options)
    ok = table.index[(table["style"] == "monet")][:3]
    table.loc[ok, ["verdict", "reason"]] = ["duplicate", "looks like monet: a.png"]
    assert (
        "monet: 3 of 6 files are left out because they look like another; if they are other pictures, lower "
        "ingest.duplicate_distance (70 now)" in warnings_of(table, options)
    )
