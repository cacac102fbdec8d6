// A line of words that become settings. The server has it where POST /v1/ask is among its routes; else it stays hidden.

import { $ } from "./dom.js";
import { postJson } from "./api.js";
import { currentLanguage, sentence, t } from "./words.js";
import { settings } from "./settings.js";

/**
 * `use` gets the settings that the server understood; they are shown as controls, and run when the user asks for it.
 */
export function startAsk(use) {
  let state; // of the dialogue: the server keeps nothing
  $("ask").hidden = !settings.paths.includes("/v1/ask");
  const send = async () => {
    const text = $("ask-text").value.trim();
    if (!text) return;
    $("ask-answer").textContent = t("ask.thinking");
    try {
      const answer = await postJson("/v1/ask", { text, language: currentLanguage(), ...(state && { state }) });
      state = answer.state;
      $("ask-answer").textContent = answer.text;
      if (answer.kind === "request") use({ chain: answer.chain.split("+"), values: answer.params, format: settings.format });
    } catch (error) {
      $("ask-answer").textContent = sentence(error);
    }
  };
  $("ask-send").addEventListener("click", send);
  $("ask-text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // else the form would run
    send();
  });
}
