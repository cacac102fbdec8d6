"""Find the styles that a sentence asks for, with their weights, and styles that are not known."""

import itertools

from stylefuse.words.lexicon import DO, MOVEMENT, STYLE, Meaning
from stylefuse.words.negation import runs
from stylefuse.words.numbers import PARTS, PLAIN, SHARE, Number
from stylefuse.words.scan import Token
from stylefuse.words.understood import STYLIZE, Change, Reading

_FILLER = Meaning("filler")


def without_asides(tokens: list[Token]) -> list[Token]:
    """The tokens with styles replaced by fillers where they only tell of the picture.

    "I took this in Monet's garden", "在梵高美术馆拍的": where it is from. "Sunflowers as ink": what it shows.
    """
    asides: set[int] = set()
    styles = [place for place, token in enumerate(tokens) if token.is_style]
    clauses = runs(tokens)
    asking = [c for c in clauses if not _tells(tokens, c) and any(tokens[i].is_style for i in c)]
    for clause in clauses:
        if asking and _tells(tokens, clause):
            asides.update(i for i in clause if tokens[i].is_style or _is_topic(tokens[i]))
    tasks = any(each.task != STYLIZE for token in tokens for each in token.all(DO))
    for place in styles:
        after = tokens[place + 1 : place + 3]
        of_place = any(each.means("place") for each in after) and len(styles) > 1
        named = any(each.means("style_word") for each in [*tokens[max(0, place - 2) : place], *after])
        rest = [i for i in styles if i != place and i not in asides and not tokens[i].means("motif")]
        if of_place or (tokens[place].means("motif") and (rest or (tasks and not named))):
            asides.add(place)
            asides.update(i for i in range(place + 1, place + 3) if of_place and i < len(tokens))
    return [Token(t.text, (_FILLER,), t.number) if i in asides else t for i, t in enumerate(tokens)]


def _tells(tokens: list[Token], clause: list[int]) -> bool:
    """Whether a clause tells where a picture is from, and asks for nothing."""
    own = [tokens[place] for place in clause]
    return any(token.means("origin") for token in own) and not any(token.means(DO) for token in own)


def _is_topic(token: Token) -> bool:
    return token.means("out") or token.means("scene")


def read_styles(tokens: list[Token], negated: list[bool], reading: Reading) -> None:
    places = []
    for place, token in enumerate(tokens):
        names = tuple(
            f"*{each.value}" if each.role == MOVEMENT else each.value
            for each in token.meanings
            if each.role in (STYLE, MOVEMENT)
        )
        if not names:
            continue
        if negated[place]:
            reading.refused_styles.append(names)
        elif not any(set(names) & set(each) for each in reading.styles):
            reading.styles.append(names)
            places.append(place)
    reading.weights = _weights(tokens, places)
    reading.joined = any(
        t.means("and") or t.means("mix") for a, b in itertools.pairwise(places) for t in tokens[a:b]
    )
    gaps = [tokens[a + 1 : b] for a, b in itertools.pairwise(places)]
    reading.alternatives = any(token.means("or") for gap in gaps for token in gap) or (
        len(places) > 1 and any(token.means("which") for token in tokens)
    )
    if len(places) == 1 and (share := _of_photo(tokens, places[0])) is not None:
        reading.changes.append(Change(STYLIZE, "strength", "set", share))
        reading.flags.add("photo_share")


def in_tenths(tokens: list[Token], reading: Reading) -> list[Token]:
    """The tokens with 六分 of a single style read as six tenths."""
    if len(reading.styles) != 1 or "photo_share" in reading.flags:
        return tokens
    return [_tenths(token) for token in tokens]


def _tenths(token: Token) -> Token:
    number = token.number
    if number and number.kind == PARTS and token.text[-1] in "分份" and number.value <= 10:
        return token._replace(number=Number(number.value / 10, SHARE))
    return token


def _weights(tokens: list[Token], places: list[int]) -> list[float | None]:
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
    if None in weights and (apart := _apart(tokens, places)):
        weights = apart
    if sum(each is None for each in weights) == 1 and len(weights) > 1:
        known = sum(each for each in weights if each is not None)
        if known < 1:
            weights = [1 - known if each is None else each for each in weights]
    return weights if all(each is not None for each in weights) else none


