"""Read knobs by the names that tasks give them: "scale=4", "crop: false", "denoise at 0.3", "mode blend".

Names, types and ranges come from the tasks' parameters, so that the knobs of a new task need no word in any lexicon.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import find_tasks
from stylefuse.words.lexicon import NAME, Lexicon
from stylefuse.words.normalise import normalise
from stylefuse.words.reading import read
from stylefuse.words.scan import Token, correct, scan
from stylefuse.words.understood import STYLIZE, Change, Reading
from stylefuse.words.wishes import Unclear

_FLAGS = {
    **dict.fromkeys(("true", "on", "yes", "1", "是", "开", "真"), True),
    **dict.fromkeys(("false", "off", "no", "0", "否", "关", "假"), False),
}
_NUMBER = re.compile(r"([-+]?(?:\d+(?:\.\d+)?|\.\d+))(%|x|倍)?")
_ASSIGNED = re.compile(
    r"(?<![a-z0-9_])-{0,2}([a-z][a-z0-9_-]*?) ?= ?([-+]?[a-z0-9_.]+%?|[是开真否关假])(?![a-z0-9_:])"
)
_LINK = r"(?: ?: ?| ?(?:to|at|of|is|设为|设成|设到|设|改成|改为|改到|调成|调到|用|为|是|到|取) ?| )?"
_AMOUNT = r"(\d+(?:\.\d+)?|\.\d+)(?! ?(?:[%x×/:\d倍成折分度张幅个]|\.\d|times|per|parts|to \d|photo|pic|shot|frame))"
_WORD_AROUND = r"(?<![a-z0-9_])", r"(?![a-z0-9_])"


class Knob(NamedTuple):
    """A parameter that a sentence names, with the text of its value. assigned: written with "="."""

    name: str
    value: str
    assigned: bool


def take_knobs(text: str, known: Lexicon, tasks: Sequence[str] | None = None) -> tuple[str, list[Knob]]:
    """The sentence without its knobs, and these.

    Args:
        known: words that are no names of parameters are left where the lexicon has them: "stroke=2", "monet=0.7".
        tasks: that the sentence names; None where that is not known yet, and only "name=value" is read.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(?<![a-z_])[a-z]{5,}(?![a-z_])", lambda word: _spelt(word[0], known), text)
    found: list[Knob] = []

    def assigned(match: re.Match[str]) -> str:
        name, value = match[1].replace("-", "_"), match[2].rstrip(".")
        spelt = correct(normalise(match[1]), known)
        if name == "style" or (name not in _owners() and spelt in known.phrases):
            return match[0]
        found.append(Knob(name, value, True))
        return " , "

    text = _ASSIGNED.sub(assigned, text)
    for task in tasks or ():
        for name, spec in find_tasks()[task].specs.items():
            for pattern in _spoken(name, spec):
                while match := pattern.search(text):
                    found.append(Knob(name, match["value"], False))
                    text = f"{text[: match.start()]} , {text[match.end() :]}"
    return text, found


def read_with_knobs(text: str, known: Lexicon, before: list[str]) -> tuple[list[Token], Reading, list[Knob]]:
    """The tokens beside the knobs, what they ask for, and the knobs.

    Args:
        before: tasks of the last request.
    """
    rest, knobs = take_knobs(text, known)
    tokens = scan(rest, known)
    reading = read(tokens, before)
    owners = [task for knob in knobs for task in _owners().get(knob.name, ())]
    tasks = [*reading.tasks, *(before or owners if reading.tasks else [*before, *owners])]
    first = [task for task in dict.fromkeys(tasks) if task != STYLIZE]  # it has rules of its own
    rest, spoken = take_knobs(rest, known, first)
    others = [task for task in find_tasks() if task not in (*first, STYLIZE)]
    lost = [
        knob
        for knob in take_knobs(rest, known, others)[1]
        if knob.value.replace(".", "").isdigit() and not _is_used(knob, tasks, known, reading)
    ]
    if spoken:
        tokens = scan(rest, known)
        reading = read(tokens, before)
    return tokens, reading, [*knobs, *spoken, *lost, *_without_effect(tokens, reading)]


