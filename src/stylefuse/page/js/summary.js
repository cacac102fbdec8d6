// Settings and reports in a few words.

import { $, el } from "./dom.js";
import { amount, currentLanguage, known, spelled, t } from "./words.js";
import { taskName, valueName } from "./controls.js";
import { readMixture } from "./settings.js";

/** "Restyle: Monet, Strength 0.8". */
export function summary({ chain, values }) {
  const facts = Object.entries(values).map(([name, value]) => fact(name, value));
  const tasks = chain.map(taskName).join(" + ");
  return facts.length ? `${tasks}: ${facts.join(", ")}` : tasks;
}

function fact(name, value) {
  if (name === "style") return mixture(readMixture(value));
  const text = typeof value === "number" ? amount(value) : known(`value.${name}.${value}`, valueName(String(value)));
  return `${known(`parameter.${name}`, spelled(name))} ${text}`;
}

function mixture(weights) {
  const sum = Object.values(weights).reduce((a, b) => a + b, 0);
  const names = Object.entries(weights);
  return names.length === 1 ? valueName(names[0][0]) : names.map(([name, weight]) => `${valueName(name)} ${amount((100 * weight) / sum)} %`).join(" + ");
}

/**
 * Show how a result was made. A report that brings sentences, `words` by language, is shown in these; the plain values
 * of others are listed.
 */
export function showReport(result) {
  $("report").hidden = !result;
  if (!result) return;
  const { report, asked, seconds, blob } = result;
  const words = report.words?.[currentLanguage()];
  const size = `${amount(blob.size / 1e6)} MB`;
  const lines = words ? [words].flat() : [summary({ chain: asked.chain, values: { ...shownFacts(report), ...asked.values } })];
  if (!words && report.pixels_from) lines.push(t("report.shares", { shares: report.pixels_from.map((share) => `${amount(100 * share)} %`).join(", ") }));
  for (const warning of (words ? [] : report.warnings) ?? []) lines.push(warning);
  lines.push([seconds ? t("report.seconds", { seconds: amount(Math.round(10 * seconds) / 10) }) : "", size].filter(Boolean).join(" · "));
  $("report").replaceChildren(...lines.map((line) => el("p", {}, line)));
}

/** What was used where the request left it to the default. */
function shownFacts({ style, mode }) {
  return { ...(style && { style }), ...(mode && { mode }) };
}
