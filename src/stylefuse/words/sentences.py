"""A request as a sentence, and as the command line that does the same."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stylefuse.messages import catalogue, text
from stylefuse.tasks.task import find_tasks
from stylefuse.words.answer import Wish
from stylefuse.words.lexicon import STYLE, known_styles, lexicon
from stylefuse.words.normalise import normalise

SECTION = "ask"


def say(key: str, language: str, /, **values: Any) -> str:
    return text(SECTION, key, language, **values)


def style_name(style: str, language: str) -> str:
    """A served style as people call it: "Van Gogh", "梵高"; a mixture with its shares."""
    if ":" in style:
        shares = [each.rpartition(":") for each in style.split(",")]
        return say("comma", language).join(f"{float(s):.0%} {style_name(n, language)}" for n, _, s in shares)
    meaning = [each for each in lexicon(()).phrases.get(normalise(style), ()) if each.role == STYLE]
    return (
        known_styles()[meaning[0].value][language]
        if meaning and meaning[0].value in known_styles()
        else style
    )


def task_name(task: str, language: str) -> str:
    key = f"task.{task}"
    return catalogue(SECTION, language).get(key) or task


def sentence(wish: Wish, language: str) -> str:
    """What will be done, in the order of the chain: "Restyle as Van Gogh, keep the photo's own colours."."""
    steps = [_step(task, wish, language) for task in wish.tasks]
    return say("stop", language, text=say("then", language).join(steps))


def _step(task: str, wish: Wish, language: str) -> str:
    known = catalogue(SECTION, language)
    names = [name for name in find_tasks()[task].specs if name in wish.params]
    parts = []
    head = known.get(f"do.{task}") or find_tasks()[task].phrase
    if "style" in names:
        names.remove("style")
        head = say("do.stylize", language, style=style_name(str(wish.params["style"]), language))
    elif task == "fuse" and wish.pictures:
        head = say("do.fuse.count", language, count=wish.pictures)
    for name in names:
        parts.append(_parameter(name, wish.params[name], known))
    return say("comma", language).join([head, *parts])


def _parameter(name: str, value: Any, known: Mapping[str, str]) -> str:
    shown = (
        f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value).lower()
    )
    template = known.get(f"param.{name}.{shown}") or known.get(f"param.{name}")
    return template.format(value=shown) if template else f"{name} = {shown}"


def command(wish: Wish, pictures: Sequence[str | Path] = ()) -> str:
    """The command line of a request, with names that stand for pictures where there are none."""
    several = find_tasks()[wish.tasks[0]].takes_several
    files = list(map(str, pictures)) or (
        [f"{n}.jpg" for n in range(1, (wish.pictures or 2) + 1)] if several else ["photo.jpg"]
    )
    parts = ["stylefuse", wish.chain, *files, *flags(wish)]
    return " ".join(shlex.quote(part) for part in parts)


def flags(wish: Wish) -> list[str]:
    """The parameters as flags of the command line."""
    found = []
    for name, value in wish.params.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            found += [f"--{flag}", f"{value:g}" if isinstance(value, float) else str(value)]
    return found
