"""Numbers as people write them: 0.7, 70 %, half, two thirds, 2x, 七成, 百分之三十, 一半, 三分之一, 7:3."""

import re
from typing import NamedTuple

PLAIN, SHARE, MULTIPLE, PARTS, RATIO = "plain", "share", "multiple", "parts", "ratio"
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
_ONES += " seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred"
_WORDS = {word: number for number, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS.split(), 2)}
_DENOMINATORS = {
    "half": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "半": 0.5}
_CN = "[零〇一二两三四五六七八九十百]+"
_NUM = r"(?:\d+(?:\.\d+)?|\.\d+)"
_EN = "(?:" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")"
_EN_NUMBER = rf"{_EN}(?: {_EN})?"
NUMBER_WORDS = frozenset(_WORDS) | frozenset(_DENOMINATORS) | {f"{word}s" for word in _DENOMINATORS}
_FRACTION = "|".join(rf"{word}s?|halves" if word == "half" else rf"{word}s?" for word in _DENOMINATORS)


class Number(NamedTuple):
    """value: 0.7 of "70 %", "七成" and "0.7"; of a ratio the first share. kind: how it was written."""

    value: float
    kind: str
    second: float = 0.0  # of a ratio


def number_at(text: str, start: int) -> tuple[int, Number] | None:
    """The number that begins here and its end, or None. The text is normalised."""
    for pattern, read in _FORMS:
        if found := pattern.match(text, start):
            number = read(found)
            if number is not None:
                return found.end(), number
    return None


def _chinese(text: str) -> float:
    """七 → 7, 十五 → 15, 三十 → 30, 一百二十 → 120."""
    total, current = 0.0, 0.0
    for character in text:
        if character in "十百":
            total += (current or 1) * (10 if character == "十" else 100)
            current = 0
        else:
            current = 10 * current + _DIGITS[character] if current else _DIGITS[character]
    return total + current


def _any(text: str) -> float:
    """A number of digits, Chinese characters or English words."""
    if re.fullmatch(_NUM, text):
        return float(text)
    if text[0] in _DIGITS or text[0] in "十百":
        return _chinese(text)
    words = text.split()
    value = float(_WORDS[words[0]])
    return (
        value * 100
        if words[-1] == "hundred" and len(words) > 1
        else value + (_WORDS[words[1]] if len(words) > 1 else 0)
    )


def _tenths(text: str) -> float:
    """Of 三成五 the 五, of 七成半 the 半."""
    return 0.5 if text == "半" else _DIGITS[text] / 10 if text else 0.0


def _fraction(found: re.Match[str]) -> Number:
    word = found[2].removesuffix("s")
    bottom = 2 if word in ("half", "halve") else _DENOMINATORS[word]
    top = found[1]
    return Number((1.0 if top in (None, "a", "one", "an") else _any(top)) / bottom, SHARE)


def _slash(found: re.Match[str]) -> Number | None:
    top, bottom = float(found[1]), float(found[2])
    if bottom == 0:
        return None
    return (
        Number(top, RATIO, bottom)
        if top + bottom in (10, 100) or top >= bottom
        else Number(top / bottom, SHARE)
    )


def _discount(value: float) -> float:
    """八折 and 八五折: tenths, or hundredths."""
    return value / 100 if value > 10 else value / 10


def _decimal(found: re.Match[str]) -> Number:
    return Number(float(f"0.{_digits(found[1])}"), PLAIN)


def _point(found: re.Match[str]) -> Number:
    """一点二, one point two, 一点五倍."""
    value = float(f"{_any(found[1]):g}.{_digits(found[2])}")
    return Number(value, MULTIPLE if found[0].endswith("倍") else PLAIN)


def _digits(text: str) -> str:
    return "".join(str(int(_any(each))) for each in re.findall(rf"{_EN}|[{''.join(_DIGITS)}]", text))


