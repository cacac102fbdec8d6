"""Run a batch of many pieces: each result is kept as it is made, so that an interrupted batch continues."""

import errno
import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from stylefuse._atomic import reason, write_whole
from stylefuse.images.files import ImageError
from stylefuse.pipelines.folders import printable, unreadable
from stylefuse.pipelines.journal import BatchRefusedError, Journal, Restart

log = logging.getLogger(__name__)

REASONS = 3  # that an error names, the most frequent ones
# The file system cannot hold this one name; the next may fit.
_BAD_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)

Row = dict[str, str]
# Called with a path below the folder of results, and the file, or what writes it to a path.
Write = Callable[[Path, bytes | Callable[[Path], None]], None]


class Piece(NamedTuple):
    """One thing to make.

    name: of the piece among all, as in the folder of pictures.
    sources: the files that it is made of.
    target: the path of its result below the folder of results; may lack the ending.
    row: its line of the report, as far as it is known before. A `reason` in it says why it is not to be made.
    """

    name: str
    sources: tuple[Path, ...]
    target: Path
    row: Row


class Words(NamedTuple):
    """How messages name the pieces and what is done to them: "pictures", "restyled"."""

    pieces: str
    done: str


def run_batch(
    pieces: Sequence[Piece],
    make: Callable[[Piece, Write], Row],
    staging: Path,
    about: Mapping[str, Any],
    words: Words,
    restart: Restart,
) -> list[Row]:
    """Make the pieces that an earlier run of the same batch has not finished.

    A piece that cannot be made costs no other: its row has a `reason`.

    Args:
        make: makes a piece and writes its files; returns what it adds to the row. An ImageError becomes the reason.
        staging: the folder that the results are written to, in the folder where they shall lie.
        about: what decides the results, beside the files; see `Journal`.
        restart: whether to make all of them, although some are finished.

    Returns:
        A row for each piece, in their order.

    Raises:
        OSError: the results cannot be written; it says where, and how many are kept.
        ValueError: another batch lies there unfinished; or no piece could be made, with the most frequent reasons.
    """
    rows, done = [], 0
    remedy = (
        f"the same command{f' without {restart.parameter}=true' if restart.wanted else ''} makes the rest"
    )
    try:
        states = {piece.name: _state(piece) for piece in pieces}
        finished = Journal(staging, about, states, restart)
        done = len(finished.rows)
        if done:
            log.info("%d of %d %s were %s before: goes on", done, len(pieces), *words)
        with tqdm(total=len(pieces), initial=done, desc=words.done, mininterval=_interval()) as bar:
            for piece in pieces:
                row = finished.rows.get(piece.name)
                if row is None:
                    row, files = _made(piece, make, staging)
                    if row["reason"]:
                        log.warning("%s: %s", printable(piece.name), row["reason"])
                    else:
                        finished.add(piece.name, files, row)
                        done += 1
                    bar.update()
                rows.append(row)
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot write into the folder {printable(staging.parent.resolve())} ({reason(error)}): "
            f"{_kept(done, pieces, staging, words)}. Make room there, or correct its permissions; "
            f"then {remedy}",
        ) from error
    except BatchRefusedError:
        raise
    except BaseException:
        at = f"stopped at {printable(pieces[len(rows)].name)}: " if len(rows) < len(pieces) else "stopped: "
        log.warning("%s%s; %s", at, _kept(done, pieces, staging, words), remedy)
        raise
    if pieces and not done:
        raise ValueError(f"none of the {len(pieces)} {words.pieces} could be {words.done}. {_frequent(rows)}")
    return rows


def _made(piece: Piece, make: Callable[[Piece, Write], Row], staging: Path) -> tuple[Row, list[Path]]:
    """The row of a piece, and its files."""
    files = []

    def write(target: Path, data: bytes | Callable[[Path], None]) -> None:
        try:
            if callable(data):
                data(staging / target)
            else:
                write_whole(staging / target, data)
        except OSError as error:
            if error.errno not in _BAD_NAME:
                raise
            message = f"the result cannot be named {printable(target)} on this disk ({reason(error)})"
            raise ImageError("unwritable", message, "give the picture another name") from error
        files.append(target)

    row = {**piece.row, "reason": piece.row.get("reason") or _first_unreadable(piece.sources)}
    if row["reason"]:
        return row, []
    try:
        row |= make(piece, write)
    except ImageError as error:
        row["reason"] = f"{error.message}; {error.remedy}"
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        row["reason"] = "there is not enough memory for it; scale it down, or end other programs"
    except OSError as error:
        if error.errno is not None:
            raise
        row["reason"] = f"its result cannot be encoded ({error}); use another format"  # Pillow's, of no file
    return row | {"reason": printable(row["reason"])}, files


def _first_unreadable(sources: Sequence[Path]) -> str:
    """Why one of the files cannot be read; empty if all can."""
    found = ((each, unreadable(each)) for each in sources)
    named = "{}: {}" if len(sources) > 1 else "{1}"
    return next((named.format(printable(each.name), reason) for each, reason in found if reason), "")


def _state(piece: Piece) -> list[Any] | None:
    """What tells whether a file or the place of the result was changed since; None if a file cannot be read."""
    try:
        facts = [(each.name, each.stat()) for each in piece.sources]
    except OSError:
        return None
    return [piece.target.as_posix(), *([name, each.st_size, each.st_mtime_ns] for name, each in facts)]


def _kept(done: int, pieces: Sequence[Piece], staging: Path, words: Words) -> str:
    count = f"{done} of {len(pieces)} {words.pieces} are {words.done}"
    return f"{count} and kept in {printable(staging.resolve())}" if done else count


def _frequent(rows: Sequence[Row]) -> str:
    """The reasons of failures with their counts, each with an example."""
    count = Counter(row["reason"] for row in rows)
    first = {row["reason"]: row for row in reversed(rows)}
    reasons = [
        f"{next(iter(first[reason].values()))}: {reason}" + (f" ({n} of them)" if n > 1 else "")
        for reason, n in count.most_common(REASONS)
    ]
    more = len(count) - len(reasons)
    return " | ".join(reasons) + (f" | and {more} more reasons, in the log" if more else "")


def _interval() -> float:
    """Seconds between two lines of progress: a file of a log should not fill up."""
    return 0.5 if sys.stderr.isatty() else 10
