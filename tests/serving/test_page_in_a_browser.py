"""The page in a real browser, before `stylefuse serve`: what a user does, with mouse, keyboard and assistive tools."""

import io
import re
import time
import zipfile

import pytest
from PIL import Image, ImageChops

from browsing import find_axe, opened_page
from service_support import real_server
from serving_examples import bytes_of, half_sharp, landscape

pytestmark = pytest.mark.slow
HOME, END, LEFT, RIGHT, ENTER = "\ue011", "\ue010", "\ue012", "\ue014", "\ue007"


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "tmp").mkdir()
    with real_server(folder, "--model", str(model_folder), env={"TMPDIR": str(folder / "tmp")}) as running:
        running.folder = folder
        yield running


@pytest.fixture
def photo(tmp_path):
    return saved(tmp_path / "coast.jpg", landscape(480, 320))


def saved(path, image):
    path.write_bytes(bytes_of(image, "JPEG" if path.suffix == ".jpg" else "PNG", quality=92))
    return path


def work_at(server) -> float:
    return sum(
        server.metric(f"stylefuse_{name}") for name in ("working", "queue_depth", "requests_in_flight")
    )


def test_a_new_user_restyles_and_downloads_and_no_other_host_is_asked(page, server, photo):
    first = page.asked()
    assert len(first) <= 4
    sizes = page.run(
        "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(each => each.transferSize)"
    )
    assert len(sizes) == len(first) and sum(sizes) <= 60_000
    page.choose(photo)
    page.click("run")
    page.wait_result()
    page.click("download")
    result = Image.open(page.downloaded(".png"))
    assert result.size == (480, 320)
    assert {address.split("/")[2] for address in page.asked()} == {f"127.0.0.1:{server.port}"}


def test_everything_can_be_done_with_the_keyboard_alone(page, photo):
    page.tab_to("choose")  # Enter opens the system's dialogue, which a test cannot see
    page.choose(photo)
    assert page.run("return document.activeElement.id") == "run"
    page.press(ENTER)
    page.wait_result()
    page.tab_to("split")
    split = "return Number(document.getElementById('split').value)"
    for key, expected in ((HOME, 0), (RIGHT, 1), (END, 100), (LEFT, 99)):
        page.press(key)
        assert page.run(split) == expected
    view = "return document.getElementById('pane').dataset.view"
    page.press("b")
    assert page.run(view) == "photo"
    page.tab_to("view-photo")
    page.press("b")
    assert page.run(view) == "slider"
    page.tab_to("view-side")
    page.press(ENTER)
    assert page.run(view) == "side"
    page.tab_to("download")
    page.press(ENTER)
    assert page.downloaded(".png").stat().st_size > 1000


