"""The page in a real browser: several tasks in one request, with the settings of each and a mask for the first."""

import json

import pytest
from PIL import Image

from service_support import real_server
from serving_examples import bytes_of, landscape

pytestmark = pytest.mark.slow

REPORT = "return document.getElementById('report').innerText"
ERRORS = "return [...document.querySelectorAll('#errors li')].map(each => each.textContent)"
PLACE = """
const at = (id) => document.getElementById(id).getBoundingClientRect().top;
return [at('set-preset'), at('also-mask'), at('set-scale'), at('set-strength')];
"""


@pytest.fixture(scope="module")
def server(chained_model, tmp_path_factory):
    with real_server(tmp_path_factory.mktemp("server"), "--model", str(chained_model)) as running:
        yield running


@pytest.fixture
def files(tmp_path):
    """Names of a photo, a mask that fits it, and one that is too small."""
    names = tmp_path / "scan.png", tmp_path / "hole.png", tmp_path / "small.png"
    mask = Image.new("L", (96, 64))
    mask.paste(255, (30, 20, 50, 30))
    for name, image in zip(names, (landscape(96, 64), mask, mask.resize((48, 32))), strict=True):
        name.write_bytes(bytes_of(image))
    return names


def choose_steps(page):
    """Restore, then enlarge, then restyle."""
    page.click("step-restore")
    page.click("steps-several")
    page.click("step-upscale")
    page.click("step-stylize")


def give_mask(page, path):
    page.driver.find_element("css selector", "#also input").send_keys(str(path))


def move(page, setting, value):
    """Move a slider; returns what is said beside it."""
    script = (
        "const range = document.getElementById(arguments[0]); range.value = arguments[1];"
        "range.dispatchEvent(new Event('input')); return range.parentElement.querySelector('output').textContent"
    )
    return page.run(script, f"set-{setting}", value)


@pytest.mark.parametrize("width", [360, 1440])
def test_one_request_restores_enlarges_and_restyles(page, server, files, width):
    photo, mask, _ = files
    page.resize(width, 800)
    page.choose(photo)
    choose_steps(page)
    page.click("tile-style-monet")
    places = page.run(PLACE)
    assert places == sorted(places)  # the mask is with the settings of the task that takes it
    give_mask(page, mask)
    assert [move(page, "noise", value) for value in (0, 4.9)] == ["0", "5"]
    move(page, "strength", 0.5)
    assert page.element("run").text == "Restore + Enlarge + Restyle"
    page.asked()
    page.click("run")
    page.wait_result()
    assert [url for url in page.asked() if "/v1/restore" in url] == [
        f"http://127.0.0.1:{server.port}/v1/restore+upscale+stylize?language=en,zh"
    ]
    said = page.run(REPORT)
    for sentence in ("restoring, then enlarging, then restyling", "strength of 50%", "3.3% of the pixels"):
        assert sentence in said
    assert "Noise of 5 levels was removed" in said
    page.click("download")
    assert Image.open(page.downloaded(".png")).size == (192, 128)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "scan.png: Mask: it is 48×32 pixels, the picture 96×64; send a mask of the picture's size"),
        ("zh", "scan.png：遮罩必须与照片同样大小。"),
    ],
)
def test_the_fault_of_a_mask_is_not_said_of_the_photo(page, files, language, said):
    photo, _, small = files
    page.run(f"localStorage.setItem('language', {json.dumps(language)})")
    page.driver.refresh()
    page.wait_ready()
    page.choose(photo)
    choose_steps(page)
    give_mask(page, small)
    page.click("run")
    assert page.until(ERRORS) == [said]
