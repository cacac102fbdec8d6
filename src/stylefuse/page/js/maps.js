// Maps that explain a result: what was changed, what the networks see, the share that a fusion took from each picture.
// A result's `maps` are lists of grey pictures by name; whatever a server sends under another name is shown likewise.

import { $, el, show } from "./dom.js";
import { known, spelled, t } from "./words.js";
import { taskOf } from "./settings.js";

export const mapName = (name) => known(`map.${name}`, spelled(name));

/** Whether the server can send maps of a result that are not there yet. */
export function canExplain(result) {
  const names = result.asked.chain.flatMap((name) => Object.keys(taskOf(name)?.maps ?? {}));
  return names.some((name) => !(name in result.maps) && !(name in (result.missing ?? {})));
}

/**
 * Draw a photo's maps as small pictures, the result first.
 *
 * @param looked the map that is on the stage, null for the result itself.
 * @param look gets what a small picture shows, {before, after, name, help, key}, or null for the result.
 * @param why says why a map is missing.
 */
export function drawMaps(photo, looked, look, why) {
  const result = photo?.result, lists = Object.entries(result?.maps ?? {}), missing = Object.entries(result?.missing ?? {});
  show($("maps"), lists.length + missing.length);
  if ($("maps").hidden) return;
  const tiles = lists.flatMap(([name, list]) => list.map((blob, n) => {
    const file = list.length > 1 ? photo.files[n] : photo.files[0];
    const title = list.length > 1 ? `${mapName(name)}: ${file?.name ?? n + 1}` : mapName(name);
    const share = name === "weights" && result.report.pixels_from?.[n];
    const caption = typeof share === "number" ? `${file?.name ?? n + 1} · ${Math.round(100 * share)} %` : title;
    blob.url ??= URL.createObjectURL(blob);
    const before = file ? (file.url ??= URL.createObjectURL(file)) : photo.url;
    const shown = { before: list.length > 1 ? before : result.before ?? photo.url, after: blob.url, name: title, help: known(`map.${name}.help`, ""), key: `${name}-${n}` };
    return tile(shown.key, blob.url, caption, title, looked, () => look(shown));
  }));
  const back = tile("result", result.url, t("side.result"), t("side.result"), looked, () => look(null));
  const focused = document.activeElement?.id;
  $("maps-row").replaceChildren(...(tiles.length ? [back, ...tiles] : []));
  if (focused && $("maps-row").contains($(focused))) $(focused).focus();
  const notes = missing.map(([name, error]) => t("map.missing", { name: mapName(name), why: why(error) }));
  $("maps-help").replaceChildren(...(looked?.help ? [looked.help] : looked ? [] : notes).map((text) => el("p", {}, text)));
}

function tile(key, url, caption, title, looked, open) {
  const pressed = String((looked?.key ?? "result") === key);
  return el("button", { type: "button", className: "map", id: `map-${key}`, "aria-label": t("map.show", { name: title }), "aria-pressed": pressed, onclick: open }, el("img", { src: url, alt: "" }), el("span", {}, caption));
}
