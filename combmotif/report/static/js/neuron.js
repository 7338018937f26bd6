/* the page of one neuron, drawn from its record when it is opened */
const scrolling = (label, body) => html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${body}</div>`;
const link = (anchor, text) => html`<a href="#${anchor}">${text ?? anchor}</a>`;
const fact = (label, value) => value === "" || value === MISSING ? "" : html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
const saveTable = (name) => html`<button type="button" class="save" data-table="${name}">Save table as TSV</button>`;
const head = (columns) => html`<thead><tr>${columns.map(([text, kind]) => html`<th class="${kind === "num" ? "num" : ""}"${kind ? html` data-sort="${kind}"` : ""}>${text}</th>`)}</tr></thead>`;

const strength = (match) => match.word ? `contained${match.read ? `, ${match.read}` : ""}` : `q ${chance(match.q)}`;
/* the motif above, every match below it, shifted to where it lies: one scale, one axis */
const alignment = (motif) => {
  const rows = logoOf(motif.id);
  if (!rows) return html`<p>${nt(motif.consensus)} <span class="muted">(its matrix is not in the run folder)</span></p>`;
  const found = motif.matches.map((match) => ({ match, rows: targetOf(match.t, match.s === "-") }));
  const before = Math.max(0, ...found.map(({ match }) => -match.off));
  const columns = before + Math.max(rows.length, ...found.map(({ match, rows: target }) => match.off + (target ? target.length : match.tc.length)));
  const column = Math.max(6, Math.min(22, Math.floor(Math.min(620, innerWidth - 84) / columns)));
  const scores = scoresOf(motif.id);
  const lines = [html`<figure class="aligned" data-save="${motif.id}">${raw(logoSvg(rows, { column, height: 72, axis: true, shift: before, columns, scores, start: motif.start + 1, title: titleOf(motif.id, rows) }))}</figure>`];
  found.forEach(({ match, rows: target }) => {
    const drawing = target
      ? logoSvg(target, { column, height: 40, axis: true, shift: before + match.off, columns, mode: settings.mode === "contribution" ? "bits" : settings.mode, title: `Logo of ${match.n}` })
      : logoSvg([...match.tc].map((letter) => "ACGU".split("").map((base) => letter.replace("T", "U") === base ? 1 : "ACGU".includes(letter.replace("T", "U")) ? 0 : 0.25)),
        { column, height: 40, axis: true, shift: before + match.off, columns, mode: "bits", title: `The word of ${match.n}` });
    lines.push(html`<figure class="aligned${match.sig ? "" : " weak"}"><figcaption><b>${match.n}</b> <span class="muted">offset ${short(match.off)} · p ${chance(match.p)} · q ${chance(match.q)}${match.word ? ` · contained${match.read ? `, ${match.read}` : ""}` : match.sig ? "" : " · not significant"}</span></figcaption>${raw(drawing)}</figure>`);
  });
  return scrolling(`Logos of ${motif.id}, matches below`, lines);
};
const matchTable = (motif) => !motif.matches.length
  ? DATA.matched ? html`<p class="muted">No known element resembles it.</p>` : ""
  : html`<details><summary>${plural(motif.matches.length, "match", "matches")} in numbers</summary>${scrolling(`Matches of ${motif.id}`, html`<table>${head([["Element"], ["Kind"], ["Offset", "num"], ["Overlap", "num"], ["p", "num"], ["q", "num"], ...(motif.matches.some((m) => finite(m.chance)) ? [["By chance", "num"]] : []), ["Database"], ["Source"]])}
<tbody>${motif.matches.map((m) => html`<tr class="${m.sig ? "" : "weak"}"><th scope="row">${m.n}${m.f && m.f !== m.n ? html` <span class="muted">${m.f}</span>` : ""}</th><td>${m.k}</td>${cell(m.off, short(m.off))}${cell(m.ov, whole(m.ov))}${cell(m.p, chance(m.p))}${cell(m.q, chance(m.q))}${motif.matches.some((x) => finite(x.chance)) ? cell(m.chance, finite(m.chance) ? `${number(m.chance * 100, { digits: 2 })} %` : MISSING) : ""}<td>${m.t} <span class="muted">${m.db}</span></td><td>${m.cit}</td></tr>`)}</tbody></table>`)}
<p>${saveTable(`${motif.id}.matches.tsv`)}</p></details>`;
const marked = (before, inside, after) => html`<code class="nt">${letters(before)}${inside ? html`<mark>${letters(inside)}</mark>` : ""}${letters(after)}</code>`;
/* letters of an aligned sequence, coloured by base */
const tinted = (word) => html`<code class="nt tint">${[...letters(word)].map((letter) => "ACGUT".includes(letter) ? html`<i class="t${letter}">${letter}</i>` : letter)}</code>`;
const behind = (motif) => !motif.behind.length ? "" : html`<details><summary>Sequences behind it</summary>
<p class="muted">The strongest of the neuron's ${whole(motif.fitting)} sample sequences that this motif fits better than the others, aligned on the motif.</p>
${scrolling(`Sequences behind ${motif.id}`, html`<table class="sites">${head([["Activation", "num"], ["Sequence, motif between the bars"]])}<tbody>${motif.behind.map(([activation, left, inside, right]) => html`<tr>${cell(activation)}<td>${tinted(left)}<span class="muted">|</span>${tinted(inside)}<span class="muted">|</span>${tinted(right)}</td></tr>`)}</tbody></table>`)}
<p>${saveTable(`${motif.id}.sequences.tsv`)}</p></details>`;

/* what the motif itself does: every way it was measured, then the curve over positions and the three frames */
const ownEffect = (motif) => {
  const effect = motif.effect;
  if (!effect || !effect.rows) return "";
  const curves = effect.curves.map((curve) => html`<figure>${against([], curve.points, {
    title: `Effect of ${motif.id} by ${curve.kind}`, axis: curve.kind === "frame" ? "frame: distance to the coding region or 3' end, modulo 3" : curve.unit === "nt" ? "position of its first base, nt" : "position, % of the sequence",
    side: `change of ${effect.output}`, unit: curve.kind === "frame" ? "nt modulo 3" : curve.unit === "nt" ? "nt" : "%", what: "effect", whole: curve.kind === "frame",
  })}<figcaption>By ${curve.kind}, ${curve.background === "all" ? "any background" : curve.background}.</figcaption></figure>`);
  return html`<h4>What it does by itself</h4><p class="muted">Inserted into ${whole(effect.rows[0].n)} background sequences, against its scrambles: ${effect.rows[0].reason}.</p>
