// Clips: a frame stands for the clip while settings are chosen; then the server works on the whole clip, as a job.

import { $, debounced, el, save, show } from "./dom.js";
import { amount, currentLanguage, t, translate } from "./words.js";
import { bearer, fetched, getJson, pause, Refusal, unanswered } from "./api.js";
import { sentValues, settings, valueOf } from "./settings.js";
import { control } from "./controls.js";
import { drawnPicture, photos, smaller } from "./photos.js";

const CLIP_ENDINGS = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|m?2?ts|3gp|wmv|flv)$/i;
const ASK_MILLISECONDS = 700, OPEN_MILLISECONDS = 8000, PREVIEW_FRAMES = 48;

export const isClip = (file) => file.type.startsWith("video/") || CLIP_ENDINGS.test(file.name);

/**
 * A clip of the user's: {file, photo, video, panel, job, control, result}. photo: its frame, as the page shows photos.
 * video: an element, null where the browser cannot decode it. job: path at the server. result: {blob, name, url}.
 * page: what main.js does: `show` a new photo, `changed` frame, and a refusal as a `sentence`.
 */
let page = {};

/** Have clips work. */
export function startClips(of) {
  page = of;
  // The server forgets a clip whose page is closed.
  addEventListener("pagehide", () => {
    for (const { clip } of photos.all) if (clip?.job) fetch(clip.job, { method: "DELETE", keepalive: true, headers: bearer() });
  });
}

/** Take a clip: show its middle frame, or the drawn picture, and what can be done with the clip. */
export async function takeClip(file) {
  if (!settings.clips) return say(t("clip.none"));
  if (file.size > settings.clips.most_bytes) return say(t("clip.large", { name: file.name, most: amount(settings.clips.most_bytes / 1e6) }));
  const video = await openVideo(file);
  const still = video ? await frameOf(video, 0.5, file.name) : await drawnPicture();
  const photo = await page.show(still, file.name);
  const clip = { file, photo, video, job: "", control: null, result: null };
  photo.clip = clip;
  panelOf(clip);
  page.changed();
  clip.parts.run.focus({ preventScroll: true });
}

/** Show what belongs to the clip of the current photo. */
export function drawClip() {
  const clip = photos.current?.clip;
  show($("clip"), clip);
  if (!clip) return $("clip").replaceChildren();
  if (clip.language !== currentLanguage() && !clip.control) panelOf(clip);
  if ($("clip").firstChild !== clip.panel) $("clip").replaceChildren(clip.panel);
  const { run, first, cancel, progress, player, report, fetch: download } = clip.parts, busy = Boolean(clip.control);
  run.classList.toggle("primary", !clip.result);
  report.replaceChildren(...(clip.result?.words?.[currentLanguage()] ?? []).map((line) => el("p", {}, line)));
  for (const [part, visible] of [[run, !busy], [first, !busy], [cancel, busy], [progress, busy], [player, clip.result && !busy], [download, clip.result && !busy], [report, clip.result && !busy]]) show(part, visible);
}

/** Give up the work on a photo's clip, and its result. */
export function dropClip({ clip }) {
  if (!clip) return;
  clip.control?.abort();
  for (const url of [clip.video?.src, clip.result?.url]) if (url) URL.revokeObjectURL(url);
}

function say(text) {
  $("clip-refused")?.remove();
  const line = el("p", { id: "clip-refused", role: "alert" }, text);
  (photos.current ? $("actions") : $("welcome")).append(line);
}

// ---- frames

function happened(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", reject, { once: true });
    setTimeout(reject, OPEN_MILLISECONDS);
  });
}

/** A video element with the clip; null where the browser cannot decode it. */
async function openVideo(file) {
  const video = el("video", { muted: true, preload: "auto", src: URL.createObjectURL(file) });
  try {
    await happened(video, "loadeddata");
    if (video.videoWidth) return video;
  } catch {
    // shown by the drawn picture
  }
  URL.revokeObjectURL(video.src);
  return null;
}

/** The frame at a share of the clip's length, as a JPEG file. */
async function frameOf(video, share, name) {
  const length = Number.isFinite(video.duration) ? video.duration : 0;
  const seeked = happened(video, "seeked");
  video.currentTime = share * Math.max(0, length - 0.05);
  await seeked.catch(() => {}); // the frame before is better than none
  const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  return new File([blob], name.replace(/\.[^.]*$/, ".jpg"), { type: "image/jpeg" });
}

async function showFrame(clip, share) {
  const { photo } = clip, still = await frameOf(clip.video, share, clip.file.name);
  for (const url of [photo.url, photo.thumb, photo.preview?.url]) if (url) URL.revokeObjectURL(url);
  const small = await smaller(still, 160);
  Object.assign(photo, { files: [still], url: URL.createObjectURL(still), thumb: small ? URL.createObjectURL(small) : "", small: null, preview: null });
  page.changed();
}

// ---- what can be done

