"""Find actions that StyleFuse cannot do, by how a sentence is built: "mail the Monet picture", "把它印在杯子上".

The lexicon cannot list every deed. An order has a verb first, and after it what it is done to; a verb that the lexicon
lacks at that place is a deed that nobody here can do, also where a style is named beside it.
"""

import re

from stylefuse.words.kinds import becomes_a_style
from stylefuse.words.lexicon import DO, VALUE
from stylefuse.words.normalise import is_chinese
from stylefuse.words.scan import Token, text_of

_POLITE = re.compile(
    r"(?:(?:please|pls|plz|kindly|hey|hi|hello|ok|okay|now|just|also|first|next|so|well|go|lets|let us|help me(?: to)?"
    r"|(?:can|could|would|will) (?:you|we|i)|(?:i|we)(?:d| would)? (?:want|need|like|love|wish)(?: you)? to"
    r"|id (?:like|love)(?: you)? to|try to|feel free to) )*"
)
_OBJECTS = re.compile(
    r"(?:the|an?|my|our|your|his|her|their|this|that|these|those|it|them|me|us|him|all|some|every|each|both"
    r"|what|how|who|which|where)\b"
)
_LACKS = {"out", "scene", "act", "place"}  # roles of what StyleFuse does not work on


def lacking_deeds(clauses: list[list[Token]]) -> list[str]:
    """The verbs of orders that the lexicon lacks, as the sentence has them."""
    return [deed for clause in clauses for deed in _order(clause) or _disposal(clause)]


def _order(clause: list[Token]) -> list[str]:
    """The verb of an order that the lexicon lacks: "mail the Monet picture to Anna"."""
    start, place = _POLITE.match(text_of(clause)).end(), 0  # type: ignore[union-attr]  # it also matches nothing
    while place < len(clause) and start > 0:
        start -= len(clause[place].text) + 1
        place += 1
    if place + 1 >= len(clause):
        return []
    verb, following = clause[place], clause[place + 1 :]
    if verb.number or not _OBJECTS.match(following[0].text) or _is_of_amount(following):
        return []
    if verb.means("act") and not any(each.is_style or each.number for each in following[:4]):
        named = next((each for each in following if not each.means("filler")), None)
        unknown = named is not None and not (named.meanings or named.number)
        return [f"{verb.text} {named.text}"] if unknown and named else []
    if not verb.meanings:
        if not verb.text.isascii() or verb.text.endswith(("ed", "ing", "ly", "s")):
            return []
        return [] if becomes_a_style(following) else [verb.text]
    return [verb.text] if _is_lacking(verb) else []


def _is_of_amount(tokens: list[Token]) -> bool:
    """Whether a style is followed by how much of it there is to be: of any verb before it, its strength is meant."""
    place = next((i for i, token in enumerate(tokens) if token.is_style), len(tokens))
    return any(token.number or token.means(VALUE) or token.means("more") for token in tokens[place + 1 :])


def _is_lacking(token: Token) -> bool:
    roles = {each.role for each in token.meanings} - {"pictures", "filler"}
    return bool(roles) and roles <= _LACKS


# Roles of words that say what StyleFuse is to do.
_DONE_HERE = frozenset(
    {
        DO,
        VALUE,
        "weak",
        "keep",
        "change",
        "more",
        "less",
        "up",
        "down",
        "adj_up",
        "adj_down",
        "clear",
        "mend",
        "mix",
    }
    | {"mix_or_do", "instead", "halve", "double", "set", "undo", "swap", "all_styles", "refuse", "matching"}
)


def _is_done_here(token: Token) -> bool:
    made = token.means("filler") and any(character in token.text for character in "做弄搞整成")
    return made or (
        token.text not in ("给", "用", "在") and any(each.role in _DONE_HERE for each in token.meanings)
    )


def _disposal(clause: list[Token]) -> list[str]:
    """What is done to the object of 把 where the lexicon knows no word of it: "把浮世绘那张印在杯子上"."""
    place = next((i for i, token in enumerate(clause) if token.text in ("把", "将")), None)
    if place is None:
        return []
    after = clause[place + 1 :]
    is_wish = any(token.text in ("要", "想", "想要", "准备", "打算", "希望") for token in clause[:place])
    if (is_wish and not any(token.is_style for token in after)) or any(
        _is_done_here(token) for token in after
    ):
        return []
    unknown = [
        token.text for token in after if is_chinese(token.text) and not (token.meanings or token.number)
    ]
    return unknown[-1:]
