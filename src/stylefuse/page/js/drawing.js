// What the page shows of its state: the stage, the strip, the buttons.

import { $, show } from "./dom.js";
import { sentence, t } from "./words.js";
import { isCurrent, settings, takesSeveral } from "./settings.js";
import { drawStrip, photos, single } from "./photos.js";
import { showPictures } from "./viewer.js";
import { taskName } from "./controls.js";
import { showReport } from "./summary.js";
import { canExplain, drawMaps } from "./maps.js";
import { running } from "./jobs.js";
import { drawAlso } from "./also.js";
import { drawClip } from "./clips.js";

/** A map that the user looks at; null for the result itself. */
let looked = null;
let user = {};

/** Have `choose` and `remove` called with a photo of the strip, `changed` when a picture beside one is chosen. */
export function startDrawing(does) {
  user = does;
}

export function draw() {
  look(null);
  const photo = photos.current;
  drawClip();
  drawAlso(photo?.clip ? null : photo, user.changed);
  show($("welcome"), !photo);
  for (const id of ["work", "panel", "add"]) show($(id), photo);
  drawPhotos();
  drawActions();
  if (photo) drawStage();
}

export const drawPhotos = () => drawStrip(user.choose, user.remove);

/** Put a map on the stage, or with null the result. */
function look(next) {
  looked = next;
  drawMaps(photos.current, looked, (chosen) => {
    look(chosen);
    drawStage();
  }, sentence);
}

function drawStage() {
  const photo = photos.current;
  if (looked) return showPictures(looked.before, looked.after, { before: photo.name, after: looked.name });
  const shown = photo.result ?? null;
  // A preview of other settings is better than none, but not better than a result; of another task it shows nothing.
  const useful = photo.preview?.asked.chain.join() === settings.chain.join() && (isCurrent(photo.preview) || !shown);
  const preview = !isCurrent(shown) && useful ? photo.preview : null;
  const after = preview ?? shown;
  const outdated = after && !isCurrent(after);
  const names = { before: photo.files.length > 1 ? photo.files[0].name : photo.name, after: t(outdated ? "side.earlier" : preview ? "side.preview" : "side.result"), outdated };
  $("unshown").textContent = photo.state === "failed" ? photo.message : t("unshown");
  showPictures(after?.before ?? photo.url, after?.url ?? "", names);
  showReport(preview ? null : shown);
}

export function drawActions() {
  const count = takesSeveral() ? 1 : photos.all.filter((photo) => !photo.clip).length, done = photos.all.filter((photo) => photo.result).length;
  const busy = running.size > 0;
  const name = settings.chain.map(taskName).join(" + ");
  const set = takesSeveral() ? single().length : 1;
  $("run").textContent = count > 1 ? t("run.all", { name, count }) : set > 1 ? t("run.set", { name, count: set }) : name;
  show($("run"), !busy && !photos.current?.clip);
  show($("cancel"), running.has(photos.current));
  show($("cancel-all"), running.size > (running.has(photos.current) ? 1 : 0));
  show($("progress"), busy);
  const ready = Boolean(photos.current) && isCurrent(photos.current.result);
  show($("download"), ready && !busy);
  $("download").classList.toggle("primary", ready);
  $("run").classList.toggle("primary", !ready);
  show($("explain"), ready && !busy && canExplain(photos.current.result));
  show($("zip"), done > 1 && !busy);
  $("zip").textContent = t("zip", { count: done });
}

export function tell(text) {
  $("status").textContent = text;
}
