"""A command with subcommands, one for each module: `python -m benchmarks.style compare …`."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from stylefuse._memory import reuse_freed_memory


class Part(Protocol):
    """A module that is a subcommand. Its docstring is the help text, the last part of its name is the command."""

    __name__: str
    __doc__: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, options: argparse.Namespace) -> None:
        """Measure. Raises ValueError or FileNotFoundError where an option or a file cannot be used."""


def positive(text: str) -> float:
    """Read an option's number above 0."""
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def count(text: str) -> int:
    """Read an option's whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def run_command(
    package: str, description: str, parts: Sequence[Part], arguments: Sequence[str] | None = None
) -> int:
    """Read the command line and run one part.

    Args:
        package: dotted name of the package, as `python -m` takes it.
        arguments: default: those of the process.

    Returns:
        The exit status: 0, or 1 after a refused option or file, which is named on stderr.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=description)
    subparsers = parser.add_subparsers(required=True, metavar="PART", title="parts")
    for part in parts:
        summary = part.__doc__.strip().splitlines()[0]
        subparser = subparsers.add_parser(
            part.__name__.rpartition(".")[2].replace("_", "-"),
            help=summary,
            description=part.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        part.add_options(subparser)
        subparser.set_defaults(run=part.run)
    options = parser.parse_args(arguments)
    reuse_freed_memory()  # as trainings and the service do
    try:
        options.run(options)
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
