"""The command `stylefuse`: subcommands for tasks, styles, labels, requests in words and the server.

Kedro's own commands are with `kedro`.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

INTERRUPTED, CLOSED = 130, 1  # exit status after Ctrl-C, and when nobody reads the output


class Parser(argparse.ArgumentParser):
    """Prints errors as a line of JSON too, where the command line asks for JSON."""

    as_json = False

    def error(self, message: str) -> Any:
        if self.as_json:
            from stylefuse.task_command import print_error
            from stylefuse.task_files import Fault

            print_error(Fault("wrong_use", message, f"see {self.prog} --help"))
        super().error(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return CLOSED


def _run(given: list[str]) -> int:
    # Imports take a second, in which Ctrl-C should end the program as later.
    import stylefuse
    from stylefuse import ask_command, style_command, task_command
    from stylefuse.labels import command as verify
    from stylefuse.serving.service import command
    from stylefuse.tasks.chains import PLUS, read_chain
    from stylefuse.tasks.task import find_tasks
    from stylefuse.tasks.validation import RequestError

    kind = type("Parser", (Parser,), {"as_json": "--json" in given})
    parser = kind(
        prog="stylefuse",
        description="Run tasks on pictures with a trained model, or serve it. Tasks can be chained: "
        "stylefuse fuse+stylize near.jpg far.jpg --style brush. A chain has the options of all its tasks.",
    )
    parser.add_argument("--version", action="version", version=f"stylefuse {stylefuse.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for task in find_tasks().values():
        task_command.add_command(commands, [task])
    if given and PLUS in given[0] and not given[0].startswith("-"):
        try:
            task_command.add_command(commands, read_chain(given[0], given[0]))
        except RequestError as error:
            parser.error(str(error))
    style_command.add_commands(commands)
    verify.add_command(commands)
    ask_command.add_command(commands, _run)
    about = "Answer requests over HTTP, and show a page for the browser at the same address."
    serve = commands.add_parser("serve", help="answer requests over HTTP", description=about)
    command.add_options(serve)
    serve.set_defaults(run=command.run)
    options = parser.parse_args(given)
    return options.run(options)


def _discard_output() -> None:
    """Send what is still to be written nowhere: else Python complains about the closed pipe when it ends."""
    with contextlib.suppress(OSError, ValueError):  # a test's standard output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
