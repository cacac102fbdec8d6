// The page: what the user does, and what follows from it.

import { $, debounced, el, save, show } from "./dom.js";
import { currentLanguage, known, startWords, t } from "./words.js";
import { getJson, sendForm } from "./api.js";
import { chainPath, chainTasks, formOf, fromFragment, paintedParameter, restore, sentValues, settings, snapshot, takesSeveral, toFragment } from "./settings.js";
import { addPhoto, cropped, drawStrip, photos, removePhoto, smaller, startPhotos } from "./photos.js";
import { resetViewer, showPictures, startViewer } from "./viewer.js";
import { drawControls, taskName } from "./controls.js";
import { paintTilesFrom } from "./tiles.js";
import { dropClip, drawClip, isClip, startClips, takeClip } from "./clips.js";
import { cancelAll, cancelJob, running, runJobs } from "./jobs.js";
import { keep, presetsRow, startHistory } from "./keeping.js";
import { canExplain, drawMaps } from "./maps.js";
import { drawAlso } from "./also.js";
import { showReport } from "./summary.js";
import { startAsk } from "./ask.js";
import { zipped } from "./zip.js";

const PREVIEW_SIDE = 720;
let previewing = null;

const single = () => photos.all.filter((photo) => photo.files.length === 1 && !photo.clip);
const isCurrent = (result) => result && !result.outdated && JSON.stringify(result.asked) === JSON.stringify(snapshot());

// ---- what is shown

function draw() {
  look(null);
  const photo = photos.current;
  drawClip();
  drawAlso(photo?.clip ? null : photo, changed);
  show($("welcome"), !photo);
  for (const id of ["work", "panel", "add"]) show($(id), photo);
  drawStrip(choose, remove);
  drawActions();
  if (photo) drawStage();
}

/** Put a map on the stage, or with null the result. */
function look(next) {
  looked = next;
  drawMaps(photos.current, looked, (chosen) => {
    look(chosen);
    drawStage();
  }, sentence);
}

/** A map that the user looks at; null for the result itself. */
let looked = null;

function drawStage() {
  const photo = photos.current;
  if (looked) return showPictures(looked.before, looked.after, { before: photo.name, after: looked.name });
  const shown = photo.result ?? null;
  // A preview of other settings is better than none, but not better than a result.
  const preview = !isCurrent(shown) && (isCurrent(photo.preview) || !shown) ? photo.preview : null;
  const after = preview ?? shown;
  const outdated = after && !isCurrent(after);
  const names = { before: photo.files.length > 1 ? photo.files[0].name : photo.name, after: t(outdated ? "side.earlier" : preview ? "side.preview" : "side.result"), outdated };
  showPictures(after?.before ?? photo.url, after?.url ?? "", names);
  showReport(preview ? null : shown);
}

function drawActions() {
  const count = takesSeveral() ? 1 : photos.all.filter((photo) => !photo.clip).length, done = photos.all.filter((photo) => photo.result).length;
  const busy = running.size > 0;
  const name = settings.chain.map(taskName).join(" + ");
  $("run").textContent = count > 1 ? t("run.all", { name, count }) : takesSeveral() ? t("run.set", { name, count: single().length }) : name;
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

function tell(text) {
  $("status").textContent = text;
}

// ---- photos

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
  drawControls(changed);
  drawPresets();
  preview();
  tell(t("photos.added", { count: files.length }));
  if (first) $("run").focus({ preventScroll: true });
  for (const photo of added) {
    const small = await smaller(photo.files[0], 160);
    if (small) photo.thumb = URL.createObjectURL(small);
    drawStrip(choose, remove);
  }
}

function choose(photo) {
  if (photo !== photos.current) resetViewer();
  photos.current = photo;
  draw();
  preview();
}

function remove(photo) {
  cancelJob(photo, on);
  dropClip(photo);
  removePhoto(photo);
  draw();
  if (!photos.current) $("choose").focus();
}

// ---- settings

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

