"""Read what a sentence asks for: tasks, styles, changes of parameters; with the scope of negations."""

from stylefuse.words.asked_styles import find_unknown_style, in_tenths, read_styles, without_asides
from stylefuse.words.asked_tasks import read_tasks
from stylefuse.words.deeds import lacking_deeds
from stylefuse.words.directions import read_changes
from stylefuse.words.kinds import kinds_of
from stylefuse.words.lexicon import DO, STYLE, VALUE
from stylefuse.words.negation import negations, runs
from stylefuse.words.scan import Token
from stylefuse.words.understood import Change, Reading


def read(tokens: list[Token], before: list[str]) -> Reading:
    """Read the tokens of a sentence.

    Args:
        before: tasks of the last request, for words that several tasks know.
    """
    tokens = without_asides(tokens)
    negated = negations(tokens)
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
        "rest",
        "all_styles",
        "pictures",
    )
    reading.flags = {role for role in roles if any(token.means(role) for token in tokens)}
    if tokens and (tokens[0].means("and") or tokens[0].means("then")):
        reading.flags.add("continues")
    read_tasks(tokens, negated, reading, before)
    context = reading.tasks or before
    read_styles(tokens, negated, reading)
    tokens = in_tenths(tokens, reading)
    kept: list[Token] = []
    for clause in _clauses(tokens):
        for change in read_changes(clause, context, reading):
            reading.changes.append(Change(*change))
            kept += clause if change[3] == "luma" else []
    sets = {(each.task, each.param) for each in reading.changes if each.how == "set"}
    # "Not too strong, four tenths": what is said exactly counts.
    reading.changes = [c for c in reading.changes if c.how == "set" or (c.task, c.param) not in sets]
    _read_pictures(tokens, reading)
    said = [token for place, token in enumerate(tokens) if not (negated[place] or _is_known(token))]
    said = [token for token in said if not any(token is each for each in kept)]
    clauses = [[tokens[place] for place in run] for run in runs(tokens) if run]
    reading.out = [*(token.text for token in said if token.means("out")), *lacking_deeds(clauses)]
    reading.flags |= kinds_of(tokens, clauses)
    lone = [
        t for t in said if t.means("act") and all(m.role in ("act", "clear", "change") for m in t.meanings)
    ]
    reading.acts = [token.text for token in lone]
    reading.scene = [token.text for token in said if token.means("scene")]
    acts = [place for place, token in enumerate(tokens) if token.means("act")]
    reading.acted_on = [
        token.text
        for place, token in enumerate(tokens)
        if token.text in reading.scene and any(abs(place - each) < 5 for each in acts)
    ]
    reading.unknown = [t.text for t in tokens if not (t.meanings or t.number or t.is_break)]
    find_unknown_style(tokens, negated, reading)
    return reading


def _is_known(token: Token) -> bool:
    return any(each.role in (STYLE, DO, VALUE, "name") for each in token.meanings)


def _clauses(tokens: list[Token]) -> list[list[Token]]:
    clauses: list[list[Token]] = [[]]
    for place, token in enumerate(tokens):
        if token.text in (":", "="):
            continue
        if _is_assigned(tokens, place):
            clauses.append([])  # "strength=0.4 stroke=2": what is assigned belongs to no other word
        if token.is_break or any(token.means(role) for role in ("but", "then", "and")):
            clauses.append([])
            if token.means("again_more"):
                clauses[-1].append(token)
        else:
            clauses[-1].append(token)
    return [part for clause in _with_numbers(clauses) if clause for part in _parts(clause)]


def _is_assigned(tokens: list[Token], place: int) -> bool:
    """Whether "name =" begins here, or ended before the value that stands before this token."""
    begins = tokens[place].means("name") and place + 1 < len(tokens) and tokens[place + 1].text == "="
    return begins or (place > 2 and tokens[place - 2].text == "=" and tokens[place - 3].means("name"))


def _with_numbers(clauses: list[list[Token]]) -> list[list[Token]]:
    """The clauses, with one that is a bare number joined to the parameter before it: "sharpen it, 0.4"."""
    joined: list[list[Token]] = []
    for clause in clauses:
        bare = any(t.number and t.number.kind == "plain" for t in clause) and not any(
            t.means(role) for t in clause for role in ("name", STYLE, DO, VALUE, "pictures")
        )
        if bare and joined and not any(t.number or t.means("little") for t in joined[-1]):
            names = [m for t in joined[-1] for m in t.all("name") if not t.means("style_word")]
            if names and names[-1].param != "preserve_color":
                joined[-1] = [*joined[-1], *clause]
                continue
        joined.append(clause)
    return joined


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


def _read_pictures(tokens: list[Token], reading: Reading) -> None:
    for place, token in enumerate(tokens):
        if token.number and token.number.kind == "plain" and token.number.value in range(2, 100):
            rest = tokens[place + 1 : place + 5]
            if any(each.means("pictures") for each in rest):
                reading.pictures = int(token.number.value)
