/* the page of a neuron or a pair takes the place of the story; the address says which */
const story = one("#story"), view = one("#view");
const numbered = Object.fromEntries(DATA.neurons.map((neuron, i) => [neuron.anchor, i]));
const records = {};
const neuronOf = (anchor) => (records[anchor] = records[anchor] || stored(`n${numbered[anchor]}`));
const anchorOf = (id) => {
  if (id in numbered) return id;
  const owner = id.replace(/\.m\d+$/, "");
  return owner in numbered ? owner : DATA.owners[id];
};
const routeOf = (hash) => {
  if (!hash) return null;
  if (hash === "all-neurons") return { kind: "all" };
  if (/^pair-\d+$/.test(hash) && document.getElementById(`p${hash.slice(5)}`)) return { kind: "pair", number: hash.slice(5) };
  if (/^cell-\d+$/.test(hash) && DATA.cells[hash.slice(5)]) return { kind: "cell", number: hash.slice(5) };
  const anchor = anchorOf(hash);
  return anchor === undefined ? null : { kind: "neuron", anchor, part: hash === anchor ? "" : hash };
};
let place = 0, current = "";
const around = (order, anchor) => {
  const list = order.includes(anchor) ? order : DATA.neurons.map((neuron) => neuron.anchor);
  const at = list.indexOf(anchor);
  return [list[at - 1], list[at + 1], at, list.length];
};
const turn = (before, after, back, text) => html`<nav class="turn" aria-label="Pages"><a href="#${back}" class="home">← ${text}</a><span>${before ? html`<a rel="prev" href="#${before}">‹ ${before}</a>` : ""} ${after ? html`<a rel="next" href="#${after}">${after} ›</a>` : ""}</span></nav>`;
const draw = (route) => {
  if (route.kind === "neuron") {
    const neuron = neuronOf(route.anchor);
    const [before, after] = around(shownNeurons, route.anchor);
    return [neuron.name, html`${turn(before, after, "neurons", "all neurons")}${neuronPage(neuron)}`];
  }
  if (route.kind === "pair") {
    const pair = stored(`p${route.number}`), number = Number(route.number);
    const exists = (n) => document.getElementById(`p${n}`) ? `pair-${n}` : "";
    return [`${pair.a} × ${pair.b}`, html`${turn(exists(number - 1), exists(number + 1), "interactions", "all pairs")}${pairPage(pair)}`];
  }
  if (route.kind === "cell") {
    const found = DATA.cells[route.number];
    return [`${found.a} × ${found.b}`, html`${turn("", "", "interactions", "map of pairs")}${cellPage(found)}`];
  }
  return ["All neurons", html`${turn("", "", "neurons", "the table")}<p class="lead">The pages of the ${whole(shownNeurons.length)} neurons shown in the table, one after another, to read or to print.</p>${shownNeurons.map((anchor) => html`<section class="sheet-page">${neuronPage(neuronOf(anchor))}</section>`)}`];
};
const address = () => {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
};
const show = (focus = true) => {
  const hash = address();
  const route = routeOf(hash);
  if (!route) {
    const back = !view.hidden;
    view.hidden = true;
    story.hidden = false;
    document.title = DATA.title;
    const target = hash && document.getElementById(hash);
    const row = back && hash === "neurons" && current && one(`tr[data-neuron="${CSS.escape(current)}"]:not([hidden])`);
    if (row) row.scrollIntoView({ block: "center", behavior: "instant" });
    else if (target) {
      for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
      target.scrollIntoView(back ? { behavior: "instant" } : {});
    } else if (back) scrollTo({ top: place, behavior: "instant" });
    if (back && current) { const origin = one(`#story a[href="#${CSS.escape(current)}"]`); if (origin) origin.focus({ preventScroll: true }); }
    current = "";
    return;
  }
  if (view.hidden) place = scrollY;
  const same = route.kind === "neuron" && route.anchor === view.dataset.shown && !view.hidden;
  if (!same) {
    const [title, body] = draw(route);
    view.innerHTML = body;
    view.dataset.shown = route.anchor || hash;
    document.title = `${title} – ${DATA.title}`;
    sortable(view);
    watch(view);
  }
  story.hidden = true;
  view.hidden = false;
  current = route.anchor || hash;
  const target = route.part ? document.getElementById(route.part) : null;
  if (target) target.scrollIntoView(); else if (!same) scrollTo({ top: 0, behavior: "instant" });
  if (focus && !same) one("h2", view).focus({ preventScroll: true });
};
addEventListener("hashchange", () => show());
/* a click on the address that is already shown goes there again */
document.addEventListener("click", (event) => {
  const anchor = event.target.closest('a[href^="#"]');
  if (anchor && anchor.getAttribute("href") === location.hash) show();
});
addEventListener("keydown", (event) => {
  if (view.hidden || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea, .scroll")) return;
  const target = { ArrowLeft: '[rel="prev"]', ArrowRight: '[rel="next"]', Escape: ".home" }[event.key];
  const anchor = target && one(target, view);
  if (anchor) { event.preventDefault(); anchor.click(); }
});
/* letters and heights of all logos */
const redraw = () => {
  all("[data-logo]").forEach((box) => { if (box.dataset.drawn) fill(box); });
  all(".nt", story).forEach((code) => { code.textContent = letters(code.textContent); });
  if (!view.hidden) { view.dataset.shown = ""; const top = scrollY; show(false); scrollTo({ top, behavior: "instant" }); }
};
all("[data-setting]").forEach((box) => {
  box.value = settings[box.dataset.setting];
  box.addEventListener("change", () => { settings[box.dataset.setting] = box.value; redraw(); });
});
addEventListener("beforeprint", () => all("[data-logo]", story.hidden ? view : story).forEach((box) => { if (!box.dataset.drawn) fill(box); }));

/* what has not come into view is drawn when the reader pauses */
const idle = window.requestIdleCallback || ((task) => setTimeout(() => task({ timeRemaining: () => 5 }), 50));
const drawRest = (boxes) => idle((deadline) => {
  while (boxes.length && deadline.timeRemaining() > 2) { const box = boxes.shift(); if (!box.dataset.drawn) fill(box); }
  if (boxes.length) drawRest(boxes);
});

all("[data-needs-script]").forEach((part) => { part.hidden = false; });
sortable(story);
watch(story);
show(false);
drawRest(all("[data-logo]", story));
document.documentElement.dataset.ready = "1";
