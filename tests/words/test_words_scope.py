"""Requests in words beside a style's name: other deeds, questions about the world, clips, pictures from nothing."""

import pytest

from stylefuse.words.answer import QUESTION, REFUSAL, REQUEST
from stylefuse.words.dialogue import Served, ask
from stylefuse.words.lexicon import lexicon
from stylefuse.words.scan import correct

SERVED = Served(("monet", "vangogh", "ukiyoe", "ink"), ("stylize", "fuse", "restore", "upscale", "panorama"))


@pytest.mark.parametrize(
    "text",
    [
        "Mail the finished Monet picture to Anna",
        "please rename the ukiyo-e one",
        "could you wrap the Van Gogh poster",
        "把浮世绘那张印在杯子上",
        "add my signature in the corner in ink",
        "Upscale my startup",
    ],
)
def test_a_deed_that_the_lexicon_lacks_is_not_taken_for_a_request(text):
    assert ask(text, SERVED).kind in (REFUSAL, QUESTION)


@pytest.mark.parametrize(
    "text",
    [
        "Was Monet married?",
        "what would a genuine Monet cost",
        "is this a fake Van Gogh?",
        "how many pixels does this photo have",
        "北斋活了多少岁，谁知道",
        "create a Van Gogh style wheat field from scratch",
        "draw a dragon like Hokusai",
        "用水墨给我画一匹马，不用照片",
    ],
)
def test_questions_about_the_world_and_pictures_from_nothing_are_refused(text):
    assert ask(text, SERVED).code == "out_of_scope"


@pytest.mark.parametrize(
    "text", ["make my film look like Monet", "把视频做成浮世绘风格", "Monet for every frame of the clip"]
)
def test_a_clip_is_refused_with_the_command_that_takes_clips(text):
    answer = ask(text, SERVED)
    assert (answer.kind, answer.code) == (REFUSAL, "clip") and "clip.mp4" in answer.text


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("a still from my video as Monet", "monet"),
        ("视频截图转成梵高", "vangogh"),
        ("morph this photo into a Van Gogh", "vangogh"),
        ("what would this street look like if Monet had painted it", "monet"),
        ("dial the Monet up to 0.5", "monet"),
        ("想打印出来挂墙上，做成浮世绘", "ukiyoe"),
        ("用水墨代替梵高", "ink"),
        ("ink in place of Monet", "ink"),
    ],
)
def test_what_only_looks_like_it_is_a_request(text, style):
    answer = ask(text, SERVED)
    assert answer.kind == REQUEST, answer
    assert answer.wish.params["style"] == style


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("摸奈风格，强渡七成", {"style": "monet", "strength": 0.7}),
        ("范高，必触粗一点", {"style": "vangogh", "stroke_size": 2.0}),
        ("strength=0.4 style=ink stroke_size=2", {"style": "ink", "strength": 0.4, "stroke_size": 2.0}),
        ("ukiyoe / 0.55 / stroke 0.75", {"style": "ukiyoe", "strength": 0.55, "stroke_size": 0.75}),
        ("Monet four to one with ink", {"style": "monet:0.8,ink:0.2"}),
        ("梵高为底0.7，浮世绘点缀0.3", {"style": "vangogh:0.7,ukiyoe:0.3"}),
        ("水墨为主，占百分之七十五，余下用浮世绘", {"style": "ukiyoe:0.25,ink:0.75"}),
        ("let the photo keep 70 percent and Monet have 30", {"style": "monet", "strength": 0.3}),
        ("一点点浮世绘的味道", {"style": "ukiyoe", "strength": 0.3}),
        ("Monet, larger strokes so she can see them", {"style": "monet", "stroke_size": 2.0}),
    ],
)
def test_sounds_assignments_ratios_and_shares(text, params):
    answer = ask(text, SERVED)
    assert answer.kind == REQUEST, answer
    given = dict(answer.wish.params)
    style, expected = given.pop("style"), {key: value for key, value in params.items() if key != "style"}
    assert set(style.split(",")) == set(params["style"].split(",")) and given == expected


@pytest.mark.parametrize("word", ["bride", "microscope", "fellow", "woman"])
def test_english_words_that_exist_are_not_corrected(word):
    assert correct(word, lexicon(SERVED.styles)) == word


def test_chinese_words_that_exist_are_not_heard_as_others():
    known = lexicon(SERVED.styles)
    assert known.heard_as("摸奈") == "莫奈"
    assert known.heard_as("全井") == "全景"
    assert ask("行业", SERVED).wish is None  # sounds like 星夜
