"""Styles by weight, and all that a look is read from."""

from types import SimpleNamespace

import pytest

from stylefuse.tasks.chains import merged_defaults
from stylefuse.tasks.stylize import TASK
from stylefuse.tasks.stylize.mixture import as_text, read_mixture
from stylefuse.tasks.stylize.params import StylizeParams
from stylefuse.tasks.stylize.predictor import StylizePredictor
from stylefuse.tasks.validation import RequestError

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


COMPOSED, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"


@pytest.mark.parametrize("own", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_a_style_is_found_however_its_accents_are_typed(own, typed):
    """A Mac's folders have decomposed names, keyboards type composed ones."""
    styles = ("ink", own)
    assert read_mixture(typed, styles) == {own: 1}
    assert read_mixture(f"ink:1,{typed}:3", styles) == {"ink": 0.25, own: 0.75}
    report = StylizePredictor(networks("photo", *styles)).report(StylizeParams(style=typed))
    assert report["style"] == own and list(report["styles"]) == [own]
    with pytest.raises(RequestError, match="more than once"):
        read_mixture(f"{COMPOSED}:1,{DECOMPOSED}:1", styles)


def test_two_styles_that_look_the_same_are_told_apart_by_their_own_spelling():
    styles = (COMPOSED, DECOMPOSED)
    for name in styles:
        assert read_mixture(name, styles) == {name: 1}
    assert read_mixture(f"{DECOMPOSED}:1,{COMPOSED}:3", styles) == {COMPOSED: 0.75, DECOMPOSED: 0.25}


@pytest.mark.parametrize(("value", "name"), [(1905, "1905"), (-7, "-7"), (True, "true"), (False, "false")])
def test_a_style_called_like_a_number_may_be_sent_as_one(value, name):
    assert read_mixture(value, ("ink", name)) == {name: 1}
    assert read_mixture(name, ("ink", name)) == {name: 1}
    with pytest.raises(RequestError, match=f"'{name}' is not a style"):
        read_mixture(value, STYLES)


@pytest.mark.parametrize("value", [1905.0, None, ["1905"], 10**4000, b"1905"])
def test_other_values_are_no_names(value):
    with pytest.raises(RequestError, match="is not a style of this model"):
        read_mixture(value, ("1905", "None"))


def test_names_in_errors_cannot_steer_a_terminal():
    styles = ("in\x1b[2Jk", "mo\nnet", "van\u202egogh", "caf\udce9", "Café")
    for text in ("manet", "in\x1b[2Jk:0"):
        with pytest.raises(RequestError) as error:
            read_mixture(text, styles)
        assert str(error.value).isprintable()
    assert "in\\x1b[2Jk" in str(error.value)
    with pytest.raises(RequestError, match="Café"):
        read_mixture("manet", styles)


def test_names_in_errors_can_be_typed_back():
    styles = ("浮世\u3000絵", "l\u2019\u00a0encre", "👩🏽\u200d🎨", "a\\b")
    with pytest.raises(RequestError) as error:
        read_mixture("manet", styles)
    assert all(name in str(error.value) for name in styles)
    for name in styles:
        with pytest.raises(RequestError) as error:
            read_mixture(f"{name}:0", styles)
        assert f"'{name}'" in str(error.value)
        with pytest.raises(RequestError) as error:
            read_mixture(f"{name}!", styles)
        assert f"'{name}!'" in str(error.value)


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


def networks(*styles):
    return SimpleNamespace(
        styles=styles, generator=None, weights={}, has=lambda name: False, device="cpu", lock=None
    )


def test_defaults_are_the_first_style_and_nothing_else():
    predictor = StylizePredictor(networks("photo", *STYLES))
    defaults = merged_defaults([TASK], {"styles": STYLES})
    assert predictor.weights_of(StylizeParams()) == {"ink": 1.0}
    assert predictor.report(StylizeParams()) == predictor.report(StylizeParams.read(defaults))
    assert tuple(defaults) == ("style", "strength", "stroke_size", "preserve_color", "contrast", "sharpen")
