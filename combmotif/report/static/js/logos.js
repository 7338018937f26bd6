/* logos: a matrix is a word of two characters per number; a logo is four paths, one per base */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGIT = Object.fromEntries([...DIGITS].map((letter, i) => [letter, i]));
const matrix = (word) => {
  const rows = [];
  for (let i = 0; i < word.length; i += 8) {
    rows.push([0, 2, 4, 6].map((k) => (DIGIT[word[i + k]] * 64 + DIGIT[word[i + k + 1]]) / 4095));
  }
  return rows;
};
const information = (column) => Math.max(0, column.reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 2));

/* an outline as steps: a command, or a number with the axis it lies on */
const outline = (path) => {
  const steps = [];
  let command = "", turn = 0;
  (path.match(/[A-Z]|-?[\d.]+/g) || []).forEach((token) => {
    if (/[A-Z]/.test(token)) { command = token; turn = 0; steps.push(token); return; }
    const across = command === "H" || (command !== "V" && turn % 2 === 0);
    steps.push([across, Number(token)]);
    turn += 1;
  });
  return steps;
};
const OUTLINES = Object.fromEntries(Object.entries(DATA.glyphs).map(([letter, path]) => [letter, outline(path)]));
const round = (value) => Math.round(value * 10) / 10;
const glyph = (letter, x, y, width, height) => OUTLINES[letter].map((step) => typeof step === "string"
  ? step : `${round(step[0] ? x + step[1] * width / 100 : y + step[1] * height / 100)} `).join("");

/* heights of the letters of every column, and the range of the axis */
const heights = (rows, mode, scores) => {
  if (mode === "contribution" && scores) {
    const high = Math.max(1e-9, ...scores.map((c) => c.reduce((s, v) => s + Math.max(0, v), 0)));
    const low = Math.min(0, ...scores.map((c) => c.reduce((s, v) => s + Math.min(0, v), 0)));
    return { columns: scores, low, high, axis: "contribution" };
  }
  if (mode === "counts") return { columns: rows, low: 0, high: 1, axis: "share of sites" };
  return { columns: rows.map((c) => { const bits = information(c); return c.map((p) => p * bits); }), low: 0, high: 2, axis: "bits" };
};
const logoSvg = (rows, { column = 9, height = 36, title = "", axis = false, scores = null, mode = settings.mode, start = 1, shift = 0, columns = 0 } = {}) => {
  const drawn = heights(rows, mode, scores);
  const gutter = axis ? 34 : 0, foot = axis ? 15 : 0, top = axis ? 5 : 0;
  const span = drawn.high - drawn.low;
  const unit = height / span, base = top + drawn.high * unit;
  const names = settings.alphabet === "dna" ? "ACGT" : "ACGU";
  const paths = ["", "", "", ""];
  drawn.columns.forEach((values, position) => {
    const x = gutter + (shift + position) * column + column * 0.03;
    const order = [0, 1, 2, 3].sort((a, b) => Math.abs(values[a]) - Math.abs(values[b]) || a - b);
    let up = base, down = base;
    order.forEach((letter) => {
      const size = Math.abs(values[letter]) * unit;
      if (size < 0.4) return;
      if (values[letter] > 0) { up -= size; paths[letter] += glyph(names[letter], x, up, column * 0.94, size); }
      else { paths[letter] += glyph(names[letter], x, down, column * 0.94, size); down += size; }
    });
  });
  const width = gutter + Math.max(columns, shift + rows.length) * column;
  const parts = [...names].map((letter, i) => paths[i] ? `<path class="g${letter}" fill-rule="evenodd" d="${paths[i]}"/>` : "");
  const left = gutter + shift * column, right = left + rows.length * column;
  parts.push(`<path class="base" d="M${round(left)} ${round(base)}H${round(right)}"/>`);
  if (axis) {
    if (height > 60) parts.push(`<text class="tick" transform="translate(9 ${top + height / 2}) rotate(-90)" text-anchor="middle">${drawn.axis}</text>`);
    const ticks = mode === "contribution" && scores ? [drawn.high, 0] : drawn.high === 2 ? [2, 1, 0] : [1, 0.5, 0];
    parts.push(`<path class="rule" d="M29.5 ${top}V${top + height}"/>`);
    ticks.forEach((tick) => {
      const y = round(base - tick * unit);
      parts.push(`<path class="rule" d="M26 ${y}h3.5"/><text class="tick" x="23" y="${y + 3.5}" text-anchor="end">${number(tick, { digits: 2 }).replace(/\.0$/, "")}</text>`);
    });
    const step = column < 12 ? 5 : column < 18 ? 2 : 1;
    rows.forEach((_, i) => {
      if ((start + i) % step && i) return;
      parts.push(`<text class="tick" x="${round(left + (i + 0.5) * column)}" y="${top + height + 12}" text-anchor="middle">${start + i}</text>`);
    });
  }
  return `<svg class="logo" role="img" width="${round(width)}" height="${height + top + foot}" viewBox="0 0 ${round(width)} ${height + top + foot}">`
    + `<title>${escaped(title)}</title>${parts.join("")}</svg>`;
};

let LOGOS = null, SCORES = null, TARGETS = null;
const logoOf = (motif) => {
  LOGOS = LOGOS || stored("logos");
  const cut = /^(.+)\[(\d+):(\d+)\]$/.exec(motif);
  const word = LOGOS[motif] || (cut && LOGOS[cut[1]]);
  if (!word) return null;
  const rows = matrix(word);
  return LOGOS[motif] || !cut ? rows : rows.slice(Number(cut[2]), Number(cut[3]));
};
const scoresOf = (motif) => {
  SCORES = SCORES || stored("scores");
  return SCORES[motif] || null;
};
const targetOf = (target, backwards) => {
  TARGETS = TARGETS || stored("targets");
  const rows = TARGETS[target] ? matrix(TARGETS[target]) : null;
  return rows && backwards ? rows.reverse().map((column) => column.reverse()) : rows;
};
const titleOf = (motif, rows) => `Logo of ${motif}: ${rows.length} columns, ${number(rows.reduce((s, c) => s + information(c), 0))} bits`;
const fill = (box) => {
  const rows = logoOf(box.dataset.logo);
  if (!rows) return;
  const room = Number(box.dataset.room || 150), high = Number(box.dataset.height || 34);
  const column = Math.min(13, room / rows.length);
  box.innerHTML = logoSvg(rows, { column, height: high, title: titleOf(box.dataset.logo, rows), scores: scoresOf(box.dataset.logo) });
  box.dataset.drawn = "1";
};
/* small logos are drawn as they come into view */
const watcher = new IntersectionObserver((seen) => seen.forEach((entry) => {
  if (!entry.isIntersecting) return;
  watcher.unobserve(entry.target);
  fill(entry.target);
}), { rootMargin: "400px" });
const watch = (root) => all("[data-logo]", root).forEach((box) => watcher.observe(box));
