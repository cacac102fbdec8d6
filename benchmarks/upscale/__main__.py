"""Measure enlarging. `python -m benchmarks.upscale PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.upscale import speed, truth


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    return run_command("benchmarks.upscale", __doc__, (truth, speed), arguments)


if __name__ == "__main__":
    sys.exit(main())
