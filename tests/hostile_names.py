"""Names that a file system can hold and programs stumble over, drawn by a seed."""

import os
import random
import sys
import unicodedata

# Bytes of a name; file systems of Linux take 255.
LONGEST = 255

_PIECES = (
    *(chr(code) for code in range(1, 0x20)),
    "\x7f\x85\u2028\u2029",  # also ends of lines, for some programs
    "\u202e\u202d\u2066\u2069\u200f\u061c",  # directions of writing
    "\ufeff\u200b\u200d",  # invisible
    "👩🏽‍🎨🖼️🇨🇭",
    "Café",
    "Cafe\u0301",
    "\udce9\udcff\udc80",  # bytes that are not UTF-8
    "日本 Ελλάδα עברית",
    "NA",
    "nan",
    "True",
    "1905",
    "1e5",
    "-rf",
    "--help",
    "=1+1",
    "+1",
    "@sum",
    '"',
    "'",
    '"",',
    ",",
    ";",
    ":",
    "\\",
    "\\xe9",
    "\\N{DASH}",
    "*?[a]",
    "~",
    "$HOME",
    "`id`",
    "%s%n%00",
    "{0}{path}",
    "{{ 7 }}",
    "<script>alert(1)</script>",
    "&amp;",
    "[red]x[/]",
    "\r\n",
    " ",
    "  ",
    "#",
    "con",
    "aux.png",
    "nul",
    "COM1",
    "LPT1.txt",
    "a.",
)


def hostile_names(count: int, seed: int = 0) -> list[str]:
    """Draw `count` different names, none of them hidden, each of 1 to 255 bytes, as Python gives them.

    What this system's disks cannot hold is left out: bytes that are not UTF-8, say, on macOS.
    """
    draw = random.Random(seed)
    names: dict[str, None] = {}
    for piece in _PIECES:  # each once alone, at the beginning, in the middle and at the end
        names |= dict.fromkeys((piece, f"{piece}.png", f"a{piece}b.jpg", f"a{piece}"))
    while len(names) < 2 * count:
        name = "".join(draw.choices(_PIECES, k=draw.randint(1, 6)))
        if draw.random() < 0.2:  # as long as can be
            name = _cut(name * LONGEST, draw.randint(250, LONGEST))
        names[name + draw.choice(("", ".png", ".JPG", ".tar.gz"))] = None
    fit = {_as_file(name): name for name in reversed(names) if _fits(name)}
    return list(fit.values())[-count:]


def _as_file(name: str) -> str:
    """What two names of one file have in common on this system."""
    if sys.platform in ("darwin", "win32"):
        return unicodedata.normalize("NFC", name).casefold()
    return name


def _cut(name: str, length: int) -> str:
    """The beginning of a name, of at most so many bytes."""
    while len(os.fsencode(name)) > length:
        name = name[: max(1, len(name) - 1 - (len(os.fsencode(name)) - length) // 4)]
    return name


def _fits(name: str) -> bool:
    if name.startswith(".") or "/" in name or len(os.fsencode(name)) > LONGEST:
        return False
    if sys.platform == "darwin":
        return not any("\ud800" <= char <= "\udfff" for char in name)
    return sys.platform != "win32" or not (
        set(name) & set('<>:"\\|?*') or min(name) < " " or name[-1] in " ."
    )