async function drawPresets() {
  const row = await presetsRow(use);
  $("presets-row")?.remove();
  $("controls").after(row);
}

/** Show a small version of the result while settings change, where the chain is one task whose tiles are painted so. */
const preview = debounced(async () => {
  previewing?.abort();
  const photo = photos.current, [task] = chainTasks();
  if (!photo || running.size || isCurrent(photo.result) || settings.chain.length > 1 || !paintedParameter(task) || photo.files.length > 1) return;
  previewing = new AbortController();
  const { signal } = previewing, asked = snapshot();
  try {
    photo.small ??= await smaller(photo.files[0], PREVIEW_SIDE);
    if (!photo.small || signal.aborted) return;
    const { blob } = await sendForm(chainPath(), formOf([photo.small], { format: "jpeg" }), { signal });
    if (photo.preview) URL.revokeObjectURL(photo.preview.url);
    photo.preview = { url: URL.createObjectURL(blob), asked };
    draw();
  } catch (error) {
    if (error.name !== "AbortError") tell(sentence(error));
  }
}, 250);

// ---- work

/** A refusal in the user's language where the catalogue knows its code, with the server's own words. */
function sentence(error) {
  const plain = error.message.replace(/^\w+: (the picture: )?/, "");
  const text = currentLanguage() === "en" ? "" : known(`error.${error.code}`, "");
  return text ? `${text} (${plain})` : plain;
}

const progressOf = new Map();

const on = {
  start(job) {
    job.photo.state = "working";
    progressOf.set(job, { step: "sending", share: 0 });
    drawStrip(choose, remove);
    drawProgress();
  },
  progress(job, now) {
    progressOf.set(job, now);
    drawProgress();
  },
  async done(job, { blob, report, maps, missing, seconds }) {
    const { photo, asked } = job;
    finish(job, "done");
    if (photo.result) URL.revokeObjectURL(photo.result.url);
    photo.result = { blob, report, maps, missing, seconds, asked, url: URL.createObjectURL(blob) };
    if (report.crop) photo.result.before = URL.createObjectURL(await cropped(photo.files[0], report.crop));
    photo.thumb ||= URL.createObjectURL((await smaller(blob, 160)) ?? blob);
    drawStrip(choose, remove);
    draw();
    if (!job.again) await keep(photo);
  },
  failed(job, error) {
    finish(job, "failed");
    job.photo.message = t("failed", { name: job.photo.name, why: sentence(error) });
    $("errors").append(el("li", {}, job.photo.message));
  },
  cancelled(job) {
    finish(job, "cancelled");
  },
  end() {
    const count = (state) => jobs.filter(({ over }) => over === state).length;
    const texts = ["done", "failed", "cancelled"].filter(count).map((state) => t(jobs.length === 1 && state === "done" ? "end.one" : `end.${state}`, { count: count(state) }));
    tell(jobs.some(({ again, over }) => again && over === "done") ? t("explained") : texts.join(" "));
    draw();
    const next = $("maps-row").firstChild && jobs.some(({ again }) => again) ? $("maps-row").children[1] : photos.current?.result ? $("download") : $("run");
    if (document.activeElement === document.body) next.focus({ preventScroll: true });
  },
};
let jobs = [];

function finish(job, state) {
  job.over = state;
  job.photo.state = job.again ? "done" : state; // its result is still there
  progressOf.delete(job);
  running.delete(job.photo);
  drawStrip(choose, remove);
  drawProgress();
}

function drawProgress() {
  const over = jobs.filter(({ photo }) => !running.has(photo)).length;
  const now = [...progressOf.values()];
  const sent = now.reduce((sum, { step, share }) => sum + (step === "sending" ? 0.2 * share : step === "working" ? 0.2 + 0.8 * (share ?? 0.3) : 0.2), 0);
  $("progress-bar").value = Math.min(1, (over + sent) / Math.max(1, jobs.length));
  const first = now[0];
  const step = first ? t(first.step === "working" && first.share ? "step.share" : `step.${first.step}`, { share: Math.round(100 * (first.share ?? 0)), ahead: first.ahead ?? 0 }) : "";
  $("progress-text").textContent = jobs.length > 1 ? t("progress.of", { over, count: jobs.length, step }) : step;
  drawActions();
}

