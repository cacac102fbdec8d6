"""Requests in words against requests of another author, who did not know the lexicon."""

import hashlib
import re
import unicodedata

import pytest

from benchmarks.words.scores import HELD_OUT, HELD_OUT_AGAIN, score_all
from stylefuse.words.answer import QUESTION
from stylefuse.words.judge import examples
from stylefuse.words.lexicon import MOVEMENT, STYLE, lexicon
from stylefuse.words.scan import scan

SHA256 = {
    HELD_OUT: "d05e01f28e70fcc313fdcfcb975a55b3c9ca47ec792c9cac7278d1094d0abae7",
    HELD_OUT_AGAIN: "8d481812d610cae1a82f500c7aec65b3647c04839903a464db232f92f7ef7ca9",
}


@pytest.fixture(scope="module")
def scored():
    return score_all()


@pytest.mark.parametrize("path", SHA256, ids=lambda path: path.stem)
def test_the_held_out_requests_are_those_of_their_author(path):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[path]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["in", "perturbed"])
def test_nine_of_ten_requests_are_understood_in_every_slot(scored, language, kind):
    right = [s.right for s in scored if (s.request["language"], s.request["kind"]) == (language, kind)]
    assert len(right) >= 45 and sum(right) >= 0.9 * len(right)


def test_at_most_two_of_a_hundred_requests_out_of_scope_are_accepted(scored):
    accepted = [s.accepted for s in scored if s.request["kind"] == "out"]
    assert len(accepted) >= 100 and sum(accepted) <= 0.02 * len(accepted)


def test_few_requests_in_scope_are_asked_about(scored):
    asked = [
        s.answer.kind == QUESTION
        for s in scored
        if s.request["kind"] == "in" and "ask" not in s.request["expect"]
    ]
    assert sum(asked) <= 0.1 * len(asked)


def test_an_unknown_style_is_never_replaced(scored):
    refused = [s for s in scored if s.request["expect"].get("refuse") == "style"]
    assert refused and all(s.answer.wish is None for s in refused)


def skeleton(text: str) -> str:
    """A sentence without its slot values: styles, movements, numbers; without punctuation."""
    known = lexicon(("monet", "vangogh", "ukiyoe", "ink"))
    kept = [
        "#" if token.number or token.means(STYLE) or token.means(MOVEMENT) else token.text
        for token in scan(unicodedata.normalize("NFKC", text), known)
        if not token.is_break
    ]
    return re.sub(r"\s+", " ", " ".join(kept)).strip()


def test_no_held_out_sentence_is_a_training_example_with_other_values(scored):
    learned = {skeleton(sentence) for sentence in examples()[0]}
    held_out = {skeleton(s.request["text"]) for s in scored}
    assert {each for each in learned & held_out if set(each) - set("# ")} == set()