_B = r"(?![a-z0-9])"
_SOME = rf"({_NUM}|{_CN}|{_EN_NUMBER})"
_FORMS = [
    (re.compile(rf"{_SOME} out of {_SOME}{_B}"), lambda m: Number(_any(m[1]) / _any(m[2]), SHARE)),
    (re.compile(rf"(?:打|给个?)?({_NUM}|{_CN})折"), lambda m: Number(_discount(_any(m[1])), SHARE)),
    (re.compile(rf"给个?({_NUM}|{_CN})分"), lambda m: Number(_any(m[1]) / 10, SHARE)),
    (
        re.compile(r"([一二三四五六七八九])([一二三四五六七八九])开"),
        lambda m: Number(_DIGITS[m[1]], RATIO, _DIGITS[m[2]]),
    ),
    (re.compile(rf"(?:百分之|百份之) ?({_NUM}|{_CN})"), lambda m: Number(_any(m[1]) / 100, SHARE)),
    (
        re.compile(rf"{_SOME} ?(?:%|percent{_B}|per cent{_B}|个百分点)"),
        lambda m: Number(_any(m[1]) / 100, SHARE),
    ),
    (re.compile(rf"({_CN}|\d+)分之({_CN}|\d+)"), lambda m: Number(_any(m[2]) / _any(m[1]), SHARE)),
    (
        re.compile(rf"({_CN}|\d+(?:\.\d+)?) ?成([半一二三四五六七八九]?)(?![为了成分张个])"),
        lambda m: Number((_any(m[1]) + _tenths(m[2])) / 10, SHARE),
    ),
    (
        re.compile(rf"({_NUM}|{_CN}) ?(?:比|:|to(?= \d)) ?({_NUM}|{_CN})"),
        lambda m: Number(_any(m[1]), RATIO, _any(m[2])),
    ),
    (re.compile(rf"({_EN}) to ({_EN}){_B}"), lambda m: Number(_any(m[1]), RATIO, _any(m[2]))),
    (re.compile(rf"(\d+) ?/ ?(\d+){_B}"), _slash),
    (re.compile(rf"(?:零点|零\.|〇点)([{''.join(_DIGITS)}]+)"), _decimal),
    (re.compile(r"([一二三四五六七八九])点([一二三四五六七八九]{1,2})(?![张幅个点])倍?"), _point),
    (re.compile(rf"({_EN}) point ((?:{_EN} ?)+){_B}"), _point),
    (re.compile(rf"(?:(?:zero )?point|nought point) ((?:{_EN} ?)+){_B}"), _decimal),
    (re.compile(rf"(?:(a|an|\d+|{_EN}) )?({_FRACTION})(?: of(?= (?:a|the)))?{_B}"), _fraction),
    (re.compile(rf"[x×] ?({_NUM}){_B}"), lambda m: Number(float(m[1]), MULTIPLE)),
    (re.compile(rf"{_SOME} ?(?:x{_B}|×|times{_B}|fold{_B}|倍)"), lambda m: Number(_any(m[1]), MULTIPLE)),
    (re.compile(rf"(?:twice|double){_B}"), lambda m: Number(2, MULTIPLE)),
    (re.compile(rf"(?:triple|thrice){_B}"), lambda m: Number(3, MULTIPLE)),
    (re.compile(rf"quadruple{_B}"), lambda m: Number(4, MULTIPLE)),
    (re.compile(rf"({_NUM}|{_CN}) ?[分份]"), lambda m: Number(_any(m[1]), PARTS)),
    (re.compile(rf"{_SOME} parts?(?: of)?{_B}"), lambda m: Number(_any(m[1]), PARTS)),
    (re.compile("一半|半"), lambda m: Number(0.5, SHARE)),
    (re.compile(rf"{_NUM}(?![\d])"), lambda m: Number(float(m[0]), PLAIN)),
    # "This one" is no number; "strength one" is.
    (
        re.compile(
            rf"(?:(?<=to )|(?<=at )|(?<=strength )|(?<=size )|(?<=factor )|(?<=sharpen )|(?!one{_B}))({_EN_NUMBER}){_B}"
        ),
        lambda m: Number(_any(m[1]), PLAIN),
    ),
    (re.compile(rf"(?:a )?(?:pair|couple){_B}"), lambda m: Number(2, PLAIN)),
    (re.compile(_CN), lambda m: Number(_chinese(m[0]), PLAIN)),
]
