// Controls made from the schemas of /v1/tasks: a task that the server learns tomorrow gets its form by itself.

import { $, el } from "./dom.js";
import { amount, known, spelled, t } from "./words.js";
import { chainTasks, FORMATS, paintedParameter, readMixture, settings, setValue, toggleTask, valueOf, writeMixture } from "./settings.js";
import { watchTile } from "./tiles.js";

// Further parameters of a task are folded away.
const SHOWN = 4;
let mixing = false;
let several = false;

export const taskName = (name) => known(`task.${name}`, spelled(name));
export const valueName = (name) => known(`value.${name}`, spelled(name));
const parameterName = (name) => known(`parameter.${name}`, spelled(name));

/** Draw all controls; `changed` is called after each change, `redrawn` before the controls are made anew. */
export function drawControls(changed) {
  const redraw = () => {
    drawControls(changed);
    changed();
  };
  const groups = chainTasks().map((task) => taskGroup(task, changed, redraw));
  const open = [...$("controls").querySelectorAll("details[open]")].map((each) => each.id);
  const focused = document.activeElement?.id;
  const [first, ...later] = groups; // optional pictures are the first task's
  $("controls").replaceChildren(...(settings.tasks.length > 1 ? [steps(redraw)] : []), first, $("also"), ...later, formatControl(changed));
  for (const id of open) $(id)?.setAttribute("open", "");
  if (focused && $("controls").contains($(focused))) $(focused).focus();
}

/** Which task is done; or which several, in the order in which they are chosen. */
function steps(redraw) {
  if (settings.chain.length > 1) several = true;
  const chips = settings.tasks.map(({ name, summary }) => {
    const at = settings.chain.indexOf(name);
    const text = settings.chain.length > 1 && at >= 0 ? `${at + 1}. ${taskName(name)}` : taskName(name);
    const choose = () => {
      if (several) toggleTask(name);
      else settings.chain = [name];
      redraw();
    };
    return el("button", { type: "button", className: "chip", id: `step-${name}`, title: known(`task.${name}.help`, summary), "aria-pressed": String(at >= 0), onclick: choose }, text);
  });
  const box = el("input", { type: "checkbox", id: "steps-several", checked: several, onchange: (event) => {
    several = event.target.checked;
    settings.chain = several ? settings.chain : settings.chain.slice(0, 1);
    redraw();
  } });
  const [{ name, summary }] = chainTasks();
  const head = el("div", { className: "row" }, el("span", { id: "steps", className: "title" }, t("steps")), el("span", { className: "grow" }), el("label", { className: "row" }, box, t("steps.several")));
  return el("fieldset", { "aria-labelledby": "steps" }, head, el("div", { className: "row chips" }, ...chips), el("p", { className: "muted" }, several ? t("steps.help") : known(`task.${name}.help`, summary)));
}

function taskGroup(task, changed, redraw) {
  const painted = paintedParameter(task);
  const rows = Object.entries(task.parameters.properties).map(([name, schema]) =>
    name === painted ? tiles(task, name, schema, changed, redraw) : control(name, schema, changed));
  const rest = rows.splice(SHOWN);
  const more = rest.length ? el("details", { id: `more-${task.name}` }, el("summary", {}, t("more")), ...rest) : null;
  return el("fieldset", {}, el("legend", {}, taskName(task.name)), ...rows, more);
}

/** One control, by the schema's type: range, choice, switch or text. */
export function control(name, schema, changed) {
  const id = `set-${name}`, value = valueOf(name, schema);
  const help = known(`parameter.${name}.help`, schema.description);
  const set = (next) => {
    setValue(name, schema, next);
    changed();
  };
  const label = el("label", { htmlFor: id, title: help }, parameterName(name));
  const about = { id, title: help, "aria-describedby": `${id}-help` };
  const hint = el("p", { className: "help", id: `${id}-help` }, help);
  if (schema.type === "boolean") {
    const box = el("input", { type: "checkbox", checked: Boolean(value), onchange: (event) => set(event.target.checked), ...about });
    return el("div", { className: "control" }, el("div", { className: "row" }, box, label), hint);
  }
  if (schema.enum) {
    const select = el("select", { onchange: (event) => set(event.target.value), ...about }, ...schema.enum.map((each) => el("option", { value: each, selected: each === value }, known(`value.${name}.${each}`, valueName(each)))));
    return el("div", { className: "control" }, label, select, hint);
  }
  if (schema.minimum !== undefined && schema.maximum !== undefined) return rangeControl(schema, value, label, about, hint, set, name);
  const type = schema.type === "string" ? "text" : "number";
  const input = el("input", { type, value: value ?? "", onchange: (event) => set(type === "number" ? event.target.valueAsNumber : event.target.value), ...about });
  return el("div", { className: "control" }, label, input, hint);
}

