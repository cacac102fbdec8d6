"""Names of files and of styles: whatever a file system can hold passes, or is refused by name before any decoding."""

import io
import logging
import os
import unicodedata

import numpy as np
import pandas as pd
import pytest
from ingesting import options_for_tests, png, run_ingest, write_each_split, write_pictures
from PIL import Image

from hostile_names import hostile_names
from stylefuse.datasets import ManifestDataset
from stylefuse.images.manifest import COLUMNS, PHOTO, kept, require_usable, style_names
from stylefuse.images.names import storable
from stylefuse.images.store import ImageStore
from stylefuse.pipelines.folders import printable
from stylefuse.pipelines.ingest.finding import find_files
from stylefuse.pipelines.ingest.inspection import Inspected
from stylefuse.pipelines.ingest.nodes import report_data
from stylefuse.pipelines.ingest.selection import make_manifest
from stylefuse.tasks.stylize.mixture import read_mixture


@pytest.fixture
def options():
    return options_for_tests()


@pytest.fixture
def folders(tmp_path, options):
    """photos/ and styles/monet/, two pictures a split each."""
    seed = write_each_split(tmp_path / "photos", options, 0)
    write_each_split(tmp_path / "styles" / "monet", options, seed)
    return tmp_path


def back_and_forth(manifest, folder) -> pd.DataFrame:
    dataset = ManifestDataset(filepath=str(folder / "manifest.csv"))
    dataset.save(manifest)
    return dataset.load()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "\rIcon.png",
            "Icon\ra.png",
            "a\nb.png",
            "a\r\nb.png",
            "\n.png",
            "\t",
            "\x1b[31m.png",
            "a\u2028b.png",
        ),
        *('"a".png', '"', ",", "=1+1.png", "-rf.png", " a.png ", "NA", "None", "nan", "a\\nb", "\ufeff.png"),
        *("👩🏽‍🎨.png", "é" * 125 + ".png"),
    ],
)
def test_names_come_back_exactly_as_they_were(folders, options, name):
    (folders / "photos" / name).write_bytes(png(5000))
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    loaded = back_and_forth(manifest, folders)
    pd.testing.assert_frame_equal(loaded, manifest)
    assert loaded[loaded["path"] == name]["verdict"].tolist() == ["ok"]


def test_a_table_bears_any_text_in_any_column(tmp_path):
    names = [storable(name) for name in hostile_names(1500, seed=2)]
    row = dict.fromkeys(COLUMNS, "") | {"width": 1, "height": 1, "bytes": 1, "row": 1}
    table = pd.DataFrame([row | {"path": n, "style": n, "reason": n[::-1]} for n in names])
    pd.testing.assert_frame_equal(back_and_forth(table, tmp_path), table)


def test_a_manifest_of_an_older_version_without_quotes_is_read(tmp_path):
    row = dict.fromkeys(COLUMNS, "") | {
        "path": 'a, "b".png',
        "style": "NA",
        "width": 1,
        "height": 2,
        "bytes": 3,
        "row": 4,
    }
    table = pd.DataFrame([row | {"trim": "0,1,0,1"}, row | {"phash": "1e5"}])
    table.to_csv(tmp_path / "manifest.csv", index=False)
    pd.testing.assert_frame_equal(ManifestDataset(filepath=str(tmp_path / "manifest.csv")).load(), table)


def test_names_that_are_not_utf8_are_escaped_and_stay_two_rows_where_they_collide(folders, options):
    (folders / "photos" / "caf\udce9.png").write_bytes(png(5000))
    (folders / "photos" / "caf\\xe9.png").write_bytes(png(5001))
    manifest, store = run_ingest(folders / "photos", folders / "styles", options)
    loaded = back_and_forth(manifest, folders)
    both = loaded[loaded["path"] == "caf\\xe9.png"]
    assert both["verdict"].tolist() == ["ok", "ok"] and both["sha256"].nunique() == 2
    report_data(loaded, store, options)


def tiny(number: int) -> bytes:
    data = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "BMP")
    return data.getvalue()


def test_two_thousand_hostile_names_are_neither_lost_nor_fatal(tmp_path, options, caplog):
    names = hostile_names(2000, seed=1)
    for number, name in enumerate(names):
        folder = tmp_path / ("photos" if number % 2 else "styles/ink")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(tiny(number) if number % 7 else b"")
    small = options.model_copy(update={"short_side": 32, "trim_margins": False})
    with caplog.at_level(logging.INFO):
        manifest, store = run_ingest(tmp_path / "photos", tmp_path / "styles", small)
        page = (report_data(manifest, store, small) / "index.html").read_text(encoding="utf-8")
    require_usable(manifest)
    loaded = back_and_forth(manifest, tmp_path)
    pd.testing.assert_frame_equal(loaded, manifest)
    paths = {style: sorted(rows["path"]) for style, rows in loaded.groupby("style")}
    assert paths == {
        PHOTO: sorted(storable(name) for name in names[1::2]),
        "ink": sorted(f"ink/{storable(name)}" for name in names[::2]),
    }
    empty = len(names[::7])
    assert len(kept(loaded)) == len(ImageStore(store)) == 2000 - empty
    assert page.count("the file is empty") == empty
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in page.replace("\n", ""))
    assert "<script>" not in page and "\u202e" not in page