async function run(event) {
  event.preventDefault();
  if (running.size || !photos.current || photos.current.clip) return;
  previewing?.abort();
  let targets = single();
  if (takesSeveral()) {
    const { least, most } = chainTasks()[0].pictures;
    const files = targets.map((photo) => photo.files[0]);
    if (files.length < least || files.length > most) return tell(t("set.count", { least, most, count: files.length }));
    targets = [addPhoto(files, t("fused.name", { count: files.length }))];
    choose(targets[0]);
  }
  const asked = snapshot(), path = `${chainPath()}?language=en,zh`, values = sentValues(), { format } = settings;
  jobs = targets.map((photo) => ({ photo, path, asked, form: () => formOf(photo.files, { values, format, also: photo.also }) }));
  await begin();
}

/** Ask for the maps of the result on the stage. The server keeps nothing, so it makes the picture once more. */
async function explain() {
  const photo = photos.current;
  if (running.size || !isCurrent(photo?.result)) return;
  const path = `${chainPath()}?language=en,zh`;
  jobs = [{ photo, path, asked: snapshot(), again: true, form: () => formOf(photo.files, { also: photo.also, explain: true }) }];
  await begin();
}

/** Run `jobs`. */
async function begin() {
  $("errors").replaceChildren();
  tell("");
  for (const { photo } of jobs) photo.state = "waiting";
  const work = runJobs(jobs, on);
  draw();
  $("cancel").focus({ preventScroll: true });
  await work;
}

function nameOf(photo) {
  const stem = photo.name.replace(/\.[^.]*$/, ""), { asked } = photo.result;
  const what = asked.values.style ?? asked.chain.join("-");
  return `${stem}-${what.replace(/[^\p{L}\p{N}.-]+/gu, "-")}.${asked.format === "jpeg" ? "jpg" : asked.format}`;
}

async function reopen(entry) {
  const photo = addPhoto(entry.files, entry.name);
  const { chain, values, format } = entry;
  photo.state = "done";
  restore({ chain, values, format });
  photo.also = entry.also ?? {};
  photo.result = { blob: entry.result, report: entry.report, maps: entry.maps ?? {}, missing: entry.missing ?? {}, asked: snapshot(), url: URL.createObjectURL(entry.result) };
  if (entry.report.crop) photo.result.before = URL.createObjectURL(await cropped(entry.files[0], entry.report.crop));
  if (entry.thumb) photo.thumb = URL.createObjectURL(entry.thumb);
  await paintTilesFrom(entry.files[0]);
  choose(photo);
  drawControls(changed);
  drawPresets();
  toFragment();
}

// ---- start

async function start() {
  startWords(() => {
    drawControls(changed);
    drawPresets();
    draw();
  });
  startViewer();
  startPhotos(take);
  startHistory(reopen);
  startClips({ sentence, changed: () => { draw(); preview(); }, async show(still, name) {
    await take([still]);
    return Object.assign(photos.current, { name });
  } });
  $("panel").addEventListener("submit", run);
  $("explain").addEventListener("click", explain);
  $("cancel").addEventListener("click", () => cancelJob(photos.current, on));
  $("cancel-all").addEventListener("click", () => cancelAll(on));
  $("download").addEventListener("click", () => save(photos.current.result.blob, nameOf(photos.current)));
  $("zip").addEventListener("click", async () => {
    const files = photos.all.filter((photo) => photo.result).map((photo) => ({ name: nameOf(photo), blob: photo.result.blob }));
    save(await zipped(files), "stylefuse.zip");
  });
  try {
    const { tasks, paths = [], clips = null } = await getJson("/v1/tasks");
    Object.assign(settings, { tasks, paths, clips });
  } catch (error) {
    return $("welcome").append(t("no.server", { why: error.message }));
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
