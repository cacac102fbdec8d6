// Results: made of what the server answers or the history holds, named, and saved as files.

import { save } from "./dom.js";
import { cropped, photos, smaller } from "./photos.js";
import { zipped } from "./zip.js";

/** Give a photo a result, {blob, report, maps, missing, seconds, asked}, and what is needed to show it. */
export async function giveResult(photo, made) {
  if (photo.result) URL.revokeObjectURL(photo.result.url);
  photo.result = { ...made, url: URL.createObjectURL(made.blob) };
  // With a `canvas` the crop is of that, not of the first picture.
  const { crop, canvas } = made.report;
  if (crop && !canvas) photo.result.before = URL.createObjectURL(await cropped(photo.files[0], crop));
  photo.thumb ||= URL.createObjectURL((await smaller(made.blob, 160)) ?? made.blob);
}

function nameOf(photo) {
  const stem = photo.name.replace(/\.[^.]*$/, ""), { asked, report } = photo.result;
  const what = asked.values.style ?? report.style ?? asked.chain.join("-");
  return `${stem}-${what.replace(/[^\p{L}\p{N}.-]+/gu, "-")}.${asked.format === "jpeg" ? "jpg" : asked.format}`;
}

export const saveResult = (photo) => save(photo.result.blob, nameOf(photo));

export async function saveAll() {
  const files = photos.all.filter((photo) => photo.result).map((photo) => ({ name: nameOf(photo), blob: photo.result.blob }));
  save(await zipped(files), "stylefuse.zip");
}
