// Optional pictures that a task takes beside a photo, such as a mask. Each photo has its own, in `photo.also`.

import { $, el, show } from "./dom.js";
import { known, spelled, t } from "./words.js";
import { chainTasks } from "./settings.js";

/** Draw a field for each; `changed` is called when a picture is chosen or taken away. */
export function drawAlso(photo, changed) {
  const [task] = chainTasks();
  const wanted = photo?.files.length === 1 ? Object.entries(task?.optional_pictures ?? {}) : [];
  const focused = document.activeElement?.id;
  show($("also"), wanted.length);
  $("also").replaceChildren(...wanted.map(([name, text]) => field(photo, name, text, changed)));
  if (focused && $("also").contains($(focused))) $(focused).focus();
}

function field(photo, name, text, changed) {
  const label = known(`picture.${name}`, spelled(name)), chosen = photo.also[name];
  const set = (file) => {
    if (file) photo.also[name] = file;
    else delete photo.also[name];
    if (photo.result) photo.result.outdated = true; // it was made without this picture
    changed();
  };
  const input = el("input", { type: "file", accept: "image/*,.tif,.tiff", className: "unseen", tabIndex: -1, "aria-hidden": "true", onchange: (event) => event.target.files[0] && set(event.target.files[0]) });
  const choose = el("button", { type: "button", id: `also-${name}`, "aria-describedby": `also-${name}-help`, onclick: () => input.click() }, t("also.choose", { name: label }));
  const remove = chosen && el("button", { type: "button", id: `also-${name}-remove`, className: "icon", title: t("remove", chosen), "aria-label": t("remove", chosen), onclick: () => set(null) }, "×");
  return el("div", { className: "control" }, el("div", { className: "row" }, choose, input, el("span", { className: "muted" }, chosen?.name), remove || null), el("p", { className: "muted", id: `also-${name}-help` }, known(`picture.${name}.help`, text)));
}
