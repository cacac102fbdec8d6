"""What a sentence asks for: tasks, styles, changes of parameters; with the scope of negations."""

import itertools

from stylefuse.words.asked_tasks import negations, read_tasks
from stylefuse.words.directions import read_changes
from stylefuse.words.lexicon import DO, MOVEMENT, STYLE, VALUE
from stylefuse.words.scan import Token
from stylefuse.words.understood import Change, Reading


def read(tokens: list[Token], before: list[str]) -> Reading:
    """Read the tokens of a sentence.

    Args:
        before: tasks of the last request, for words that several tasks know.
    """
    reading = Reading()
    roles = (
        "undo",
        "reset",
        "yes",
        "help",
        "instead",
        "previous",
        "same",
        "again_more",
        "each",
        "mix",
        "mainly",
        "weak",
        "swap",
        "vague",
        "asks",
        "act",
    )
    reading.flags = {role for role in roles if any(token.means(role) for token in tokens)}
    if tokens and (tokens[0].means("and") or tokens[0].means("then")):
        reading.flags.add("continues")
    read_tasks(tokens, reading)
    context = reading.tasks or before
    _read_styles(tokens, reading)
    for clause in _clauses(tokens):
        for change in read_changes(clause, context, reading):
            reading.changes.append(Change(*change))
    _read_pictures(tokens, reading)
    negated = negations(tokens)
    said = [token for place, token in enumerate(tokens) if not (negated[place] or _is_known(token))]
    reading.out = [token.text for token in said if token.means("out")]
    reading.scene = [token.text for token in said if token.means("scene")]
    reading.unknown = [t.text for t in tokens if not (t.meanings or t.number or t.is_break)]
    _find_unknown_style(tokens, reading)
    return reading


def _is_known(token: Token) -> bool:
    return any(each.role in (STYLE, DO, VALUE, "name") for each in token.meanings)


def _clauses(tokens: list[Token]) -> list[list[Token]]:
    clauses: list[list[Token]] = [[]]
    for token in tokens:
        if token.text in (":", "="):
            continue
        if token.is_break or any(token.means(role) for role in ("but", "then", "and")):
            clauses.append([])
            if token.means("again_more"):
                clauses[-1].append(token)
        else:
            clauses[-1].append(token)
    return [part for clause in clauses if clause for part in _parts(clause)]


def _parts(clause: list[Token]) -> list[list[Token]]:
    """A clause cut before each parameter's name that follows what was said of another: "强度0.4颜色别变"."""
    parts: list[list[Token]] = [[]]
    for token in clause:
        named = token.means("name") and not token.means("style_word") and not token.means("value")
        full = any(each.means("name") and not each.means("style_word") for each in parts[-1])
        said = ("neg", "keep", "change", "little", "up", "down")
        if (
            named
            and full
            and any(each.number or any(each.means(role) for role in said) for each in parts[-1])
        ):
            last_named = max(i for i, each in enumerate(parts[-1]) if each.means("name"))
            tail = parts[-1][last_named + 1 :]
            if any(each.number or any(each.means(role) for role in said) for each in tail):
                parts.append([])
        parts[-1].append(token)
    return parts


def _read_styles(tokens: list[Token], reading: Reading) -> None:
    negated = negations(tokens)
    places = []
    for place, token in enumerate(tokens):
        names = tuple(
            f"*{each.value}" if each.role == MOVEMENT else each.value
            for each in token.meanings
            if each.role in (STYLE, MOVEMENT)
        )
        if not names:
            continue
        after = tokens[place + 1 : place + 3]
        refused = bool(after) and after[0].means("neg") and (len(after) == 1 or after[1].is_break)
        if negated[place] or refused:
            reading.refused_styles.append(names)
        elif not any(set(names) & set(each) for each in reading.styles):
            reading.styles.append(names)
            places.append(place)
    reading.weights = _weights(tokens, places, reading)
    reading.joined = any(
        t.means("and") or t.means("mix") for a, b in itertools.pairwise(places) for t in tokens[a:b]
    )
    gaps = [tokens[a + 1 : b] for a, b in itertools.pairwise(places)]
    reading.alternatives = any(token.means("or") for gap in gaps for token in gap)


def _weights(tokens: list[Token], places: list[int], reading: Reading) -> list[float | None]:
    """Weights of the styles from numbers beside them; None where there is none."""
    none: list[float | None] = [None] * len(places)
    if len(places) < 2:
        return none
    ratio = next((t.number for t in tokens if t.number and t.number.kind == "ratio"), None)
    if ratio and len(places) == 2:
        return [ratio.value, ratio.second]
    before = [_beside(tokens, place, -1) for place in places]
    after = [_beside(tokens, place, 1) for place in places]
    weights = before if before[0] is not None else after if after[0] is not None else none
    if sum(each is None for each in weights) == 1 and len(weights) > 1:
        known = sum(each for each in weights if each is not None)
        if known < 1:
            weights = [1 - known if each is None else each for each in weights]
    return weights if all(each is not None for each in weights) else none


def _beside(tokens: list[Token], place: int, step: int) -> float | None:
    """The share written next to a style: "70 % Monet", "莫奈七成", "monet: 0.7"."""
    skip = ("parts", "filler", "pictures") if step < 0 else ("parts",)
    place += step
    while 0 <= place < len(tokens):
        token = tokens[place]
        if token.number:
            return None if token.number.kind in ("multiple", "ratio") else token.number.value
        if not (any(token.means(role) for role in skip) or token.text in (":", "占", "的")) or token.means(
            STYLE
        ):
            return None
        place += step
    return None


def _read_pictures(tokens: list[Token], reading: Reading) -> None:
    for place, token in enumerate(tokens):
        if token.number and token.number.kind == "plain" and token.number.value in range(2, 100):
            rest = tokens[place + 1 : place + 5]
            if any(each.means("pictures") for each in rest):
                reading.pictures = int(token.number.value)


def _find_unknown_style(tokens: list[Token], reading: Reading) -> None:
    """A word that the lexicon lacks, beside "style": somebody's style that nobody here knows."""
    if reading.styles:
        return
    for place, token in enumerate(tokens):
        if token.meanings or token.number or token.is_break:
            continue
        near = [each for each in tokens[max(0, place - 2) : place + 3] if each is not token]
        if any(each.means("style_word") for each in near):
            reading.unknown_style = token.text
            return
