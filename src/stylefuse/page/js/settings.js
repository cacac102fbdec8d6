// What is done to the pictures: a chain of the server's tasks, and their parameters. Kept in the URL fragment.

export const FORMATS = ["png", "jpeg", "webp"];

/**
 * tasks: as /v1/tasks lists them. paths: of the server's routes. clips: what it says of clips; null where it takes none.
 * chain: names of tasks, in order.
 * values: parameters by name that differ from their default; a name means the same in every task.
 */
export const settings = { tasks: [], paths: [], clips: null, chain: [], values: {}, format: "png" };

export const taskOf = (name) => settings.tasks.find((task) => task.name === name);
export const chainTasks = () => settings.chain.map(taskOf);
export const takesSeveral = () => settings.chain.length > 0 && chainTasks()[0].pictures.most > 1;
export const chainPath = () => `/v1/${settings.chain.join("+")}`;

/** Parameters of all tasks of the chain, as [name, schema]. */
export const parameters = () => chainTasks().flatMap((task) => Object.entries(task.parameters.properties));

/** The parameter whose values are names in the model that one task paints alone, such as its styles; or null. */
export function paintedParameter(task) {
  const found = Object.entries(task.parameters.properties).find(([, schema]) => schema.examples);
  return found && task.pictures.most === 1 ? found[0] : null;
}

export const valueOf = (name, schema) => settings.values[name] ?? schema.default;

export function setValue(name, schema, value) {
  if (value === schema.default) delete settings.values[name];
  else settings.values[name] = value;
}

/** Add a task to the chain, or take it out. What takes several pictures comes first; the others follow in turn. */
export function toggleTask(name) {
  if (settings.chain.includes(name)) {
    if (settings.chain.length > 1) settings.chain = settings.chain.filter((each) => each !== name);
  } else if (taskOf(name).follows) settings.chain = [...settings.chain, name];
  else settings.chain = [name, ...settings.chain.filter((each) => taskOf(each).follows)];
}

/** What a request sends beside its pictures: parameters of this chain that are no defaults, and the format. */
export function sentValues() {
  const names = new Set(parameters().map(([name]) => name));
  return Object.fromEntries(Object.entries(settings.values).filter(([name]) => names.has(name)));
}

/**
 * A form for the route of the chain, or of `task` alone.
 *
 * @param also optional pictures by name; explain: maps that are asked for, true for all.
 */
export function formOf(files, { values = sentValues(), format = settings.format, task, also = {}, explain = "" } = {}) {
  const first = task ?? chainTasks()[0];
  const form = new FormData();
  for (const file of files) form.append(first.picture_field, file, file.name || "picture");
  for (const [name, value] of Object.entries(values)) form.append(name, String(value));
  for (const name of Object.keys(first.optional_pictures ?? {})) if (also[name]) form.append(name, also[name], also[name].name || name);
  form.append("format", format);
  // What is made of several pictures is shown with the share that each gave, which costs nothing.
  const maps = explain ? String(explain) : files.length > 1 ? Object.keys(first.maps ?? {}).join(",") : "";
  if (maps) form.append("explain", maps);
  return form;
}

/** A copy that history and presets keep. */
export const snapshot = () => ({ chain: [...settings.chain], values: sentValues(), format: settings.format });

/** Whether a result or preview is of the settings of now. */
export const isCurrent = (made) => Boolean(made) && !made.outdated && JSON.stringify(made.asked) === JSON.stringify(snapshot());

/** Take settings over as far as the served model knows them. */
export function restore({ chain = [], values = {}, format = "png" }) {
  const served = chain.filter((name, n) => taskOf(name) && (n === 0 || taskOf(name).follows));
  settings.chain = served.length ? [...new Set(served)] : settings.tasks.slice(0, 1).map((task) => task.name);
  settings.format = FORMATS.includes(format) ? format : "png";
  settings.values = {};
  for (const [name, schema] of settings.tasks.flatMap((task) => Object.entries(task.parameters.properties))) {
    const value = readValue(values[name], schema);
    if (value !== undefined) setValue(name, schema, value);
  }
}

/** A value as its schema has it, from itself or from text; undefined where it does not fit. */
function readValue(value, schema) {
  if (value === undefined) return undefined;
  if (schema.type === "boolean") return { true: true, false: false }[String(value)];
  if (schema.type === "number" || schema.type === "integer") {
    const number = Number(value);
    const fits = Number.isFinite(number) && number >= (schema.minimum ?? -Infinity) && number <= (schema.maximum ?? Infinity);
    return fits && (schema.type === "number" || Number.isInteger(number)) ? number : undefined;
  }
  if (schema.enum) return schema.enum.includes(value) ? value : undefined;
  if (schema.examples) return Object.keys(readMixture(value)).every((name) => schema.examples.includes(name)) ? value : undefined;
  return String(value);
}

/** "monet:0.7,ink:0.3" as weights by name. */
export function readMixture(text) {
  const parts = String(text).split(",").map((part) => part.trim().match(/^(.*?)(?::([\d.]+))?$/));
  return Object.fromEntries(parts.map(([, name, weight]) => [name, Number(weight ?? 1)]));
}

/** Weights by name as a request has them; one name alone where there is one. */
export function writeMixture(weights) {
  const names = Object.keys(weights).filter((name) => weights[name] > 0);
  return names.length === 1 ? names[0] : names.map((name) => `${name}:${weights[name]}`).join(",");
}

export function toFragment() {
  const { chain, values, format } = snapshot();
  const fields = new URLSearchParams({ task: chain.join("+"), ...values, ...(format === "png" ? {} : { format }) });
  history.replaceState(null, "", `#${fields}`);
}

export function fromFragment() {
  const { task = "", format, ...values } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  restore({ chain: task.split("+").filter(Boolean), values, format });
}
