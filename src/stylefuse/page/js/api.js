// Requests to the server this page came from; nothing else is ever asked.

import { $ } from "./dom.js";

/** A refusal of the server: `code` for programs, `message` for people, `status` of HTTP (0: no answer came). */
export class Refusal extends Error {
  constructor(status, body, retryAfter = 0) {
    super(body.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.field = body.field ?? "";
    this.pictures = body.pictures ?? [];
    this.retryAfter = retryAfter;
  }
}

export const unanswered = () => new Refusal(0, { code: "no_answer", message: "" });

let asking = null;

/** Ask the user for the token, once for all requests that want it. */
function askToken() {
  asking ??= new Promise((resolve) => {
    const dialog = $("token");
    dialog.addEventListener("close", () => {
      if ($("token-text").value) sessionStorage.setItem("token", $("token-text").value);
      $("token-text").value = "";
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

export function bearer() {
  const token = sessionStorage.getItem("token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** The JSON that a path answers. */
export async function getJson(path, signal) {
  return (await fetched(path, { signal })).json();
}

/** POST values as JSON. */
export async function postJson(path, values, signal) {
  const body = JSON.stringify(values);
  return (await fetched(path, { method: "POST", body, signal, headers: { "Content-Type": "application/json" } })).json();
}

export async function fetched(path, options) {
  for (;;) {
    const answer = await fetch(path, { ...options, headers: { ...options.headers, ...bearer() } }).catch((error) => {
      throw error.name === "AbortError" ? error : unanswered();
    });
    if (answer.status === 401) {
      sessionStorage.removeItem("token");
      await askToken();
    } else if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})));
    else return answer;
  }
}

/**
 * Send a form, and get a picture back. XMLHttpRequest, because fetch does not tell how much was sent.
 *
 * Aborting `signal` closes the connection, and the server then gives the work up. `onSent` gets the share sent.
 * A server that is busy is asked again when it says.
 */
export async function sendForm(path, form, { signal, onSent = () => {}, id = "" } = {}) {
  for (;;) {
    try {
      return await sendOnce(path, form, signal, onSent, id);
    } catch (error) {
      if (error.status === 401) {
        sessionStorage.removeItem("token");
        await askToken();
      } else if (error.status === 503 && error.retryAfter) await pause(1000 * error.retryAfter, signal);
      else throw error;
    }
  }
}

function sendOnce(path, form, signal, onSent, id) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", path);
    // Maps come with JSON alone.
    if (form.has("explain")) request.setRequestHeader("Accept", "application/json");
    request.responseType = "blob";
    for (const [name, value] of Object.entries(bearer())) request.setRequestHeader(name, value);
    if (id) request.setRequestHeader("X-Request-ID", id);
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.onabort = () => reject(aborted());
    request.onerror = () => reject(unanswered());
    request.onload = async () => {
      if (request.status === 200) {
        if (form.has("explain")) return resolve(unpacked(JSON.parse(await request.response.text())));
        const report = JSON.parse(request.getResponseHeader("X-Report") ?? "{}");
        return resolve({ blob: request.response, report, maps: {}, missing: {} });
      }
      const body = await request.response.text().then(JSON.parse).catch(() => ({}));
      reject(new Refusal(request.status, body, Number(request.getResponseHeader("Retry-After") ?? 0)));
    };
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    request.send(form);
  });
}

/** A picture with maps, as a server has them in JSON: `maps` holds lists of blobs by name, `missing` why others are not there. */
function unpacked({ image, report, maps = {}, maps_missing: missing = {} }) {
  const blob = (text, type) => new Blob([Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))], { type });
  const lists = Object.entries(maps).map(([name, list]) => [name, list.map((text) => blob(text, "image/png"))]);
  return { blob: blob(image, `image/${report.format}`), report, maps: Object.fromEntries(lists), missing };
}

function aborted() {
  return new DOMException("cancelled", "AbortError");
}

/** Wait; rejects when `signal` is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(aborted());
    }, { once: true });
  });
}
