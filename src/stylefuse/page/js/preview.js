// A small version of the result while settings change, before the picture is made at full size.

import { $, debounced } from "./dom.js";
import { sentence, t } from "./words.js";
import { sendForm } from "./api.js";
import { chainPath, chainTasks, formOf, isCurrent, paintedParameter, settings, snapshot } from "./settings.js";
import { photos, smaller } from "./photos.js";
import { running } from "./jobs.js";
import { draw, tell } from "./drawing.js";

const PREVIEW_SIDE = 720;
let previewing = null;

export function stopPreview() {
  previewing?.abort();
  $("painting").textContent = "";
}

/** Preview the photo on the stage, where the chain is one task whose tiles are painted likewise. */
export const preview = debounced(async () => {
  stopPreview();
  const photo = photos.current, [task] = chainTasks();
  if (!photo || running.size || isCurrent(photo.result) || settings.chain.length > 1 || !paintedParameter(task) || photo.files.length > 1) return;
  previewing = new AbortController();
  const { signal } = previewing, asked = snapshot();
  $("painting").textContent = t("painting");
  try {
    photo.small ??= await smaller(photo.files[0], PREVIEW_SIDE);
    if (!photo.small || signal.aborted) return;
    const { blob } = await sendForm(chainPath(), formOf([photo.small], { format: "jpeg" }), { signal });
    if (photo.preview) URL.revokeObjectURL(photo.preview.url);
    photo.preview = { url: URL.createObjectURL(blob), asked };
    draw();
  } catch (error) {
    if (error.name !== "AbortError") tell(sentence(error));
  } finally {
    if (!signal.aborted) $("painting").textContent = ""; // else the next preview is on its way
  }
}, 250);
