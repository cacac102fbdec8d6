"""The packed sections of README and docs are those of the pages."""

from project import ROOT
from stylefuse.words.knowledge import PACKED, pack


def test_the_packed_pages_are_up_to_date():
    assert PACKED.read_text(encoding="utf-8") == pack(ROOT), "run python -m stylefuse.words.knowledge"
