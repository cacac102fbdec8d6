// Small pictures on the style tiles: painted by the served model from the user's photo, one by one, when they are seen.

import { sendForm } from "./api.js";
import { smaller } from "./photos.js";
import { formOf } from "./settings.js";

const SIDE = 192;
const painted = new Map();
const wanted = [];
let source = null;
let busy = false;
let held = false;

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    wanted.push(target);
  }
  work();
});

/** Paint the tiles from this photo from now on. */
export async function paintTilesFrom(file) {
  source = (await smaller(file, SIDE)) ?? file;
  for (const url of painted.values()) URL.revokeObjectURL(url);
  painted.clear();
}

/** Paint `tile` with the result of `task` with `name` = `value`, once it is on the screen. */
export function watchTile(tile, task, name, value) {
  Object.assign(tile, { painting: { task, name, value } });
  const url = painted.get(value);
  if (url) tile.firstChild.src = url;
  else {
    tile.classList.add("painting");
    observer.observe(tile);
  }
}

/** Paint no tiles while the server works on photos: a request of theirs would come first. */
export function holdTiles(hold) {
  held = hold;
  work();
}

async function work() {
  if (busy || !source) return;
  busy = true;
  while (wanted.length && !held) {
    const tile = wanted.shift(), { task, name, value } = tile.painting, from = source;
    if (!tile.isConnected) continue;
    try {
      if (!painted.has(value)) {
        const { blob } = await sendForm(task.path, formOf([from], { values: { [name]: value }, format: "jpeg", task }));
        if (from === source) painted.set(value, URL.createObjectURL(blob));
      }
      if (painted.has(value)) tile.firstChild.src = painted.get(value);
      else {
        wanted.push(tile);
        continue;
      }
    } catch {
      // The name alone is enough.
    }
    tile.classList.remove("painting");
  }
  busy = false;
}
