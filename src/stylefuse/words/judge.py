"""Judge whether a sentence is about pictures that StyleFuse can make. It only judges: it never fills a slot.

Character n-grams weighted by TF-IDF, and a logistic regression, fitted on the packaged examples at the first question
(half a second, the same coefficients every time).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from stylefuse.words.lexicon import known_styles, movements
from stylefuse.words.normalise import normalise

EXAMPLES = Path(__file__).parent / "examples.json"


def examples() -> tuple[list[str], list[bool]]:
    """Sentences, and whether each is in scope. `{style}` and the like stand for each of their values in turn."""
    given = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    sentences, labels = [], []
    for label, kind in ((True, "in"), (False, "out")):
        for number, sentence in enumerate(given[kind]):
            filled = sentence
            for slot, values in given["slots"].items():
                filled = filled.replace(f"{{{slot}}}", values[number % len(values)])
            sentences.append(normalise(filled))
            labels.append(label)
    return sentences, labels


@cache
def _names() -> re.Pattern[str]:
    names = [
        normalise(name)
        for each in (known_styles(), movements())
        for a in each.values()
        for name in a["names"]
    ]
    ordered = sorted((re.escape(name) for name in names if len(name) > 1), key=len, reverse=True)
    return re.compile(rf"(?<![a-z])(?:{'|'.join(ordered)})(?![a-z])")


def _without_names(text: str) -> str:
    """The text with one sign for every name of a style: whose style it is says nothing of the scope."""
    return _names().sub("☆", text)


@cache
def _judge() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    judge = make_pipeline(vectors, LogisticRegression(C=20, class_weight="balanced", max_iter=1000))
    sentences, labels = examples()
    return judge.fit([_without_names(sentence) for sentence in sentences], labels)


def in_scope(text: str) -> float:
    """The probability that a sentence is in scope."""
    return float(_judge().predict_proba([_without_names(normalise(text))])[0, 1])
