// Texts of the page in the chosen language, and the theme. Both choices stay in this browser.

import { MESSAGES } from "./messages.js";
import { $ } from "./dom.js";

const LANGUAGES = Object.keys(MESSAGES);
const preferred = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
let language = localStorage.getItem("language") ?? preferred.find((tag) => LANGUAGES.includes(tag)) ?? "en";
if (!LANGUAGES.includes(language)) language = "en";

/** The text of a key, with {names} filled in. */
export function t(key, values = {}) {
  const text = MESSAGES[language][key] ?? MESSAGES.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of a key, or `other` where the catalogue has none: for names that a new task brings. */
export function known(key, other) {
  return MESSAGES[language][key] ?? other;
}

// Words of the server that name a field of the API, such as "send align=true", mean nothing on a page.
const NAMES_A_FIELD = /\b[a-z]+_[a-z]+\b|--[a-z]|\b[a-z_]+=/;

/**
 * A refusal in the user's language, by its code. In English the server's own words say more, unless they name fields.
 *
 * @param files of a set: those at fault are named.
 */
export function sentence({ code, message, field, pictures = [] }, files = []) {
  const setting = known(`parameter.${field}`, known(`picture.${field}`, spelled(field || "")));
  const text = known(`error.${code}.${field}`, known(`error.${code}`, "")).replace("{field}", setting);
  const plain = message.replace(/^\w+: (the picture: |picture \d+: )?/, "");
  const said = text && (language !== "en" || !plain || NAMES_A_FIELD.test(plain)) ? text : language === "en" ? plain : t("error.other", { message: plain });
  const picture = known(`picture.${field}`, "");
  if (picture && said !== known(`error.${code}.${field}`, "")) return t("failed", { name: picture, why: said });
  const names = pictures.map((number) => files[number - 1]?.name).filter(Boolean);
  return names.length ? t("failed", { name: names.join(", "), why: said }) : said;
}

export const currentLanguage = () => language;

/** "stroke_size" as people read it, where no catalogue knows it. */
export function spelled(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number in the user's notation, with as many digits as matter. */
export function amount(value) {
  return Number(value).toLocaleString(language, { maximumFractionDigits: 2 });
}

/** Put the texts of the current language into all elements that name one. */
export function translate(root = document) {
  document.documentElement.lang = language;
  for (const each of root.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  for (const each of root.querySelectorAll("[data-t-label]")) {
    each.setAttribute("aria-label", t(each.dataset.tLabel));
    if (each.tagName === "BUTTON") each.title = t(each.dataset.tLabel);
  }
  for (const each of root.querySelectorAll("[data-t-hint]")) each.placeholder = t(each.dataset.tHint);
  $("theme").textContent = t(isDark() ? "theme.light" : "theme.dark");
}

/** Have the switches of language and theme work; `changed` is called after another language is chosen. */
export function startWords(changed) {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  $("language").value = language;
  $("language").addEventListener("change", () => {
    language = $("language").value;
    localStorage.setItem("language", language);
    translate();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => translate());
  $("theme").addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    translate();
  });
  translate();
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
