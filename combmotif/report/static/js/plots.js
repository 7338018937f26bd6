/* small plots: bars, boxes with dots, dots against spacing, estimates with intervals */
const scaled = (low, high, from, to) => (value) => round(from + (Math.min(Math.max(value, low), high) - low) / ((high - low) || 1) * (to - from));
const ticks = (low, high, wanted = 4) => {
  const rough = (high - low) / wanted;
  if (!(rough > 0)) return [low];
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => unit * factor >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= Math.floor(high / step + 1e-9); k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
};
const short = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
const range = (values, zero = false) => {
  let low = Math.min(...values), high = Math.max(...values);
  if (zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
  const margin = 0.07 * (high - low) || 0.5;
  return [low - margin, high + margin];
};
const svg = (kind, width, height, title, body) => raw(`<svg class="${kind}" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title>${escaped(title)}</title>${body}</svg>`);
const upAxis = (y, low, high, left, right) => ticks(low, high).map((tick) => `<path class="grid" d="M${left} ${y(tick)}H${right}"/>`
  + `<text class="tick" x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${short(tick)}</text>`).join("");
const acrossAxis = (x, low, high, bottom, wanted = 5) => ticks(low, high, wanted).map((tick) => `<path class="rule" d="M${x(tick)} ${bottom}v4"/>`
  + `<text class="tick" x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${short(tick)}</text>`).join("");
const caption = (x, y, text) => `<text class="tick" x="${x}" y="${y}" text-anchor="middle">${escaped(text)}</text>`;

/* counts over equal bins, with a mark; heights on a square-root scale so that rare strong sequences are seen */
const histogram = (data, { title, axis, mark = NaN }) => {
  const width = 420, left = 46, right = 412, top = 8, bottom = 120;
  const most = Math.max(1, ...data.counts);
  const x = scaled(data.low, data.high, left, right), y = scaled(0, Math.sqrt(most), bottom, top);
  const step = (right - left) / data.counts.length;
  const bars = data.counts.map((n, i) => n ? `<path class="bar${data.low + (i + 0.5) * (data.high - data.low) / data.counts.length >= mark ? " on" : ""}" d="M${round(left + i * step)} ${bottom}V${y(Math.sqrt(n))}h${round(step - 1)}V${bottom}z"/>` : "").join("");
  const levels = [...new Set([most, Math.round(most / 4), 0])].map((n) => `<path class="grid" d="M${left} ${y(Math.sqrt(n))}H${right}"/><text class="tick" x="${left - 6}" y="${y(Math.sqrt(n)) + 4}" text-anchor="end">${whole(n)}</text>`).join("");
  const line = finite(mark) ? `<path class="zero" d="M${x(mark)} ${top}V${bottom}"/>` : "";
  return svg("plot", width, 158, title, levels + bars + line + acrossAxis(x, data.low, data.high, bottom) + caption((left + right) / 2, bottom + 33, axis));
};

/* bars of whole numbers, such as spacings */
const bars = (pairs, { title, axis }) => {
  const first = Math.min(...pairs.map(([k]) => k)), last = Math.max(...pairs.map(([k]) => k));
  const room = Math.min(360, (last - first + 1) * 22), width = Math.max(140, 52 + room), left = 44, right = left + room, top = 6, bottom = 78;
  const most = Math.max(...pairs.map(([, n]) => n)), step = (right - left) / (last - first + 1);
  const y = scaled(0, most, bottom, top), x = (k) => round(left + (k - first + 0.5) * step);
  const body = pairs.map(([k, n]) => `<path class="bar on" d="M${round(x(k) - step * 0.4)} ${bottom}V${y(n)}h${round(step * 0.8)}V${bottom}z"><title>${k} nt: ${n}</title></path>`).join("");
  const shown = ticks(first, last, Math.min(6, last - first + 1)).filter(Number.isInteger);
  return svg("plot", width, 114, title, upAxis(y, 0, most, left, right) + body + shown.map((k) => caption(x(k), bottom + 15, short(k))).join("") + caption((left + right) / 2, bottom + 31, axis));
};

/* one column per group: every sequence a dot, a box from quartile to quartile, a line at the median */
const boxes = (groups, { title, zero = false, axis = "" }) => {
  const values = groups.flatMap((group) => [...group.dots, ...(group.box || [])]);
  const [low, high] = range(values, zero);
  const left = 58, step = 74, top = 8, bottom = 190, width = left + step * groups.length + 6;
  const y = scaled(low, high, bottom, top);
  const parts = [upAxis(y, low, high, left, width)];
  if (zero) parts.push(`<path class="zero" d="M${left} ${y(0)}H${width}"/>`);
  groups.forEach((group, index) => {
    const centre = left + step * (index + 0.5);
    const dots = group.dots.map((value, i) => `M${Math.round(centre + 40 * ((i * 0.6180339887) % 1 - 0.5))} ${Math.round(y(value))}h0`).join("");
    parts.push(`<path class="dots ${group.tone || ""}" d="${dots}"/>`);
    if (group.box) {
      const [least, lower, median, upper, most] = group.box.map(y);
      parts.push(`<path class="boxed" d="M${centre - 24} ${upper}h48V${lower}h-48zM${centre} ${upper}V${most}M${centre} ${lower}V${least}"/><path class="mean" d="M${centre - 24} ${median}h48"/>`);
    }
    parts.push(caption(centre, bottom + 17, group.label));
  });
  if (axis) parts.push(`<text class="tick" transform="translate(11 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(axis)}</text>`);
  return svg("plot", width, 216, title, parts.join(""));
};

/* e against spacing: dots of single sequences, and mean with interval where the run has tabulated it */
const against = (dots, means, { title, axis, side, unit = "nt", what = "e", whole: wholeOnly = true }) => {
  const xs = [...dots.map(([x]) => x), ...means.map((row) => row[0])];
  const ys = [...dots.map(([, y]) => y), ...means.flatMap((row) => row.slice(1, 4)).filter(finite)];
  const [low, high] = range(ys, true), [first, last] = range(xs);
  const width = 420, left = 58, right = 412, top = 8, bottom = 190;
  const x = scaled(first, last, left, right), y = scaled(low, high, bottom, top);
  const body = dots.map(([a, b]) => `M${Math.round(x(a))} ${Math.round(y(b))}h0`).join("");
  const bar = means.map(([k, e, from, to, n]) => `<g><title>${short(k)} ${unit}: ${what} ${signed(e)}${finite(n) ? `, ${plural(n, "sequence")}` : ""}</title>`
    + (finite(from) && finite(to) ? `<path class="ci" d="M${x(k)} ${y(from)}V${y(to)}"/>` : "") + `<circle class="dot" cx="${x(k)}" cy="${y(e)}" r="3.6"/></g>`).join("");
  const marks = ticks(first, last, 6).filter((k) => !wholeOnly || Number.isInteger(k)).map((k) => caption(x(k), bottom + 16, short(k))).join("");
  return svg("plot", width, 226, title, `${upAxis(y, low, high, left, right)}<path class="zero" d="M${left} ${y(0)}H${right}"/><path class="dots" d="${body}"/>${bar}${marks}`
    + caption((left + right) / 2, bottom + 33, axis) + `<text class="tick" transform="translate(11 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(side)}</text>`);
};

/* estimates under one another, each with its interval, on one axis with a line at zero */
const estimates = (rows, { title, axis, room = Math.min(680, innerWidth - 40) }) => {
  const shown = rows.filter((row) => finite(row.value[1]));
  if (!shown.length) return "";
  const middle = shown.map((row) => row.value[1]);
  const reach = 2 * Math.max(...middle.map(Math.abs), 1e-12);
  const ends = shown.flatMap((row) => [row.value[0], row.value[2]]).filter(finite).map((v) => Math.min(Math.max(v, -reach), reach));
  const [low, high] = range([...middle, ...ends], true);
  /* on a narrow screen a label stands above its line, and the numbers are left to the table below */
  const wide = room >= 560, width = room, left = wide ? 240 : 8, right = wide ? width - 205 : width - 8, top = 6, step = wide ? 24 : 38, bottom = top + step * shown.length;
  const x = scaled(low, high, left, right);
  const parts = ticks(low, high, 5).map((tick) => `<path class="grid" d="M${x(tick)} ${top}V${bottom}"/>${caption(x(tick), bottom + 15, short(tick))}`);
  parts.push(`<path class="zero" d="M${x(0)} ${top}V${bottom}"/>`);
  shown.forEach((row, i) => {
    const y = top + step * (i + (wide ? 0.5 : 0.72)), [from, value, to] = row.value;
    parts.push(`<g class="${styleOf(row.kind || "plain")}"><title>${escaped(row.label)}: ${estimate(row.value)}</title><text class="label" x="0" y="${wide ? y + 4 : y - 11}">${escaped(row.label)}</text>`
      + (finite(from) && finite(to) ? `<path class="ci" d="M${x(from)} ${y}H${x(to)}M${x(from)} ${y - 3.5}v7M${x(to)} ${y - 3.5}v7"/>` : "")
      + `<circle class="dot" cx="${x(value)}" cy="${y}" r="4"/>${wide ? `<text class="value" x="${right + 12}" y="${y + 4}">${estimate(row.value)}</text>` : ""}</g>`);
  });
  parts.push(caption((left + right) / 2, bottom + 32, wide ? axis : axis.replace(", with 95 % confidence interval", ", 95 % CI")));
  return svg("plot", width, bottom + 38, title, parts.join(""));
};
