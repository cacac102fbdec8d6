"""A batch keeps what it has made, goes on after any end, and loses no piece to another."""

import errno
import json
import logging
import os
from pathlib import Path

import pytest

from stylefuse.images.files import ImageError
from stylefuse.pipelines import batch
from stylefuse.pipelines.batch import Piece, Words
from stylefuse.pipelines.batch_report import batch_report
from stylefuse.pipelines.journal import JOURNAL, BatchRefusedError, Restart
from stylefuse.pipelines.overlap import refuse_overlap

WORDS = Words("pictures", "restyled")
ABOUT = {"generator": "f00d", "style": "ink"}
GO_ON, ANEW = Restart("stylize.restart", False), Restart("stylize.restart", True)


def run_batch(pieces, make, staging, about, words, restart=GO_ON):
    return batch.run_batch(pieces, make, staging, about, words, restart)


@pytest.fixture
def staging(tmp_path):
    folder = tmp_path / "stylized" / ".incoming"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def pieces(tmp_path):
    """Six files, and what is made of them."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    made = []
    for i in range(6):
        source = tmp_path / "photos" / ("sub" if i % 2 else "") / f"{i}.txt"
        source.write_text(f"piece {i}")
        name = source.relative_to(tmp_path / "photos").as_posix()
        made.append(
            Piece(name, (source,), Path(name).with_suffix(".out"), {"file": name, "output": "", "reason": ""})
        )
    return made


class Maker:
    """Writes a file for each piece in capitals; counts them, and calls `at` of one by its number."""

    def __init__(self, at=None, call=None):
        self.made, self.at, self.call = [], at, call

    def __call__(self, piece, write):
        if len(self.made) == self.at:
            self.call(piece)
        (source,) = piece.sources
        write(piece.target, source.read_bytes().upper())
        self.made.append(piece.name)
        return {"output": piece.target.as_posix()}


def fail(error):
    def raise_it(piece):
        raise error

    return raise_it


def contents(staging):
    return {p.relative_to(staging).as_posix(): p.read_bytes() for p in staging.rglob("[!.]*") if p.is_file()}


@pytest.fixture
def whole(pieces, tmp_path):
    """Rows and files of a batch that nothing interrupts."""
    folder = tmp_path / "whole" / ".incoming"
    folder.mkdir(parents=True)
    return run_batch(pieces, Maker(), folder, ABOUT, WORDS), contents(folder)


@pytest.mark.parametrize("at", [0, 1, 4])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(0), ZeroDivisionError("bug")], ids=repr)
def test_what_is_made_is_kept_named_and_not_made_again(pieces, staging, whole, at, error, caplog):
    with pytest.raises(type(error)):
        run_batch(pieces, Maker(at, fail(error)), staging, ABOUT, WORDS)
    assert len(contents(staging)) == at
    assert (
        f"{at} of 6 pictures are restyled" in caplog.text
        and "; the same command makes the rest" in caplog.text
    )
    assert pieces[at].name in caplog.text and (at == 0 or str(staging) in caplog.text)
    caplog.set_level(logging.INFO)
    rest = Maker()
    rows = run_batch(pieces, rest, staging, ABOUT, WORDS)
    assert rest.made == [piece.name for piece in pieces[at:]]
    assert (rows, contents(staging)) == whole
    assert (f"{at} of 6 pictures were restyled before: goes on" in caplog.text) == (at > 0)


@pytest.mark.parametrize("keep", range(0, 100, 7))
def test_a_torn_journal_costs_at_most_the_pieces_that_it_lacks(pieces, staging, whole, keep):
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    journal = staging / JOURNAL
    data = journal.read_bytes()
    journal.write_bytes(data[: len(data) * keep // 100])
    lines = journal.read_bytes().count(b"\n")
    again = Maker()
    assert (run_batch(pieces, again, staging, ABOUT, WORDS), contents(staging)) == whole
    assert len(again.made) == 6 - max(0, lines - 1)
    third = Maker()
    assert run_batch(pieces, third, staging, ABOUT, WORDS) == whole[0] and third.made == []


def test_a_result_that_is_cut_short_or_gone_is_made_again(pieces, staging, whole):
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    (staging / "0.out").write_bytes(b"PIE")
    (staging / "sub/1.out").unlink()
    again = Maker()
    assert (run_batch(pieces, again, staging, ABOUT, WORDS), contents(staging)) == whole
    assert again.made == ["0.txt", "sub/1.txt"]


def test_a_picture_that_changed_is_made_again(pieces, staging):
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    (source,) = pieces[2].sources
    source.write_text("other content")
    again = Maker()
    run_batch(pieces, again, staging, ABOUT, WORDS)
    assert again.made == [pieces[2].name] and contents(staging)["2.out"] == b"OTHER CONTENT"


def test_results_of_pictures_that_are_gone_or_have_another_place_are_not_published(pieces, staging):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(4, fail(KeyboardInterrupt())), staging, ABOUT, WORDS)
    moved, *others = pieces[1:]
    moved = moved._replace(target=Path("sub/1.txt.out"))
    again = Maker()
    run_batch([moved, *others], again, staging, ABOUT, WORDS)
    assert again.made == [moved.name, *(piece.name for piece in others[2:])]
    assert contents(staging).keys() == {"sub/1.txt.out", *(piece.target.as_posix() for piece in others)}


def test_leftovers_are_deleted(pieces, staging):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(4, fail(KeyboardInterrupt())), staging, ABOUT, WORDS)
    for leftover in (".0123.tmp", "sub/.4567.tmp", "half.json", "gone/deep/x.out"):
        (staging / leftover).parent.mkdir(parents=True, exist_ok=True)
        (staging / leftover).write_bytes(b"half")
    (staging / ".plan.json").write_bytes(b"of the publication")
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    left = {path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file()}
    made = {f"{'sub/' if i % 2 else ''}{i}.out" for i in range(6)}
    assert left == made | {JOURNAL, ".plan.json"}
    assert not (staging / "gone").exists()


def test_another_batch_is_refused_and_nothing_is_deleted(pieces, staging, whole, caplog):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(3, fail(KeyboardInterrupt())), staging, ABOUT, WORDS)
    before = contents(staging)
    caplog.clear()
    with pytest.raises(BatchRefusedError) as refused:
        run_batch(pieces, Maker(), staging, ABOUT | {"style": "monet"}, WORDS)
    assert str(refused.value) == (
        f"3 results of an unfinished batch are kept in {staging}, and this batch differs from it (style: ink -> "
        "monet): run the same command as before to make the rest of that batch, or begin this one with "
        "stylize.restart=true, which deletes those results"
    )
    assert caplog.text == ""  # nothing about a command that makes the rest
    assert contents(staging) == before
    rest = Maker()
    assert (run_batch(pieces, rest, staging, ABOUT, WORDS), contents(staging)) == whole
    assert len(rest.made) == 3


def test_a_restarted_batch_that_is_stopped_says_that_restart_would_delete_it(pieces, staging, caplog):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(3, fail(KeyboardInterrupt())), staging, ABOUT, WORDS, ANEW)
    assert "the same command without stylize.restart=true makes the rest" in caplog.text


@pytest.mark.parametrize("style", ["ink", "monet"])
def test_restart_begins_anew_and_says_what_it_deletes(pieces, staging, caplog, style):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(3, fail(KeyboardInterrupt())), staging, ABOUT, WORDS)
    about, again = ABOUT | {"style": style}, Maker()
    run_batch(pieces, again, staging, about, WORDS, ANEW)
    assert len(again.made) == 6
    assert f"3 results of an unfinished batch are deleted: {staging}" in caplog.text
    third = Maker()
    run_batch(pieces, third, staging, about, WORDS)
    assert third.made == []


def test_another_batch_may_begin_where_nothing_is_finished(pieces, staging):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(0, fail(KeyboardInterrupt())), staging, ABOUT, WORDS)
    other = Maker()
    run_batch(pieces, other, staging, ABOUT | {"style": "monet"}, WORDS)
    assert len(other.made) == 6


@pytest.mark.parametrize("first", [ABOUT, ABOUT | {"max_bytes": 9, "max_pixels": 9}])
def test_limits_in_an_older_journal_make_no_other_batch(pieces, staging, first):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(4, fail(KeyboardInterrupt())), staging, first, WORDS)
    rest = Maker()
    run_batch(pieces, rest, staging, ABOUT, WORDS)
    assert len(rest.made) == 2


@pytest.mark.parametrize(("first", "then"), [(ABOUT | {"grain": 2}, ABOUT), (ABOUT, ABOUT | {"grain": 2})])
def test_an_option_that_one_version_alone_knows_differs_where_it_was_set(pieces, staging, first, then):
    with pytest.raises(KeyboardInterrupt):
        run_batch(pieces, Maker(4, fail(KeyboardInterrupt())), staging, first, WORDS)
    with pytest.raises(BatchRefusedError, match=r"\(grain: (2 -> default|default -> 2)\)"):
        run_batch(pieces, Maker(), staging, then, WORDS)


@pytest.mark.parametrize(
    "damaged",
    [
        b"{}",
        b"[]",
        b"7",
        b"null",
        b'"text"',
        b'{"name": "2.txt", "state": [], "files": []}',
        b'{"name": "2.txt", "state": [], "files": ["2.out"], "row": {}}',
        b'{"name": "2.txt", "state": [], "files": 7, "row": {}}',
        b'{"name": ["2.txt"], "state": [], "files": [], "row": {}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_line_of_the_journal_is_cut_off(pieces, staging, whole, damaged):
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    journal = staging / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], damaged + b"\n", *lines[4:]]))
    again = Maker()
    assert (run_batch(pieces, again, staging, ABOUT, WORDS), contents(staging)) == whole
    assert len(again.made) == 4
    third = Maker()
    run_batch(pieces, third, staging, ABOUT, WORDS)
    assert third.made == []


@pytest.mark.parametrize("damaged", [b"[]", b"7", b"null"])
def test_a_journal_that_does_not_say_of_which_batch_it_is_begins_anew(pieces, staging, whole, damaged):
    run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    journal = staging / JOURNAL
    journal.write_bytes(b"".join([damaged + b"\n", *journal.read_bytes().splitlines(keepends=True)[1:]]))
    again = Maker()
    assert (run_batch(pieces, again, staging, ABOUT, WORDS), contents(staging)) == whole
    assert len(again.made) == 6


def test_no_cell_of_a_report_is_a_formula():
    names = ["=HYPERLINK(x).jpg", "+1.jpg", "-1.jpg", "@a.jpg", "\ta.jpg", "a=b.jpg", "", "'=.jpg"]
    report = batch_report([{"file": name, "output": name} for name in names], ["file", "output", "reason"])
    assert list(report.columns) == ["file", "output", "reason"]
    marked = [f"'{name}" for name in names[:5]] + names[5:]
    assert list(report["file"]) == list(report["output"]) == marked
    assert list(batch_report([], ["file"]).columns) == ["file"]


def test_one_bad_piece_costs_no_other_and_is_tried_again(pieces, staging, caplog):
    for error in (
        ImageError("damaged", "the file is\ndamaged", "export it again"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        OSError("encoder error -2"),
    ):
        rows = run_batch(pieces, Failing("2.txt", error), staging, ABOUT, WORDS)
        assert [bool(row["reason"]) for row in rows] == [False, False, True, False, False, False]
        assert "\n" not in rows[2]["reason"] and ";" in rows[2]["reason"]
        assert f"2.txt: {rows[2]['reason']}" in caplog.text
    again = Maker()
    assert all(row["output"] for row in run_batch(pieces, again, staging, ABOUT, WORDS))
    assert again.made == ["2.txt"]


class Failing(Maker):
    """Fails at one piece."""

    def __init__(self, name, error):
        super().__init__()
        self.name, self.error = name, error

    def __call__(self, piece, write):
        if piece.name == self.name:
            raise self.error
        return super().__call__(piece, write)


def test_none_made_is_an_error_with_reasons_counts_and_examples(pieces, staging):
    def make(piece, write):
        odd = piece.name == "2.txt"
        raise ImageError("x", "the file is empty" if odd else "this is not a picture file", "use another")

    with pytest.raises(
        ValueError, match=r"none of the 6 pictures .* 0\.txt: this is not a picture file; .*5 of them"
    ) as told:
        run_batch(pieces, make, staging, ABOUT, WORDS)
    assert "2.txt: the file is empty" in str(told.value)


def test_links_to_nothing_are_named(pieces, staging, tmp_path):
    link = tmp_path / "photos" / "link.jpg"
    link.symlink_to(tmp_path / "nowhere.jpg")
    row = {"file": "link.jpg", "output": "", "reason": ""}
    rows = run_batch(
        [*pieces, Piece("link.jpg", (link,), Path("link.out"), row)], Maker(), staging, ABOUT, WORDS
    )
    assert "leads to nothing" in rows[-1]["reason"] and "nowhere.jpg" in rows[-1]["reason"]
    assert all(each["output"] for each in rows[:-1])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("after", [0, 3])
def test_a_full_or_read_only_disk_stops_with_one_sentence(pieces, staging, whole, monkeypatch, number, after):
    write, count = batch.write_whole, []

    def full(path, data):
        count.append(path)
        if len(count) > after:
            raise OSError(number, os.strerror(number), str(path))
        write(path, data)

    monkeypatch.setattr(batch, "write_whole", full)
    with pytest.raises(OSError, match=f"{after} of 6 pictures are restyled") as told:
        run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    text = str(told.value)
    assert told.value.errno == number and os.strerror(number) in text and str(staging.parent) in text
    assert "the same command makes the rest" in text and (str(staging) in text) == (after > 0)
    monkeypatch.undo()
    again = Maker()
    assert (run_batch(pieces, again, staging, ABOUT, WORDS), contents(staging)) == whole
    assert len(again.made) == 6 - after


@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL])
def test_a_name_that_the_disk_cannot_hold_costs_its_own_piece(pieces, staging, monkeypatch, number):
    write = batch.write_whole

    def picky(path, data):
        if path.name == "2.out":
            raise OSError(number, os.strerror(number), str(path))
        write(path, data)

    monkeypatch.setattr(batch, "write_whole", picky)
    rows = run_batch(pieces, Maker(), staging, ABOUT, WORDS)
    assert [bool(row["output"]) for row in rows] == [True, True, False, True, True, True]
    assert "2.out" in rows[2]["reason"] and "another name" in rows[2]["reason"]


def test_the_journal_holds_names_that_are_no_text(tmp_path, staging):
    source = tmp_path / "caf\udce9\n.txt"
    try:
        source.write_text("x")
    except OSError:
        pytest.skip("this disk cannot hold such a name")
    piece = Piece(source.name, (source,), Path(source.name), {"file": "odd", "output": "", "reason": ""})
    for made in ([source.name], []):
        maker = Maker()
        run_batch([piece], maker, staging, ABOUT, WORDS)
        assert maker.made == made
    assert all(json.loads(line) for line in (staging / JOURNAL).read_bytes().splitlines())


@pytest.mark.parametrize(
    ("pictures", "output"),
    [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("link", "a"), ("a/b", "link"), ("a", "link/b")],
)
def test_pictures_and_results_in_one_folder_are_refused(tmp_path, pictures, output):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="stylize_input=") as told:
        refuse_overlap(tmp_path / pictures, [], tmp_path / output, "stylize_input")
    for path in (pictures, output):
        assert str((tmp_path / path).resolve()) in str(told.value)


def test_links_among_the_pictures_that_lead_to_results_are_refused(tmp_path):
    for name in ("photos", "results", "resultsandmore"):
        (tmp_path / name).mkdir()
    (tmp_path / "results" / "x.png").write_bytes(b"x")
    (tmp_path / "photos" / "folder").symlink_to(tmp_path / "results")
    (tmp_path / "photos" / "x.png").symlink_to(tmp_path / "results" / "x.png")
    photos, results = tmp_path / "photos", tmp_path / "results"
    for file in ("folder/x.png", "x.png"):
        with pytest.raises(ValueError, match=str(results)):
            refuse_overlap(photos, [Path(file)], results, "stylize_input")
    refuse_overlap(photos, [], results, "stylize_input")
    # a link to a file beside the folder of results, or to nothing, is none to a result
    for name in ("beside.png", "nothing.png"):
        (photos / name).symlink_to(tmp_path / name)
    (tmp_path / "beside.png").write_bytes(b"x")
    refuse_overlap(photos, [Path("beside.png"), Path("nothing.png")], results, "stylize_input")
    refuse_overlap(tmp_path / "resultsandmore", [], results, "stylize_input")
    refuse_overlap(photos, [], tmp_path / "not yet", "stylize_input")
