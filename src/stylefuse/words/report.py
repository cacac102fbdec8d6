"""Write the report of a result in sentences, from its facts alone: a fact that is absent gives no sentence."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from stylefuse.messages import text
from stylefuse.tasks.warned import FACTS, WARNINGS
from stylefuse.tasks.warned import facts as facts_of_warnings
from stylefuse.words.sentences import style_name, task_name

SECTION = "report"
LABELS = ("visible", "metadata", "inherited", "none")


class Sentence(NamedTuple):
    """A sentence and the facts that it is made of, as dotted keys of the report: "registration.verdict"."""

    text: str
    facts: tuple[str, ...]


class _Rule(NamedTuple):
    """facts: that must be there. says: from their values and the language, the message's key and values, or None."""

    facts: tuple[str, ...]
    says: Callable[..., tuple[str, dict[str, Any]] | None]


def report_text(report: Mapping[str, Any], language: str) -> str:
    """All sentences about a result as one text."""
    gap = " " if language == "en" else ""
    return gap.join(sentence.text for sentence in report_sentences(report, language))


def report_sentences(report: Mapping[str, Any], language: str) -> list[Sentence]:
    """Every sentence that the facts of a report allow, in a fixed order."""
    if WARNINGS in report:
        report = {**report, FACTS: facts_of_warnings(report)}
    return list(_sentences(report, language))


def _sentences(report: Mapping[str, Any], language: str) -> Iterator[Sentence]:
    for facts, says in RULES:
        values = [_fact(report, name) for name in facts]
        if any(value is None for value in values):
            continue
        if found := says(language, *values):
            key, filled = found
            yield Sentence(text(SECTION, key, language, **filled), facts)


def _fact(report: Mapping[str, Any], name: str) -> Any:
    value: Any = report
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _task(language: str, task: str) -> tuple[str, dict[str, Any]]:
    joined = text(SECTION, "then", language).join(task_name(each, language) for each in task.split("+"))
    return "task", {"task": joined}


def _style(language: str, style: str, strength: float) -> tuple[str, dict[str, Any]]:
    key = "style" if strength > 0 else "style.none"
    return key, {"style": style_name(style, language), "strength": f"{strength:.0%}"}


def _unless(key: str, nothing: float) -> Callable[..., tuple[str, dict[str, Any]] | None]:
    """A number's sentence, where the number is not the one that changes nothing."""
    return lambda language, value: None if value == nothing else (key, {"value": f"{value:g}"})


def _of(key: str) -> Callable[..., tuple[str, dict[str, Any]] | None]:
    """A sentence for each name that a fact may be, where the catalogue has one."""
    return lambda language, value: (f"{key}.{str(value).lower()}", {})


def _colours(language: str, kept: str, strength: float) -> tuple[str, dict[str, Any]] | None:
    return (f"preserve_color.{kept}", {}) if strength > 0 else None


def _mode(language: str, mode: str, automatic: bool) -> tuple[str, dict[str, Any]]:
    return ("mode.found" if automatic else "mode.given"), {"mode": text(SECTION, f"mode.{mode}", language)}


def _shares(language: str, shares: list[float]) -> tuple[str, dict[str, Any]]:
    one = [text(SECTION, "share", language, number=i, share=f"{s:.0%}") for i, s in enumerate(shares, 1)]
    return "pixels_from", {"shares": text(SECTION, "comma", language).join(one)}


def _shift(language: str, pictures: list[Mapping[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    known = [each for each in pictures if each["dx"] is not None and each["dy"] is not None]
    largest = max(((each["dx"] ** 2 + each["dy"] ** 2) ** 0.5 for each in known), default=0.0)
    return ("shift", {"pixels": f"{largest:.1f}"}) if len(known) > 1 else None


def _cropped(key: str) -> Callable[..., tuple[str, dict[str, Any]]]:
    def sentence(language: str, crop: list[int], _: Any) -> tuple[str, dict[str, Any]]:
        left, top, right, bottom = crop
        return key, {"width": right - left, "height": bottom - top}

    return sentence


def _joined(language: str, used: list[int], surface: str) -> tuple[str, dict[str, Any]]:
    return "joined", {"count": len(used), "surface": text(SECTION, f"surface.{surface}", language)}


def _field(language: str, field: list[float]) -> tuple[str, dict[str, Any]]:
    across, down = field
    return "field", {"across": f"{across:.0f}", "down": f"{down:.0f}"}


def _removed(key: str) -> Callable[..., tuple[str, dict[str, Any]]]:
    """What was removed of a damage, or where it was left alone, what was estimated."""

    def sentence(language: str, estimated: float, damage: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        used = damage.get("used")
        if used is None:
            return f"{key}.estimated", {"estimated": f"{estimated:g}"}
        return f"{key}.used", {"estimated": f"{estimated:g}", "used": f"{used:g}"}

    return sentence


def _altered(language: str, share: float) -> tuple[str, dict[str, Any]]:
    return ("altered", {"share": f"{share:.1%}"}) if share else ("altered.none", {})


def _filled(key: str) -> Callable[..., tuple[str, dict[str, Any]] | None]:
    return lambda language, share: (key, {"share": f"{share:.1%}"}) if share else None


def _label(language: str, label: str) -> tuple[str, dict[str, Any]] | None:
    return (f"label.{label}", {}) if label in LABELS else None


def _warnings(language: str, warnings: list[Mapping[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    lines = [_warning(language, **fact) for fact in warnings]
    gap = " " if language == "en" else ""
    return ("warnings", {"warnings": gap.join(lines)}) if lines else None


def _warning(language: str, code: str, **values: Any) -> str:
    if "mode" in values:
        values["mode"] = text(SECTION, f"mode.{values['mode']}", language)
    return text(SECTION, f"warning.{code}", language, **values)


RULES = (
    _Rule(("task",), _task),
    _Rule(("style", "strength"), _style),
    _Rule(("stroke_size",), _unless("stroke_size", 1)),
    _Rule(("preserve_color", "strength"), _colours),
    _Rule(("contrast",), _unless("contrast", 1)),
    _Rule(("sharpen",), _unless("sharpen", 0)),
    _Rule(("mode", "mode_automatic"), _mode),
    _Rule(("pixels_from",), _shares),
    _Rule(("registration.verdict",), _of("registration")),
    _Rule(("registration.pictures",), _shift),
    _Rule(("crop", "registration.verdict"), _cropped("crop")),
    _Rule(("used", "projection"), _joined),
    _Rule(("field",), _field),
    _Rule(("crop", "canvas"), _cropped("crop.corners")),
    _Rule(("scale",), lambda language, scale: ("scale", {"scale": scale})),
    _Rule(("denoise",), _unless("denoise", 0)),
    _Rule(("detail",), _unless("detail", 0)),
    _Rule(("noise.estimated", "noise"), _removed("noise")),
    _Rule(("quality.estimated", "quality"), _removed("quality")),
    _Rule(("given",), _filled("given")),
    _Rule(("found",), _filled("found")),
    _Rule(("altered",), _altered),
    _Rule(
        ("measured.colour_difference",),
        lambda language, value: ("colour_difference", {"value": f"{value:.1f}"}),
    ),
    _Rule(
        ("measured.contrast_ratio",), lambda language, value: ("contrast_ratio", {"value": f"{value:.0%}"})
    ),
    _Rule(("not_for_diagnosis",), lambda language, holds: ("not_for_diagnosis", {}) if holds else None),
    _Rule(("label",), _label),
    _Rule((FACTS,), _warnings),
)
