"""File names as text: a file system allows any bytes, logs and tables need valid text."""

import os
import unicodedata
from pathlib import Path

# Characters that change the direction or the lines of the text around them, or are invisible. The joiners U+200C and
# U+200D are not included: emoji and several scripts need them.
_MISLEADING = frozenset("\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | frozenset(
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
# Python represents a byte that is not UTF-8 as the lone surrogate U+DC00 + byte.
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF


def printable(name: str | os.PathLike[str]) -> str:
    r"""Return a name as text that is safe to show in a line of a log, a table or a page.

    Bytes that are not UTF-8 become `\xNN`. Characters that control a terminal, end a line, change the direction of
    writing or are invisible become escapes such as `\n` and `\u202e`. All others stay.
    """
    text = name.as_posix() if isinstance(name, Path) else os.fspath(name)
    return text if text.isprintable() and text.isascii() else "".join(map(_shown, text))


def storable(name: str | os.PathLike[str]) -> str:
    r"""Return a name as text that UTF-8 can encode: unchanged, except that bytes that are not UTF-8 become `\xNN`.

    Two names can give the same text: one with the byte \xe9, and one with the four characters that replace it.
    """
    text = name.as_posix() if isinstance(name, Path) else os.fspath(name)
    return "".join(_shown(char) if _is_surrogate(char) else char for char in text)


def _is_surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"


def _shown(char: str) -> str:
    if _FIRST_BYTE <= ord(char) <= _LAST_BYTE:
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char in _MISLEADING or unicodedata.category(char) in ("Cc", "Cs"):
        escaped = ascii(char)[1:-1]
        # Escape U+0080 to U+009F differently from the bytes of these numbers.
        return escaped if ord(char) < 0x80 or ord(char) > 0xFF else f"\\u{ord(char):04x}"
    return char
