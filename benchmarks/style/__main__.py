"""Measure restyling. `python -m benchmarks.style PART --help` describes a part and its options."""

import sys
from collections.abc import Sequence

from benchmarks.common.command import run_command
from benchmarks.style import (
    add_style,
    compare,
    knobs,
    known_faults,
    large,
    memory,
    repetition,
    speed,
    strength,
    train_speed,
    viewing,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; returns the exit status."""
    parts = (
        add_style,
        compare,
        known_faults,
        speed,
        train_speed,
        memory,
        large,
        repetition,
        strength,
        knobs,
        viewing,
    )
    return run_command("benchmarks.style", __doc__, parts, arguments)


if __name__ == "__main__":
    sys.exit(main())
