"""Requests in words: what is understood, relative changes, what is refused or asked about."""

import pytest

from stylefuse.tasks.validation import RequestError
from stylefuse.words.answer import HELP, QUESTION, REFUSAL, REQUEST, State, read_state
from stylefuse.words.dialogue import Served, ask

SERVED = Served(("monet", "vangogh", "ukiyoe", "ink"), ("stylize", "fuse"))


def understood(text: str, state: State | None = None):
    """Chain, parameters and number of pictures of a request."""
    answer = ask(text, SERVED, state)
    assert answer.kind == REQUEST, answer
    return answer.wish.chain, dict(answer.wish.params), answer.wish.pictures


GOGH, MONET = {"style": "vangogh"}, {"style": "monet"}
LUMA, NONE = {"preserve_color": "luma"}, {"preserve_color": "none"}


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("变成梵高风格，颜色别变", GOGH | LUMA),
        ("颜色别变，变成梵高风格", GOGH | LUMA),
        ("变成梵高风格，颜色要变", GOGH | NONE),
        ("变成梵高风格，不用保留颜色", GOGH | NONE),
        ("变成梵高风格，强度三成，颜色别变", GOGH | LUMA | {"strength": 0.3}),
        ("颜色别变，强度百分之七十，变成莫奈风格", MONET | LUMA | {"strength": 0.7}),
        ("不要梵高，变成莫奈风格，颜色别变", MONET | LUMA),
        ("make it half as strong as Monet, keep my colours", MONET | LUMA | {"strength": 0.5}),
        ("keep my colours, make it half as strong as Monet", MONET | LUMA | {"strength": 0.5}),
        ("make it half as strong as Monet, don't keep my colours", MONET | NONE | {"strength": 0.5}),
        ("make it a quarter as strong as Monet, keep my colours", MONET | LUMA | {"strength": 0.25}),
        ("keep my colours and make it 30 % as strong as Van Gogh", GOGH | LUMA | {"strength": 0.3}),
        ("not Monet: make it half as strong as Van Gogh, keep my colours", GOGH | LUMA | {"strength": 0.5}),
    ],
)
def test_style_colours_and_strength_with_negation_order_and_numbers_changed(text, params):
    assert understood(text)[:2] == ("stylize", params)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("I photographed this in Monet's garden; make it Van Gogh", GOGH),
        ("the sunflowers on my table as Monet", MONET),
        ("forget watercolour, do Monet", MONET),
        ("swap Monet for Van Gogh", GOGH),
        ("水彩就算了，来个莫奈", MONET),
        ("照片占六成，莫奈占四成", MONET | {"strength": 0.4}),
        ("Monet at 0.7 with slightly larger strokes", MONET | {"strength": 0.7, "stroke_size": 2.0}),
        ("莫奈，笔触用一点二", MONET | {"stroke_size": 1.2}),
        ("Monet, but the teal of the label must not change", MONET | LUMA),
        ("I don't mind if the colours change, Monet", MONET | NONE),
    ],
)
def test_what_is_only_spoken_of_refused_or_said_of_something_else(text, params):
    assert understood(text)[:2] == ("stylize", params)


@pytest.mark.parametrize(
    ("text", "chain", "params"),
    [
        ("stitch these six photos into a panorama", "panorama", {}),
        ("这几张拼成全景", "panorama", {}),
        ("blend these unrelated pictures into one landscape", "fuse", {"mode": "blend"}),
        ("one frame is too dark, the other too bright, merge them", "fuse", {"mode": "exposure"}),
        ("两张残页，破的地方不同，拼成完整的", "fuse", {"mode": "occlusion"}),
        ("line the three frames up, then merge them", "fuse", {"align": True}),
        ("get the creases and stains out of this old portrait", "restore", {}),
    ],
)
def test_tasks_said_in_a_roundabout_way(text, chain, params):
    served = Served(SERVED.styles, ("stylize", "fuse", "panorama", "restore", "upscale"))
    answer = ask(text, served)
    assert answer.wish is not None, answer
    assert (answer.wish.chain, dict(answer.wish.params)) == (chain, params)


def test_a_reason_beside_undo_changes_nothing():
    state = ask("换成梵高", SERVED, ask("变成莫奈风格", SERVED).state).state
    assert ask("go back to the one before, it was softer", SERVED, state).wish.params == MONET


@pytest.mark.parametrize(
    ("text", "pictures", "params"),
    [
        ("merge these two focus shots", 2, {"mode": "focus"}),
        ("these two focus shots, merge them", 2, {"mode": "focus"}),
        ("merge these four focus shots", 4, {"mode": "focus"}),
        ("merge these two focus shots, don't align them", 2, {"mode": "focus", "align": False}),
        ("把这两张对焦不同的照片合成一张", 2, {"mode": "focus"}),
    ],
)
def test_sets_of_pictures(text, pictures, params):
    assert understood(text) == ("fuse", params, pictures)


