// What a threshold means, in words; the numbers and how they are known come from the daemon.
const percent = (x) => `${+(100 * x).toFixed(1)} %`;
const plain = (x) => `${x >= 10 ? Math.round(x) : +x.toFixed(2)}`;

export function words({ meanings }) {
  if (!meanings.length) return "What this means was not measured for this model.";
  return meanings
    .map((m) => {
      const where = m.conditions ? `${m.conditions.split(";")[0]}: ` : "";
      const all = m.shared ? " (all labels together, each at its own threshold)" : "";
      const alarms = rate(m.false_accepts_per_hour, plain, "false accepts an hour", "h");
      return `${where}${alarms}${all}; ${rate(m.miss_rate, percent, "missed", "trials")}${m.shared ? " of all" : ""}.`;
    })
    .join(" ");
}

function rate({ how, value, interval, size }, show, what, unit) {
  if (how === "not measured") return `${what} not measured`;
  if (how === "between") return `about ${show(value)} ${what}, between two that were measured`;
  const range = interval ? ` [${show(interval[0])} to ${show(interval[1])}]` : "";
  const base = size ? `, measured in ${plain(size)} ${unit}` : ", measured";
  if (how === "measured") return `${show(value)}${range} ${what}${base}`;
  return `no ${how === "at least" ? "fewer" : "more"} than ${show(value)}${range} ${what}`;
}
