"""Measure restoring. `python -m benchmarks.restore PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.restore import memory, sheet, thresholds, truth


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    return run_command("benchmarks.restore", __doc__, (truth, thresholds, sheet, memory), arguments)


if __name__ == "__main__":
    sys.exit(main())
