// The page: what comes over the WebSocket goes to the parts that show it.
import { change, get } from "./ask.js";
import { Detections } from "./detections.js";
import { byId, element, setText } from "./element.js";
import { Live } from "./live.js";
import { Models } from "./models.js";
import { Parts } from "./parts.js";
import { colorOf, Picture } from "./picture.js";
import { settings } from "./settings.js";
import { Sound } from "./sound.js";

const TROUBLE_MS = 8_000;
const LEVEL_LOW_DBFS = -90;
let troubleTimer = 0;

function trouble(text) {
  setText(byId("trouble"), text);
  byId("trouble").hidden = false;
  clearTimeout(troubleTimer);
  troubleTimer = setTimeout(() => (byId("trouble").hidden = true), TROUBLE_MS);
}

function unpacked(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function level({ level_dbfs: now, peak_dbfs: peak }) {
  const at = (dbfs) => Math.max(0, Math.min(1, 1 - dbfs / LEVEL_LOW_DBFS));
  const meter = byId("level");
  meter.firstElementChild.style.transform = `scaleX(${at(now)})`;
  meter.lastElementChild.style.left = `calc(${100 * at(peak)}% - 3px)`;
  const text = `${now.toFixed(0)} dBFS`;
  if (meter.getAttribute("aria-valuetext") === text) return;
  meter.setAttribute("aria-valuenow", now);
  meter.setAttribute("aria-valuetext", text);
  setText(byId("level-text"), text);
}

function legend(models) {
  const keys = models.filter((m) => Object.keys(m.thresholds).length).map(({ name }, index) => {
    const key = element("span", { className: "key" });
    key.style.color = `var(${colorOf(index)})`;
    return element("li", {}, key, name);
  });
  const text = keys.map((k) => k.textContent).join();
  if (byId("legend").dataset.of === text) return;
  byId("legend").dataset.of = text;
  byId("legend").replaceChildren(...keys);
}

async function start() {
  const about = await get("about");
  setText(byId("name"), about.name);
  setText(byId("version"), about.version);
  document.title = `Nuthatch: ${about.name}`;
  const picture = new Picture(byId("spectrogram"), byId("scores"), about.frame_ms);
  const [models, parts, sound] = [new Models(trouble), new Parts(), new Sound()];
  const detections = new Detections(about, trouble);
  const shown = []; // names of models with thresholds, in the order of their colors
  const live = new Live({ message: (m) => takes[m.type]?.(m), sound: (s) => sound.push(s), state: connected });
  live.busy = () => sound.on;

  const takes = {
    pulse(pulse) {
      level(pulse);
      models.scores(pulse.scores);
      picture.push(pulse.time_s, unpacked(pulse.bands), pulse.frames, models.ratios(pulse.scores));
    },
    state(state) {
      models.update(state.models);
      detections.models(state.models);
      parts.update(state);
      legend(state.models);
      shown.splice(0, shown.length, ...Object.keys(models.thresholds).filter((n) => Object.keys(models.thresholds[n]).length));
    },
    record({ record }) {
      picture.mark(record.time_s, record.label, colorOf(Math.max(0, shown.indexOf(record.model))));
      detections.add(record);
    },
    threshold: ({ model, label, threshold }) => models.setThreshold(model, label, threshold),
    muted: ({ muted }) => parts.hearing(muted),
    label: ({ id, verdict }) => detections.label(id, verdict),
  };

  function connected(is) {
    if (is) {
      detections.reload();
      if (sound.on) live.send({ listen: true });
    } else {
      setText(byId("hearing"), "not connected");
      byId("hearing").className = "pill bad";
    }
  }

  buttons(about, live, sound, picture);
  settings(trouble);
}

function buttons(about, live, sound, picture) {
  byId("mute").addEventListener("click", async ({ currentTarget: button }) => {
    try {
      await change("mute", { on: button.getAttribute("aria-checked") !== "true" });
    } catch (error) {
      trouble(`Not muted: ${error.message}`);
    }
  });
  byId("freeze").addEventListener("click", ({ currentTarget: button }) => {
    picture.frozen = !picture.frozen;
    button.setAttribute("aria-pressed", picture.frozen);
  });
  byId("listen").hidden = !about.listen_in;
  byId("listen").addEventListener("click", async ({ currentTarget: button }) => {
    if (sound.on) await sound.stop();
    else await sound.start();
    live.send({ listen: sound.on });
    button.setAttribute("aria-pressed", sound.on);
  });
  byId("logout").hidden = !about.token;
  byId("logout").addEventListener("click", async () => {
    await change("logout", {}).catch(() => {});
    location.assign("/login");
  });
}

start().catch((error) => trouble(`The page could not start: ${error.message}`));
