"""Bring a sentence into one spelling: width, case, accents, hyphens, traditional characters, spaces."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
CJK = "\u3400-\u9fff"
_POSSESSIVE = re.compile(r"(?<=[a-z])['’`´ʼ]s\b")
_QUOTE_IN_WORD = re.compile(r"(?<=[a-z])['’`´ʼ](?=[a-z])")
_JOINED = re.compile(r"(?<=[a-z])[-_‐‑](?=[a-z0-9])|(?<=[a-z0-9])[-_‐‑](?=[a-z])")
_GLUED = re.compile(r"(?<=[a-z]{3})(?=[0-9])|(?<=%)(?=[a-z])")
_SPELT_OUT = re.compile(r"(?<![a-z0-9])[a-z](?:(?: - | ?- ?| {1,2})[a-z]){2,}(?![a-z0-9'])")
_SPOKEN_COMMA = re.compile(r" (?:comma|full stop) ")
_ACCOUNTING = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")
_TEN_HEARD = re.compile(r"(?<=百分之[一二三四五六七八九])[时是石实拾食]")
_SPACE_IN_CHINESE = re.compile(rf"(?<=[{CJK}])[ ·・•]+(?=[{CJK}])")


@cache
def _simplified() -> dict[int, str]:
    """Traditional characters that lexicons use, with their simplified forms."""
    pairs = json.loads((FOLDER / "characters.json").read_text(encoding="utf-8"))
    return str.maketrans(pairs)


def normalise(text: str) -> str:
    """The sentence as the lexicon spells it: NFKC, lower case, simplified, `don't` as `dont`."""
    text = unicodedata.normalize("NFKC", text).lower()
    decomposed = unicodedata.normalize("NFD", text)
    text = unicodedata.normalize("NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn"))
    text = text.translate(_simplified())
    text = _TEN_HEARD.sub("十", text.translate(_ACCOUNTING))
    text = _SPOKEN_COMMA.sub(", ", _SPELT_OUT.sub(lambda found: re.sub("[ -]", "", found[0]), text))
    text = _POSSESSIVE.sub("", text)
    text = _QUOTE_IN_WORD.sub("", text)
    text = _JOINED.sub(" ", text)
    text = _GLUED.sub(" ", text)
    text = _SPACE_IN_CHINESE.sub("", text)
    return re.sub(r"\s+", " ", text).strip()


def is_chinese(text: str) -> bool:
    """Whether the sentence holds a Chinese character."""
    return re.search(rf"[{CJK}]", text) is not None
