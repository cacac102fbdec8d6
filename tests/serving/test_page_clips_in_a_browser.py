"""Clips on the page, in a real browser: chosen, previewed, worked on, cancelled, downloaded; with keyboard and axe."""

import pytest
from clip_jobs import clip

from browsing import find_axe, opened_page
from service_support import stub_server
from small_clips import small_clip

pytestmark = pytest.mark.slow
ENTER, RIGHT = "\ue007", "\ue014"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With stub processes: any clip becomes a few bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        with stub_server(tmp_path_factory.mktemp("stub")) as running:
            yield running


def saved(path, **told):
    """A clip that tells the stub process what to do, and that no browser can show."""
    path.write_bytes(clip(**told)[1])
    return path


def stubborn(folder):
    return saved(folder / "long.mp4", frames=9000, pause=0.01)


def chosen(page, file) -> None:
    page.choose(file)
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
    page.until("return document.getElementById('before-picture').naturalWidth === 96")  # a frame of the clip
    before = page.run("return document.getElementById('before-picture').src")
    page.tab_to("clip-frame")
    page.press(RIGHT)
    page.until(f"return document.getElementById('before-picture').src !== '{before}'")
    page.tab_to("clip-run")
    page.press(ENTER)
    assert ended(page).startswith("Done: 3 frames")
    assert page.run("return document.activeElement.id") == "clip-download"
    page.press(ENTER)
    assert page.downloaded(".mp4").read_bytes() == bytes(range(256))
    server.wait_for(lambda: clips_at(server) == 0)  # the browser has it: the server keeps nothing


def test_a_clip_is_cancelled_and_the_server_stops(page, server, tmp_path):
    chosen(page, stubborn(tmp_path))
    page.click("clip-run")
    page.until("return document.getElementById('clip').textContent.includes('of 9000')")
    assert clips_at(server) == 1
    page.click("clip-cancel")
    assert ended(page) == "Cancelled."
    server.wait_for(lambda: clips_at(server) == 0, 20)


def test_a_closed_page_leaves_no_clip_at_the_server(server, tmp_path):
    with opened_page(tmp_path, server.port) as page:
        chosen(page, stubborn(tmp_path))
        page.click("clip-run")
        page.until("return document.getElementById('clip').textContent.includes('of 9000')")
        page.driver.get("about:blank")
        server.wait_for(lambda: clips_at(server) == 0, 20)


def test_what_the_browser_cannot_show_is_said_and_the_server_refuses_it_in_words(page, tmp_path):
    chosen(page, saved(tmp_path / "odd.mp4", do="refuse"))
    assert "cannot show" in page.element("clip").text
    page.click("clip-run")
    assert ended(page) == "The clip has HDR colours. Choose to reduce them, or send another clip."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(server, tmp_path, language):
    axe = find_axe().read_text(encoding="utf-8")
    with opened_page(tmp_path, server.port, language) as page:
        assert page.run("return document.documentElement.lang") == language
        chosen(page, small_clip(tmp_path / "ride.mp4"))
        page.click("clip-first")
        ended(page)
        for theme in ("light", "dark"):
            page.prefer(theme)
            page.run(axe)
            found = page.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
