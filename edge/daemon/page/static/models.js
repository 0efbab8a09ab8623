// The tasks: scores as they move, thresholds to drag or to move with the keyboard, states, costs.
import { change, get } from "./ask.js";
import { byId, element, setText } from "./element.js";
import { words } from "./meaning.js";

const STEPS = { ArrowLeft: -10, ArrowDown: -10, ArrowRight: 10, ArrowUp: 10, PageDown: -100, PageUp: 100 };
const SEND_AFTER_MS = 300;
const ASK_EVERY_MS = 100;
const share = (x) => (x === null || x === undefined ? "–" : `${(100 * x).toFixed(x < 0.1 ? 2 : 1)} % of a core`);

export class Models {
  #targets = new Map(); // "model/label" -> Target
  #shown = ""; // what the cards were made of
  #cards = new Map();
  thresholds = {};

  constructor(trouble) {
    this.trouble = trouble;
  }

  update(models) {
    const made = JSON.stringify(models.map((m) => [m.name, m.hash, m.labels, Object.keys(m.thresholds)]));
    if (made !== this.#shown) this.#build(models);
    this.#shown = made;
    for (const model of models) {
      this.thresholds[model.name] = model.thresholds;
      for (const [label, value] of Object.entries(model.thresholds)) this.setThreshold(model.name, label, value);
      const card = this.#cards.get(model.name);
      setText(card.cost, `${share(model.cpu_share)}${factor(model.cost)}`);
      const state = model.state && `${model.state}${model.score ? ` ${model.score.toFixed(2)}` : ""}`;
      setText(card.state, state || "");
    }
  }

  setThreshold(model, label, value) {
    this.#targets.get(`${model}/${label}`)?.set(value);
    if (this.thresholds[model]) this.thresholds[model][label] = value;
  }

  scores(scores) {
    for (const target of this.#targets.values()) target.score(scores[target.model]?.[target.label] ?? 0);
  }

  // Model -> the highest of its labels' scores over their thresholds
  ratios(scores) {
    const found = {};
    for (const [model, thresholds] of Object.entries(this.thresholds)) {
      const all = Object.entries(thresholds).map(([label, t]) => (scores[model]?.[label] ?? 0) / t);
      if (all.length) found[model] = Math.max(...all);
    }
    return found;
  }

  #build(models) {
    this.#targets.clear();
    this.#cards.clear();
    this.thresholds = {};
    byId("no-models").hidden = models.length > 0;
    byId("models").replaceChildren(...models.map((m) => this.#card(m)));
  }

  #card(model) {
    const card = { cost: element("span", { className: "soft number" }), state: element("strong", { role: "status" }) };
    this.#cards.set(model.name, card);
    const id = `model-${model.name}`;
    const title = element("h3", { id, title: `${model.description} (${model.hash})` }, model.name);
    const rows = model.labels.map((label) => {
      const target = label in model.thresholds ? new Target(model.name, label, this.trouble) : new Bar(model.name, label);
      this.#targets.set(`${model.name}/${label}`, target);
      return target.node;
    });
    const about = element("div", { className: "about" }, title, element("span", {}, model.task), card.state, card.cost);
    const text = element("p", { className: "soft" }, model.description);
    return element("article", { className: "model", "aria-labelledby": id }, about, text, ...rows);
  }
}

const factor = ({ real_time_factor: f }) => (f ? `, ${(1 / f).toFixed(0)} × real time` : "");

// One label of a model without thresholds: its score.
class Bar {
  constructor(model, label) {
    Object.assign(this, { model, label });
    this.bar = element("div", { className: "bar" });
    this.value = element("span", { className: "number" });
    const track = element("div", { className: "track", "aria-hidden": "true" });
    track.append(element("div", { className: "meter" }, this.bar));
    this.node = element("div", { className: "target" }, element("span", {}, label), track, this.value);
  }

  set() {}

  score(value) {
    this.bar.style.transform = `scaleX(${value})`;
    setText(this.value, value.toFixed(2));
  }
}

// One label: a bar for its score under a slider for its threshold; both from 0 to 1, on the same track.
class Target {
  #moving = false;
  #timer = 0;
  #asking = false;
  #again = false;

  constructor(model, label, trouble) {
    Object.assign(this, { model, label, trouble });
    const id = `threshold-${model}-${label}`;
    this.bar = element("div", { className: "bar" });
    this.meter = element("div", { className: "meter", "aria-hidden": "true" }, this.bar);
    this.range = element("input", { type: "range", id, min: 0, max: 1000, step: 1 });
    this.range.setAttribute("aria-describedby", `${id}-means`);
    this.value = element("output", { className: "number", htmlFor: id });
    this.meaning = element("p", { className: "meaning", id: `${id}-means`, hidden: true });
    const name = element("label", { htmlFor: id, title: label }, label, element("span", { className: "unseen" }, " threshold"));
    const track = element("div", { className: "track" }, this.meter, this.range);
    this.node = element("div", { className: "target" }, name, track, this.value, this.meaning);
    this.range.addEventListener("keydown", (event) => this.#key(event));
    this.range.addEventListener("input", () => this.#moved());
    this.range.addEventListener("focus", () => this.#explain());
  }

  set(value) {
    if (!this.#moving) this.#show(Math.round(1000 * value));
  }

  score(value) {
    this.bar.style.transform = `scaleX(${value})`;
    this.meter.classList.toggle("over", 1000 * value >= this.range.valueAsNumber);
  }

  #show(thousandths) {
    if (this.range.valueAsNumber !== thousandths) this.range.value = thousandths;
    const text = (thousandths / 1000).toFixed(3).replace(/0$/, "");
    if (this.value.textContent === text) return;
    this.value.textContent = text;
    this.range.setAttribute("aria-valuetext", text);
  }

  #key(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.range.value = this.range.valueAsNumber + (event.shiftKey ? Math.sign(step) : step);
    this.#moved();
  }

  #moved() {
    if (this.range.valueAsNumber < 1) this.range.value = 1; // 0 would fire always and is no threshold
    this.#moving = true;
    this.#show(this.range.valueAsNumber);
    this.#explain();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), SEND_AFTER_MS);
  }

  async #send() {
    const mine = this.#timer;
    try {
      await change("threshold", { model: this.model, label: this.label, threshold: this.range.valueAsNumber / 1000 });
    } catch (error) {
      this.trouble(`The threshold was not changed: ${error.message}`);
    }
    if (this.#timer === mine) this.#moving = false; // otherwise it was moved again meanwhile
  }

  // One question at a time while it is dragged; the last place is always asked for.
  async #explain() {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    const threshold = this.range.valueAsNumber / 1000;
    try {
      const text = words(await get("meaning", { model: this.model, label: this.label, threshold }));
      setText(this.meaning, text);
      this.meaning.hidden = false;
    } catch (error) {
      this.trouble(error.message);
    }
    setTimeout(() => {
      this.#asking = false;
      if (this.#again) this.#explain();
    }, ASK_EVERY_MS);
  }
}
