"""Catalogues of texts: both languages have the same sections, keys and placeholders."""

from string import Formatter

import pytest

from stylefuse.messages import LANGUAGES, catalogue, sections, text

FIRST = LANGUAGES[0]


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def test_every_language_has_the_same_sections():
    assert all(sections(language) == sections(FIRST) for language in LANGUAGES)
    assert {"ask", "report"} <= set(sections(FIRST))


@pytest.mark.parametrize("section", sections(FIRST))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_section_has_the_same_keys_and_placeholders_in_every_language(section, language):
    texts, other = catalogue(section, language), catalogue(section, FIRST)
    assert texts.keys() == other.keys()
    assert {key: placeholders(texts[key]) for key in texts} == {
        key: placeholders(other[key]) for key in other
    }
    assert all(placeholder for each in texts.values() for placeholder in placeholders(each))
    assert all(each.strip() for each in texts.values())


def test_unknown_languages_and_sections_are_refused_with_what_there_is():
    with pytest.raises(ValueError, match="'fr' is unknown; use one of en, zh"):
        catalogue("ask", "fr")
    with pytest.raises(ValueError, match="no texts called 'poems'; there are ask"):
        text("poems", "first", "en")
