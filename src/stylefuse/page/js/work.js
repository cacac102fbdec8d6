// Work on the photos: what is sent, how far it is, and what becomes of each photo.

import { $, el } from "./dom.js";
import { sentence, t } from "./words.js";
import { chainPath, chainTasks, formOf, isCurrent, sentValues, settings, snapshot, takesSeveral } from "./settings.js";
import { addPhoto, photos, single } from "./photos.js";
import { resetViewer } from "./viewer.js";
import { cancelAll, cancelJob, running, runJobs } from "./jobs.js";
import { keep } from "./keeping.js";
import { giveResult } from "./results.js";
import { draw, drawActions, drawPhotos, tell } from "./drawing.js";
import { stopPreview } from "./preview.js";
import { holdTiles } from "./tiles.js";

const progressOf = new Map();
let jobs = [];

const on = {
  start(job) {
    job.photo.state = "working";
    progressOf.set(job, { step: "sending", share: 0 });
    drawPhotos();
    drawProgress();
  },
  progress(job, now) {
    progressOf.set(job, now);
    drawProgress();
  },
  async done(job, { blob, report, maps, missing, seconds }) {
    const { photo, asked } = job;
    finish(job, "done");
    await giveResult(photo, { blob, report, maps, missing, seconds, asked });
    draw();
    if (!job.again) await keep(photo);
  },
  failed(job, error) {
    finish(job, "failed");
    job.photo.message = t("failed", { name: job.photo.name, why: sentence(error, job.photo.files.length > 1 ? job.photo.files : []) });
    $("errors").append(el("li", {}, job.photo.message));
  },
  cancelled(job) {
    finish(job, "cancelled");
  },
  end() {
    holdTiles(false);
    const count = (state) => jobs.filter(({ over }) => over === state).length;
    const texts = ["done", "failed", "cancelled"].filter(count).map((state) => t(jobs.length === 1 && state === "done" ? "end.one" : `end.${state}`, { count: count(state) }));
    tell(jobs.some(({ again, over }) => again && over === "done") ? t("explained") : texts.join(" "));
    draw();
    const next = $("maps-row").firstChild && jobs.some(({ again }) => again) ? $("maps-row").children[1] : photos.current?.result ? $("download") : $("run");
    if (document.activeElement === document.body) next.focus({ preventScroll: true });
  },
};

function finish(job, state) {
  job.over = state;
  job.photo.state = job.again ? "done" : state; // its result is still there
  progressOf.delete(job);
  running.delete(job.photo);
  drawPhotos();
  drawProgress();
}

function stepName({ step, share, ahead }) {
  if (step === "waiting" && !ahead) return "step.next";
  return step === "working" && share ? "step.share" : `step.${step}`;
}

function drawProgress() {
  const over = jobs.filter(({ photo }) => !running.has(photo)).length;
  const now = [...progressOf.values()];
  const sent = now.reduce((sum, { step, share }) => sum + (step === "sending" ? 0.1 * share : step === "working" ? 0.1 + 0.9 * (share ?? 0) : 0.1), 0);
  $("progress-bar").value = Math.min(1, (over + sent) / Math.max(1, jobs.length));
  const first = now.find(({ step }) => step === "working") ?? now[0];
  const step = first ? t(stepName(first), { share: Math.round(100 * (first.share ?? 0)), ahead: first.ahead ?? 0 }) : "";
  $("progress-text").textContent = jobs.length > 1 ? t("progress.of", { over, count: jobs.length, step }) : step;
  drawActions();
}

/** Work on all photos with the settings of now; on all as one set where the task takes several. */
async function run(event) {
  event.preventDefault();
  if (running.size || !photos.current || photos.current.clip) return;
  stopPreview();
  let targets = single();
  if (takesSeveral()) {
    const { least, most } = chainTasks()[0].pictures;
    const files = targets.map((photo) => photo.files[0]);
    if (files.length < least || files.length > most) return tell(t("set.count", { least, most, count: files.length }));
    targets = [addPhoto(files, t("fused.name", { count: files.length }))];
    photos.current = targets[0];
    resetViewer();
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
  holdTiles(true);
  $("errors").replaceChildren();
  tell("");
  for (const { photo } of jobs) photo.state = "waiting";
  const work = runJobs(jobs, on);
  draw();
  $("cancel").focus({ preventScroll: true });
  await work;
}

export const giveUp = (photo) => cancelJob(photo, on);

export function startWork() {
  $("panel").addEventListener("submit", run);
  $("explain").addEventListener("click", explain);
  $("cancel").addEventListener("click", () => giveUp(photos.current));
  $("cancel-all").addEventListener("click", () => cancelAll(on));
}
