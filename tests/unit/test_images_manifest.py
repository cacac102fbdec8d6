import pandas as pd
import pytest

from stylefuse.images.manifest import COLUMNS, all_styles, data_hash, kept, pixels_hash, rows_of, style_names


@pytest.fixture
def manifest():
    rows = [
        ("a.png", "photo", "s0", "train", "ok", "", 0),
        ("b.png", "photo", "s1", "", "quarantined", "", -1),
        ("monet/a.png", "monet", "s2", "test", "ok", "", 1),
        ("Zorn/a.png", "Zorn", "s3", "train", "ok", "0,1,0,1", 2),
        ("Zorn/b.png", "Zorn", "s4", "train", "ok", "", 3),
        ("lost.png", "", "s5", "", "quarantined", "", -1),
    ]
    table = pd.DataFrame(rows, columns=["path", "style", "sha256", "split", "verdict", "trim", "row"])
    return table.reindex(columns=list(COLUMNS))


def test_photo_is_the_first_style(manifest):
    assert style_names(manifest) == ["photo", "Zorn", "monet"]


def test_styles_without_a_kept_picture_are_styles_too(manifest):
    lost = manifest.assign(verdict="quarantined")
    assert all_styles(lost) == all_styles(manifest) == ["photo", "Zorn", "monet"]
    assert style_names(lost) == ["photo"]


def test_rows_of_a_split(manifest):
    assert rows_of(manifest, "Zorn", "train").tolist() == [2, 3]
    assert rows_of(manifest, "photo", "train").tolist() == [0]


@pytest.mark.parametrize(("style", "split"), [("monet", "train"), ("degas", "test")])
def test_rows_of_nothing_are_refused_by_name(manifest, style, split):
    with pytest.raises(ValueError, match=f"{split}.*{style}"):
        rows_of(manifest, style, split)


def test_data_hash_ignores_what_is_not_learned_from(manifest):
    before = data_hash(manifest)
    assert data_hash(manifest.iloc[::-1]) == before
    assert data_hash(kept(manifest)) == before
    assert data_hash(manifest.assign(path="renamed", row=-1)) == before


@pytest.mark.parametrize(
    ("column", "value"), [("split", "judge"), ("sha256", "x"), ("trim", "1,1,1,1"), ("style", "x")]
)
def test_data_hash_sees_what_is(manifest, column, value):
    changed = manifest.copy()
    changed.loc[4, column] = value
    assert data_hash(changed) != data_hash(manifest)


def test_pixels_hash_sees_the_order_and_the_size_that_data_hash_does_not(manifest):
    before = pixels_hash(manifest, b"0,160,200")
    assert pixels_hash(manifest.assign(path="renamed"), b"0,160,200") == before
    assert pixels_hash(manifest, b"0,80,100") != before
    turned = manifest.assign(row=manifest["row"].where(manifest["row"] < 0, 3 - manifest["row"]))
    assert data_hash(turned) == data_hash(manifest)
    assert pixels_hash(turned, b"0,160,200") != before
