"""Reports in words: every sentence comes from facts of the report, and goes when a fact goes."""

import copy
import re

import numpy as np
import pytest
from PIL import Image

from project import SOURCE
from stylefuse.images.differences import measured_differences
from stylefuse.messages import LANGUAGES, catalogue
from stylefuse.tasks.warned import OTHER, Warned, joined, report_part
from stylefuse.words.report import RULES, report_sentences, report_text

REPORT = {
    "task": "restore+upscale+stylize",
    "style": "monet:0.7,ink:0.3",
    "strength": 0.8,
    "stroke_size": 2.0,
    "preserve_color": "luma",
    "contrast": 1.3,
    "sharpen": 0.5,
    "mode": "focus",
    "mode_automatic": True,
    "pixels_from": [0.6, 0.4],
    "registration": {
        "verdict": "shifted",
        "pictures": [{"dx": 0.0, "dy": 0.0}, {"dx": 3.0, "dy": 4.0}],
    },
    "crop": [0, 0, 90, 60],
    "used": [1, 2, 3],
    "projection": "cylinder",
    "field": [100.4, 40.0],
    "canvas": [100, 70],
    "scale": 2,
    "denoise": 0.3,
    "detail": 0.5,
    "noise": {"estimated": 12.0, "used": 12.0},
    "quality": {"estimated": 60, "used": 60},
    "given": 0.004,
    "found": 0.002,
    "altered": 0.01,
    "measured": {"colour_difference": 4.2, "contrast_ratio": 0.91},
    "not_for_diagnosis": True,
    "label": "metadata",
    "warning_facts": [{"code": "shifted", "picture": 2, "pixels": 5}],
}


def without(report: dict, fact: str) -> dict:
    report = copy.deepcopy(report)
    *parents, last = fact.split(".")
    place = report
    for name in parents:
        place = place[name]
    del place[last]
    return report


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_says_something_of_a_full_report(language):
    assert [sentence.facts for sentence in report_sentences(REPORT, language)] == [
        rule.facts for rule in RULES
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_goes_when_one_of_its_facts_goes(language):
    every = report_sentences(REPORT, language)
    for sentence in every:
        for fact in sentence.facts:
            left = report_sentences(without(REPORT, fact), language)
            gone = [each for each in every if fact in each.facts]
            assert [each for each in every if each not in gone] == left


def test_both_languages_say_the_same_facts():
    facts = [[each.facts for each in report_sentences(REPORT, language)] for language in LANGUAGES]
    assert facts[0] == facts[1]


def test_nothing_is_said_without_facts():
    assert report_text({}, "en") == ""


def test_sentences_show_the_values():
    text = report_text({"style": "vangogh", "strength": 0.5, "label": "none"}, "zh")
    assert text == "风格是梵高，强度 50%。结果没有 AI 标识。"


def test_what_was_estimated_is_said_once():
    for used, sentence in (
        (None, "The noise is estimated at 3 levels of 255."),
        (5.0, "Noise of 5 levels was removed"),
    ):
        (said,) = report_sentences({"noise": {"estimated": 3.0, "used": used}}, "en")
        assert said.text.startswith(sentence)


def test_where_nothing_was_altered_the_report_says_what_can_be_set():
    assert "Nothing was altered" in report_text({"altered": 0.0}, "en")
    assert "没有改动" in report_text({"altered": 0.0}, "zh")


def test_nothing_is_said_of_pixels_that_were_not_filled():
    assert report_sentences({"given": 0.0, "found": 0.0}, "en") == []


@pytest.mark.parametrize("mode", ["focus", "exposure", "occlusion", "noise", "multimodal", "blend"])
def test_every_mode_has_its_words(mode):
    assert all(f"mode.{mode}" in catalogue("report", language) for language in LANGUAGES)


def test_a_picture_does_not_differ_from_itself_and_grey_has_no_contrast_to_compare():
    ramp = Image.merge("RGB", [Image.linear_gradient("L")] * 3)
    assert measured_differences(ramp, ramp) == {"colour_difference": 0.0, "contrast_ratio": 1.0}
    grey = Image.new("RGB", (40, 30), (128, 128, 128))
    assert measured_differences(grey, grey) == {"colour_difference": 0.0}


def test_half_the_contrast_is_measured_as_half():
    levels = np.asarray(Image.linear_gradient("L"), np.float32)
    ramp, flat = (
        Image.merge("RGB", [Image.fromarray(np.rint(values).astype(np.uint8))] * 3)
        for values in (levels, 127.5 + (levels - 127.5) / 2)
    )
    assert measured_differences(ramp, flat)["contrast_ratio"] == pytest.approx(0.5, abs=0.01)


def test_every_warning_has_its_words():
    codes = set()
    for path in SOURCE.rglob("*.py"):
        codes |= set(re.findall(r'\b(?:Warned|Remark)\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    codes |= {OTHER, "shifted", "still_shifted"}
    for language in LANGUAGES:
        assert {key[8:] for key in catalogue("report", language) if key.startswith("warning.")} == codes


def test_warnings_are_said_in_the_language_of_the_report():
    report = report_part(
        [
            Warned(
                "shifted",
                "picture 2 seems shifted by 13 px: ask for align=true",
                {"picture": 2, "pixels": 13},
            ),
            Warned("mode_unsure", "set mode to one of focus, exposure", {"mode": "focus"}),
        ]
    )
    assert report_text(report, "zh") == (
        "注意：第 2 张与第 1 张相比似乎偏移了 13 像素；请选择对齐图片。"
        "不能确定这些照片是不同对焦的组图；如果结果不对，请自己选择图片组类型。"
    )
    assert "align=true" not in report_text(report, "en")


def test_warnings_without_facts_are_said_as_they_are():
    assert report_text({"warnings": ["the sky is green"]}, "en") == "Note: the sky is green."
    assert report_text({"warnings": []}, "en") == ""


def test_warnings_of_a_chain_are_all_kept():
    first, second = report_part([Warned("seam", "a seam")]), {"warnings": ["the sky is green"]}
    assert joined(first, {"style": "monet"}, second) == {
        "warnings": ["a seam", "the sky is green"],
        "warning_facts": [{"code": "seam"}, {"code": OTHER, "sentence": "the sky is green"}],
    }
    assert joined({}, {"style": "monet"}) == {}
