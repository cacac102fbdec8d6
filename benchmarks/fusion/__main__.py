"""Measure fusion. `python -m benchmarks.fusion PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.fusion import ablation, memory, modes, real, speed, truth


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    parts = (truth, real, modes, speed, memory, ablation)
    return run_command("benchmarks.fusion", __doc__, parts, arguments)


if __name__ == "__main__":
    sys.exit(main())
