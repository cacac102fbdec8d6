"""Judge whether a sentence is about pictures that StyleFuse can make. It only judges: it never fills a slot.

Character n-grams weighted by TF-IDF, and a logistic regression, fitted on the packaged examples at the first question
(half a second, the same coefficients every time).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from stylefuse.words.normalise import normalise

EXAMPLES = Path(__file__).parent / "examples.json"


def examples() -> tuple[list[str], list[bool]]:
    """Sentences, and whether each is in scope. `{style}` and the like stand for each of their values in turn."""
    told = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    sentences, labels = [], []
    for label, kind in ((True, "in"), (False, "out")):
        for number, sentence in enumerate(told[kind]):
            filled = sentence
            for slot, values in told["slots"].items():
                filled = filled.replace(f"{{{slot}}}", values[number % len(values)])
            sentences.append(normalise(filled))
            labels.append(label)
    return sentences, labels


@cache
def _judge() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    judge = make_pipeline(vectors, LogisticRegression(C=20, class_weight="balanced", max_iter=1000))
    return judge.fit(*examples())


def in_scope(text: str) -> float:
    """The probability that a sentence is in scope."""
    return float(_judge().predict_proba([normalise(text)])[0, 1])
