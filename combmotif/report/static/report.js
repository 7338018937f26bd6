"use strict";
(() => {
  const one = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const files = JSON.parse(one("#files").textContent);
  all(".filters, .tools, .save").forEach((part) => { part.hidden = false; });

  /* deep links: open what the address names */
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const card = target.closest("details.card");
    if (card) { card.open = true; card.hidden = false; }
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  /* a click on the address that is already shown opens it again */
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) reveal();
  });

  /* sorting: numbers by data-v, text as it reads; rows without a value last */
  const key = (cell, kind) => {
    const text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    if (kind === "num") return text === "" ? NaN : Number(text);
    return text === "–" ? "" : text.toLowerCase();
  };
  const missing = (value) => value === "" || Number.isNaN(value);
  const sort = (table, column, kind, way) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row.cells[column], kind), row]);
    rows.sort(([a], [b]) => {
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      return way * (kind === "num" ? a - b : a.localeCompare(b, "en"));
    });
    body.append(...rows.map(([, row]) => row));
  };
  all("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const kind = head.dataset.sort;
      if (!kind) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(table, column, kind, up ? 1 : -1);
      });
    });
  });

  /* searching */
  const table = one("#neuron-table");
  if (table) {
    const rows = [...table.tBodies[0].rows];
    const field = (id) => one(id) || { value: "" };
    const filter = () => {
      const words = one("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
      const layer = field("#by-layer").value, kind = field("#by-kind").value, known = one("#by-known").checked;
      let shown = 0;
      rows.forEach((row) => {
        const data = row.dataset;
        const fits = words.every((word) => data.search.includes(word)) && (!layer || data.layer === layer)
          && (!kind || data.kind === kind) && (!known || data.known);
        row.hidden = !fits;
        document.getElementById(data.card).hidden = !fits;
        shown += fits ? 1 : 0;
      });
      one("#shown").textContent = `${shown} of ${rows.length}`;
      one("#nothing").hidden = shown > 0;
    };
    one("#filters").addEventListener("input", filter);
    one("#filters").addEventListener("submit", (event) => event.preventDefault());
    one("#clear").addEventListener("click", () => { one("#filters").reset(); filter(); one("#search").focus(); });
  }

  /* opening and printing */
  const cards = all("#details details.card");
  const set = (open) => () => cards.forEach((card) => { if (!card.hidden) card.open = open; });
  if (one("#open-all")) {
    one("#open-all").addEventListener("click", set(true));
    one("#close-all").addEventListener("click", set(false));
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details.card:not([open])");
    closed.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((box) => { box.open = false; }));

  /* downloads */
  const save = (name, text, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  all("button[data-file]").forEach((button) => button.addEventListener("click", () => {
    const name = button.dataset.file;
    const type = name.endsWith(".tsv") ? "text/tab-separated-values" : "text/plain";
    save(name.split("/").pop(), files[name], `${type};charset=utf-8`);
  }));
  /* a logo of the page as a file of its own: its drawing, the letters it refers to, their colours */
  const colours = JSON.parse(one("#colours").textContent);
  all(".save").forEach((button) => button.addEventListener("click", () => {
    const motif = document.getElementById(button.dataset.motif);
    const logo = one("svg.logo", motif).cloneNode(true);
    const defs = document.createElementNS("http://www.w3.org/2000/svg", "defs");
    const drawing = one(one("use", logo).getAttribute("href")).cloneNode(true);
    const letters = new Set(all("use", drawing).map((use) => use.getAttribute("href")));
    [...letters].forEach((letter) => {
      const glyph = one(letter).cloneNode(true);
      one("path", glyph).setAttribute("fill", colours[letter.slice(2)]);
      defs.append(glyph);
    });
    defs.append(drawing);
    logo.prepend(defs);
    logo.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    save(`${button.dataset.motif}.svg`, new XMLSerializer().serializeToString(logo), "image/svg+xml");
  }));

  reveal();
})();
