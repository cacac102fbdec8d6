"""Read changes of parameters in a clause: values, "stronger", "too coarse", "to 0.7", "by a third", "颜色别变"."""

from collections.abc import Iterator
from typing import Any

from stylefuse.words.amounts import (
    SIGNS,
    about_of,
    amount_in,
    is_amount,
    is_by,
    is_foreign,
    is_idle,
    is_loose,
    is_too_much,
    mine,
)
from stylefuse.words.amounts import sign as sign_of
from stylefuse.words.colours import read_kept
from stylefuse.words.lexicon import DO, NAME, STYLE, VALUE, Meaning, task_words
from stylefuse.words.numbers import MULTIPLE, PLAIN, RATIO, SHARE
from stylefuse.words.scan import Token
from stylefuse.words.understood import STYLIZE

STRENGTH = Meaning(NAME, "stylize", "strength")
Found = tuple[str, str, str, Any]  # task, parameter, how, value


def read_changes(clause: list[Token], tasks: list[str], reading: Any) -> Iterator[Found]:
    """The changes that a clause asks for.

    Args:
        tasks: of this request, or of the last one: words of their parameters are preferred.
        reading: the whole sentence's, for its styles.
    """
    has = {role for token in clause for each in token.meanings for role in [each.role]}
    has |= {"neg"} if "refused" in has else set()
    kept = yield from read_kept(clause, has, tasks)
    yield from _read_values(clause, tasks, kept, reading)
    yield from _read_amounts(clause, has, tasks, reading, kept)


def _read_values(clause: list[Token], tasks: list[str], decided: set[str], reading: Any) -> Iterator[Found]:
    """Phrases that are a value by themselves: "subtle", "hdr", "handheld"; turned round by a "not" before them."""
    negated = False
    styled = any(token.means(STYLE) for token in clause)
    for token in clause:
        if token.means("neg") and not token.means(VALUE):
            negated = True
            continue
        if _is_a_little_of_a_style(clause, token) and "strength" not in decided:
            decided.add("strength")
            yield STYLIZE, "strength", "set", about_of(STRENGTH)["levels"][0]
        for task in dict.fromkeys(each.task for each in token.all(VALUE)):
            value = next(each for each in token.all(VALUE) if each.task == task)
            if value.param in decided or ("kept" in about_of(value) and "opposite" in about_of(value)):
                continue
            if task not in tasks and not (task == "stylize" and value.param == "strength"):
                continue
            weighted = any(each is not None for each in reading.weights)
            if value.param == "strength" and ((weighted and styled) or _of_another(clause, token, tasks)):
                continue
            if not negated or value.value in ("occlusion", "noise"):
                yield task, value.param, "set", value.value
            elif value.value in (
                flags := {_as_key(k): v for k, v in about_of(value).get("opposite", {}).items()}
            ):
                yield task, value.param, "set", _as_key(flags[value.value])
            decided.add(value.param)
            negated = False


def _is_a_little_of_a_style(clause: list[Token], token: Token) -> bool:
    """Whether "a little" stands before a style: "一点点浮世绘的味道"; not "a little more Monet"."""
    following = clause[clause.index(token) + 1 :][:2]
    alone = not any(each.means(role) for each in clause for role in ("again_more", "less", "previous", "too"))
    return token.means("little") and token.text in _A_LITTLE and alone and any(t.is_style for t in following)


_A_LITTLE = (
    "一点点",
    "一丁点",
    "一丢丢",
    "一小点",
    "丁点",
    "少许",
    "些许",
    "略",
    "稍",
    "稍微",
    "略略",
    "a touch",
    "a tad",
    "a smidge",
)


def _of_another(clause: list[Token], token: Token, tasks: list[str]) -> bool:
    """Whether a word such as "slightly" is said of a change: "slightly larger strokes", "slightly stronger"."""
    after = clause[clause.index(token) + 1 :]
    near = after[:3]
    named = any(
        m.param not in ("strength", "preserve_color") and is_amount(m) for t in after[:4] for m in t.all(NAME)
    )
    compared = any(t.means(role) for t in near for role in ("up", "down", "more", "less"))
    adjective = any(t.means(role) for t in near[:1] for role in SIGNS) and any(
        t.means("little") for t in near
    )
    before = clause[max(0, clause.index(token) - 1) : clause.index(token)]
    compared |= any(t.means(role) for t in before for role in SIGNS) and token.text.startswith("一点")
    return named or (compared and not any(t.is_style for t in near[:2])) or adjective


