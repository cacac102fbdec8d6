"""Knobs by the names that tasks give them, of every task, and in plain words; what cannot be used is asked about."""

import pytest

from stylefuse.tasks.params import Kind
from stylefuse.tasks.task import find_tasks
from stylefuse.words.answer import QUESTION
from stylefuse.words.dialogue import Served, ask

SERVED = Served(("ink", "monet", "ukiyoe", "vangogh"), tuple(find_tasks()))
SPOKEN = {"stylize": "like Monet", "fuse": "fuse them", "panorama": "panorama"}
KNOBS = [
    (task.name, spec) for task in find_tasks().values() for spec in task.specs.values() if not spec.names_of
]


def other_value(spec):
    """A value that is allowed and not the default."""
    if spec.kind is Kind.FLAG:
        return not spec.default
    if spec.names:
        return next(each for each in spec.names if each != spec.default)
    return spec.most / 2 if spec.most / 2 != spec.default else spec.most / 4


def asked(text):
    return ask(text, SERVED)


@pytest.mark.parametrize("task, spec", KNOBS, ids=lambda each: getattr(each, "name", each))
@pytest.mark.parametrize("form", ["{name}={value}", "{name} = {value}", "{name}: {value}", "{name} {value}"])
def test_every_knob_is_set_by_its_name(task, spec, form):
    value = other_value(spec)
    written = form.format(name=spec.name, value=str(value).lower() if spec.kind is Kind.FLAG else value)
    answer = asked(f"{SPOKEN.get(task, task)}, {written}")
    assert answer.wish is not None, answer.text
    assert answer.wish.chain == task
    assert answer.wish.params[spec.name] == value


@pytest.mark.parametrize("task, spec", KNOBS, ids=lambda each: getattr(each, "name", each))
def test_a_value_that_a_knob_cannot_have_is_asked_about_by_name(task, spec):
    wrong = "1000" if spec.most is not None else "purple"
    answer = asked(f"{SPOKEN.get(task, task)} {spec.name}={wrong}")
    assert answer.kind == QUESTION and answer.code in ("no_value", "out_of_range")
    assert spec.name in answer.text


@pytest.mark.parametrize(
    "text, named",
    [
        ("restore crop=false", "crop"),
        ("panorama warp=0.3", "warp"),
        ("panorama colour=blue", "colour"),
        ("全景拼接，亮度=0.3", "亮度"),
        ("restore my photo, denoise 0.3", "denoise"),
    ],
)
def test_a_knob_that_the_task_lacks_is_asked_about_and_not_dropped(text, named):
    answer = asked(text)
    assert answer.code in ("no_knob", "not_all") and named in answer.text


@pytest.mark.parametrize(
    "text, chain, params",
    [
        ("upscale 4x denoise 0.3", "upscale", {"scale": "4", "denoise": 0.3}),
        ("放大四倍，去噪设0.3，细节设0.2", "upscale", {"scale": "4", "denoise": 0.3, "detail": 0.2}),
        ("upscale 2x denoize 0.1", "upscale", {"scale": "2", "denoise": 0.1}),
        ("panorama, but do not crop the edges", "panorama", {"crop": False}),
        ("全景拼接，不要裁掉边角", "panorama", {"crop": False}),
        ("全景，平面投影，大小0.5", "panorama", {"projection": "plane", "size": 0.5}),
        ("全景拼接，柱面投影", "panorama", {"projection": "cylinder"}),
        ("make a panorama and leave out pictures that don't belong", "panorama", {"partial": True}),
        ("把这些拼成全景，不属于的那几张就丢掉", "panorama", {"partial": True}),
        ("用blend模式融合这两张风景", "fuse", {"mode": "blend"}),
        ("fuse these in blend mode", "fuse", {"mode": "blend"}),
    ],
)
def test_knobs_in_plain_words(text, chain, params):
    answer = asked(text)
    assert answer.wish is not None, answer.text
    assert (answer.wish.chain, dict(answer.wish.params)) == (chain, params)
