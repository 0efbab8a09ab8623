// The configuration in force, made from its schema; to be read only. It is asked for when somebody opens it.
import { get } from "./ask.js";
import { byId, element } from "./element.js";

export function settings(trouble) {
  byId("settings").addEventListener("toggle", async () => {
    if (!byId("settings").open) return;
    try {
      show(await get("settings"));
    } catch (error) {
      trouble(error.message);
    }
  });
}

function show({ file, tables }) {
  const where = file ? `${file}; a change in it is taken over while the daemon runs.` : "No file: these are defaults.";
  const text = "Thresholds and the mute switch are changed above; the rest in the configuration: ";
  byId("settings-body").replaceChildren(element("p", { className: "soft" }, text + where), ...tables.flatMap(table));
}

function table({ path, title, description, fields }) {
  const rows = fields.map((field) => {
    const value = element("dd", {}, shown(field.value));
    if (field.origin) value.append(element("span", { className: "soft" }, ` (${field.origin})`));
    const name = element("dt", {}, element("span", {}, field.title), " ", element("code", {}, field.name));
    return element("div", { title: `${field.description} (${field.kind})` }, name, value);
  });
  const head = element("h3", {}, title, " ", element("code", { className: "soft" }, `[${path}]`));
  return [head, element("p", { className: "soft" }, description), element("dl", {}, ...rows)];
}

function shown(value) {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "object") return JSON.stringify(value).replace(/^[[{]|[\]}]$/g, "").replaceAll('"', "") || "–";
  return `${value}`;
}