/** Make the clip's `panel` and its `parts`, in the current language. */
function panelOf(clip) {
  const { file, video, share = 0.5 } = clip;
  const length = video && Number.isFinite(video.duration) ? ` · ${amount(video.duration)} s` : "";
  const button = (id, text, onclick, className = "") => el("button", { type: "button", id, className, "data-t": text, onclick });
  const frame = el("input", { type: "range", id: "clip-frame", min: 0, max: 100, value: 100 * share });
  frame.addEventListener("input", debounced(() => showFrame(clip, (clip.share = frame.value / 100)), 120));
  const parts = clip.parts = {
    run: button("clip-run", "clip.run", () => runClip(clip, 0), "primary"),
    first: button("clip-first", "clip.first", () => runClip(clip, PREVIEW_FRAMES)),
    cancel: button("clip-cancel", "cancel", () => clip.control.abort()),
    bar: el("progress", { max: 1, value: 0, "data-t-label": "progress" }),
    text: el("p", {}),
    status: el("p", { id: "clip-status", role: "status" }),
    report: el("div", { id: "clip-report", className: "muted" }),
    player: el("video", { id: "clip-player", controls: true, "data-t-label": "clip.result" }),
    fetch: button("clip-download", "download", () => save(clip.result.blob, clip.result.name), "primary"),
  };
  parts.progress = el("div", {}, parts.bar, parts.text);
  const rows = Object.entries(settings.clips.parameters.properties).filter(([name]) => name !== "preview").map(([name, schema]) => control(name, schema, () => {}));
  const choice = video ? el("div", { className: "control" }, el("label", { htmlFor: "clip-frame", "data-t": "clip.frame" }), frame) : el("p", { className: "muted", "data-t": "clip.unseen" });
  clip.language = currentLanguage();
  clip.panel = el("fieldset", {}, el("legend", { "data-t": "clip" }), el("p", { className: "muted" }, file.name + length), choice, ...rows, parts.progress, el("p", { className: "row chips" }, parts.run, parts.first, parts.cancel, parts.fetch), parts.status, parts.player, parts.report);
  translate(clip.panel);
  if (clip.result) parts.player.src = clip.result.url;
}

/** Parameters of clips that are no defaults. */
function clipValues() {
  const all = Object.entries(settings.clips.parameters.properties);
  return Object.fromEntries(all.map(([name, schema]) => [name, valueOf(name, schema)]).filter(([name, value]) => value !== settings.clips.parameters.properties[name].default));
}

async function runClip(clip, preview) {
  const { parts } = clip, { signal } = (clip.control = new AbortController());
  const tell = (share, text) => {
    parts.bar.value = share;
    parts.text.textContent = text;
  };
  const values = { task: settings.chain.join("+"), ...sentValues(), ...clipValues(), ...(preview ? { preview } : {}) };
  parts.status.textContent = t("clip.started");
  tell(0, "");
  drawClip();
  parts.cancel.focus({ preventScroll: true });
  let next = parts.run;
  try {
    await getJson("/v1/tasks", signal); // asks for the token, if there is one, before the clip is sent
    const { id } = await sendClip(clip.file, values, signal, (share) => tell(0.1 * share, t("step.sending", { share: Math.round(100 * share) })));
    clip.job = `/v1/jobs/${id}`;
    const told = await untilDone(clip.job, signal, tell);
    const blob = await (await fetched(told.result, { signal })).blob();
    if (clip.result) URL.revokeObjectURL(clip.result.url);
    clip.result = { blob, name: told.file, url: URL.createObjectURL(blob), words: told.report.words };
    parts.player.src = clip.result.url;
    parts.status.textContent = t("clip.done", { frames: told.frames, seconds: amount(told.seconds) });
    next = parts.fetch;
  } catch (error) {
    parts.status.textContent = error.name === "AbortError" ? t("clip.cancelled") : page.sentence(error);
  } finally {
    // The browser has the result; the server keeps nothing.
    if (clip.job) fetched(clip.job, { method: "DELETE" }).catch(() => {});
    clip.job = "";
    clip.control = null;
    drawClip();
    if (document.activeElement === document.body) next.focus({ preventScroll: true });
  }
}

/** What the server tells of a job as soon as it is done; `tell` gets the share that is done, and a text. */
async function untilDone(job, signal, tell) {
  for (;;) {
    const told = await getJson(job, signal);
    if (told.state === "done") return told;
    if (told.state === "failed") throw new Refusal(0, told.error);
    if (told.state === "waiting") tell(0.1, t(told.ahead ? "clip.waiting" : "step.next", told));
    else if (!told.frames) tell(0.1, t("clip.looking"));
    else {
      const share = told.total ? Math.min(1, told.frames / told.total) : 0;
      const left = share ? Math.ceil((told.seconds * (1 - share)) / share) : 0;
      tell(0.1 + 0.9 * share, t("clip.working", { ...told, minutes: Math.floor(left / 60), seconds: left % 60 }));
    }
    await pause(ASK_MILLISECONDS, signal);
  }
}

/** POST a clip, and return the job that the server made of it. */
function sendClip(file, values, signal, onSent) {
  const form = new FormData();
  for (const [name, value] of Object.entries(values)) form.append(name, String(value));
  form.append("clip", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(), abort = () => request.abort();
    request.open("POST", settings.clips.path);
    request.responseType = "json";
    for (const [name, value] of Object.entries(bearer())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onerror = () => reject(unanswered());
    request.onload = () => (request.status === 202 ? resolve(request.response) : reject(new Refusal(request.status, request.response ?? {})));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    request.send(form);
  });
}
