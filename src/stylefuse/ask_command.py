"""The subcommand `stylefuse ask`: a request in words, shown as knobs and as a command line, and run when confirmed."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stylefuse.messages import LANGUAGES
from stylefuse.serving.default_model import HELP
from stylefuse.tasks.validation import RequestError

OK, FAILED, WRONG_USE, NOT_RUN = 0, 1, 2, 3


def add_command(commands: Any, again: Callable[[list[str]], int]) -> None:
    """Add the subcommand; `again` runs the command line that a request comes to."""
    parser = commands.add_parser(
        "ask",
        help="say in words, English or Chinese, what to do",
        description="Show a request in words as parameters and as a command line. With pictures it is run after you "
        "say yes, or at once with --yes.",
        epilog="Exit status: 0 if the request was understood (and run, if it had pictures), 1 if the model or a "
        "picture could not be used, 2 if the command line is wrong, 3 if it was refused, is unclear or was not run.",
    )
    parser.add_argument(
        "text", help='such as "like Monet, at half strength, keep my colours" or "变成梵高风格，颜色别变"'
    )
    parser.add_argument("pictures", nargs="*", type=Path, help="pictures to run the request on")
    parser.add_argument("-o", "--output", type=Path, help="file of the result, or folder of several")
    parser.add_argument(
        "--state", type=Path, help='file that keeps the dialogue, for "a bit weaker" and "undo"'
    )
    parser.add_argument("--language", choices=LANGUAGES, help="of the answer; by default the request's")
    parser.add_argument("--yes", action="store_true", help="run without asking")
    parser.add_argument("--force", action="store_true", help="replace results that exist")
    parser.add_argument("--model", help=HELP)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default a GPU, if there is one")
    parser.add_argument("--json", action="store_true", help="print the answer as a line of JSON")
    parser.set_defaults(run=lambda options: run(options, again))


def run(options: argparse.Namespace, again: Callable[[list[str]], int]) -> int:
    """Answer a request, and run it if it has pictures and is confirmed; returns the exit status."""
    from stylefuse.model import load
    from stylefuse.serving.bundle import ModelError
    from stylefuse.words.answer import REQUEST, read_state
    from stylefuse.words.dialogue import Served, ask
    from stylefuse.words.sentences import command

    logging.basicConfig(format="stylefuse ask: %(message)s")
    try:
        model = load(options.model, options.device)
        served = Served(tuple(model.styles), tuple(name for name in model.tasks if "+" not in name))
        answer = ask(options.text, served, read_state(_read_state(options.state)), options.language)
    except (RequestError, OSError) as error:
        print(f"stylefuse ask: {error}", file=sys.stderr)
        return WRONG_USE
    except ModelError as error:
        print(f"stylefuse ask: {error}", file=sys.stderr)
        return FAILED
    if options.state:
        from stylefuse._atomic import write_whole

        write_whole(options.state, json.dumps(answer.state.plain(), ensure_ascii=False).encode())
    print(json.dumps(answer.plain(), ensure_ascii=False) if options.json else answer.text, flush=True)
    if answer.kind != REQUEST or answer.wish is None:
        return OK if answer.kind == "help" else NOT_RUN
    if not options.json:
        print(command(answer.wish, options.pictures), flush=True)
    if not options.pictures:
        return OK
    if not (options.yes or _confirmed(answer.language)):
        return NOT_RUN
    return again(_command_line(answer.wish, options))


def _read_state(path: Path | None) -> Any:
    if path is None or not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise RequestError("state", f"{path.name} is not JSON", "delete it, or name another file") from None


def _confirmed(language: str) -> bool:
    """Whether somebody at the terminal says yes; without a terminal nobody does."""
    from stylefuse.words.sentences import say

    if not sys.stdin.isatty():
        print(say("cli.not_run", language), file=sys.stderr)
        return False
    return input(say("cli.confirm", language)).strip().lower() in ("y", "yes", "是", "好")


def _command_line(wish: Any, options: argparse.Namespace) -> list[str]:
    from stylefuse.words.sentences import flags

    line = [wish.chain, *map(str, options.pictures), *flags(wish)]
    for name in ("output", "model", "device"):
        if value := getattr(options, name):
            line += [f"--{name}", str(value)]
    switches: Sequence[str] = [f"--{name}" for name in ("force", "json") if getattr(options, name)]
    return [*line, *switches]
