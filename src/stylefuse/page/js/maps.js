// Maps that explain a result, such as the share that a fusion took from each picture. A result's `maps` are lists of
// grey pictures by name; whatever a server sends under another name is shown in the same way.

import { $, el } from "./dom.js";
import { amount, known, spelled, t } from "./words.js";

/** Draw a photo's maps as small pictures; `look` gets what one shows: {before, after, name}. */
export function drawMaps(photo, look) {
  const maps = Object.entries(photo?.result?.maps ?? {});
  $("maps").hidden = !maps.length;
  $("maps").replaceChildren(...maps.flatMap(([name, list]) => list.map((blob, n) => {
    const file = list.length > 1 ? photo.files[n] : photo.files[0];
    const title = `${known(`map.${name}`, spelled(name))}: ${file?.name ?? n + 1}`;
    const share = name === "weights" && photo.result.report.pixels_from?.[n];
    const caption = share === undefined || share === false ? title : `${file?.name ?? n + 1} · ${amount(100 * share)} %`;
    blob.url ??= URL.createObjectURL(blob);
    const open = () => look({ before: file ? (file.url ??= URL.createObjectURL(file)) : photo.url, after: blob.url, name: title });
    return el("button", { type: "button", className: "map", "aria-label": t("map.show", { name: title }), onclick: open }, el("img", { src: blob.url, alt: "" }), el("span", {}, caption));
  })));
}
