"""Add to a report what is measured on the result, and the report in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from stylefuse.images.differences import measured_differences
from stylefuse.images.encoding import Picture
from stylefuse.serving.chain import to_rgb8
from stylefuse.words.report import report_sentences

MEASURED, WORDS = "measured", "words"


def in_words(
    report: Mapping[str, Any], pictures: Sequence[Picture], result: Picture, languages: Sequence[str]
) -> dict[str, Any]:
    """The report with `words`, its sentences by language, and of a result of one photo with `measured`.

    Args:
        pictures: that the result was made of. Of several no photo is the one to compare with.
        languages: "en", "zh" or both.
    """
    report = dict(report)
    if len(pictures) == 1:
        report[MEASURED] = measured_differences(to_rgb8(pictures[0]), to_rgb8(result))
    words = {each: [sentence.text for sentence in report_sentences(report, each)] for each in languages}
    return report | {WORDS: words}
