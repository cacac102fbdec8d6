"""End `kedro run` on an error of the user with one sentence, and on a programming error with its traceback."""

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

# Start of a line of `Parameters.model_validate`, unless the line is about all parameters of a section.
NAMED = r"[\w.]+: "
# If this variable is set, every error keeps its traceback.
TRACEBACK = "STYLEFUSE_TRACEBACK"
_OURS = Path(stylefuse.__file__).parent
_KEDROS = Path(kedro.__file__).parent
_RAISE = dis.opmap["RAISE_VARARGS"]
# Errors of the machine, not of the program.
_MACHINE = {errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EROFS, errno.EDQUOT}
_PROGRAMMING = (AssertionError, NotImplementedError, NameError, AttributeError)


@contextmanager
def without_traceback() -> Iterator[None]:
    """Turn an error that was raised on purpose into a click error: the command prints its sentence and exits with 1.

    The traceback is logged at debug level. With `$STYLEFUSE_TRACEBACK` set, all errors keep their traceback.
    """
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        sentence = refusal(error)
        if sentence is None or os.environ.get(TRACEBACK):
            raise
        log.debug("the complete error", exc_info=error)
        raise click.ClickException(sentence) from error


def refusal(error: BaseException) -> str | None:
    """Return the sentence of an error that StyleFuse or Kedro raised on purpose; None for any other error.

    Kedro wraps errors of datasets: then the sentence is that of the wrapped error.
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
    """Whether a `raise` statement in this folder raised the error, not a failing expression."""
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
    """Rewrite Kedro's report on parameters: without names of classes, with the section in front of each name."""
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