def _is_used(knob: Knob, tasks: list[str], known: Lexicon, reading: Reading) -> bool:
    """Whether a task at hand has a parameter of that name, or took the number: "stroke size 2" is no size."""
    named = any(each.role == NAME and each.task in tasks for each in known.phrases.get(knob.name, ()))
    used = [each.value for each in reading.changes if each.task in tasks]
    return named or float(knob.value) in used or knob.value in used


def _without_effect(tokens: list[Token], reading: Reading) -> list[Knob]:
    """What stands before "=" and set nothing: "亮度=0.3", "panorama colour=blue"."""
    changed = {each.param for each in reading.changes}
    found = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if token.text == "=" and place else None
        if before is None or before.number or before.is_break:
            continue
        params = {each.param for each in before.meanings if each.role == NAME}
        if not before.meanings or (params and not (params & changed or before.means("style_word"))):
            found.append(Knob(before.text, "", True))
    return found


def changes_of(knobs: Sequence[Knob], tasks: Sequence[str]) -> list[Change]:
    """What knobs set, each of the task that has it.

    Args:
        tasks: of the request.

    Raises:
        Unclear: no task of the request has a knob of that name, or the knob cannot have the value.
    """
    changes = []
    for knob in knobs:
        owners = _owners().get(knob.name, [])
        fitting = [task for task in owners if task in tasks] or ([] if tasks else owners[:1])
        if not fitting:
            names = [name for task in tasks or find_tasks() for name in find_tasks()[task].specs]
            raise Unclear("no_knob", choices=tuple(dict.fromkeys(names)), param=knob.name)
        spec = find_tasks()[fitting[0]].specs[knob.name]
        changes.append(Change(fitting[0], knob.name, "set", _value(spec, knob.value)))
    return changes


def _owners() -> dict[str, list[str]]:
    """The tasks that have a parameter, by its name."""
    owners: dict[str, list[str]] = {}
    for task in find_tasks().values():
        for name in task.specs:
            owners.setdefault(name, []).append(task.name)
    return owners


def _spelt(word: str, known: Lexicon) -> str:
    """A misspelt name of a parameter as it is spelt; any other word as it is."""
    spelt = correct(word, known)
    return spelt if spelt in _owners() else word


def _spoken(name: str, spec: Spec) -> list[re.Pattern[str]]:
    """How a parameter is said without "="; `value` is the group of its value."""
    start, end = _WORD_AROUND
    called = re.escape(name).replace("_", "[_ -]")
    if spec.kind is Kind.FLAG:
        # "Crop off the corners" sets nothing.
        values = r"true|false|(?:on|off|yes|no)(?= ?(?:[,.;:!?，。；]|and\b|$))"
    elif spec.names:
        values = "|".join(sorted(map(re.escape, spec.names), key=len, reverse=True))
    elif spec.kind in (Kind.NUMBER, Kind.INTEGER):
        # Of restyling, rules of their own read amounts: "contrast 120", "strength 40 %".
        return [re.compile(rf"{start}-{{0,2}}{called}{_LINK}(?P<value>{_AMOUNT}){end}")]
    else:
        return []
    patterns = [rf"{start}-{{0,2}}{called}{_LINK}(?P<value>{values}){end}"]
    if spec.names and not all(each.isdigit() for each in spec.names):
        patterns.append(rf"{start}(?P<value>{values}) ?(?:{called}|模式){end}")
    return [re.compile(pattern) for pattern in patterns]


def _value(spec: Spec, text: str) -> Any:
    """The value that a text stands for; `wishes` checks whether it is in range.

    Raises:
        Unclear: the text is none of the parameter's type.
    """
    if spec.kind is Kind.FLAG:
        if text not in _FLAGS:
            raise Unclear("no_value", choices=("true", "false"), param=spec.name, value=text)
        return _FLAGS[text]
    if spec.names:
        return text.removesuffix("x").removesuffix("倍") if spec.names[0].isdigit() else text
    if spec.kind is Kind.TEXT:
        return text
    number = _NUMBER.fullmatch(text)
    if number is None or (spec.kind is Kind.INTEGER and "." in number[1]):
        span = "" if spec.least is None or spec.most is None else f"{spec.least:g}–{spec.most:g}"
        raise Unclear("no_value", choices=(span or spec.kind.value.__name__,), param=spec.name, value=text)
    value = float(number[1]) / (100 if number[2] == "%" else 1)
    return int(value) if spec.kind is Kind.INTEGER else value
