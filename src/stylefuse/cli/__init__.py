"""Commands of Kedro for this project: `kedro run` with text parameters, and errors of the user as one sentence.

Kedro finds this module by its name. The command `stylefuse` is in `stylefuse.command_line`.
"""

import copy
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from stylefuse.cli.params import split_params
from stylefuse.cli.refusals import without_traceback


@click.group(name="stylefuse")
def cli() -> None:
    """Commands of this project."""


def _run(**options: Any) -> Any:
    with without_traceback():
        return kedro_run.callback(**options)  # type: ignore[misc]


def _options() -> list[click.Parameter]:
    options = [copy.copy(option) for option in kedro_run.params]
    for option in options:
        if option.name == "params":
            option.callback = split_params
    return options


run = click.Command("run", params=_options(), callback=_run, help=kedro_run.help)
cli.add_command(run)
