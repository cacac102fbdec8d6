"""What becomes of every file of a folder in the two decoders, as it is and damaged at random.

    python benchmarks/decoding.py FOLDER [--mutations 10] [--seconds 5]

Files are decoded in a process of their own, which a hang or a crash ends; then there is another. Pillow's own test
pictures (Tests/images of its repository, about 1070 files) are a good folder.
"""

import argparse
import json
import multiprocessing
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mutations import mutated

DECODERS = ("decode", "decode_deep")


class Outcome(NamedTuple):
    """verdict: decoded, refused, hung, crashed or wrong (an error that is not ours).

    detail: code and message of a refusal, or the error.
    growth: bytes by which memory grew at its peak, None where the system does not tell.
    """

    verdict: str
    detail: str = ""
    growth: int | None = None


class Decoding:
    """Decodes in a process of its own; a context manager. After a hang or a crash there is another process.

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
        self._pipe.recv_bytes()  # imports are over: they are not the file's time

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
    """Set the peak of this process's memory back to its size of now, and return that: Linux alone can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def cases(folder: Path, mutations: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, and so many damaged copies of each, with a name."""
    random = np.random.default_rng(seed)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, data
        for number in range(mutations if data else 0):
            yield f"{name}, damaged #{number}", mutated(data, random)


def main() -> int:
    parser = argparse.ArgumentParser(description="Decode every file of a folder, and damaged copies of it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutations", type=int, default=0, help="damaged copies of each file")
    parser.add_argument("--seed", type=int, default=0, help="of the damage")
    parser.add_argument("--seconds", type=float, default=5.0, help="after which a decoder hangs")
    arguments = parser.parse_args()
    counts: dict[str, Counter] = {decoder: Counter() for decoder in DECODERS}
    most = dict.fromkeys(DECODERS, (0, ""))
    with Decoding(arguments.seconds) as decoding:
        for name, data in cases(arguments.folder, arguments.mutations, arguments.seed):
            for decoder in DECODERS:
                outcome = decoding(data, decoder)
                counts[decoder][outcome.verdict] += 1
                most[decoder] = max(most[decoder], (outcome.growth or 0, name))
                if outcome.verdict not in ("decoded", "refused"):
                    print(f"{outcome.verdict} in {decoder}: {name} {outcome.detail}", flush=True)
    for decoder, count in counts.items():
        told = ", ".join(
            f"{count[verdict]} {verdict}" for verdict in ("decoded", "refused", "hung", "crashed")
        )
        print(f"{decoder}: {count.total()} files, {told}, {count['wrong']} wrong; ", end="")
        print(f"at most {most[decoder][0] / 1e6:.0f} MB ({most[decoder][1]})")
    return int(any(count["hung"] + count["crashed"] + count["wrong"] for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
