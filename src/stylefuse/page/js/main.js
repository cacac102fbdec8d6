// The page: what the user does with photos and settings, and what follows from it.

import { $ } from "./dom.js";
import { sentence, startWords, t } from "./words.js";
import { getJson } from "./api.js";
import { fromFragment, restore, settings, snapshot, toFragment } from "./settings.js";
import { addPhoto, photos, removePhoto, smaller, startPhotos } from "./photos.js";
import { resetViewer, startViewer } from "./viewer.js";
import { drawControls } from "./controls.js";
import { paintTilesFrom } from "./tiles.js";
import { dropClip, isClip, startClips, takeClip } from "./clips.js";
import { presetsRow, startHistory } from "./keeping.js";
import { giveResult, saveAll, saveResult } from "./results.js";
import { draw, drawPhotos, startDrawing, tell } from "./drawing.js";
import { preview } from "./preview.js";
import { giveUp, startWork } from "./work.js";
import { startAsk } from "./ask.js";

async function take(all) {
  const files = all.filter((file) => !isClip(file));
  for (const clip of all.filter(isClip)) await takeClip(clip);
  if (!files.length) return;
  const first = !photos.current;
  const added = files.map((file) => addPhoto([file]));
  photos.current = added[0];
  resetViewer();
  if (first) await paintTilesFrom(files[0]);
  draw();
  drawSettings();
  preview();
  tell(t("photos.added", { count: files.length }));
  if (first) $("run").focus({ preventScroll: true });
  for (const photo of added) {
    const small = await smaller(photo.files[0], 160);
    if (small) photo.thumb = URL.createObjectURL(small);
    drawPhotos();
  }
}

function choose(photo) {
  if (photo !== photos.current) resetViewer();
  photos.current = photo;
  draw();
  preview();
}

function remove(photo) {
  giveUp(photo);
  dropClip(photo);
  removePhoto(photo);
  draw();
  if (!photos.current) $("choose").focus();
}

function changed() {
  toFragment();
  draw();
  preview();
}

function use(next) {
  restore(next);
  drawControls(changed);
  changed();
}

/** Draw controls and presets. */
async function drawSettings() {
  drawControls(changed);
  const row = await presetsRow(use);
  $("presets-row")?.remove();
  $("controls").after(row);
}

/** Bring back an entry of the history. */
async function reopen({ name, files, also = {}, chain, values, format, result, report, maps = {}, missing = {}, thumb }) {
  const photo = Object.assign(addPhoto(files, name), { state: "done", also });
  if (thumb) photo.thumb = URL.createObjectURL(thumb);
  restore({ chain, values, format });
  await giveResult(photo, { blob: result, report, maps, missing, asked: snapshot() });
  await paintTilesFrom(files[0]);
  choose(photo);
  drawSettings();
  toFragment();
}

async function start() {
  startWords(() => {
    drawSettings();
    draw();
  });
  startViewer();
  startDrawing({ choose, remove, changed });
  startPhotos(take);
  startHistory(reopen);
  startClips({ sentence, changed: () => { draw(); preview(); }, async show(still, name) {
    await take([still]);
    tell("");
    return Object.assign(photos.current, { name });
  } });
  startWork();
  $("download").addEventListener("click", () => saveResult(photos.current));
  $("zip").addEventListener("click", saveAll);
  try {
    const { tasks, paths = [], clips = null } = await getJson("/v1/tasks");
    Object.assign(settings, { tasks, paths, clips });
  } catch (error) {
    return $("welcome").append(t("no.server", { why: sentence(error) }));
  }
  fromFragment();
  addEventListener("hashchange", () => {
    fromFragment();
    drawControls(changed);
    draw();
  });
  startAsk(use);
  drawControls(changed);
  document.documentElement.dataset.ready = "true"; // for tests and for scripts that drive the page
}

start();
