"""Read whether the result keeps the colours of the photo: "颜色别变" does, "don't keep them" does not."""

from typing import Any

from stylefuse.words.amounts import about_of, mine
from stylefuse.words.lexicon import NAME, STYLE, VALUE, Meaning, task_words
from stylefuse.words.scan import Token
from stylefuse.words.understood import STYLIZE

COLOUR = "preserve_color"


def read_kept(clause: list[Token], has: set[str], tasks: list[str]) -> Any:
    """Changes of parameters that say whether something of the photo stays, as (task, parameter, "set", value).

    Returns:
        The parameters that were decided here.
    """
    decided: set[str] = set()
    for place, token in enumerate(clause):
        name = mine(token.all(NAME), tasks)
        value = next(
            (each for each in token.all(VALUE) if "opposite" in about_of(each) and "kept" in about_of(each)),
            None,
        )
        param = name or value
        if param is None or "kept" not in about_of(param) or param.param in decided:
            continue
        if value is None and _may_change(clause[place + 1 :], param):
            continue  # "颜色还是跟着画走": the words that follow say more than 还是
        result = _kept(clause, place, has, name, value)
        if result is not None:
            decided.add(param.param)
            yield param.task, param.param, "set", result
    if COLOUR not in decided:
        decided |= yield from _read_hue(clause, has)
    return decided


def _may_change(clause: list[Token], param: Meaning) -> bool:
    changed = about_of(param).get("changed")
    values = [each for token in clause for each in token.all(VALUE) if each.param == param.param]
    return any(each.value == changed for each in values)


def _kept(clause: list[Token], place: int, has: set[str], name: Meaning | None, value: Meaning | None) -> Any:
    """What a clause says of a parameter that is named here, or None."""
    about = about_of(name or value)
    token = clause[place]
    later = any(each.means("keep") or each.means("change") for each in clause[place + 1 :])
    neg, keep = "neg" in has, "keep" in has
    change = any(each.means("change") and not each.means("keep") for each in clause)
    if "free" in has and not keep and not neg:
        return about.get("changed")
    if "refuse" in has and not (change or neg):  # also "forget about preserving the colours"
        return about.get("changed")
    if "matching" in has and "match" in about["values"] and (value is None or value.value == about["kept"]):
        return "none" if neg else "match"
    if not later and _is_styles_own(clause, place, token, name):
        return about["kept"] if neg else about.get("changed")
    if value is not None and not (change and neg):
        return about["opposite"][value.value] if neg else value.value
    if neg and change:
        return about["kept"] if value is None else value.value
    if neg and keep:
        return about.get("changed")
    if keep:
        return about["kept"]
    if change:
        return about.get("changed")
    return None


def _is_styles_own(clause: list[Token], place: int, token: Token, name: Meaning | None) -> bool:
    """Whether a style stands before a name: "Monet's colours", "ukiyo-e in its own colours"."""
    before = clause[max(0, place - 2) : place]
    if name is None:
        before = clause[max(0, place - 3) : place] if token.text.startswith("own ") else []
    return any(each.means(STYLE) for each in before) and not any(each.means("keep") for each in before)


def _read_hue(clause: list[Token], has: set[str]) -> Any:
    """A colour that stays as it is keeps the photo's colours: "the teal must not change", "裙子还得是红的"."""
    hue = any(token.means("hue") for token in clause)
    change = any(token.means("change") and not token.means("keep") for token in clause)
    stays = ("keep" in has and "neg" not in has) or ("neg" in has and change)
    if not (hue and stays):
        return set()
    about = task_words()[STYLIZE]["params"][COLOUR]
    yield STYLIZE, COLOUR, "set", about["kept"]
    return {COLOUR}
