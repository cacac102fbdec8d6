"""Find the tasks that a sentence names, in the order of the chain, and the scope of its negations."""

from stylefuse.tasks.task import find_tasks
from stylefuse.words.lexicon import DO, MOVEMENT, STYLE, VALUE
from stylefuse.words.scan import Token
from stylefuse.words.understood import FUSE, STYLIZE, Change, Reading


def negations(tokens: list[Token]) -> list[bool]:
    """Whether each token is negated: by a "not" before it in its clause, which ends with the next word of content."""
    negated, result = False, []
    for token in tokens:
        if token.is_break or token.means("but") or token.means("then"):
            negated = False
        if token.means("neg") and not token.means(VALUE):
            negated = True
            result.append(False)
            continue
        result.append(negated)
        content = (
            STYLE,
            MOVEMENT,
            DO,
            VALUE,
            "name",
            "keep",
            "change",
            "up",
            "down",
            "adj_up",
            "adj_down",
            "more",
            "less",
        )
        if any(token.means(role) for role in content):
            negated = False
    return result


def read_tasks(tokens: list[Token], reading: Reading) -> None:
    negated = negations(tokens)
    found: list[tuple[int, str]] = []
    several_styles = sum(token.means(STYLE) for token in tokens) > 1
    has_pictures = any(
        token.means("pictures") or (token.means(VALUE) and token.all(VALUE)[0].task == FUSE)
        for token in tokens
    )
    for place, token in enumerate(tokens):
        tasks = [each.task for each in token.all(DO)]
        if _enlarges(tokens, place):
            tasks.append("upscale")
        if _clears(tokens, place):
            tasks.append("restore")
        if _of_strokes(tokens, place):
            tasks = [each for each in tasks if each != "upscale"]
        if token.means("mix_or_do") and (has_pictures or not several_styles):
            tasks.append(FUSE)
        if token.means(STYLE) or token.means(MOVEMENT):
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
    noisy = [t.text for t in tokens if any(m.task == "restore" for m in t.all(DO)) or _is_noise(t)]
    if FUSE in tasks and "restore" in tasks and all(any(word in each for word in _NOISE) for each in noisy):
        # "Merge this noisy burst, get rid of the noise": this is what fusion does.
        tasks.remove("restore")
        reading.changes.append(Change(FUSE, "mode", "set", "noise"))
    after = next((place for place, token in enumerate(tokens) if token.means("after")), None)
    if after is not None:
        places = dict((task, place) for place, task in reversed(found))
        tasks.sort(key=lambda task: (places[task] < after, places[task]))
    tasks.sort(key=lambda task: not find_tasks()[task].takes_several)  # several pictures become one first
    reading.tasks = tasks


_NOISE = ("noise", "noisy", "grain", "denois", "噪")


def _is_noise(token: Token) -> bool:
    return any(each.task == "restore" and each.param == "noise" for each in token.all("name"))


def _clears(tokens: list[Token], place: int) -> bool:
    """Whether damage is to be removed here: "get rid of the grain", "去一下噪点"."""
    damage = any(each.task == "restore" for each in tokens[place].all("name"))
    return damage and any(each.means("clear") for each in tokens[max(0, place - 4) : place])


def _enlarges(tokens: list[Token], place: int) -> bool:
    """Whether a multiple says how large the picture is to be: "four times larger"."""
    number = tokens[place].number
    after = " ".join(each.text for each in tokens[place + 1 : place + 4])
    large = ("larger", "bigger", "as large", "as big", "the size", "the resolution", "resolution")
    return number is not None and number.kind == "multiple" and after.startswith(large)


def _of_strokes(tokens: list[Token], place: int) -> bool:
    near = tokens[max(0, place - 5) : place + 5]
    return any(each.param == "stroke_size" for token in near for each in token.all("name"))
