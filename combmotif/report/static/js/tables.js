/* sorting: numbers by data-v, text as it reads; rows without a value last */
const keyOf = (box, kind) => {
  const text = box.dataset.v !== undefined ? box.dataset.v : box.textContent.trim();
  if (kind === "num") return text === "" ? NaN : Number(text);
  return text === MISSING ? "" : text.toLowerCase();
};
const absent = (value) => value === "" || Number.isNaN(value);
const sortRows = (table, column, kind, way) => {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row.cells[column], kind), row]);
  rows.sort(([a], [b]) => {
    if (absent(a) || absent(b)) return absent(a) - absent(b);
    return way * (kind === "num" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  });
  body.append(...rows.map(([, row]) => row));
};
const sortable = (root) => all("table.sortable", root).forEach((table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((box, column) => {
    const kind = box.dataset.sort;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = box.textContent;
    box.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = box.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      box.setAttribute("aria-sort", up ? "ascending" : "descending");
      sortRows(table, column, kind, up ? 1 : -1);
    });
  });
});
/* arrow keys walk through the rows of a table */
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const row = event.target.closest && event.target.matches("tbody th a") && event.target.closest("tr");
  if (!row) return;
  const rows = [...row.parentElement.rows].filter((other) => !other.hidden);
  const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
  const target = next && one("th a", next);
  if (!target) return;
  event.preventDefault();
  target.focus();
});

/* a word of IUPAC letters found in a consensus: every letter may mean the base; an N is met only by an N */
const MEANS = { A: "A", C: "C", G: "G", U: "U", T: "U", R: "AG", Y: "CU", S: "CG", W: "AU", K: "GU", M: "AC", B: "CGU", D: "AGU", H: "ACU", V: "ACG", N: "ACGU" };
const spells = (word, consensus) => {
  const sets = [...word].map((letter) => MEANS[letter]);
  if (sets.includes(undefined)) return false;
  const meets = (asked, letter) => asked.length === 4 || ((MEANS[letter] || "").length < 4 && [...(MEANS[letter] || "")].some((base) => asked.includes(base)));
  for (let start = 0; start + sets.length <= consensus.length; start += 1) {
    if (sets.every((asked, i) => meets(asked, consensus[start + i]))) return true;
  }
  return false;
};

/* the browser of neurons */
let shownNeurons = DATA.neurons.map((neuron) => neuron.anchor);
const browser = one("#neuron-table");
if (browser) {
  const facts = Object.fromEntries(DATA.neurons.map((neuron) => [neuron.anchor, neuron]));
  const field = (id) => (one(id) || { value: "" }).value;
  const body = browser.tBodies[0], later = one("#later-neurons");
  /* of very many neurons the table holds one page; the rows of the others are made when they are turned to */
  const room = later ? body.rows.length : Infinity;
  const made = {}, written = later ? JSON.parse(later.textContent) : [];
  const numbers = Object.fromEntries(DATA.neurons.map((neuron, i) => [neuron.anchor, i]));
  let order = DATA.neurons.map((neuron) => neuron.anchor), first = 0;
  if (later) [...body.rows].forEach((row) => { made[row.dataset.neuron] = row; });
  const rowOf = (anchor) => {
    if (!made[anchor]) {
      const box = document.createElement("tbody");
      box.innerHTML = written[numbers[anchor] - room];
      made[anchor] = box.rows[0];
    }
    return made[anchor];
  };
  const turnTo = (start) => {
    first = Math.max(0, Math.min(start, shownNeurons.length - 1));
    const page = shownNeurons.slice(first, first + room);
    body.replaceChildren(...page.map(rowOf));
    watch(body);
    one("#page-shown").textContent = page.length ? `${whole(first + 1)} to ${whole(first + page.length)} of ${whole(shownNeurons.length)}` : "";
    one("#page-before").disabled = first === 0;
    one("#page-after").disabled = first + room >= shownNeurons.length;
  };
  const filter = () => {
    const words = field("#search").toLowerCase().split(/\s+/).filter(Boolean);
    const word = field("#by-consensus").trim().toUpperCase();
    const asked = { layer: field("#by-layer"), kind: field("#by-kind"), element: field("#by-element"), family: field("#by-family") };
    const purity = Number(field("#by-purity") || 0), known = one("#by-known").checked;
    const fitting = (fact) => words.every((text) => fact.search.includes(text)) && (!word || fact.words.some((consensus) => spells(word, consensus)))
        && (!asked.layer || fact.layer === asked.layer) && (!asked.kind || fact.kind === asked.kind)
        && (!asked.element || fact.elements.includes(asked.element)) && (!asked.family || fact.families.includes(asked.family))
        && (!purity || fact.purity >= purity) && (!known || fact.elements.length > 0);
    if (!later) order = [...body.rows].map((row) => row.dataset.neuron);
    shownNeurons = order.filter((anchor) => fitting(facts[anchor]));
    if (later) turnTo(0);
    else {
      const shown = new Set(shownNeurons);
      [...body.rows].forEach((row) => { row.hidden = !shown.has(row.dataset.neuron); });
    }
    one("#shown").textContent = `${shownNeurons.length} of ${order.length}`;
    one("#nothing").hidden = shownNeurons.length > 0;
  };
  one("#filters").addEventListener("input", filter);
  one("#filters").addEventListener("reset", () => setTimeout(filter));
  one("#filters").addEventListener("submit", (event) => event.preventDefault());
  one("#clear").addEventListener("click", () => { one("#filters").reset(); one("#search").focus(); });
  if (later) {
    turnTo(0);
    one("#page-before").addEventListener("click", () => turnTo(first - room));
    one("#page-after").addEventListener("click", () => turnTo(first + room));
    /* sorting is of all rows: they are put in before it, and taken out after it, before the browser lays them out */
    browser.tHead.addEventListener("click", () => body.replaceChildren(...order.map(rowOf)), true);
    browser.tHead.addEventListener("click", () => { order = [...body.rows].map((row) => row.dataset.neuron); filter(); });
  }
  browser.addEventListener("click", (event) => { if (event.target.closest("thead")) setTimeout(filter); });
}
/* effects of all neurons: a link from an element or a family sets the filter */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-filter-element]");
  if (!button) return;
  one("#filters").reset();
  one("#by-element").value = button.dataset.filterElement;
  one("#filters").dispatchEvent(new Event("input"));
  location.hash = "#neurons";
});
