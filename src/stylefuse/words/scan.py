"""Cut a sentence into phrases of the lexicon and numbers, the longest match first; correct misspelt English words."""

import json
import re
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from stylefuse.words.lexicon import MOVEMENT, STYLE, Lexicon, Meaning
from stylefuse.words.normalise import CJK, normalise
from stylefuse.words.numbers import Number, number_at

_WORD = re.compile(r"[a-z]+")
_BREAK = re.compile(r"[,;.!?:，。；！？：、\n()（）“”\"…~—–|/]")
_PARTICLES = ("up", "down", "out", "off", "back", "away", "together")
_ALIKE = 0.8  # of difflib, from 0 to 1
# Words that look or sound like a misspelt one of the lexicon.
_OTHER = frozenset(json.loads((Path(__file__).parent / "lookalikes.json").read_text(encoding="utf-8")))


# Short words are not compared with others, but some are often mistyped.
_SHORT = {
    "teh": "the",
    "hte": "the",
    "adn": "and",
    "nad": "and",
    "nott": "not",
    "nto": "not",
    "wiht": "with",
    "waht": "what",
    "haf": "half",
    "whit": "with",
    "gimme": "give me",
    "lemme": "let me",
    "wanna": "want to",
}


class Token(NamedTuple):
    """A phrase of the sentence, with its meanings or the number; neither where it is unknown. kind: also "break"."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    number: Number | None = None
    is_break: bool = False

    def means(self, role: str) -> bool:
        return any(each.role == role for each in self.meanings)

    def all(self, role: str) -> list[Meaning]:
        return [each for each in self.meanings if each.role == role]

    @property
    def is_style(self) -> bool:
        return self.means(STYLE) or self.means(MOVEMENT)


def text_of(tokens: list[Token]) -> str:
    """The tokens as one text, a space between two."""
    return " ".join(token.text for token in tokens)


def scan(text: str, lexicon: Lexicon) -> list[Token]:
    """The tokens of a sentence, in order; unknown ones are single words or runs of characters."""
    text = _join_verbs(correct(normalise(text), lexicon), lexicon)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if text[position] == " ":
            position += 1
            continue
        phrase = _longest(text, position, lexicon)
        number = number_at(text, position) if _begins(text, position) else None
        if number and number[0] >= position + len(phrase):
            tokens.append(Token(text[position : number[0]], number=number[1]))
            position = number[0]
        elif (heard := _heard(text, position, lexicon)) and heard[1] > position + len(phrase):
            tokens.append(Token(heard[0], tuple(lexicon.phrases[heard[0]])))
            position = heard[1]
        elif phrase:
            tokens.append(Token(phrase, tuple(lexicon.phrases[phrase])))
            position += len(phrase)
        else:
            position = _unknown(text, position, tokens)
    return tokens


def _join_verbs(text: str, lexicon: Lexicon) -> str:
    """The text with the parts of separable verbs put together: "line the two frames up" → "line up the two frames"."""
    words = text.split(" ")
    for place, word in enumerate(words):
        particle = word.rstrip(",.;!?")
        if particle not in _PARTICLES or " ".join([*words[place - 1 : place], particle]) in lexicon.phrases:
            continue
        for start in range(place - 2, max(-1, place - 6), -1):
            if not words[start].isalnum():
                break
            if f"{words[start]} {particle}" in lexicon.phrases:
                words[start] += f" {particle}"
                words[place] = word[len(particle) :]
                break
    return re.sub(" +", " ", " ".join(words)).replace(" ,", ",")


def _unknown(text: str, position: int, tokens: list[Token]) -> int:
    if word := _WORD.match(text, position):
        tokens.append(Token(word[0]))
        return word.end()
    character = text[position]
    if _BREAK.match(character):
        tokens.append(Token(character, is_break=True))
    elif re.match(rf"[{CJK}]", character):
        last = tokens[-1] if tokens else None
        if last and not last.meanings and not last.number and re.match(rf"[{CJK}]", last.text):
            tokens[-1] = Token(last.text + character)
        else:
            tokens.append(Token(character))
    return position + 1  # emoji and other signs say nothing


def _begins(text: str, position: int) -> bool:
    """Whether a word may begin here: not in the midst of an English one."""
    return position == 0 or not (
        text[position].isascii()
        and text[position].isalnum()
        and text[position - 1].isascii()
        and text[position - 1].isalnum()
    )


def _heard(text: str, position: int, lexicon: Lexicon) -> tuple[str, int] | None:
    """A Chinese phrase of two characters or more that sounds like what is written here, and where it ends."""
    for end in range(min(len(text), position + 6), position + 1, -1):
        if text[position:end] not in _OTHER and (phrase := lexicon.heard_as(text[position:end])):
            return phrase, end
    return None


def _longest(text: str, position: int, lexicon: Lexicon) -> str:
    if not _begins(text, position):
        return ""
    for end in range(min(len(text), position + lexicon.longest), position, -1):
        phrase = text[position:end]
        if phrase in lexicon.phrases and not (
            phrase[-1].isascii()
            and phrase[-1].isalnum()
            and end < len(text)
            and text[end].isascii()
            and text[end].isalnum()
        ):
            return phrase
    return ""


def correct(text: str, lexicon: Lexicon) -> str:
    """The text with misspelt English words of four letters or more replaced by words of the lexicon."""
    return _WORD.sub(lambda found: _corrected(found[0], lexicon), text)


@lru_cache(maxsize=4096)
def _corrected(word: str, lexicon: Lexicon) -> str:
    if word in _SHORT:
        return _SHORT[word]
    if len(word) < 4 or word in lexicon.words or word in _OTHER or number_at(word, 0):
        return word
    if len(word) > 7 and (parts := _cut(word, lexicon)):
        return " ".join(parts)
    best, best_ratio = word, 0.0
    for known in lexicon.words_by_letter.get(word[0], ()):
        if abs(len(known) - len(word)) > 1 + (len(word) > 7):
            continue
        if len(word) == len(known) < 5 and sorted(word) != sorted(known):
            continue  # "wife" is no misspelt "wide"
        if _edits(word, known) > 1 + (len(word) > 7):
            continue
        ratio = SequenceMatcher(None, word, known).ratio()
        if ratio >= _ALIKE - 0.06 and ratio > best_ratio:
            best, best_ratio = known, ratio
    return best


def _cut(word: str, lexicon: Lexicon) -> list[str] | None:
    """A run of letters as the fewest words of the lexicon that it consists of, or None: "makeitlooklikemonet"."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        fitting = [
            [*before, word[start:end]]
            for start in range(max(0, end - 14), end)
            if (before := best[start]) is not None
            and word[start:end] in lexicon.words
            and (end - start > 1 or word[start] == "a")
        ]
        best.append(min(fitting, key=len) if fitting else None)
    return best[-1]


def _edits(a: str, b: str) -> int:
    """Edits between two words; swapped neighbours count once (Damerau)."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
