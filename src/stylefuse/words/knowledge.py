"""Answer "how do I …" from sections of README and docs, with the source.

`python -m stylefuse.words.knowledge` packs them into `knowledge.json`; a test says when it is older than the pages.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse.words.lexicon import NAME, lexicon
from stylefuse.words.normalise import is_chinese, normalise
from stylefuse.words.scan import scan

PACKED = Path(__file__).parent / "knowledge.json"
ALIKE = 0.12  # cosine similarity below which no section answers the question
MOST_CHARACTERS = 700
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
# Chinese words of questions, in the words of the pages.
_CHINESE = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))


class Section(NamedTuple):
    """source: file and heading. text: its first paragraphs."""

    source: str
    text: str


def pages(root: Path) -> list[Path]:
    return [root / "README.md", *sorted((root / "docs" / "tasks").glob("*.md")), root / "docs" / "serving.md"]


def sections_of(root: Path) -> list[Section]:
    """The sections of the pages, cut at headings; code and tables stay."""
    found = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        marks = list(_HEADING.finditer(text))
        for mark, end in zip(marks, [*(each.start() for each in marks[1:]), len(text)], strict=True):
            body = (
                re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)", "", text[mark.end() : end])
                .replace("[", "")
                .strip()
            )
            if len(body) > 40:
                found.append(Section(f"{page.relative_to(root).as_posix()}, “{mark[2]}”", body))
    return found


def pack(root: Path) -> str:
    return json.dumps([each._asdict() for each in sections_of(root)], ensure_ascii=False, indent=1) + "\n"


@cache
def _index() -> tuple[list[Section], Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    sections = [Section(**each) for each in json.loads(PACKED.read_text(encoding="utf-8"))]
    vectors = TfidfVectorizer(
        sublinear_tf=True, stop_words="english", ngram_range=(1, 2), token_pattern=r"[a-z_]{2,}"
    )
    matrix = vectors.fit_transform([_plain(f"{each.source} {each.source} {each.text}") for each in sections])
    return sections, vectors, matrix


def _plain(text: str) -> str:
    """Lower case, with plural and -ing cut off, so that "fusing photos" meets "fuse a photo"."""
    words = re.findall(r"[a-z_]+", text.lower())
    return " ".join(re.sub(r"(?<=[a-z]{3})(?:ing|es|e|s|ed)$", "", word) for word in words)


def look_up(
    question: str, tasks: Sequence[str] = (), params: Sequence[str] = (), alike: float = ALIKE
) -> Section | None:
    """The section that answers a question best; None where none is as much about it as `alike` demands."""
    words = normalise(question)
    if is_chinese(words):
        words += " " + " ".join(english for chinese, english in _CHINESE.items() if chinese in words)
    for token in scan(question, lexicon(())):
        names = [each for each in token.meanings if each.role in (NAME, "do")]
        words += "".join(f" {each.param or each.task}" for each in names)
    sections, vectors, matrix = _index()
    scores = (matrix @ vectors.transform([_plain(f"{words} {' '.join([*tasks, *params])}")]).T).toarray()[
        :, 0
    ]
    best = int(scores.argmax())
    if scores[best] < alike:
        return None
    return Section(sections[best].source, _shortened(sections[best].text))


def knows(words: Sequence[str]) -> bool:
    """Whether the pages have each of these words."""
    vocabulary = _index()[1].vocabulary_
    return all(
        any(chinese in word for chinese in _CHINESE)
        if is_chinese(word)
        else _plain(word) in vocabulary or len(word) < 3
        for word in words
    )


def _shortened(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    cut = text.rfind("\n", 0, MOST_CHARACTERS)
    return text[: cut if cut > 100 else MOST_CHARACTERS].rstrip() + " …"


if __name__ == "__main__":
    PACKED.write_text(pack(Path(__file__).parents[3]), encoding="utf-8")
