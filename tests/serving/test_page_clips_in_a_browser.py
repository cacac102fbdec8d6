"""Clips on the page, in a real browser: chosen, previewed, worked on, cancelled, downloaded; with keyboard and axe."""

import pytest

from browsing import find_axe, opened_page
from service_support import real_server
from small_clips import small_clip

pytestmark = pytest.mark.slow
ENTER, RIGHT = "\ue007", "\ue014"


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    pytest.importorskip("av", reason="PyAV is not there: pip install stylefuse[video]")
    folder = tmp_path_factory.mktemp("server")
    (folder / "tmp").mkdir()
    with real_server(folder, "--model", str(model_folder), env={"TMPDIR": str(folder / "tmp")}) as running:
        running.folder = folder
        yield running


@pytest.fixture
def page(server, tmp_path):
    with opened_page(tmp_path, server.port) as page:
        yield page
        assert page.complaints() == []


def chosen(page, clip) -> None:
    page.choose(clip)
    page.until("return !document.getElementById('clip').hidden")


def ended(page) -> str:
    page.until("return document.getElementById('clip-cancel').hidden")
    return page.run("return document.getElementById('clip-status').textContent")


def clips_at(server) -> float:
    return sum(
        server.metric(f'stylefuse_clips{{state="{state}"}}') for state in ("waiting", "working", "done")
    )


def test_a_clip_is_previewed_worked_on_and_downloaded_with_the_keyboard(page, server, tmp_path):
    chosen(page, small_clip(tmp_path / "ride.mp4"))
    assert page.run("return document.activeElement.id") == "clip-run"
    page.until("return document.getElementById('after-picture').naturalWidth === 96")  # a frame of the clip
    before = page.run("return document.getElementById('before-picture').src")
    page.tab_to("clip-frame")
    page.press(RIGHT)
    page.until(f"return document.getElementById('before-picture').src !== '{before}'")
    page.tab_to("clip-run")
    page.press(ENTER)
    assert "12" in ended(page)
    assert page.run("return document.activeElement.id") == "clip-download"
    page.press(ENTER)
    assert page.downloaded(".mp4").stat().st_size > 1000
    server.wait_for(lambda: clips_at(server) == 0)  # the browser has it: the server keeps nothing


def test_a_clip_is_cancelled_and_the_server_stops(page, server, tmp_path):
    chosen(page, small_clip(tmp_path / "long.mp4", 600, (320, 240)))
    page.click("clip-run")
    server.wait_for(lambda: clips_at(server) == 1)
    page.click("clip-cancel")
    assert ended(page) == "Cancelled."
    server.wait_for(lambda: clips_at(server) == 0, 5)


def test_a_closed_page_leaves_no_clip_at_the_server(server, tmp_path):
    with opened_page(tmp_path, server.port) as page:
        chosen(page, small_clip(tmp_path / "long.mp4", 600, (320, 240)))
        page.click("clip-run")
        server.wait_for(lambda: clips_at(server) == 1)
        page.driver.get("about:blank")
        server.wait_for(lambda: clips_at(server) == 0, 5)


def test_what_the_browser_cannot_show_is_said_and_the_server_refuses_it_in_words(page, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"x" * 5000)
    chosen(page, broken)
    assert "cannot show" in page.element("clip").text
    page.click("clip-run")
    assert "cannot be opened" in ended(page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(server, tmp_path, language):
    axe = find_axe().read_text(encoding="utf-8")
    with opened_page(tmp_path, server.port, language) as page:
        chosen(page, small_clip(tmp_path / "ride.mp4"))
        page.click("clip-first")
        ended(page)
        for theme in ("light", "dark"):
            page.prefer(theme)
            page.run(axe)
            found = page.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
