// What was heard, the newest first; its sound where it was recorded; a verdict on each.
import { change, get } from "./ask.js";
import { byId, element, setText } from "./element.js";

const SHOWN = 10;
const OLDER = 40;

export class Detections {
  #rows = new Map(); // id -> Row
  #labels = new Map(); // model -> its labels
  #most = SHOWN;

  constructor(about, trouble) {
    Object.assign(this, { about, trouble, list: byId("detections") });
    byId("older").addEventListener("click", () => {
      this.#most += OLDER;
      this.#load(this.list.lastElementChild?.dataset.id);
    });
    if (about.store) this.#offer("labels.jsonl", "Download labels");
    if (about.store && about.recordings) this.#offer("labels.zip", "with sound");
  }

  // What came while the page was not connected
  reload() {
    return this.#load();
  }

  models(models) {
    for (const { name, labels } of models) this.#labels.set(name, labels);
  }

  add(record) {
    if (this.#rows.has(record.id)) return;
    this.#put(record, true);
    setText(byId("said"), `${record.label} heard by ${record.model}, ${record.score.toFixed(2)}`);
    this.#trim();
  }

  label(id, verdict) {
    this.#rows.get(id)?.judged(verdict);
  }

  async #load(before) {
    try {
      const n = before ? OLDER : this.#most;
      const found = await get("detections", before ? { before, n } : { n });
      for (const record of before ? found : found.reverse()) {
        if (this.#rows.has(record.id)) this.label(record.id, record.verdict);
        else this.#put(record, !before);
      }
      byId("older").hidden = found.length < n;
      this.#trim();
    } catch (error) {
      this.trouble(error.message);
    }
  }

  #trim() {
    while (this.list.children.length > this.#most) {
      this.#rows.delete(this.list.lastElementChild.dataset.id);
      this.list.lastElementChild.remove();
      byId("older").hidden = false;
    }
  }

  #put(record, first) {
    const row = new Row(record, this.about, this.#labels.get(record.model) ?? [], this.trouble);
    this.#rows.set(record.id, row);
    if (first) this.list.prepend(row.node);
    else this.list.append(row.node);
    byId("no-detections").hidden = true;
  }

  #offer(name, text) {
    byId("downloads").append(element("a", { href: `/api/${name}`, download: "" }, text));
  }
}

class Row {
  constructor(record, about, labels, trouble) {
    Object.assign(this, { record, trouble });
    const when = new Date(record.time_utc);
    const time = element("time", { dateTime: record.time_utc, className: "number", title: record.time_utc });
    time.textContent = Number.isNaN(+when) ? record.time_utc : when.toLocaleString();
    const score = element("span", { className: "number" }, record.score.toFixed(2));
    const model = element("span", { className: "soft" }, record.model);
    const what = element("div", { className: "what" }, element("strong", {}, record.label), score, model, time);
    const judge = about.store ? this.#judge(labels) : null;
    const below = element("div", { className: "judge" }, judge, record.audio ? this.#sound() : null);
    this.node = element("li", { className: "detection" }, what, below);
    this.node.dataset.id = record.id;
    if (judge) this.judged(record.verdict);
  }

  judged(verdict) {
    this.right?.setAttribute("aria-pressed", verdict === "right");
    this.wrong?.setAttribute("aria-pressed", verdict === "wrong");
    const other = verdict && verdict !== "right" && verdict !== "wrong";
    if (other && ![...this.other.options].some((o) => o.value === verdict)) {
      this.other.append(element("option", { value: verdict }, verdict));
    }
    if (this.other) this.other.value = other ? verdict : "";
  }

  #judge(labels) {
    const say = (verdict, text) => {
      const button = element("button", { type: "button", "aria-pressed": "false" }, text);
      const pressed = () => button.getAttribute("aria-pressed") === "true";
      button.addEventListener("click", () => this.#send(pressed() ? "" : verdict));
      return button;
    };
    [this.right, this.wrong] = [say("right", "Right"), say("wrong", "Wrong")];
    const others = labels.filter((l) => l !== this.record.label).map((l) => element("option", { value: l }, l));
    this.other = element("select", { "aria-label": "It was something else" });
    this.other.append(element("option", { value: "" }, "It was …"), ...others);
    this.other.append(element("option", { value: "other" }, "something else"));
    this.other.addEventListener("change", () => this.#send(this.other.value));
    const name = `Verdict on ${this.record.label}`;
    return element("div", { className: "judge", role: "group", "aria-label": name }, this.right, this.wrong, this.other);
  }

  #sound() {
    const source = `/api/audio/${this.record.id}`;
    const player = element("audio", { controls: true, preload: "none", src: source });
    player.setAttribute("aria-label", `Sound of ${this.record.label}`);
    return player;
  }

  async #send(verdict) {
    try {
      await change("label", { id: this.record.id, verdict });
      this.judged(verdict);
    } catch (error) {
      this.trouble(`The verdict was not kept: ${error.message}`);
    }
  }
}
