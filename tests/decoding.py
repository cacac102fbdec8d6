"""Decode files in a process of their own, which a hang or a crash ends; then another process is started."""

import json
import multiprocessing
import warnings
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

DECODERS = ("decode", "decode_deep")


class Outcome(NamedTuple):
    """verdict: decoded, refused, hung, crashed or wrong (an error that is not ours).

    detail: code and message of a refusal, or the error.
    growth: bytes by which memory grew at its peak, None on systems other than Linux.
    """

    verdict: str
    detail: str = ""
    growth: int | None = None


class Decoding:
    """Decodes in another process; a context manager. After a hang or a crash the next file gets a new process.

    Args:
        seconds: how long a decoder may take for a file.
    """

    def __init__(self, seconds: float = 5.0):
        self._seconds = seconds
        self.process: BaseProcess | None = None

    def __call__(self, data: bytes, decoder: str) -> Outcome:
        """Decode the bytes of a file.

        Args:
            decoder: one of `DECODERS`.
        """
        if self.process is None:
            self._start()
        try:
            self._pipe.send_bytes(decoder.encode())
            self._pipe.send_bytes(data)
            if self._pipe.poll(self._seconds):
                return Outcome(*json.loads(self._pipe.recv_bytes()))
        except (EOFError, OSError):
            return Outcome("crashed", f"exit code {self._stop()}")
        self._stop()
        return Outcome("hung")

    def __enter__(self) -> "Decoding":
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process is not None:
            self._stop()

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would inherit the threads' locks
        self._pipe, other = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(other,), daemon=True)
        self.process.start()
        other.close()
        self._pipe.recv_bytes()  # wait for the imports, which must not count as the file's time

    def _stop(self) -> int | None:
        self.process.kill()
        self.process.join()
        code, self.process = self.process.exitcode, None
        self._pipe.close()
        return code


def _serve(pipe: Connection) -> None:
    from stylefuse.images.deep import decode_deep
    from stylefuse.images.files import ImageError
    from stylefuse.images.io import decode

    warnings.simplefilter("ignore")
    decoders = dict(zip(DECODERS, (decode, decode_deep), strict=True))
    pipe.send_bytes(b"ready")
    while True:
        try:
            decoder, data = pipe.recv_bytes().decode(), pipe.recv_bytes()
        except EOFError:
            return
        before = _forget_peak()
        try:
            picture = decoders[decoder](data)
            outcome = Outcome("decoded", str(picture.size if decoder == "decode" else picture.shape))
        except ImageError as error:
            outcome = Outcome("refused", f"{error.code}: {error}")
        except BaseException as error:
            outcome = Outcome("wrong", f"{type(error).__name__}: {error}")
        picture = None
        growth = None if before is None else _peak() - before
        pipe.send_bytes(json.dumps(outcome._replace(growth=growth)).encode())


def _forget_peak() -> int | None:
    """Reset this process's peak of memory and return it; None on systems other than Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