/**
 * Ranges like 0.25 to 4 are moved by factors: each half of the slider is then as fine as the other. A value that the
 * catalogue has a word for, such as -1 for "estimated", is shown by that.
 */
function rangeControl(schema, value, label, about, hint, set, name) {
  const { minimum, maximum, type } = schema;
  const byFactor = type === "number" && minimum > 0 && minimum < schema.default && maximum / minimum >= 4;
  const toValue = (x) => (byFactor ? Number((2 ** x).toFixed(2)) : Number(x));
  const toPlace = (x) => (byFactor ? Math.log2(x) : x);
  // By factor about an eighth of a doubling, so that the default is one of the places.
  const span = toPlace(schema.default) - toPlace(minimum);
  const step = type === "integer" ? 1 : byFactor ? span / Math.round(8 * span) : roundStep((maximum - minimum) / 100);
  const spoken = (number) => known(`value.${name}.${number}`, amount(number));
  const output = el("output", { htmlFor: about.id }, spoken(value));
  const range = el("input", { type: "range", min: toPlace(minimum), max: toPlace(maximum), step, ...about });
  range.value = toPlace(value);
  const tell = () => {
    output.textContent = spoken(toValue(range.value));
    range.setAttribute("aria-valuetext", output.textContent);
  };
  tell();
  range.addEventListener("input", () => {
    tell();
    set(Math.min(maximum, Math.max(minimum, toValue(range.value))));
  });
  return el("div", { className: "control" }, el("div", { className: "row" }, label, el("span", { className: "grow" }), output), range, hint);
}

/** 1, 2 or 5 times a power of ten, near a step: so that zero and whole numbers are places of the slider. */
function roundStep(step) {
  const power = 10 ** Math.floor(Math.log10(step)), digit = step / power;
  return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

/** Names of the model, such as styles, as tiles that show what each does to the photo; several of them can be mixed. */
function tiles(task, name, schema, changed, redraw) {
  const weights = readMixture(valueOf(name, schema));
  if (Object.keys(weights).length > 1) mixing = true;
  const set = (next, draw) => {
    setValue(name, schema, writeMixture(next));
    (draw ? redraw : changed)();
  };
  const choose = (each) => {
    if (!mixing) return set({ [each]: 1 }, true);
    const { [each]: had, ...rest } = weights;
    if (had && !Object.keys(rest).length) return;
    set(had ? rest : { ...weights, [each]: 0.5 }, true);
  };
  const list = schema.examples.map((each) => {
    const tile = el("button", { type: "button", className: "tile", id: `tile-${name}-${each}`, "aria-pressed": String(each in weights), onclick: () => choose(each) }, el("img", { alt: "" }), el("span", {}, valueName(each)));
    watchTile(tile, task, name, each);
    return tile;
  });
  const mix = schema.examples.length > 1 && el("label", { className: "row" }, el("input", {
    type: "checkbox", id: `mix-${name}`, checked: mixing,
    onchange: (event) => {
      mixing = event.target.checked;
      if (!mixing) set({ [Object.keys(weights).sort((a, b) => weights[b] - weights[a])[0]]: 1 }, true);
      else redraw();
    },
  }), t("mix"));
  const shares = mixing && Object.keys(weights).length > 1 ? Object.entries(weights).map(([each, weight]) =>
    rangeControl({ minimum: 0.05, maximum: 1, type: "number", default: 0 }, weight, el("label", { htmlFor: `weight-${each}` }, valueName(each)), { id: `weight-${each}` }, null, (next) => {
      weights[each] = Number(next.toFixed(2));
      set(weights, false);
    })) : [];
  const head = el("div", { className: "row" }, el("span", { id: `tiles-${name}` }, parameterName(name)), el("span", { className: "grow" }), mix || null);
  return el("div", { className: "control" }, head, el("div", { className: "tiles", role: "group", "aria-labelledby": `tiles-${name}` }, ...list), ...shares);
}

function formatControl(changed) {
  const select = el("select", { id: "set-format", onchange: (event) => {
    settings.format = event.target.value;
    changed();
  } }, ...FORMATS.map((each) => el("option", { value: each, selected: each === settings.format }, t(`format.${each}`))));
  return el("div", { className: "control plain" }, el("label", { htmlFor: "set-format" }, t("format")), select);
}
