"""The command `stylefuse`: a subcommand for each task, and `serve`. Kedro's own commands are with `kedro`."""

import argparse
import sys

import stylefuse
from stylefuse.tasks.chains import PLUS, parse_chain
from stylefuse.tasks.task import find_tasks


def main(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="stylefuse",
        description="Run tasks on pictures with a trained model, or serve it. Tasks can be chained: "
        "stylefuse fuse+stylize near.jpg far.jpg --style brush.",
    )
    parser.add_argument("--version", action="version", version=f"stylefuse {stylefuse.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    from stylefuse import task_command
    from stylefuse.serving.service import command

    for task in find_tasks().values():
        task_command.add_command(commands, [task])
    if given and PLUS in given[0] and (chain := parse_chain(given[0])):
        task_command.add_command(commands, chain)
    serve = commands.add_parser("serve", help="answer requests over HTTP", description=command.__doc__)
    command.add_options(serve)
    serve.set_defaults(run=command.run)
    options = parser.parse_args(given)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