def test_links_are_followed_and_what_cannot_be_read_has_a_row_with_the_reason(folders, options, monkeypatch):
    write_pictures(folders / "disk" / "2023", 6, first=6000)
    write_pictures(folders / "photos" / "closed", 1, first=6100)
    (folders / "photos" / "2023").symlink_to(folders / "disk" / "2023")
    (folders / "styles" / "monet" / "lilies").symlink_to(folders / "disk" / "2023")
    (folders / "photos" / "gone.png").symlink_to("/nowhere/gone.png")
    (folders / "photos" / "2023" / "up").symlink_to("..")
    os.mkfifo(folders / "photos" / "pipe.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    table = manifest.set_index("path")
    linked = manifest[manifest["path"].str.startswith("2023/")]
    assert len(linked) == 6 and "monet/lilies/6000.png" in table.index
    assert "Permission denied" in table.loc["closed", "reason"]
    assert "leads to nothing (/nowhere/gone.png)" in table.loc["gone.png", "reason"]
    assert "pipe" in table.loc["pipe.png", "reason"]
    assert (table.loc[["closed", "gone.png", "pipe.png"], "verdict"] == "quarantined").all()
    assert len(manifest) == 12 + 12 + 3


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found", ".thumbs"])
def test_folders_of_the_system_are_no_styles(folders, options, name):
    write_pictures(folders / "styles" / name, 20, first=7000)
    write_pictures(folders / "styles" / "monet" / name, 3, first=7100)
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    assert style_names(manifest) == ["photo", "monet"] and len(manifest) == 12


@pytest.mark.parametrize(
    "name", ["1905", "true", "a:0.5", "a,b", "a+b", "NA", "C# 100 %", "-rf", "Ελλάδα 👩🏽‍🎨", "'", '"']
)
def test_odd_style_names_pass_and_can_be_asked_for(folders, options, name):
    write_each_split(folders / "styles" / name, options, 8000)
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    styles = style_names(back_and_forth(manifest, folders))
    assert set(styles) == {"photo", "monet", name}
    assert read_mixture(name, styles) == {name: 1.0}
    assert read_mixture(f"{name}:1,monet:3", styles) == {"monet": 0.75, name: 0.25}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("caf\udce9", r"must be UTF-8.*caf\\xe9"),
        ("a\nb", r"control characters.*a\\nb"),
        ("gpj.\u202e", r"marks of direction.*\\u202e"),
        ("a\x85", "ends of lines"),
        ("Photo", "the photos go by it"),
    ],
)
def test_style_names_that_cannot_be_used_are_refused_by_name(folders, options, name, reason):
    write_pictures(folders / "styles" / name, 1, first=9000)
    with pytest.raises(ValueError, match=f"(?s){reason}"):
        find_files(folders / "photos", folders / "styles")


@pytest.mark.parametrize("target", ["photos", "photos/2023", "styles", "."])
def test_a_style_that_is_a_link_to_the_photos_or_to_all_styles_is_refused(folders, target):
    (folders / "photos" / "2023").mkdir()
    (folders / "styles" / "all").symlink_to(folders / target)
    with pytest.raises(ValueError, match=r"styles/all leads to .* delete the link"):
        find_files(folders / "photos", folders / "styles")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_style_is_stored_in_normal_form_c(folders, options, form):
    write_each_split(folders / "styles" / unicodedata.normalize(form, "Café"), options, 8000)
    manifest, _ = run_ingest(folders / "photos", folders / "styles", options)
    assert style_names(manifest) == ["photo", "Caf\u00e9", "monet"]


def test_two_folders_of_one_name_are_one_style_and_said_to_be(folders, options, caplog):
    write_pictures(folders / "styles" / "Caf\u00e9", 6, first=8000)
    write_pictures(folders / "styles" / "Cafe\u0301", 6, first=8100)
    manifest, store = run_ingest(folders / "photos", folders / "styles", options)
    assert (manifest["style"] == "Caf\u00e9").sum() == 12
    report_data(manifest, store, options)
    assert r"2 folders bear this name in different Unicode forms ('Cafe\u0301', 'Caf\xe9')" in caplog.text


@pytest.mark.parametrize("other", ["Monet", "monet ", "ｍｏｎｅｔ"])
def test_names_that_people_take_for_one_are_two_styles_and_warned_of(folders, options, caplog, other):
    write_each_split(folders / "styles" / other, options, 8000)
    manifest, store = run_ingest(folders / "photos", folders / "styles", options)
    assert style_names(manifest) == ["photo", *sorted(("monet", other))]
    report_data(manifest, store, options)
    assert "differ in capitals, spaces or forms of letters alone" in caplog.text


def test_a_reason_shows_names_on_one_line(options, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "styles" / "ink").mkdir(parents=True)
    for name in ("a\r\n1.png", "a\r\n2.png"):
        (tmp_path / "photos" / name).write_bytes(png(1))
        (tmp_path / "styles" / "ink" / name).write_bytes(png(2))
    found = find_files(tmp_path / "photos", tmp_path / "styles")
    looks = [Inspected(1, "a" * 64, 9, 9, phash=7) for _ in found]
    reasons = make_manifest(found, looks, options)["reason"]
    assert reasons.str.contains(printable("a\r\n1.png"), regex=False).any()
    assert not reasons.str.contains("\r").any()
