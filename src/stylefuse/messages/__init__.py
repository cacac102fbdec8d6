"""Texts for people: JSON catalogues `<language>/<section>.json`, each a flat object of key → text with {placeholders}.

Sections: `page` (the page in the browser), `verify` (verdicts about labels), `report` (how a result was made), `ask`
(requests in words). Both languages have the same sections, keys and placeholders; a test compares them.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent


def sections(language: str) -> list[str]:
    """Names of a language's catalogues, in alphabetical order."""
    return sorted(path.stem for path in (FOLDER / language).glob("*.json"))


@cache
def catalogue(section: str, language: str) -> Mapping[str, str]:
    """The texts of a section by their keys, read once.

    Raises:
        ValueError: there is no such language or section, or its file is no flat object of texts.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: {language!r} is unknown; use one of {', '.join(LANGUAGES)}")
    path = FOLDER / language / f"{section}.json"
    if not path.is_file():
        raise ValueError(f"there are no texts called {section!r}; there are {', '.join(sections(language))}")
    texts = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{path.name}: it must hold one object of keys and texts")
    return MappingProxyType(texts)


def text(section: str, key: str, language: str, /, **values: Any) -> str:
    """A text with its placeholders filled in.

    Raises:
        ValueError: see `catalogue`.
        KeyError: the section has no such key, or a value for a placeholder is missing.
    """
    return catalogue(section, language)[key].format(**values)
