/* small words used everywhere: finding elements, writing escaped HTML, writing numbers as the tables do */
const one = (query, root = document) => root.querySelector(query);
const all = (query, root = document) => [...root.querySelectorAll(query)];
const stored = (id) => JSON.parse(document.getElementById(id).textContent);

class Raw { constructor(text) { this.text = text; } toString() { return this.text; } }
const raw = (text) => new Raw(text);
const escaped = (value) => {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  return String(value).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
};
const html = (parts, ...values) => raw(parts.reduce((text, part, i) => text + escaped(values[i - 1]) + part));

const finite = (value) => typeof value === "number" && Number.isFinite(value);
const MISSING = "–";
const number = (value, { digits = 3, sign = false } = {}) => {
  if (!finite(value)) return MISSING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e5 || size < 1e-4) text = size.toExponential(digits - 1).replace("e+", "e").replace("e-", "e−");
  else text = size.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  return (value < 0 ? "−" : sign ? "+" : "") + text;
};
const signed = (value) => number(value, { sign: true });
const whole = (value) => finite(value) ? String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f") : MISSING;
const chance = (value) => {
  if (!finite(value)) return MISSING;
  if (value < 1e-300) return "< 1e−300";
  if (value < 1e-3) return value.toExponential(1).replace("e-", "e−");
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
};
const equals = (text) => text.startsWith("<") ? text : `= ${text}`;
const interval = ([low, , high]) => finite(low) && finite(high) ? `[${number(low)}, ${number(high)}]` : "";
const estimate = (row) => row && finite(row[1]) ? `${signed(row[1])} ${interval(row)}`.trim() : MISSING;
const plural = (amount, noun, many) => `${whole(amount)} ${amount === 1 ? noun : many || `${noun}s`}`;
const styleOf = (kind) => `k-${String(kind).replaceAll(" ", "-")}`;
const chip = (kind) => kind
  ? html`<span class="chip ${styleOf(kind)}"><span aria-hidden="true">${(DATA.symbols[kind] || "")}</span> ${kind.replaceAll("_", " ")}</span>`
  : raw('<span class="muted">–</span>');
const cell = (value, text) => html`<td class="num" data-v="${finite(value) ? value : ""}">${text ?? number(value)}</td>`;
/* letters of a sequence or a consensus, written as RNA or DNA */
const nt = (word) => html`<code class="nt">${letters(word)}</code>`;
const letters = (word) => settings.alphabet === "dna" ? String(word).replaceAll("U", "T") : String(word).replaceAll("T", "U");

const DATA = stored("data");
const settings = { mode: "bits", alphabet: DATA.alphabet };
