"""How far do our Tomtom's p-values agree with MEME's, how fast are they, and would Pearson's distance do better?

python scripts/benchmarks/matching.py [DATA]     DATA holds tomtom_reference/ and motifs/; 12 seconds on 1 core
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.motifs import (
    Motif,
    MotifSet,
    find_sites,
    guarded_tomtom,
    load_database,
    match,
    pseudocounted,
    tomtom,
)
from combmotif.motifs.formats.meme import read_meme
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.family import with_families

REPEATS = 5


def agreement(folder: Path) -> None:
    """Compare with what MEME Suite 5.1.0 printed."""
    queries = read_meme(folder / "queries.meme")
    known = read_meme(folder / "targets_jaspar2020_vertebrates.meme.gz")
    printed = pd.read_csv(folder / "tomtom.tsv", sep="\t")
    both = [[pseudocounted(m.ppm, m.nsites) for m in motifs] for motifs in (queries, known)]
    result = tomtom(*both, strands="both")
    rows = printed["Query_ID"].map({m.id: i for i, m in enumerate(queries)}).to_numpy()
    columns = printed["Target_ID"].map({m.id: i for i, m in enumerate(known)}).to_numpy()
    ours, theirs = np.log10(result.p_value[rows, columns]), np.log10(printed["p-value"].to_numpy())
    print(f"MEME's {len(printed)} printed pairs: correlation of log10 p {np.corrcoef(ours, theirs)[0, 1]:.7f}", end="")
    print(f", median difference {np.median(np.abs(ours - theirs)):.1g}, largest {np.abs(ours - theirs).max():.1g}")
    print(
        f"offset the same {(-result.offset[rows, columns] == printed['Optimal_offset']).mean():.1%}, overlap ", end=""
    )
    print(f"{(result.overlap[rows, columns] == printed['Overlap']).mean():.1%}, strand ", end="")
    print(f"{(result.reverse[rows, columns] == (printed['Orientation'] == '-')).mean():.1%}")
    best = printed.loc[printed.groupby("Query_ID")["p-value"].idxmin()]
    clear = best[best["p-value"] < 1e-3]
    place = {m.id: i for i, m in enumerate(queries)}
    same = 0
    for row in clear.itertuples():
        target = known[int(result.p_value[place[row.Query_ID]].argmin())].id
        same += target == row.Target_ID
        if target != row.Target_ID:
            two = printed[printed["Query_ID"] == row.Query_ID].set_index("Target_ID")["p-value"]
            mine = {known[j].id: p for j, p in enumerate(result.p_value[place[row.Query_ID]])}
            print(
                f"  {row.Query_ID}: MEME {row.Target_ID} {two[row.Target_ID]:.3g}, {target} "
                f"{two.get(target, np.nan):.3g}; ours {mine[row.Target_ID]:.3g} and {mine[target]:.3g}"
            )
    print(f"same best target, of {len(clear)} queries with MEME's p < 1e-3: {same}")


def noisy(entries: list[np.ndarray], rng: np.random.Generator, count: int, sites: int) -> tuple[list, np.ndarray]:
    """Draw `count` matrices of `sites` sequences from known ones, with their sources."""
    chosen = rng.choice(len(entries), count, replace=False)
    drawn = [np.stack([rng.multinomial(sites, c / c.sum()) for c in entries[i]]) for i in chosen]
    return [(0.25 + d) / (1 + sites) for d in drawn], chosen


def speed(folder: Path) -> None:
    """Time 200 motifs against 1,322, of raw p-values and of the whole of `match`."""
    attract = with_families([load_database(folder / "attract" / "ATtRACT_2017_12.tf")])[0]
    targets = [entry.ppm for entry in attract.entries]
    queries, _ = noisy(targets, np.random.default_rng(0), 200, 100)
    motifs = MotifSet(tuple(Motif(f"m{i}", 100 * q, 100) for i, q in enumerate(queries)))
    jobs = {
        "tomtom": lambda: tomtom(queries, targets),
        "guarded_tomtom": lambda: guarded_tomtom(queries, targets),
        "match": lambda: match(motifs, [attract]),
    }
    for name, job in jobs.items():
        job()
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - start)
        print(f"200 x {len(targets):,} motifs, {name}: {np.median(seconds):.3f} s (median of {REPEATS}, warm)")
    start = time.perf_counter()
    control = match_control(motifs, [attract], match(motifs, [attract]), np.random.default_rng(0), copies=10)
    row = control.table[(control.table["database"] == "all") & (control.table["relation"] == "is")].iloc[0]
    print(f"  with 10 shuffled copies {time.perf_counter() - start:.1f} s: {row.matched} of 200 match, ", end="")
    print(f"{row.matched_shuffled:.1f} shuffled ones, false-match rate {row.false_match_rate:.3f}")
    codes = [np.random.default_rng(1).integers(0, 4, 1_000_000).astype(np.uint8)]
    start = time.perf_counter()
    hits = sum(len(find_sites(codes, ppm)) for ppm in targets[:50])
    print(f"scan of 1 million nt with 50 motifs: {time.perf_counter() - start:.2f} s, {hits:,} sites at p <= 1e-4")


def pearson_p(query: np.ndarray, targets: list[np.ndarray], *, bins: int = 100) -> np.ndarray:
    """Tomtom's p-values (Gupta et al. 2007) with Pearson's correlation of columns in place of Euclid's distance.

    Scores are rescaled to whole numbers and complete: a column that sticks out counts as the median column does.
    """
    columns = np.concatenate(targets)
    a, b = query - query.mean(1, keepdims=True), columns - columns.mean(1, keepdims=True)
    norm = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    score = np.where(norm > 1e-9, a @ b.T / np.maximum(norm, 1e-9), 0)
    score = score - np.median(score, axis=1, keepdims=True)
    low = score.min()
    whole = np.rint((score - low) / (score.max() - low) * bins).astype(int)
    zero = int(np.rint(-low / (score.max() - low) * bins))
    tails = {}
    for start in range(len(query)):
        chance = np.ones(1)
        for end in range(start, len(query)):
            column = np.bincount(whole[end], minlength=bins + 1) / len(columns)
            chance = np.convolve(chance, column)
            tails[start, end + 1] = np.cumsum(chance[::-1])[::-1]
    starts = np.concatenate([[0], np.cumsum([len(t) for t in targets])])
    result = np.ones(len(targets))
    for j, target in enumerate(targets):
        best_total, best_p, tried = -1, 1.0, 0
        for shift in range(1 - len(target), len(query)):
            left, right = max(0, shift), min(len(query), shift + len(target))
            aligned = whole[np.arange(left, right), starts[j] + np.arange(left - shift, right - shift)].sum()
            total, tried = aligned + zero * (len(query) - (right - left)), tried + 1
            if total > best_total:
                best_total, best_p = total, float(tails[left, right][aligned])
        result[j] = 1 - (1 - min(best_p, 1)) ** tried
    return result


def distances(folder: Path) -> None:
    """Find the source of noisy copies by Euclid's and by Pearson's measure, and see what flat queries get."""
    rng = np.random.default_rng(5)
    targets = [e.ppm for e in load_database(folder / "cisbp-rna_human").entries]
    for sites in (15, 100):
        queries, source = noisy(targets, rng, 60, sites)
        queries = [np.concatenate([rng.dirichlet([20] * 4, 2), q, rng.dirichlet([20] * 4, 2)]) for q in queries]
        ours, pearson = tomtom(queries, targets).p_value, np.stack([pearson_p(q, targets) for q in queries])
        ranks = [1 + (p < p[np.arange(len(source)), source][:, None]).sum(1) for p in (ours, pearson)]
        for name, rank in zip(("Euclid", "Pearson"), ranks, strict=True):
            print(
                f"copies of {sites} sites, {name}: source first {(rank == 1).mean():.1%}, mean rank {rank.mean():.2f}"
            )
    flat = [np.full((20, 4), 0.25) + rng.uniform(-0.01, 0.01, (20, 4)) for _ in range(10)]
    flat = [f / f.sum(1, keepdims=True) for f in flat]
    print(
        f"flat queries, smallest p of each, median: Euclid {np.median(tomtom(flat, targets).p_value.min(1)):.2g}",
        end="",
    )
    print(f", guarded {np.median(guarded_tomtom(flat, targets).p_value.min(1)):.2g}", end="")
    print(f", Pearson {np.median([pearson_p(f, targets).min() for f in flat]):.2g}")


def main() -> None:
    """Print all three."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    agreement(data / "tomtom_reference")
    speed(data / "motifs")
    distances(data / "motifs")


if __name__ == "__main__":
    main()
