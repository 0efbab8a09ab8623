// How each part of the daemon is.
import { byId, element, setText } from "./element.js";

const number = (x) => (typeof x === "number" ? (Number.isInteger(x) ? x.toLocaleString() : x.toPrecision(4)) : `${x}`);

export class Parts {
  #shown = "";

  update({ parts, process, muted }) {
    const cpu = process.cpu_share === null ? "–" : `${(100 * process.cpu_share).toFixed(1)} % of a core`;
    setText(byId("process"), `The whole daemon: ${cpu}, ${process.resident_mb} MB in memory`);
    this.audio = parts.audio;
    this.hearing(muted);
    const text = JSON.stringify(parts);
    if (text === this.#shown) return;
    this.#shown = text;
    byId("parts").replaceChildren(...Object.entries(parts).map(([name, part]) => row(name, part)));
  }

  hearing(muted) {
    const { audio } = this;
    const pill = byId("hearing");
    const why = { switch: "muted", hours: "quiet hours", gpio: "muted by its switch" };
    setText(pill, muted ? (why[muted] ?? muted) : audio ? audio.state : "no audio");
    pill.className = `pill ${muted ? "" : audio?.ok ? "good" : "bad"}`;
    const button = byId("mute");
    button.setAttribute("aria-checked", Boolean(muted));
    button.disabled = Boolean(muted) && muted !== "switch";
  }
}

function row(name, part) {
  const mark = element("span", { className: part.ok ? "good" : "bad" }, part.ok ? "✓ " : "✗ ");
  mark.setAttribute("aria-hidden", "true");
  const state = element("span", {}, ` ${part.state}${part.ok ? "" : " (not well)"}`);
  const told = name.startsWith("task/") ? {} : part.facts; // costs of tasks are shown with them
  const facts = Object.entries(told).map(([key, value]) =>
    element("div", {}, element("dt", {}, key.replaceAll("_", " ")), element("dd", { className: "number" }, number(value))),
  );
  const text = part.text ? element("p", { className: part.ok ? "soft" : "" }, part.text) : null;
  return element("li", {}, mark, element("strong", {}, name), state, text, facts.length ? element("dl", {}, ...facts) : null);
}
