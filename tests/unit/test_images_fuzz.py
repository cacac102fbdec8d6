"""The decoders in a process of their own: no file may hang or crash it, or take more memory than pictures do.

`STYLEFUSE_PICTURES=FOLDER STYLEFUSE_MUTATIONS=10 pytest -m slow -s -k folder_of_pictures` decodes every file of a
folder, and ten damaged copies of each. Pillow's own test pictures (Tests/images of its repository, about 1070 files)
are a good folder.
"""

import io
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from bad_pictures import BAD
from decoding import DECODERS, Decoding, Outcome
from mutations import damaged_copies, mutated, with_checksums
from odd_pictures import ODD
from raw_files import GREY, RGB, RGB_ALPHA, file_of, png_of

SECONDS = 5.0
MOST_GROWTH = 300_000_000  # bytes
# Nearly as many pixels as are allowed, in files of kilobytes.
WIDTH, HEIGHT = 6300, 6330


@pytest.fixture(scope="module")
def decoding():
    with Decoding(SECONDS) as decoding:
        yield decoding


def outcomes(
    decoding: Decoding, files: Iterable[tuple[str, bytes]], most_growth: float = float("inf")
) -> tuple[dict[str, Counter], list[tuple[str, str, Outcome]]]:
    """Decode named files with every decoder.

    Args:
        most_growth: bytes; an outcome with more is a fault.

    Returns:
        The number of verdicts of each kind by decoder, which is printed too; and every outcome that is a fault.
    """
    counts: dict[str, Counter] = {decoder: Counter() for decoder in DECODERS}
    most, faults = dict.fromkeys(DECODERS, (0, "")), []
    for name, data in files:
        for decoder in DECODERS:
            outcome = decoding(data, decoder)
            counts[decoder][outcome.verdict] += 1
            most[decoder] = max(most[decoder], (outcome.growth or 0, name))
            if outcome.verdict not in ("decoded", "refused") or (outcome.growth or 0) > most_growth:
                faults.append((name, decoder, outcome))
    for decoder, count in counts.items():
        verdicts = ", ".join(f"{count[v]} {v}" for v in ("decoded", "refused", "hung", "crashed", "wrong"))
        growth, name = most[decoder]
        print(f"{decoder}: {count.total()} files, {verdicts}; at most {growth / 1e6:.0f} MB ({name})")
    return counts, faults


def fuzz(decoding: Decoding, seeds: dict[str, bytes], mutations: int) -> dict[str, Counter]:
    """Decode damaged copies of files, none of which may be a fault or take much memory; returns the counts."""
    random = np.random.default_rng(0)
    copies = (copy for name, data in seeds.items() for copy in damaged_copies(name, data, mutations, random))
    counts, faults = outcomes(decoding, copies, MOST_GROWTH)
    assert faults == []
    return counts


def small_seeds() -> dict[str, bytes]:
    """The odd pictures of a few kilobytes."""
    files = {name: odd.make() for name, odd in ODD.items()}
    return {name: data for name, data in files.items() if len(data) < 20_000}


def folder_files(folder: Path, mutations: int) -> Iterable[tuple[str, bytes]]:
    """Every file of a folder, and so many damaged copies of each, with a name."""
    random = np.random.default_rng(0)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, data
        yield from damaged_copies(name, data, mutations, random)


@pytest.mark.parametrize("name", BAD)
def test_bad_files_cost_little(name, decoding):
    make, verdict = BAD[name]
    data = make()
    for decoder in DECODERS:
        outcome = decoding(data, decoder)
        assert outcome.verdict == ("decoded" if isinstance(verdict, int) else "refused"), outcome
        assert outcome.growth is None or outcome.growth < MOST_GROWTH


def test_damaged_files_are_decoded_or_refused(decoding):
    counts = fuzz(decoding, small_seeds(), 12)
    for count in counts.values():
        assert count.total() >= 500
        assert min(count["decoded"], count["refused"]) > 50  # the damage is neither too small nor too large


@pytest.mark.slow
def test_many_damaged_files_are_decoded_or_refused(decoding):
    fuzz(decoding, small_seeds(), 200)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "make",
    [
        lambda: png_of(WIDTH, HEIGHT, 16, RGB_ALPHA),
        lambda: png_of(WIDTH, HEIGHT, 16, RGB),
        lambda: png_of(WIDTH, HEIGHT, 16, GREY),
        lambda: png_of(WIDTH, HEIGHT, 8, RGB_ALPHA),
        lambda: png_of(WIDTH, HEIGHT, 1, GREY),
        lambda: file_of(Image.new("F", (WIDTH, HEIGHT)), "TIFF", compression="tiff_adobe_deflate"),
        lambda: file_of(Image.new("I", (WIDTH, HEIGHT)), "TIFF", compression="tiff_adobe_deflate"),
        lambda: file_of(Image.new("CMYK", (WIDTH, HEIGHT)), "TIFF", compression="tiff_adobe_deflate"),
    ],
    ids=["RGBA 16", "RGB 16", "grey 16", "RGBA 8", "1 bit", "F", "I", "CMYK"],
)
def test_a_picture_at_the_limit_takes_no_gigabytes(make, decoder):
    with Decoding(60) as decoding:
        outcome = decoding(make(), decoder)
    assert outcome.verdict == "decoded"
    assert outcome.growth is None or outcome.growth < 25 * WIDTH * HEIGHT  # bytes a pixel


@pytest.mark.slow
@pytest.mark.skipif("STYLEFUSE_PICTURES" not in os.environ, reason="STYLEFUSE_PICTURES names no folder")
def test_a_folder_of_pictures_is_decoded_or_refused(decoding):
    mutations = int(os.environ.get("STYLEFUSE_MUTATIONS", "0"))
    assert outcomes(decoding, folder_files(Path(os.environ["STYLEFUSE_PICTURES"]), mutations))[1] == []


def test_a_hang_and_a_crash_are_noticed_and_survived():
    """Without this the tests above might never fail."""
    data = file_of(Image.new("RGB", (2000, 2000)))
    with Decoding(0.0) as impatient:
        assert impatient(data, "decode").verdict == "hung"
    with Decoding(60) as decoding:
        assert decoding(data, "decode").verdict == "decoded"
        decoding.process.kill()
        assert decoding(data, "decode").verdict == "crashed"
        assert decoding(data, "decode").detail == "(2000, 2000)"


def test_every_file_of_a_folder_is_decoded_with_its_damaged_copies(tmp_path: Path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(file_of(Image.new("RGB", (4, 4))))
    (tmp_path / "b.txt").write_bytes(b"a letter")
    with Decoding(60) as decoding:
        counts, faults = outcomes(decoding, folder_files(tmp_path, 3))
    assert [count.total() for count in counts.values()] == [8, 8] and faults == []
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("decode: 8 files, ") and second.startswith("decode_deep: 8 files, ")
    assert "0 hung, 0 crashed, 0 wrong" in first


def test_damage_is_repeatable_and_checksums_are_mended():
    data = png_of(8, 8, 8, RGB)
    one, other = (mutated(data, np.random.default_rng(3)) for _ in range(2))
    assert one == other != data
    broken = bytearray(data)
    broken[20] ^= 1  # the height
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(broken))
    mended = with_checksums(bytes(broken))
    assert len(mended) == len(data) and Image.open(io.BytesIO(mended)).size != (8, 8)