${scrolling(`Effects of ${motif.id}`, estimates(effect.rows.map((row) => ({ label: row.label, value: row.value, kind: row.kind })), { title: `Effects of ${motif.id}`, axis: `change of ${effect.output}, with 95 % confidence interval` }))}
<details><summary>In numbers</summary>${scrolling(`Effects of ${motif.id} in numbers`, html`<table>${head([["Measured"], ["Class"], ["Effect", "num"], ["95 % CI"], ["q", "num"], ["n", "num"], ["Detectable", "num"], ["Why"]])}<tbody>${effect.rows.map((row) => html`<tr><th scope="row">${row.label}</th><td>${chip(row.kind)}</td>${cell(row.value[1], signed(row.value[1]))}<td>${interval(row.value)}</td>${cell(row.q, chance(row.q))}${cell(row.n, whole(row.n))}${cell(row.detectable)}<td>${row.reason}</td></tr>`)}</tbody></table>`)}<p>${saveTable(`${motif.id}.effects.tsv`)}</p></details>
${curves.length ? html`<div class="plots">${curves.slice(0, 2)}</div>` : ""}${curves.length > 2 ? html`<details><summary>By position and frame, without and with another motif</summary><div class="plots">${curves.slice(2)}</div></details>` : ""}`;
};

const motifPart = (motif) => html`<article class="motif" id="${motif.id}">
<h3>${link(motif.id)} ${nt(motif.consensus)}${motif.known ? html` <span class="known">${motif.known}</span>` : ""}${motif.effect && motif.effect.rows ? html` ${chip(motif.effect.rows[0].kind)} <span class="muted">${signed(motif.effect.rows[0].value[1])}</span>` : ""}
<span class="savers"><button type="button" class="save" data-logo-file="svg" data-motif="${motif.id}">SVG</button><button type="button" class="save" data-logo-file="png" data-motif="${motif.id}">PNG</button><button type="button" class="save" data-logo-file="copy" data-motif="${motif.id}">Copy SVG</button><button type="button" class="save" data-meme="${motif.id}">MEME</button></span></h3>
<dl class="facts">${fact("Sites", whole(motif.sites))}${fact("Share of activation", finite(motif.share) ? `${number(motif.share * 100, { digits: 2 })} %` : "")}${fact("Reproduced", number(motif.again))}${fact("Explains", finite(motif.explained) ? `${number(motif.explained * 100, { digits: 2 })} %` : "")}${fact("Purity", number(motif.purity))}${fact("Information", finite(motif.bits) ? `${number(motif.bits)} bits` : "")}${fact("Highest activation", number(motif.max))}${fact("Mean", number(motif.mean))}${fact("Of the consensus", number(motif.cons))}${fact("Columns", finite(motif.start) && finite(motif.end) ? `${motif.start + 1} to ${motif.end} of the receptive field` : "")}${motif.offsets ? fact("Also found shifted by", motif.offsets) : ""}${motif.method && motif.method !== "neuronmotif" ? fact("Method", motif.method) : ""}</dl>
${alignment(motif)}
${ownEffect(motif)}
${matchTable(motif)}${behind(motif)}
${motif.alike.length ? html`<p class="muted">Alike, in other neurons: ${motif.alike.map((id, i) => [i ? ", " : "", link(id)])}</p>` : ""}
</article>`;

const apartPart = (rows) => !rows.length ? "" : html`<details><summary>${plural(rows.length, "motif")} not reproduced</summary><p class="muted">Found in one half of the neuron's samples, and in the other nothing like it. They are neither named nor paired.</p>
${scrolling("Motifs not reproduced", html`<table>${head([["Motif"], ["Logo"], ["Consensus"], ["Reproduced", "num"], ["Explains", "num"], ["Share of activation", "num"]])}<tbody>${rows.map((m) => html`<tr><th scope="row">${m.id}</th><td>${logoOf(m.id) ? raw(logoSvg(logoOf(m.id), { column: 9, height: 36, title: titleOf(m.id, logoOf(m.id)) })) : ""}</td><td>${nt(m.consensus)}</td>${cell(m.again)}${cell(m.explained)}${cell(m.share)}</tr>`)}</tbody></table>`)}</details>`;

/* the tree of demixing: a group of sequences, split by the motif it carries and its place or by the map of a lower layer, down to the leaves that became motifs */
const splitBy = { motif: "by motif", position: "by the place of the motif" };
const treePart = (nodes) => {
  const children = {};
  nodes.forEach((node) => { (children[node.parent] = children[node.parent] || []).push(node); });
  const ids = new Set(nodes.map((node) => node.node));
  const roots = nodes.filter((node) => !ids.has(node.parent) || node.parent === node.node);
  const text = (node) => html`<span class="node">${node.consensus ? nt(node.consensus) : html`<span class="muted">no consensus</span>`} <span class="muted">${plural(node.sites, "sequence")}${finite(node.max) ? html`, up to ${number(node.max)}` : ""}${finite(node.purity) ? html`, purity ${number(node.purity)}` : ""}</span>${node.motif ? html` → ${link(node.motif)}` : ""}</span>`;
  const branch = (node, depth) => {
    const below = (children[node.node] || []).filter((child) => child !== node);
    if (!below.length) return html`<li>${text(node)}</li>`;
    const by = [...new Set(below.map((child) => child.layer).filter(Boolean))].map((name) => splitBy[name] || `by the map of ${name}`).join(", ");
    return html`<li><details${depth < 2 ? raw(" open") : ""}><summary>${text(node)}</summary><p class="muted">split ${by ? `${by} ` : ""}into ${whole(below.length)}</p><ul>${below.map((child) => branch(child, depth + 1))}</ul></details></li>`;
  };
  return html`<h3 id="demixing">How its sequences were demixed</h3><p class="muted">All sequences that were looked at are the first line. A group that is a mixture is split, until every group spells one pattern; groups with a link became motifs. A sequence that carries several motifs stands under one of them here, and counts among the sites of each.</p><ul class="tree">${roots.map((root) => branch(root, 0))}</ul>`;
};
const syntaxPart = (rows) => html`<h3>Syntax: parts and their spacing</h3><p class="muted">A motif of several parts: which stand together, in which order, at which distance (nt between the end of the first and the start of the second).</p>
<div class="syntaxes">${rows.map((row) => html`<figure><figcaption>${link(row.motif)}: ${nt(row.a)} … ${nt(row.b)} <span class="muted">${row.kind === "fixed" ? `fixed at ${short(row.mode)} nt` : `${short(row.min)} to ${short(row.max)} nt, mostly ${short(row.mode)}`}, ${plural(row.sequences, "sequence")}</span></figcaption>${row.distribution.length ? bars(row.distribution, { title: "Distances", axis: "distance, nt" }) : ""}</figure>`)}</div>`;

const effectsPart = (neuron) => {
  const rows = neuron.effects, has = (key) => rows.some((row) => finite(row[key][1]));
  const kinds = [["observed", "Observed difference"], ["adjusted", "Adjusted for covariates"], ["site", "Its sites scrambled"], ["clamp", "Neuron clamped"]].filter(([key]) => has(key));
  const first = rows.filter((row) => row.shown);
  return html`<h3 id="effect">Effect of the neuron</h3>${first.map((row) => html`<p>${chip(row.kind)} on the ${row.outcome}. <span class="muted">${row.reason}</span></p>
${estimates(kinds.map(([key, label]) => ({ label, value: row[key], kind: row.kind })), { title: `Effect of ${neuron.name} on the ${row.outcome}`, axis: `change in ${row.outcome}, with 95 % confidence interval` })}`).map((part) => scrolling("Effect", part))}
${[...new Set(rows.map((row) => row.outcome))].map((outcome) => {
    const levels = rows.filter((row) => row.outcome === outcome && finite(row.threshold) && finite(row.observed[1]));
    return levels.length < 2 ? "" : html`<figure>${against([], levels.map((row) => [row.threshold * 100, row.observed[1], row.observed[0], row.observed[2], row.active]), { title: `Effect on the ${outcome} by threshold`, axis: "active from this share of the maximum, %", side: "observed difference", unit: "%", what: "difference", whole: false })}<figcaption>Observed difference in the ${outcome}, the higher the activation that counts as active.</figcaption></figure>`;
  })}
