/* downloads: files of the run, tables as they stand, logos, motifs */
const save = (name, content, type) => {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  anchor.download = name.replaceAll(":", ".");  // a colon is no letter of a file name on Windows
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
};
const typeOf = (name) => `${name.endsWith(".tsv") ? "text/tab-separated-values" : "text/plain"};charset=utf-8`;
let FILES = null;
/* large files lie in the page compressed; a browser that cannot unpack them saves them as .gz */
const saveFile = async (name) => {
  FILES = FILES || stored("files");
  const base = name.split("/").pop(), content = FILES[name];
  if (typeof content === "string") { save(base, content, typeOf(base)); return; }
  const bytes = Uint8Array.from(atob(content.gzip), (letter) => letter.charCodeAt(0));
  if (typeof DecompressionStream === "undefined") { save(`${base}.gz`, new Blob([bytes], { type: "application/gzip" })); return; }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  save(base, await new Response(stream).blob());
};
const plainText = (box) => (box.tagName === "TD" && box.dataset.v ? box.dataset.v : box.textContent).replace(/\s+/g, " ").trim().replace(/^–$/, "").replaceAll("−", "-");
const asTsv = (table) => [table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)]
  .map((row) => [...row.cells].map(plainText).join("\t")).join("\n") + "\n";

const COLOURS = DATA.colours;
const logoFile = (id) => {
  const rows = logoOf(id);
  const text = logoSvg(rows, { column: 24, height: 96, axis: true, title: titleOf(id, rows), scores: scoresOf(id) });
  const parser = new DOMParser().parseFromString(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml").documentElement;
  Object.entries(COLOURS).forEach(([letter, colour]) => all(`.g${letter}`, parser).forEach((path) => path.setAttribute("fill", colour)));
  all(".rule, .base", parser).forEach((path) => { path.setAttribute("fill", "none"); path.setAttribute("stroke", "#333"); });
  all("text", parser).forEach((label) => { label.setAttribute("font-family", "system-ui,sans-serif"); label.setAttribute("font-size", "11"); label.setAttribute("fill", "#333"); });
  all("[class]", parser).forEach((part) => part.removeAttribute("class"));
  parser.removeAttribute("class");
  return new XMLSerializer().serializeToString(parser);
};
const savePng = (id, text) => {
  const image = new Image(), factor = 3;
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = image.width * factor;
    canvas.height = image.height * factor;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(`${id}.png`, blob), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
};
const copy = async (text) => {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};
const meme = (ids) => {
  const names = settings.alphabet === "dna" ? "ACGT" : "ACGU";
  const head = `MEME version 4\n\nALPHABET= ${names}\n\nstrands: +\n\nBackground letter frequencies\n${[...names].map((letter) => `${letter} 0.25`).join(" ")}\n`;
  return head + ids.map(({ id, consensus, sites }) => {
    const rows = logoOf(id).map((column) => { const total = column.reduce((a, b) => a + b, 0); return column.map((p) => (p / total).toFixed(6)).join(" "); });
    return `\nMOTIF ${id} ${letters(consensus)}\n\nletter-probability matrix: alength= 4 w= ${rows.length} nsites= ${finite(sites) ? Math.round(sites) : 20} E= 0\n${rows.join("\n")}\n`;
  }).join("");
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const data = button.dataset;
  if (data.file) saveFile(data.file);
  if (data.table) {
    let box = button;
    while (box && !one("table", box)) box = box.previousElementSibling || box.parentElement;
    if (box) save(data.table, asTsv(all("table", box).pop()), typeOf(data.table));
  }
  if (data.logoFile) {
    const text = logoFile(data.motif);
    if (data.logoFile === "svg") save(`${data.motif}.svg`, text, "image/svg+xml");
    if (data.logoFile === "png") savePng(data.motif, text);
    if (data.logoFile === "copy") copy(text).then(() => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy SVG"; }, 1500); });
  }
  if (data.meme) {
    const motif = neuronOf(anchorOf(data.meme)).motifs.find(({ id }) => id === data.meme);
    save(`${data.meme}.meme`, meme([motif]), "text/plain");
  }
});
