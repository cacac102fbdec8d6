"""Lexicons: what phrases mean, read from JSON files, a file a task; and names of styles in both languages."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse.words.normalise import is_chinese, normalise
from stylefuse.words.numbers import NUMBER_WORDS

FOLDER = Path(__file__).parent
SHARED = ("general", "fillers", "out_of_scope")  # files that are no task's
STYLE, MOVEMENT, NAME, VALUE, DO = "style", "movement", "name", "value", "do"
# Roles of phrases that are recognised by their sound.
_FUNCTION = frozenset(
    "一二三四五六七八九十两百的是不了在有我你他这那要也都就"
)  # hardly ever typed for another character
CONTENT = (STYLE, MOVEMENT, NAME, VALUE, DO, "undo", "swap", "pictures", "style_word", "clear", "damage")


class Meaning(NamedTuple):
    """What a phrase may mean.

    role: "neg", "more", "do", "name", "value", "style" and so on. task, param: whose word it is, if a task's.
    value: of the parameter, or the style's name.
    """

    role: str
    task: str = ""
    param: str = ""
    value: Any = None


class Lexicon:
    """All phrases that are known where a model with these styles is served.

    Args:
        styles: names of the served styles; each is a phrase for itself.
    """

    def __init__(self, styles: Sequence[str]):
        self.phrases: dict[str, list[Meaning]] = defaultdict(list)
        for name in SHARED:
            for role, phrases in _read(f"lexicons/{name}").items():
                self._add(phrases, Meaning(role))
        for task, words in task_words().items():
            self._add_task(task, words)
        for name, about in known_styles().items():
            self._add(about["names"], Meaning(STYLE, value=name))
        for name, about in movements().items():
            self._add(about["names"], Meaning(MOVEMENT, value=name))
        for name in styles:
            spelt = normalise(name)
            if not any(each.role == STYLE for each in self.phrases.get(spelt, ())):
                self._add([spelt], Meaning(STYLE, value=name))
        self.served = {m.value for name in styles for m in self.phrases[normalise(name)] if m.role == STYLE}

    @cached_property
    def longest(self) -> int:
        return max(map(len, self.phrases))

    @cached_property
    def by_sound(self) -> dict[str, str]:
        """Chinese phrases of two characters or more by how they sound; of several that sound alike none."""
        heard: dict[str, list[str]] = defaultdict(list)
        for phrase in self.phrases:
            if len(phrase) > 1 and is_chinese(phrase[0]) and is_chinese(phrase[-1]):
                heard[sound(phrase)].append(phrase)
        return {key: phrases[0] for key, phrases in heard.items() if self._mean_one(phrases)}

    @cached_property
    def by_syllables(self) -> dict[str, list[str]]:
        """Chinese phrases of content, of two characters or more, by their syllables without tones."""
        heard: dict[str, list[str]] = defaultdict(list)
        for phrase, meanings in self.phrases.items():
            compared = phrase[0] in "再更太" and any(each.role in ("up", "down") for each in meanings)
            content = compared or any(each.role in CONTENT for each in meanings)
            if content and len(phrase) > 1 and "的" not in phrase and all(map(is_chinese, phrase)):
                heard[syllables(phrase)].append(phrase)
        return heard

    def heard_as(self, text: str) -> str | None:
        """The phrase that Chinese text stands for if it was typed by its sound, as most Chinese is.

        One character at least is the phrase's own, except of a served style's name. None if there is no phrase, or
        several that mean different things.
        """
        if phrase := self.by_sound.get(sound(text)):
            return phrase
        phrases = [each for each in self.by_syllables.get(syllables(text), ()) if self._may_be(each, text)]
        return phrases[0] if phrases and self._mean_one(phrases) else None

    def _may_be(self, phrase: str, text: str) -> bool:
        if any(a != b and a in _FUNCTION for a, b in zip(text, phrase, strict=True)):
            return False
        served = any(each.role == STYLE and each.value in self.served for each in self.phrases[phrase])
        return served or any(a == b for a, b in zip(phrase, text, strict=True))

    def _mean_one(self, phrases: list[str]) -> bool:
        """Whether all phrases mean the same: 梵高 and 凡高."""
        return all(self.phrases[phrase] == self.phrases[phrases[0]] for phrase in phrases)

    @cached_property
    def words(self) -> set[str]:
        """Every English word of the phrases and of numbers."""
        return set(NUMBER_WORDS) | {
            word for phrase in self.phrases for word in phrase.split() if word.isascii()
        }

    @cached_property
    def words_by_letter(self) -> dict[str, list[str]]:
        """The words of four letters or more by their first letter, in alphabetical order."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            if len(word) > 3:
                found[word[0]].append(word)
        return found

    def _add(self, phrases: Sequence[str], meaning: Meaning) -> None:
        for phrase in phrases:
            known = self.phrases[normalise(phrase)]
            if meaning not in known:
                known.append(meaning)

    def _add_task(self, task: str, words: dict[str, Any]) -> None:
        for role in (DO, "weak", "mix_or_do", "damage", "mend", "hue"):
            self._add(words.get(role, ()), Meaning(role, task))
        for param, about in words["params"].items():
            self._add(about["names"], Meaning(NAME, task, param))
            for role in ("up", "down", "adj_up", "adj_down"):
                self._add(about.get(role, ()), Meaning(role, task, param))
            for value, phrases in about["values"].items():
                self._add(phrases, Meaning(VALUE, task, param, read_value(value)))


def sound(text: str) -> str:
    """Text with characters that are often typed for one that sounds alike replaced by that one."""
    return text.translate(_homophones())


def syllables(text: str) -> str:
    """How Chinese text is spoken, without tones; characters that are not common stand for themselves."""
    known = _syllables()
    return " ".join(known.get(character, character) for character in text)


@cache
def _syllables() -> dict[str, str]:
    """Of each common character its first reading in pinyin, from pypinyin (MIT)."""
    return {
        character: syllable for syllable, characters in _read("sounds").items() for character in characters
    }


@cache
def _homophones() -> dict[int, str]:
    return str.maketrans(_read("homophones"))


def read_value(text: str) -> Any:
    """A key of JSON as the value it stands for: numbers and truth values as such, anything else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@cache
def _read(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@cache
def task_words() -> dict[str, dict[str, Any]]:
    """The lexicons of tasks by the task's name: every file of `lexicons/` that is not shared."""
    names = sorted(path.stem for path in (FOLDER / "lexicons").glob("*.json"))
    return {name: _read(f"lexicons/{name}") for name in names if name not in SHARED}


def known_styles() -> dict[str, dict[str, Any]]:
    """Painters, schools and techniques with their names in both languages, whether or not a model has them."""
    return _read("styles")


def movements() -> dict[str, dict[str, Any]]:
    """Movements and media, which may fit several styles."""
    return _read("movements")


@cache
def lexicon(styles: tuple[str, ...]) -> Lexicon:
    """The lexicon for a model with these styles, made once."""
    return Lexicon(styles)