def _apart(tokens: list[Token], places: list[int]) -> list[float | None] | None:
    """The shares of styles set apart from them: "梵高为底0.7，浮世绘点缀0.3"; None unless they make a whole."""
    for bounds in ([*places, len(tokens)], [0, *(place + 1 for place in places)]):
        parts = [tokens[a:b] for a, b in itertools.pairwise(bounds)]
        shares = [
            [t.number.value for t in part if t.number and t.number.kind in (SHARE, PARTS, PLAIN)]
            for part in parts
        ]
        named = any(token.means("name") and not token.means("style_word") for part in parts for token in part)
        found = [each[0] for each in shares if len(each) == 1]
        if named or any(len(each) > 1 for each in shares):
            continue
        if len(found) == len(places) and min(abs(sum(found) - whole) for whole in (1, 10, 100)) < 0.02:
            return list(found)
        if len(found) == len(places) - 1 and 0 < sum(found) < 1 and any(t.means("remainder") for t in tokens):
            return [each[0] if each else None for each in shares]
    return None


def _beside(tokens: list[Token], place: int, step: int) -> float | None:
    """The share written next to a style: "70 % Monet", "莫奈七成", "monet: 0.7"."""
    number = _number_beside(tokens, place, step)
    return None if number is None or number.kind in ("multiple", "ratio") else number.value


def _number_beside(tokens: list[Token], place: int, step: int) -> Number | None:
    skip = ("parts", "filler", "pictures") if step < 0 else ("parts",)
    place += step
    while 0 <= place < len(tokens):
        token = tokens[place]
        if token.number:
            return token.number
        fits = any(token.means(role) for role in skip) or token.text in _HAS_A_SHARE
        if not fits or token.is_style:
            return None
        place += step
    return None


def _of_photo(tokens: list[Token], place: int) -> float | None:
    """The style's share where the photo has one as well: "照片占六成，水墨占四成", "photo 80, Monet 20"."""
    photos = [i for i, each in enumerate(tokens) if each.text in _PHOTO]
    for step in (1, -1):
        style = _number_beside(tokens, place, step)
        for photo in photos:
            own = _number_beside(tokens, photo, step)
            if own is None or (style is None and own.kind != SHARE) or own.kind not in (SHARE, PARTS, PLAIN):
                continue
            share = style.value if style else 1 - own.value
            if own.kind == SHARE and share > 1:
                share /= 100  # "let the photo keep 70 percent and Monet have 30"
            total = own.value + share
            if own.kind == PARTS or min(abs(total - each) for each in (1, 10, 100)) < 0.02:
                return round(1 - own.value / total, 4)
    return None


_HAS_A_SHARE = (
    ":",
    "=",
    "占",
    "占了",
    "的",
    "为",
    "是",
    "keep",
    "keeps",
    "has",
    "have",
    "have the",
    "gets",
    "get",
    "take",
    "takes",
    "留",
    "只要",
    "only",
)
_PHOTO = (
    "the photograph",
    "photograph",
    "my photo",
    "photo",
    "the photo",
    "original",
    "the original",
    "original photo",
    "原图",
    "照片",
    "原照片",
    "原片",
    "picture",
)


def find_unknown_style(tokens: list[Token], negated: list[bool], reading: Reading) -> None:
    """A word that the lexicon lacks, beside "style": somebody's style that nobody here knows."""
    for place, token in enumerate(tokens):
        if token.meanings or token.number or token.is_break or negated[place]:
            continue
        before = [each for each in tokens[max(0, place - 3) : place] if each.text not in _ARTICLES][-1:]
        after = [each for each in tokens[place + 1 : place + 4] if each.text not in _ARTICLES][:1]
        shared = any(each.number for each in tokens[max(0, place - 2) : place + 4])
        if reading.styles and not (shared and after and after[0].means("style_word")):
            continue
        if any(each.means("style_word") for each in (*before, *after)):
            reading.unknown_style = token.text
            return


_ARTICLES = ("a", "an", "the", "的", "那种", "这种", "那", "of", "one", "some", "by")
