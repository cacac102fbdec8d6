// The user's photos: chosen, dropped or drawn; small copies of them; and the strip of all below the stage.

import { $, el } from "./dom.js";
import { t } from "./words.js";

/**
 * A photo, or several that become one picture: {id, name, files, also, thumb, state, message, result, preview}.
 * state: "new", "waiting", "working", "done", "failed" or "cancelled". result: {blob, url, report, asked, maps, missing}.
 * also: optional pictures that a task takes beside it, by name.
 */
export const photos = { all: [], current: null };
let ids = 0;

/** Photos that are no set and no clip. */
export const single = () => photos.all.filter((photo) => photo.files.length === 1 && !photo.clip);

export function addPhoto(files, name = files[0].name) {
  const photo = { id: ++ids, name, files, also: {}, thumb: "", state: "new", message: "", result: null, preview: null, url: URL.createObjectURL(files[0]) };
  photos.all.push(photo);
  return photo;
}

export function removePhoto(photo) {
  const at = photos.all.indexOf(photo);
  photos.all.splice(at, 1);
  for (const url of [photo.url, photo.thumb, photo.result?.url, photo.preview?.url]) if (url) URL.revokeObjectURL(url);
  if (photos.current === photo) photos.current = photos.all[Math.min(at, photos.all.length - 1)] ?? null;
}

/** A picture file scaled down to `side` pixels, as JPEG; null where the browser cannot read it. */
export async function smaller(file, side) {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, side / Math.max(whole.width, whole.height));
    const canvas = el("canvas", { width: Math.max(1, Math.round(whole.width * scale)), height: Math.max(1, Math.round(whole.height * scale)) });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  } catch {
    return null;
  }
}

/** The part of a picture that a report's `crop` names: left, top, right, bottom. */
export async function cropped(file, [left, top, right, bottom]) {
  const part = await createImageBitmap(file, left, top, right - left, bottom - top);
  const canvas = el("canvas", { width: part.width, height: part.height });
  canvas.getContext("2d").drawImage(part, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** A landscape drawn by the page, for a first look without a photo. */
export async function drawnPicture() {
  const canvas = el("canvas", { width: 1200, height: 800 }), pen = canvas.getContext("2d");
  const fill = (top, bottom, from, to) => {
    const colours = pen.createLinearGradient(0, top, 0, bottom);
    colours.addColorStop(0, from);
    colours.addColorStop(1, to);
    pen.fillStyle = colours;
  };
  fill(0, 520, "#4f86c0", "#f6cf9a");
  pen.fillRect(0, 0, 1200, 520);
  pen.fillStyle = "#fff3cf";
  pen.beginPath();
  pen.arc(860, 330, 62, 0, 7);
  pen.fill();
  for (const [base, height, from, to, step] of [[430, 150, "#7f8fb0", "#a9a6b4", 0.9], [480, 110, "#4e6b78", "#7c8f7d", 2.1], [520, 70, "#2f5240", "#5d7a45", 3.7]]) {
    fill(base - height, 560, from, to);
    pen.beginPath();
    pen.moveTo(0, 560);
    for (let x = 0; x <= 1200; x += 8) pen.lineTo(x, base - height * (0.45 + 0.3 * Math.sin((x / 170) * step + step * 9) + 0.2 * Math.sin(x / 47 + step)));
    pen.lineTo(1200, 560);
    pen.fill();
  }
  fill(520, 800, "#e7bd8d", "#2e5a86");
  pen.fillRect(0, 530, 1200, 270);
  for (let n = 0; n < 260; n++) {
    const y = 540 + (n * 97) % 255;
    pen.fillStyle = n % 3 ? "rgba(255,235,190,.20)" : "rgba(20,50,90,.22)";
    pen.fillRect((n * 389) % 1200, y, 30 + ((n * 53) % 120) * ((y - 500) / 200), 1 + (y - 520) / 70);
  }
  for (let n = 0; n < 26; n++) {
    const x = n < 13 ? n * 26 - 10 : 900 + n * 14, height = 90 + ((n * 71) % 110);
    fill(610 - height, 640, "#1d3b2b", "#10241c");
    pen.beginPath();
    pen.moveTo(x, 640);
    pen.lineTo(x + 22, 610 - height);
    pen.lineTo(x + 44, 640);
    pen.fill();
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([blob], `${t("sample.name")}.jpg`, { type: "image/jpeg" });
}

/** Have files chosen or dropped anywhere on the page come to `taken`. */
export function startPhotos(taken) {
  for (const id of ["choose", "add"]) $(id).addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => {
    taken([...$("files").files]);
    $("files").value = "";
  });
  $("sample").addEventListener("click", async () => taken([await drawnPicture()]));
  let depth = 0;
  const over = (change) => (event) => {
    event.preventDefault();
    depth = change(depth);
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", over((n) => n + 1));
  addEventListener("dragleave", over((n) => n - 1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    over(() => 0)(event);
    if (event.dataTransfer.files.length) taken([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => event.clipboardData?.files.length && taken([...event.clipboardData.files]));
}

/** Draw the strip; `chosen` and `removed` get the photo. */
export function drawStrip(chosen, removed) {
  const focused = document.activeElement?.dataset?.photo;
  $("strip").replaceChildren(...photos.all.map((photo) => {
    const name = photo.state === "new" ? photo.name : `${photo.name}: ${t(`state.${photo.state}`)}`;
    const picture = photo.thumb ? el("img", { src: photo.thumb, alt: "" }) : el("span", { className: "blank" });
    const open = el("button", { type: "button", className: "thumb", title: name, "aria-label": name, "aria-pressed": String(photo === photos.current), "data-photo": photo.id, onclick: () => chosen(photo) }, picture, el("span", { className: `mark ${photo.state}` }));
    const remove = el("button", { type: "button", className: "remove", title: t("remove", photo), "aria-label": t("remove", photo), onclick: () => removed(photo) }, "×");
    return el("li", {}, open, remove);
  }));
  if (focused) $("strip").querySelector(`[data-photo="${focused}"]`)?.focus();
}
