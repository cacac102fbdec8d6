"""Find the tasks that a sentence names, in the order of the chain."""

from collections.abc import Sequence

from stylefuse.tasks.task import find_tasks
from stylefuse.words.lexicon import DO, STYLE, VALUE
from stylefuse.words.numbers import PLAIN, SHARE
from stylefuse.words.scan import Token
from stylefuse.words.understood import FUSE, STYLIZE, Change, Reading


def read_tasks(
    tokens: list[Token], negated: list[bool], reading: Reading, before: Sequence[str] = ()
) -> None:
    """Put the tasks into the reading.

    Args:
        before: tasks of the last request, whose knobs may be set.
    """
    found: list[tuple[int, str]] = []
    several_styles = sum(token.means(STYLE) for token in tokens) > 1
    has_pictures = any(
        token.means("pictures") or (token.means(VALUE) and token.all(VALUE)[0].task == FUSE)
        for token in tokens
    )
    named = set(before) | {each.task for token in tokens for each in token.all(DO) if not token.means("name")}
    for place, token in enumerate(tokens):
        tasks = [each.task for each in token.all(DO)]
        if _enlarges(tokens, place):
            tasks.append("upscale")
        if _mends(tokens, place):
            tasks.append("restore")
        if _of_strokes(tokens, place):
            tasks = [each for each in tasks if each != "upscale"]
        if _sets_a_knob(tokens, place, named):
            tasks = [each for each in tasks if each in named]
        if token.means("mix_or_do") and (has_pictures or not several_styles):
            tasks.append(FUSE)
        if FUSE in tasks and _mixes_styles(tokens, place):
            tasks = [each for each in tasks if each != FUSE]
            reading.flags.add("mix")
        if token.is_style:
            tasks = [] if negated[place] else [STYLIZE]
        elif tasks and not negated[place]:
            reading.flags.add("task")
        for task in tasks:
            (reading.refused_tasks if negated[place] else reading.tasks).append(task)
            if not negated[place]:
                found.append((place, task))
    tasks = list(dict.fromkeys(task for _, task in found))
    modal = any(each.value == "multimodal" for token in tokens for each in token.all(VALUE))
    if not tasks and modal and (has_pictures or reading.flags & {"mix"}):
        tasks = [FUSE]
    if "panorama" in tasks and FUSE in tasks:
        tasks.remove(FUSE)  # "join these photos into one panorama"
    if FUSE in tasks:
        _read_mode(tokens, tasks, reading)
    after = next((place for place, token in enumerate(tokens) if token.means("after")), None)
    if after is not None:
        places = dict((task, place) for place, task in reversed(found))
        tasks.sort(key=lambda task: (places[task] < after, places[task]))
    tasks.sort(key=lambda task: not find_tasks()[task].takes_several)  # several pictures become one first
    reading.tasks = tasks


_NOISE = ("noise", "noisy", "grain", "denois", "噪", "颗粒")


def _read_mode(tokens: list[Token], tasks: list[str], reading: Reading) -> None:
    """The mode of fusing where it is said in a roundabout way: dark and bright, sharp in places, damaged."""
    damage = [t.text for t in tokens if t.means("damage")]
    repairs = [t.text for t in tokens if any(m.task == "restore" for m in t.all(DO)) or _is_noise(t)]
    said = [*damage, *repairs]
    if "restore" in tasks and said and all(any(word in each for word in _NOISE) for each in said):
        # "Merge this noisy burst, get rid of the noise": this is what fusion does.
        tasks.remove("restore")
        reading.changes.append(Change(FUSE, "mode", "set", "noise"))
        return
    modes = {each.value for token in tokens for each in token.all(VALUE) if each.param == "mode"}
    has = {role for token in tokens for role in _HINTS if token.means(role)}
    damaged = damage or "occlusion" in modes
    if damaged and "restore" in tasks and not any(token.means("then") for token in tokens):
        tasks.remove("restore")  # of damaged copies of one picture fusion takes the good parts
    if modes:
        return
    if damage or "hidden" in has:
        reading.changes.append(Change(FUSE, "mode", "set", "occlusion"))
    elif {"bright", "dark"} <= has:
        reading.changes.append(Change(FUSE, "mode", "set", "exposure"))
    elif "sharp_here" in has:
        reading.changes.append(Change(FUSE, "mode", "set", "focus"))


_HINTS = ("bright", "dark", "sharp_here", "hidden")


def _mixes_styles(tokens: list[Token], place: int) -> bool:
    """Whether a word of fusing is said of two styles: "combine Monet and ink", "水墨、莫奈平均混合"."""
    bounds = [
        i for i, each in enumerate(tokens) if each.means("then") or (each.is_break and each.text != "、")
    ]
    start = max((i for i in bounds if i < place), default=-1)
    end = min((i for i in bounds if i > place), default=len(tokens))
    own = tokens[start + 1 : end]
    styles = sum(each.means(STYLE) for each in own)
    return (styles > 1 or any(each.means("all_styles") for each in own)) and not any(
        each.means("pictures") for each in own
    )


def _sets_a_knob(tokens: list[Token], place: int, named: set[str]) -> bool:
    """Whether a word of another task names a knob of one that is named, and a number follows: "放大四倍，去噪设0.3"."""
    if not any(each.task in named and each.task != STYLIZE for each in tokens[place].all("name")):
        return False
    for following in tokens[place + 1 : place + 4]:
        if following.number or following.is_break or following.means(DO):
            return following.number is not None and following.number.kind in (PLAIN, SHARE)
    return False


def _is_noise(token: Token) -> bool:
    return any(each.task == "restore" and each.param == "noise" for each in token.all("name"))


def _mends(tokens: list[Token], place: int) -> bool:
    """Whether damage is to be removed here: "get rid of the grain", "去一下噪点", "修一修折痕"."""
    token = tokens[place]
    damage = token.means("damage") or any(each.task == "restore" for each in token.all("name"))
    return damage and any(each.means("clear") or each.means("mend") for each in tokens)


def _enlarges(tokens: list[Token], place: int) -> bool:
    """Whether a multiple says how large the picture is to be: "four times larger", "边长变成2倍"."""
    number = tokens[place].number
    if number is None or number.kind != "multiple":
        return False
    near = [*tokens[max(0, place - 4) : place], *tokens[place + 1 : place + 4]]
    after = " ".join(each.text for each in tokens[place + 1 : place + 4])
    large = ("larger", "bigger", "as large", "as big", "the size", "its size", "enlarge")
    return after.startswith(large) or any(each.means("extent") for each in near)


def _of_strokes(tokens: list[Token], place: int) -> bool:
    near = tokens[max(0, place - 5) : place + 5]
    return any(each.param == "stroke_size" for token in near for each in token.all("name"))