def test_both_halves_are_zoomed_together_and_named(page, photo):
    page.choose(photo)
    page.click("run")
    page.wait_result()
    page.click("zoom-in")
    page.click("zoom-in")
    boxes = page.run(
        "return ['before-picture', 'after-picture'].map(id => {"
        "const box = document.getElementById(id).getBoundingClientRect();"
        "return [box.x, box.y, box.width, box.height]})"
    )
    assert boxes[0] == boxes[1]
    assert page.element("zoom").text == "200 %"
    assert (page.element("before-side").text, page.element("after-side").text) == ("coast.jpg", "Result")


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(page, photo, language, theme, width):
    axe = find_axe().read_text(encoding="utf-8")
    page.resize(width, 900)
    page.prefer(theme)
    page.run("localStorage.setItem('language', arguments[0])", language)
    page.open()
    page.run(axe)
    found = []

    def check(where):
        answer = page.driver.execute_async_script("axe.run().then(arguments[0])")
        found.extend(
            (where, each["id"], [node["html"][:120] for node in each["nodes"]])
            for each in answer["violations"]
        )
        wide = page.run("return document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{where} is wider than the window"

    check("first view")
    page.choose(photo)
    page.run("for (const each of document.querySelectorAll('details')) each.open = true")
    page.click("run")
    page.wait_result()
    check("result")
    page.run("document.querySelector('#controls .chip:not([aria-pressed=true])')?.click()")
    check("with other tasks")
    page.click("history-open")
    page.until("return document.querySelector('#history li')")
    check("history")
    assert found == []


def test_one_request_is_cancelled_and_the_next_is_served(page, server, tmp_path, photo):
    page.choose(saved(tmp_path / "large.jpg", landscape(5000, 3600)))
    page.run("document.getElementById('run').click()")
    server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    page.until("return !document.getElementById('cancel').hidden")
    page.click("cancel")
    seconds = idle_after(server)
    assert seconds < 2
    page.choose(photo)
    page.run("document.querySelector('#strip .remove').click()")
    page.click("run")
    page.wait_result()


def test_twenty_are_cancelled_with_one_click(page, server, tmp_path, photo):
    large = saved(tmp_path / "large.jpg", landscape(4000, 3000))
    files = [tmp_path / f"{n}.jpg" for n in range(20)]
    for file in files:
        file.write_bytes(large.read_bytes())
    page.choose(*files)
    page.run("document.getElementById('run').click()")
    server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    page.until("return !document.getElementById('cancel-all').hidden")
    page.click("cancel-all")
    assert idle_after(server) < 2
    page.wait_idle()
    assert "20 cancelled." in page.element("status").text
    page.open()
    page.choose(photo)
    page.click("run")
    page.wait_result()


def idle_after(server) -> float:
    """Seconds until the server has no more work."""
    started = time.monotonic()
    server.wait_for(lambda: work_at(server) <= 0)
    return time.monotonic() - started


def test_of_ten_files_one_is_broken_and_nine_come_in_a_zip(page, tmp_path):
    files = [saved(tmp_path / f"photo{n}.jpg", landscape(96, 64, seed=n)) for n in range(10)]
    files[3].write_bytes(b"no picture at all")
    page.open("#task=stylize&style=monet&strength=0.5")
    page.choose(*files)
    page.click("run")
    page.wait_idle()
    errors = page.run("return [...document.querySelectorAll('#errors li')].map(each => each.textContent)")
    assert len(errors) == 1 and errors[0].startswith("photo3.jpg: ")
    page.click("zip")
    with zipfile.ZipFile(page.downloaded(".zip")) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        assert sorted(names) == [f"photo{n}-monet.png" for n in range(10) if n != 3]
        assert {Image.open(io.BytesIO(zipped.read(name))).size for name in names} == {(96, 64)}


# How many entries the history has; before they are on the disk, a reload would lose them.
KEPT = """
return new Promise((resolve) => {
  const opened = indexedDB.open("stylefuse");
  opened.onsuccess = () => {
    const count = opened.result.transaction("history").objectStore("history").count();
    count.onsuccess = () => resolve(count.result);
  };
});
"""


def test_history_and_settings_stay_in_this_browser_and_nowhere_else(page, server, photo, tmp_path):
    before = files_of(server.folder)
    page.open("#task=stylize&style=monet&strength=0.5")
    page.choose(photo)
    page.click("run")
    page.wait_result()
    page.until(KEPT)
    page.driver.refresh()
    page.wait_ready()
    page.click("history-open")
    page.until("return document.querySelector('#history .card')").click()
    page.until("return !document.getElementById('download').hidden")
    assert page.run("return document.getElementById('set-strength').value") == "0.5"
    assert page.run("return document.getElementById('tile-style-monet').ariaPressed") == "true"
    assert "strength=0.5" in page.driver.current_url
    with opened_page(tmp_path / "other", server.port) as other:
        other.click("history-open")
        assert other.until("return document.getElementById('history-list').textContent") == "Nothing yet."
    assert files_of(server.folder) == before


def files_of(folder):
    """All files below a server's folder but its log, with size and time of change."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("log-")]
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def test_a_fusion_shows_what_it_took_from_each_picture(page, tmp_path):
    near, far = half_sharp(landscape(240, 160))
    page.open("#task=fuse")
    page.choose(saved(tmp_path / "near.png", near), saved(tmp_path / "far.png", far))
    page.click("run")
    page.wait_result()
    names = page.run("return [...document.querySelectorAll('.map span')].map(each => each.textContent)")
    assert [name.split(" · ")[0] for name in names] == ["Result", "near.png", "far.png"]
    page.run("document.querySelectorAll('.map')[1].click()")
    assert page.element("after-side").text == "Share taken: near.png"


def test_three_overlapping_photos_become_a_panorama(page, tmp_path):
    """The result has another shape than the photos: it stands alone, or beside the first, never under the divider."""
    wide = landscape(360, 150)
    parts = [
        saved(tmp_path / f"{n}.png", wide.crop((x, 0, x + 170, 150))) for n, x in enumerate((0, 95, 190))
    ]
    page.choose(*parts)
    page.click("step-panorama")
    assert page.element("run").text == "Panorama: 3 pictures"
    page.click("run")
    page.wait_result()
    view = "return document.getElementById('pane').dataset.view"
    page.until(f"{view} === 'result'")
    assert page.element("view-slider").text == "Result" and not page.element("split").is_displayed()
    assert page.run("return document.querySelectorAll('.map').length") == 4
    assert page.element("report").text.split("\n")[1] == "3 pictures were joined on a plane."
    page.click("view-side")
    assert page.run(view) == "side"
    page.click("download")
    assert Image.open(page.downloaded(".png")).size == pytest.approx((360, 150), abs=4)
    page.run("document.querySelector('.thumb').click()")
    page.until(f"{view} === 'photo'")


def test_a_result_is_explained_on_request(page, photo):
    page.choose(photo)
    page.click("run")
    page.wait_result()
    assert page.element("maps").is_displayed() is False
    page.click("explain")
    page.until("return !document.getElementById('maps').hidden")
    page.wait_result()
    assert page.element("explain").is_displayed() is False
    names = page.run("return [...document.querySelectorAll('.map span')].map(each => each.textContent)")
    assert names == ["Result", "How much was changed"]
    missing = page.element("maps-help").text.split("\n")
    assert [line.split(":")[0] for line in missing] == [
        "There is no map “What looks like the style”",
        "There is no map “What the critic believes”",
    ]
    page.tab_to("map-moved-0")
    page.press(ENTER)
    assert page.element("after-side").text == "How much was changed"
    assert page.element("maps-help").text.startswith("White: colours changed most")
    page.click("map-result")
    assert page.element("after-side").text == "Result"
    page.click("history-open")
    page.until("return document.querySelectorAll('#history .card').length")
    assert page.run("return document.querySelectorAll('#history .card').length") == 1


def test_what_is_shown_of_other_settings_says_so(page, photo):
    page.choose(photo)
    page.click("run")
    page.wait_result()
    page.run("window.fetch = () => new Promise(() => {}); XMLHttpRequest.prototype.send = () => {}")
    page.run("document.getElementById('tile-style-monet').click()")
    assert page.element("after-side").text == "Earlier settings"
    assert page.element("download").is_displayed() is False


def test_a_preview_on_its_way_says_so(page, photo):
    page.run("XMLHttpRequest.prototype.send = function (form) { (window.held ??= []).push([this, form]) }")
    page.choose(photo)
    painting = "return document.getElementById('painting').textContent"
    assert page.until(painting) == "Painting a preview…"
    assert page.run("return document.querySelectorAll('.tile.painting').length") > 1
    page.until("return held.length > 1")
    page.run("for (const [request] of held) request.onerror()")
    page.until("return !document.getElementById('painting').textContent")
    assert page.element("status").text == "The server did not answer."


TEXTS = """
const names = ["title", "aria-label", "placeholder", "alt"];
const hints = [...document.querySelectorAll("*")].flatMap((each) => names.map((name) => each.getAttribute(name) ?? ""));
return [...document.body.innerText.split("\\n"), ...hints];
"""


def test_the_chinese_page_speaks_no_english(page, tmp_path):
    """Neither its forms, nor a report with a warning, nor a refusal."""
    near, far = half_sharp(landscape(240, 160))
    moved = ImageChops.offset(far, 9, 4)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    page.run("localStorage.setItem('language', 'zh')")
    page.driver.refresh()
    page.wait_ready()
    page.choose(saved(tmp_path / "near.png", near), saved(tmp_path / "moved.png", moved))
    seen = []
    for chip in page.run("return [...document.querySelectorAll('#controls .chip')].map(each => each.id)"):
        page.click(chip)
        page.run("for (const each of document.querySelectorAll('details')) each.open = true")
        seen += page.run(TEXTS)
    page.click("step-fuse")
    page.click("run")
    page.wait_result()
    seen += page.run(TEXTS)
    assert any("注意：" in text for text in seen)
    page.choose(broken)
    page.click("run")
    page.until("return document.querySelector('#errors li')")
    seen += page.run(TEXTS)
    assert "3 张合一：broken.jpg：这个文件不是图片。" in seen
    assert {text for text in seen if re.search(r"[A-Za-z]{3,}[ ,;:]+[A-Za-z]{2,}", text)} == set()


WITH_A_MASK = """
const asked = window.fetch, append = FormData.prototype.append;
window.fetch = async (path, options) => {
  const answer = await asked(path, options);
  if (path !== "/v1/tasks") return answer;
  const told = await answer.json();
  told.tasks[0].optional_pictures = { mask: "bright where the picture is to be filled" };
  return new Response(JSON.stringify(told));
};
window.sent = [];
FormData.prototype.append = function (...field) {
  window.sent.push(field[0]);
  return append.apply(this, field);
};
"""


def test_an_optional_picture_goes_with_its_photo(page, photo, tmp_path):
    """As /v1/tasks tells it of `restore`, which this model has not got."""
    mask = saved(tmp_path / "mask.png", landscape(480, 320))
    page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WITH_A_MASK})
    page.open()
    page.choose(photo)
    page.driver.find_element("css selector", "#also input").send_keys(str(mask))
    name = "return document.querySelector('#also span').textContent"
    assert page.run(name) == "mask.png"
    page.click("run")
    page.wait_idle()
    assert "mask" in page.run("return sent")
    page.click("also-mask-remove")
    assert page.run(name) == ""


def test_the_token_is_asked_once(model_folder, tmp_path, photo):
    env = {"STYLEFUSE_TOKEN": "secret"}
    with (
        real_server(tmp_path, "--model", str(model_folder), env=env) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        from browsing import Page

        opened, patched = [], lambda page: opened.append(page)
        patch.setattr(Page, "wait_ready", patched)  # it is not, before the token is known
        with opened_page(tmp_path, server.port) as page:
            patch.undo()
            page.until("return document.getElementById('token').open")
            page.element("token-text").send_keys("secret", ENTER)
            page.wait_ready()
            page.choose(photo)
            page.click("run")
            page.wait_result()
            assert page.run("return Object.keys(localStorage).includes('token')") is False


def test_settings_are_in_the_address_and_presets_have_names(page, photo):
    page.choose(photo)
    page.run("document.getElementById('tile-style-monet').click()")
    page.until("return document.getElementById('presets-row')")
    page.run("document.getElementById('presets-row').open = true")
    page.element("preset-name").send_keys("evening", ENTER)
    page.until("return document.querySelectorAll('#presets option').length === 2")
    page.run("document.getElementById('tile-style-ink').click()")
    assert "style" not in page.driver.current_url
    page.run(
        "const list = document.getElementById('presets'); list.value = 'evening';"
        "list.dispatchEvent(new Event('change'))"
    )
    assert "style=monet" in page.driver.current_url
    assert page.run("return document.getElementById('tile-style-monet').ariaPressed") == "true"
