"""Measure panoramas. `python -m benchmarks.panorama PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.panorama import speed, truth, unrelated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    return run_command("benchmarks.panorama", __doc__, (truth, unrelated, speed), arguments)


if __name__ == "__main__":
    sys.exit(main())
