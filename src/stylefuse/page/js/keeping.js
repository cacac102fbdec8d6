// History and presets on the page: what was made, and settings by name. See store.js for where they are.

import { $, el } from "./dom.js";
import { currentLanguage, t } from "./words.js";
import { addHistory, clearHistory, readHistory, readPresets, removeHistory, removePreset, savePreset } from "./store.js";
import { snapshot } from "./settings.js";
import { smaller } from "./photos.js";
import { summary } from "./summary.js";

/** Keep a finished photo. A browser that keeps nothing, as in private windows, loses history alone. */
export async function keep(photo) {
  const { result } = photo;
  const thumb = await smaller(result.blob, 240);
  const entry = { when: Date.now(), name: photo.name, ...result.asked, files: photo.files, also: photo.also, result: result.blob, report: result.report, maps: result.maps, missing: result.missing, thumb };
  await addHistory(entry).catch((error) => console.warn("history is not kept", error));
}

/** `reopen` gets an entry that the user chooses. */
export function startHistory(reopen) {
  const draw = async () => {
    const entries = await readHistory().catch(() => []);
    for (const each of $("history-list").querySelectorAll("img")) URL.revokeObjectURL(each.src);
    $("history-list").replaceChildren(...entries.map((entry) => card(entry, reopen, draw)));
    if (!entries.length) $("history-list").append(el("li", { className: "muted" }, t("history.empty")));
  };
  $("history-open").addEventListener("click", async () => {
    await draw();
    $("history").showModal();
  });
  $("history-clear").addEventListener("click", async () => {
    await clearHistory();
    await draw();
  });
}

function card(entry, reopen, draw) {
  const when = new Date(entry.when).toLocaleString(currentLanguage(), { dateStyle: "medium", timeStyle: "short" });
  const open = el("button", { type: "button", className: "card", onclick: () => {
    $("history").close();
    reopen(entry);
  } }, el("img", { src: entry.thumb ? URL.createObjectURL(entry.thumb) : "", alt: "" }), el("span", {}, entry.name), el("small", {}, summary(entry)), el("small", {}, when));
  const remove = el("button", { type: "button", className: "remove", "aria-label": t("remove", entry), title: t("remove", entry), onclick: async () => {
    await removeHistory(entry.id);
    await draw();
  } }, "×");
  return el("li", {}, open, remove);
}

/** The row of presets; `use` gets the settings of one that is chosen. */
export async function presetsRow(use) {
  const presets = await readPresets().catch(() => []);
  const select = el("select", { id: "presets", onchange: () => {
    const found = presets.find(({ name }) => name === select.value);
    if (found) use(found);
    forget.disabled = !found;
  } }, el("option", { value: "" }, t("presets.choose")), ...presets.map(({ name }) => el("option", { value: name }, name)));
  const redraw = async (chosen) => {
    const row = await presetsRow(use);
    if (chosen) row.querySelector("select").value = chosen;
    row.querySelector("#preset-forget").disabled = !chosen;
    $("presets-row").replaceWith(row);
  };
  const name = el("input", { id: "preset-name", maxLength: 60, autocomplete: "off", placeholder: t("presets.name"), "aria-label": t("presets.name"), onkeydown: (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // else the form would run
      store.click();
    }
  } });
  const store = el("button", { type: "button", id: "preset-save", onclick: async () => {
    const text = name.value.trim();
    if (!text) return name.focus();
    await savePreset({ name: text, ...snapshot() });
    await redraw(text);
  } }, t("presets.save"));
  const forget = el("button", { type: "button", id: "preset-forget", disabled: true, onclick: async () => {
    await removePreset(select.value);
    await redraw("");
  } }, t("presets.forget"));
  return el("details", { id: "presets-row" }, el("summary", {}, t("presets")), el("div", { className: "row" }, el("label", { htmlFor: "presets", className: "unseen" }, t("presets")), select, forget), el("div", { className: "row" }, name, store));
}
