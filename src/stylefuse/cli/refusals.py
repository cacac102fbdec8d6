"""How `kedro run` ends on an error: a refusal as one sentence, a programming error with its traceback."""

import dis
import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import click
import kedro

import stylefuse

log = logging.getLogger(__name__)

# How a line of `Parameters.model_validate` begins, unless it is about all parameters of a section.
NAMED = r"[\w.]+: "
# Set to anything, it keeps the traceback of every error.
TRACEBACK = "STYLEFUSE_TRACEBACK"
_OURS = Path(stylefuse.__file__).parent
_KEDROS = Path(kedro.__file__).parent
_RAISE = dis.opmap["RAISE_VARARGS"]
# What the machine refuses: no fault of the program.
_MACHINE = {errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EROFS, errno.EDQUOT}
_PROGRAMMING = (AssertionError, NotImplementedError, NameError, AttributeError)


@contextmanager
def without_traceback() -> Iterator[None]:
    """Turn an error that is a refusal into a click error, which ends the command with its sentence and status 1.

    The traceback goes to the log at debug level. With `$STYLEFUSE_TRACEBACK` set, all errors keep theirs.
    """
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        sentence = refusal(error)
        if sentence is None or os.environ.get(TRACEBACK):
            raise
        log.debug("the error in full", exc_info=error)
        raise click.ClickException(sentence) from error


def refusal(error: BaseException) -> str | None:
    """The sentence of an error that was raised on purpose, by us or by Kedro; None for any other.

    Kedro wraps errors of datasets: then the sentence is that of the error within.
    """
    if _raised_in(error, _OURS):
        return None if isinstance(error, _PROGRAMMING) else _sentence(error)
    if isinstance(error, OSError) and error.errno in _MACHINE:
        return str(error)
    if _raised_in(error, _KEDROS) and not isinstance(error, _PROGRAMMING):
        within = error.__cause__
        if within is None:
            return _parameters(_sentence(error))
        inner = refusal(within)
        if inner is None and isinstance(within, OSError):
            return _sentence(error)
        return inner
    return None


def _raised_in(error: BaseException, folder: Path) -> bool:
    """Whether a `raise` statement in this folder raised the error, not something that went wrong there."""
    trace = _last(error.__traceback__)
    if trace is None or not Path(trace.tb_frame.f_code.co_filename).is_relative_to(folder):
        return False
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == _RAISE


def _last(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])  # str() would put it in quotes
    return str(error).strip() or type(error).__name__


def _parameters(text: str) -> str:
    """Kedro's report on parameters, without the names of classes, and with the section before each name."""
    head = r"^- Parameter '(?P<key>\w+)': Failed to instantiate \w+ for parameter '\w+': "
    pattern = head + r"(?P<lines>(?:(?!^- ).*\n?)+)"
    if not text.startswith("Parameter validation failed:"):
        return text
    reasons = [
        f"parameter {match['key']}{'.' if re.match(NAMED, line) else ': '}{line}"
        for match in re.finditer(pattern, text, re.MULTILINE)
        for line in match["lines"].strip().splitlines()
    ]
    return "\n".join(reasons) or text