def test_a_negated_task_is_asked_about():
    answer = ask("don't merge these two focus shots", SERVED)
    assert (answer.kind, answer.code) == (QUESTION, "what_instead")


def test_more_pictures_than_can_be_fused_are_asked_about():
    assert ask("merge these twelve focus shots", SERVED).code == "count"


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("七分水墨三分浮世绘", "ukiyoe:0.3,ink:0.7"),
        ("70 % Monet and 30 % ink", "monet:0.7,ink:0.3"),
        ("Monet and ink half and half", "monet:0.5,ink:0.5"),
        ("水墨和莫奈二八开", "monet:0.8,ink:0.2"),
        ("印象派风格", "monet"),
        ("in the style of Hokusai", "ukiyoe"),
    ],
)
def test_mixtures_and_movements(text, style):
    assert understood(text) == ("stylize", {"style": style}, None)


def test_a_dialogue_changes_the_last_request_and_goes_back():
    state, strengths = State(), []
    for text in ("变成莫奈风格", "再淡一点", "再淡一点", "撤销", "half of that", "换成梵高"):
        answer = ask(text, SERVED, state)
        state = read_state(answer.plain()["state"])  # as a client sends it back
        strengths.append(answer.wish.params.get("strength", 1.0))
    assert strengths == [1.0, 0.75, 0.5625, 0.75, 0.375, 0.375]
    assert answer.wish.params["style"] == "vangogh"


def test_a_missing_style_is_asked_for_and_its_answer_completes_the_request():
    asked = ask("paint it at half strength", SERVED)
    assert (asked.kind, asked.code, asked.choices) == (QUESTION, "which_style", SERVED.styles)
    assert understood("ukiyo-e", asked.state)[1] == {"strength": 0.5, "style": "ukiyoe"}


def test_fusing_and_then_restyling_is_a_chain():
    text = "merge these three exposures, then ink at 60 %"
    assert understood(text) == ("fuse+stylize", {"mode": "exposure", "style": "ink", "strength": 0.6}, 3)


@pytest.mark.parametrize("text", ["in the style of Picasso", "像毕加索一样", "Manet please", "水彩画风格"])
def test_an_unknown_style_is_refused_with_what_there_is(text):
    answer = ask(text, SERVED)
    assert (answer.kind, answer.code, answer.wish) == (REFUSAL, "unknown_style", None)
    assert answer.choices == SERVED.styles


def test_a_style_that_this_model_lacks_is_refused_though_others_have_it():
    answer = ask("make it half as strong as Monet", Served(("ink", "brush"), ("stylize",)))
    assert answer.code == "unknown_style" and "brush" in answer.text


def test_a_style_of_ones_own_is_a_word_as_well():
    assert ask("paint it like grandma_art", Served(("grandma_art",), ("stylize",))).wish.params == {
        "style": "grandma_art"
    }


def test_a_task_that_is_not_served_is_refused_with_those_that_are():
    answer = ask("merge these two focus shots", Served(("ink",), ("stylize",)))
    assert (answer.code, answer.choices) == ("no_task", ("stylize",))


@pytest.mark.parametrize("text", ["remove the background", "把背景去掉", "what is the weather", "讲个笑话"])
def test_what_is_out_of_scope_is_refused(text):
    assert ask(text, SERVED).code == "out_of_scope"


def test_a_request_that_is_possible_in_part_is_asked_about_and_yes_does_the_rest():
    answer = ask("变成梵高风格，加个水印", SERVED)
    assert (answer.kind, answer.code) == (QUESTION, "not_all")
    assert understood("好的", answer.state)[1] == GOGH


def test_a_value_out_of_range_is_asked_about():
    assert ask("Monet at strength 150 %", SERVED).code == "out_of_range"


@pytest.mark.parametrize("text", ["how many pictures can I fuse?", "怎么训练自己的风格"])
def test_questions_are_answered_from_the_pages_with_their_source(text):
    answer = ask(text, SERVED)
    assert answer.kind == HELP and answer.source.split(",")[0] in answer.text


@pytest.mark.parametrize("text", ["", "  ", 3, None, "a" * 1001])
def test_bad_texts_are_refused_by_name(text):
    with pytest.raises(RequestError, match="text: "):
        ask(text, SERVED)


@pytest.mark.parametrize("state", [3, {"requests": [1]}, {"requests": [{"chain": "x", "params": {"a": []}}]}])
def test_a_state_that_no_answer_gave_is_refused(state):
    with pytest.raises(RequestError, match="state: "):
        read_state(state)


def test_answers_are_the_same_every_time():
    texts = ("变成梵高风格，颜色别变", "remove the background", "how do I train my own styles?")
    assert [ask(text, SERVED) for text in texts] == [ask(text, SERVED) for text in texts]
