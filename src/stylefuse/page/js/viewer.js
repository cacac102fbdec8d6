// The stage: photo and result under a divider or side by side, zoomed together. Where the result has another shape, as a
// panorama has, a divider would compare different places: then the result stands alone in its place.

import { $ } from "./dom.js";
import { amount, t } from "./words.js";

const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8];
const place = { zoom: 1, x: 0, y: 0 };
let view = "slider";
let hasResult = false;
let comparable = true;

/**
 * Show a photo, and its result if there is one.
 *
 * @param before, after addresses of pictures; after may be "".
 * @param names what the two sides are called; `outdated` where the result is of other settings.
 */
export function showPictures(before, after, names) {
  hasResult = Boolean(after);
  const shown = after || before;
  if ($("before-picture").getAttribute("src") !== before) $("before-picture").src = before;
  if ($("after-picture").getAttribute("src") !== shown) $("after-picture").src = shown;
  $("before-picture").alt = names.before;
  $("after-picture").alt = after ? names.after : names.before;
  $("before-side").textContent = names.before;
  $("after-side").textContent = names.after;
  $("pane").toggleAttribute("data-outdated", Boolean(names.outdated));
  for (const id of ["view-slider", "view-side", "view-photo"]) $(id).disabled = !hasResult;
  apply();
}

/** Whether two pictures have the same shape, up to rounding. */
function alike({ naturalWidth: w, naturalHeight: h }, { naturalWidth: otherW, naturalHeight: otherH }) {
  return Math.abs(w * otherH - otherW * h) <= 0.02 * w * otherH + Math.max(w, h, otherW, otherH);
}

function apply() {
  const shown = view === "slider" && !comparable ? "result" : view, divider = comparable ? "view.slider" : "view.result";
  $("pane").dataset.view = hasResult ? shown : "photo";
  $("view-slider").dataset.t = divider;
  $("view-slider").textContent = t(divider);
  for (const each of ["slider", "side", "photo"]) $(`view-${each}`).setAttribute("aria-pressed", String(hasResult && view === each));
  const split = $("split").value;
  $("split").hidden = !hasResult || shown !== "slider";
  $("split").setAttribute("aria-valuetext", t("split.value", { photo: split, result: 100 - split }));
  const style = $("pane").style;
  style.setProperty("--split", split);
  const most = (place.zoom - 1) / 2;
  place.x = Math.max(-most, Math.min(most, place.x));
  place.y = Math.max(-most, Math.min(most, place.y));
  for (const name of ["zoom", "x", "y"]) style.setProperty(`--${name}`, place[name]);
  $("zoom").textContent = `${amount(place.zoom * 100)} %`;
  $("zoom-out").disabled = place.zoom === ZOOMS[0];
  $("zoom-in").disabled = place.zoom === ZOOMS.at(-1);
}

function setView(next) {
  view = next;
  apply();
}

function zoomBy(steps) {
  const at = ZOOMS.indexOf(place.zoom);
  place.zoom = ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, at + steps))];
  apply();
}

/** Drag the divider, or the pictures where they are zoomed in. */
function drag(event) {
  if (event.target === $("split") || event.button !== 0) return;
  const pane = $("pane"), { left, width } = pane.getBoundingClientRect();
  const half = $("after").getBoundingClientRect();
  let { clientX, clientY } = event;
  const move = (at) => {
    if (place.zoom > 1) {
      place.x += (at.clientX - clientX) / half.width;
      place.y += (at.clientY - clientY) / half.height;
      ({ clientX, clientY } = at);
    } else $("split").value = (100 * (at.clientX - left)) / width;
    apply();
  };
  if (place.zoom === 1 && view === "slider" && comparable) move(event);
  pane.setPointerCapture(event.pointerId);
  pane.addEventListener("pointermove", move);
  pane.addEventListener("lostpointercapture", () => pane.removeEventListener("pointermove", move), { once: true });
}

export function startViewer() {
  $("split").addEventListener("input", apply);
  $("pane").addEventListener("pointerdown", drag);
  $("pane").addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  $("pane").addEventListener("dblclick", () => zoomBy(place.zoom > 1 ? -ZOOMS.length : 2));
  $("zoom-in").addEventListener("click", () => zoomBy(1));
  $("zoom-out").addEventListener("click", () => zoomBy(-1));
  $("view-slider").addEventListener("click", () => setView("slider"));
  $("view-side").addEventListener("click", () => setView("side"));
  $("view-photo").addEventListener("click", () => setView(view === "photo" ? "slider" : "photo"));
  const [before, after] = [$("before-picture"), $("after-picture")];
  const loaded = () => {
    if (!before.naturalWidth || !after.naturalWidth) return;
    comparable = alike(before, after);
    apply();
  };
  before.addEventListener("load", loaded);
  before.addEventListener("error", () => {
    comparable = false; // as of a TIFF: the result stands alone
    apply();
  });
  after.addEventListener("load", () => {
    $("stage").style.setProperty("--ratio", after.naturalWidth / after.naturalHeight);
    $("stage").classList.remove("unseeable");
    loaded();
  });
  $("after-picture").addEventListener("error", () => $("stage").classList.add("unseeable"));
  addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input:not([type=range]), select, textarea") || document.querySelector("dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !hasResult) return;
    if (event.key === "b") setView(view === "photo" ? "slider" : "photo");
    else if (event.key === "+") zoomBy(1);
    else if (event.key === "-") zoomBy(-1);
    else return;
    event.preventDefault();
  });
  apply();
}

/** Bring divider and zoom back, for another photo. */
export function resetViewer() {
  Object.assign(place, { zoom: 1, x: 0, y: 0 });
  $("split").value = 50;
  if (view === "photo") view = "slider";
  apply();
}
