"""Read the amount in a clause: a value to set, or a change and its direction."""

from typing import Any

from stylefuse.words.lexicon import Meaning, task_words
from stylefuse.words.numbers import PLAIN, SHARE
from stylefuse.words.scan import Token

SIGNS = {"up": 1, "down": -1, "adj_up": 1, "adj_down": -1}


def about_of(meaning: Meaning | None) -> dict[str, Any]:
    """What the lexicon declares of a meaning's parameter; empty where it is no parameter's."""
    return task_words()[meaning.task]["params"][meaning.param] if meaning and meaning.param else {}


def mine(meanings: list[Meaning], tasks: list[str]) -> Meaning | None:
    """Of several tasks' meanings that of a task at hand; of no task at hand, only restyling's may be meant."""
    best = [each for task in tasks for each in meanings if each.task == task]
    rest = [each for each in meanings if each.task == "stylize"]
    return next(iter(best or rest), None)


def is_idle(token: Token, clause: list[Token], named: bool) -> bool:
    """Whether a single character such as 大 or 小 says nothing of an amount: "小狗" is a dog."""
    if (
        named
        or len(token.text) > 1
        or not any(token.means(role) for role in ("more", "less", "adj_up", "adj_down"))
    ):
        return False
    place = clause.index(token)
    near = clause[max(0, place - 2) : place] + clause[place + 1 : place + 3]
    strength = any(m.param == "strength" for role in SIGNS for m in token.all(role))
    beside = ("little", "much", "again_more", "too", "not_enough", "neg")
    return not strength and not any(t.number or any(t.means(role) for role in beside) for t in near)


def is_loose(clause: list[Token], directed: list[tuple[str, Meaning]]) -> bool:
    """Whether adjectives say nothing of a parameter that nobody names: "the light was gorgeous", "人脸太小怕糊"."""
    if not directed or any(role in ("up", "down") for role, _ in directed):
        return False
    about_style = any(t.means(role) for t in clause for role in ("style", "movement", "style_word"))
    return is_foreign(clause) and not (about_style and directed[0][1].param == "strength")


def is_foreign(clause: list[Token]) -> bool:
    """Whether a clause has words that are no words of requests, and no style."""
    styled = any(t.means(role) for t in clause for role in ("style", "movement", "style_word", "name"))
    return not styled and any(
        not (t.meanings or t.number) or t.means("scene") or t.means("out") for t in clause
    )


def is_amount(meaning: Meaning) -> bool:
    return bool({"times", "plus", "whole"} & about_of(meaning).keys())


def amount_in(clause: list[Token], numbers: list[Any], styled: bool) -> Any:
    """The number of the clause that is no count of pictures."""
    for place, token in enumerate(clause):
        if token.number in numbers and token.number is not None:
            counted = any(each.means("pictures") for each in clause[place + 1 : place + 5])
            if styled and token.number.kind == SHARE and of_photo(clause, place):
                continue
            if place and clause[place - 1].means("neg"):
                continue  # "not 0.3"
            if not (token.number.kind == PLAIN and counted):
                return token.number
    return None


def of_photo(clause: list[Token], place: int) -> bool:
    """Whether a share is the photo's: "half Monet, half photo"."""
    after = [each for each in clause[place + 1 : place + 4] if each.text not in ("of", "the", "my", "的")]
    before = [each.text for each in clause[max(0, place - 2) : place]]
    return bool(after and after[0].means("pictures")) or any(text in ("占", "占了") for text in before)


def is_by(clause: list[Token]) -> bool:
    """Whether a share is how much to change, "by 20 %", not what to set, "to 20 %"."""
    place = next(i for i, token in enumerate(clause) if token.number)
    before = clause[:place]
    if any(token.means("by") for token in before):
        return True
    if any(token.means("set") for token in before):
        return False
    if place and any(clause[place - 1].means(role) for role in ("adj_up", "adj_down")):
        return len(clause) < 4  # 淡一半
    roles = ("more", "less", "up", "down")
    return any(token.means(role) for token in clause for role in roles)


def is_too_much(clause: list[Token]) -> bool:
    """Whether "too" is said of an amount; "so" and "that" may also join clauses: "larger, so she can see them"."""
    for token, following in zip(clause, [*clause[1:], Token("")], strict=True):
        near = any(following.means(role) for role in (*SIGNS, "more", "less", "much", "enough"))
        if token.means("too") and (near or token.text not in ("so", "that")):
            return True
    return False


def sign(has: set[str], directed: list[tuple[str, Meaning]]) -> int:
    own = SIGNS[directed[0][0]] if directed else 0
    general = -1 if "less" in has else 1 if "more" in has else 0
    if "less" in has and "more" in has:
        general = 0 if not own else 1
    sign = own * (general or 1) if own else general
    adjective = any(role.startswith("adj") for role, _ in directed)
    if "not_enough" in has or ("neg" in has and "enough" in has):
        return sign or 1
    if "too" in has and sign:
        return -sign if adjective or own or "more" in has or "less" in has else sign
    if "neg" in has and sign:
        return -sign
    return sign
