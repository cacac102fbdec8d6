"""The command `stylefuse`. Kedro's own commands are with `kedro` and `python -m stylefuse`, see `stylefuse.cli`."""

import argparse
import sys

import stylefuse


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stylefuse", description="Restyle photos, and fuse pictures.")
    parser.add_argument("--version", action="version", version=f"stylefuse {stylefuse.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    from stylefuse.serving.service import command

    serve = commands.add_parser("serve", help="answer requests over HTTP", description=command.__doc__)
    command.add_options(serve)
    serve.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
