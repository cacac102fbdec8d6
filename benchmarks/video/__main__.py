"""Measure work on clips. `python -m benchmarks.video PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.video import entering, flicker, memory, noise, speed, whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    return run_command(
        "benchmarks.video", __doc__, (flicker, entering, noise, whole, speed, memory), arguments
    )


if __name__ == "__main__":
    sys.exit(main())