def _as_key(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _read_amounts(
    clause: list[Token], has: set[str], tasks: list[str], reading: Any, decided: set[str]
) -> Iterator[Found]:
    numbers = [token.number for token in clause if token.number and token.number.kind != RATIO]
    weighted = any(each is not None for each in reading.weights)
    styled = any(token.means(STYLE) for token in clause)
    shares = len(reading.styles) > 1 and "each" in has
    numbers = [] if (weighted and styled) or shares else numbers
    named = [
        m for t in clause if not t.means("style_word") and (m := mine(t.all(NAME), tasks)) and is_amount(m)
    ]
    clause = [token for token in clause if not is_idle(token, clause, bool(named))]
    if "photo_share" in reading.flags and not named:
        numbers = []
    neg = has & {"neg"}
    if not is_too_much(clause):
        has = has - {"too"}
    has &= {each.role for token in clause for each in token.meanings}
    has |= neg
    directed = [(role, m) for t in clause for role in SIGNS if (m := mine(t.all(role), tasks))]
    if not named and is_loose(clause, directed):
        directed = []
    target = named[-1] if named else None
    if directed:  # 小 is small and less at once: it counts once
        other = [token for token in clause if not any(token.means(role) for role in SIGNS)]
        has = has - {"more", "less"} | {role for t in other for role in ("more", "less") if t.means(role)}
    sign = sign_of(has, directed)
    if target is None and directed:
        own = [m for _, m in directed]
        target = own[0]._replace(role=NAME)
    elif target is None and sign and not any(t.means(DO) for t in clause) and not is_foreign(clause):
        target = STRENGTH
    if {"halve", "double"} & has:
        target = target or STRENGTH
        yield target.task, target.param, "times", 0.5 if "halve" in has else 2.0
        return
    number = amount_in(clause, numbers, bool(reading.styles))
    if target is not None and number is None and target.param in decided:
        return
    scale = [each for each in tasks if "scale" in task_words().get(each, {}).get("params", {})]
    if (
        scale
        and number
        and (number.kind == MULTIPLE or (number.kind == PLAIN and number.value in (2, 3, 4, 8)))
        and not any(each.task == STYLIZE for each in named)
    ):
        yield scale[0], "scale", "set", f"{number.value + (number.value == 1):g}"
        return
    if number is None:
        yield from _without_number(clause, has, target, sign, directed)
        return
    value = number.value
    relative = "previous" in has or ("as" in has and directed)
    if target is None:
        if number.kind not in (SHARE, MULTIPLE) and not (
            number.kind == PLAIN and 0 <= value <= 1 and "." in f"{value}"
        ):
            return
        if any(t.means("pictures") for t in clause) and number.kind == PLAIN:
            return
        target = STRENGTH
    about = about_of(target)
    if number.kind == PLAIN and about.get("whole") is None and target.param != "strength" and value > 10:
        value /= 100  # contrast 120
    if number.kind == MULTIPLE and value == 1:
        value = 2.0  # 大一倍 is twice as large
    if (relative and number.kind == SHARE) or number.kind == MULTIPLE:
        yield target.task, target.param, "times", value
    elif sign and number.kind == SHARE and is_by(clause):
        yield target.task, target.param, "times", round(1 + sign * value, 6)
    else:
        yield target.task, target.param, "set", value


def _without_number(
    clause: list[Token], has: set[str], target: Meaning | None, sign: int, directed: list
) -> Iterator[Found]:
    if target is None:
        return
    about = about_of(target)
    off = about.get("off")
    if "neg" in has and off is not None and not directed and not ({"more", "less", "too"} & has):
        yield target.task, target.param, "set", off
        return
    compared = {"more", "less", "too", "little", "much", "again_more", "neg", "not_enough", "previous"} & has
    compares = bool(compared) or any(role in ("up", "down") for role, _ in directed)
    if (
        "plus" in about
        and not sign
        and any(token.text.startswith("sharpen") or token.text == "锐化" for token in clause)
    ):
        yield target.task, target.param, "plus", about["plus"]
        return
    if not sign or not ({"times", "plus"} & about.keys()) or ("as" in has and not compares):
        return
    if not compares:
        low, high = about["levels"]
        yield target.task, target.param, "set", high if sign > 0 else low
    elif "times" in about:
        step = about["times"] if sign < 0 else about.get("more", 1 / about["times"])
        yield (
            target.task,
            target.param,
            "times",
            round(step**2 if "much" in has and "little" not in has else step, 6),
        )
    else:
        yield target.task, target.param, "plus", sign * about["plus"]