<details${rows.length > first.length ? raw(" open") : ""}><summary>In numbers${rows.length > first.length ? ", at every threshold" : ""}</summary>${scrolling(`Effect of ${neuron.name}`, html`<table>${head([["Outcome"], ["Active from", "num"], ["Class"], ...kinds.map(([, label]) => [`${label}, 95 % CI`, "num"]), ["q", "num"], ["AUC", "num"], ["Active", "num"], ["Inactive", "num"]])}
<tbody>${rows.map((row) => html`<tr><td>${row.outcome}</td>${cell(row.threshold, finite(row.threshold) ? `${number(row.threshold * 100, { digits: 2 })} % of max.` : MISSING)}<td>${chip(row.kind)}</td>${kinds.map(([key]) => cell(row[key][1], estimate(row[key])))}${cell(row.q, chance(row.q))}${cell(row.auc)}${cell(row.active, whole(row.active))}${cell(row.inactive, whole(row.inactive))}</tr>`)}</tbody></table>`)}<p>${saveTable(`${neuron.anchor}.effect.tsv`)}</p></details>`;
};
const sitesPart = (neuron) => html`<h3 id="sites">Where it fires on the sequences of the run</h3><p class="muted">Its strongest windows, one per sequence; the stretch its best-fitting motif covers is marked.</p>
${scrolling(`Strongest windows of ${neuron.name}`, html`<table class="sites">${head([["Sequence"], ["Window", "num"], ["Activation", "num"], ["Letters"], ["Motif"]])}<tbody>${neuron.sites.map((s) => html`<tr><td class="seq" title="${s.sequence}">${s.sequence}</td><td class="num">${whole(s.start)}–${whole(s.end)}</td>${cell(s.activation)}<td>${marked(s.before, s.inside, s.after)}</td><td>${s.motif ? link(s.motif) : ""}</td></tr>`)}</tbody></table>`)}<p>${saveTable(`${neuron.anchor}.sites.tsv`)}</p>`;

const neuronPage = (neuron) => html`<header class="pagehead"><h2 tabindex="-1">${neuron.name}${neuron.known ? html` <span class="known">${neuron.known}</span>` : ""}</h2>${neuron.motifs.some((motif) => motif.effect && motif.effect.rows) ? "" : neuron.effects.filter((row) => row.shown).slice(0, 1).map((row) => chip(row.kind))}</header>
<p class="lead">${neuron.sentence}</p>
${neuron.faithful ? html`<p>${neuron.faithful}</p>` : ""}
<div class="pair"><dl class="facts tall">${fact("Layer", neuron.layer)}${fact("Receptive field", finite(neuron.field) ? `${whole(neuron.field)} nt` : "")}${fact("Sample sequences", whole(neuron.samples))}${fact("Highest activation", number(neuron.max))}${fact("Highest on the sequences", number(neuron.dataset))}${fact("AUROC of its top 1 %", number(neuron.auroc))}${finite(neuron.generations) && neuron.generations > 0 ? fact("Generations", html`${whole(neuron.generations)}${neuron.converged ? "" : " (not converged)"}`) : ""}${neuron.status && neuron.status !== "done" ? fact("Status", neuron.status) : ""}</dl>
${neuron.histogram ? html`<figure>${histogram(neuron.histogram, { title: `Activation of ${neuron.name} on the sequences`, axis: "highest activation in a sequence", mark: neuron.histogram.mark })}<figcaption>Highest activation in each of ${whole(neuron.histogram.counts.reduce((a, b) => a + b, 0))} sequences (square-root scale). ${finite(neuron.histogram.mark) ? "Coloured, right of the line: sequences that count as active." : ""}</figcaption></figure>` : ""}</div>
${neuron.motifs.length ? html`<h3 class="part" id="motifs">${plural(neuron.motifs.length, "motif")}</h3>${neuron.motifs.map(motifPart)}` : html`<p class="notice">No motif${neuron.status && neuron.status !== "done" ? `: ${neuron.status}` : ""}.</p>`}
${apartPart(neuron.apart)}
${neuron.tree.length > 1 ? treePart(neuron.tree) : ""}${neuron.syntax.length ? syntaxPart(neuron.syntax) : ""}
${neuron.effects.length ? effectsPart(neuron) : ""}${neuron.pairs.length ? html`<h3>Tested together with another motif</h3><ul class="flow">${neuron.pairs.map(([anchor, text, kind]) => html`<li>${link(anchor, text)} ${chip(kind)}</li>`)}</ul>` : ""}
${neuron.sites.length ? sitesPart(neuron) : DATA.scanned ? "" : html`<p class="notice">Windows of the sequences are not available: ${DATA.unscanned}</p>`}`;
