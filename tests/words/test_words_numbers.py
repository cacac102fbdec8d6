"""Numbers as people write them."""

import pytest

from stylefuse.words.normalise import normalise
from stylefuse.words.numbers import number_at


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("0.7", 0.7, "plain"),
        ("７０％", 0.7, "share"),
        ("70 percent", 0.7, "share"),
        ("seventy five percent", 0.75, "share"),
        ("half", 0.5, "share"),
        ("two thirds", 2 / 3, "share"),
        ("3/4", 0.75, "share"),
        ("6 out of 10", 0.6, "share"),
        ("point seven", 0.7, "plain"),
        ("七成", 0.7, "share"),
        ("三成五", 0.35, "share"),
        ("百分之三十", 0.3, "share"),
        ("三分之一", 1 / 3, "share"),
        ("一半", 0.5, "share"),
        ("零点七", 0.7, "plain"),
        ("八折", 0.8, "share"),
        ("两倍", 2, "multiple"),
        ("4x", 4, "multiple"),
        ("七分", 7, "parts"),
        ("三比一", 3, "ratio"),
        ("二八开", 2, "ratio"),
        ("十二", 12, "plain"),
    ],
)
def test_a_number(text, value, kind):
    text = normalise(text)
    end, number = number_at(text, 0)
    assert (end, number.kind) == (len(text), kind)
    assert number.value == pytest.approx(value)
