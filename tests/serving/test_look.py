"""Styles by weight, and all that a look is read from."""

import pytest

from stylefuse.serving.look import LOOK, Look, look_defaults, read_look
from stylefuse.serving.mixture import as_text, read_mixture
from stylefuse.serving.refusal import RequestError

STYLES = ("ink", "monet", "van gogh")


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("monet", {"monet": 1}),
        ("monet:5", {"monet": 1}),
        ("ink:0.7,monet:0.3", {"ink": 0.7, "monet": 0.3}),
        ("monet:0.3+ink:0.7", {"ink": 0.7, "monet": 0.3}),
        (" monet : 1 , van gogh : 3 ", {"monet": 0.25, "van gogh": 0.75}),
        ("ink:1e+2,monet:1E2", {"ink": 0.5, "monet": 0.5}),
        ("ink:1e308,monet:1e308", {"ink": 0.5, "monet": 0.5}),
        ("ink:.5+monet:1.", {"ink": 1 / 3, "monet": 2 / 3}),
    ],
)
def test_mixtures(text, weights):
    assert read_mixture(text, STYLES) == pytest.approx(weights)


def test_the_order_of_a_mixture_does_not_matter():
    one, other = (
        read_mixture(text, STYLES) for text in ("ink:1,monet:2,van gogh:4", "van gogh:4,ink:1,monet:2")
    )
    assert one == other and list(one) == list(other) == list(STYLES)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("a:1,b:1", {"a:1,b:1": 1}),  # an exact name always wins
        ("a:1", {"a:1": 1}),
        ("a:1:3,b:1", {"a:1": 0.75, "b": 0.25}),
        ("a:1,b:3", {"a": 0.25, "b": 0.75}),
        ("b:1,c,d+e:3", {"b": 0.25, "c,d+e": 0.75}),
        ("(.*):1,b:1", {"(.*)": 0.5, "b": 0.5}),
    ],
)
def test_folders_may_be_called_like_mixtures(text, weights):
    assert read_mixture(text, ("a", "b", "a:1", "a:1,b:1", "c,d+e", "(.*)")) == weights


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "unknown_style", "'' is not a style"),
        (":", "unknown_style", "ink, monet, van gogh"),
        ("ink monet:1", "unknown_style", "'ink monet'"),
        ("ink:1;monet:1", "invalid_value", "ink:0.7"),
        ("ink:1,,monet:1", "unknown_style", "',monet'"),
        ("ink:", "invalid_value", "'ink' is not a positive number"),
        ("ink:+1", "invalid_value", "'ink' is not a positive number"),
        ("ink:1_0", "invalid_value", "'ink' is not a positive number"),
        ("ink:0x1", "invalid_value", "'ink' is not a positive number"),
        ("ink:1e-999", "invalid_value", "'ink' is not a positive number"),
        ("ink:٣", "invalid_value", "'ink' is not a positive number"),
        ("ink:1," * 10_000, "invalid_value", "more than once"),
        ("x" * 100_000, "unknown_style", " …"),
    ],
)
def test_what_is_no_mixture_is_refused(text, code, words):
    with pytest.raises(RequestError) as error:
        read_mixture(text, STYLES)
    assert (error.value.field, error.value.code) == ("style", code)
    assert words in str(error.value) and len(str(error.value)) < 400


def test_a_model_of_one_style_offers_no_mixture():
    with pytest.raises(RequestError) as error:
        read_mixture("manet", ["ink"])
    assert error.value.remedy == "this model's styles are ink"


@pytest.mark.parametrize("text", ["monet", "ink:0.25,van gogh:0.75"])
def test_a_mixture_reads_as_it_was_written(text):
    assert as_text(read_mixture(text, STYLES)) == text


def test_defaults_are_the_first_style_and_nothing_else():
    styles = ["photo", *STYLES]
    assert read_look({}, styles) == Look({"ink": 1.0}) == read_look(look_defaults(styles), styles)
    assert tuple(look_defaults(styles)) == LOOK
