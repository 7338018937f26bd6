"""How many random motifs get a name, and how many true ones? Plain and guarded Tomtom, and the built-in words.

python scripts/benchmarks/false_matches.py [FOLDER]     FOLDER holds the motif databases; 60 seconds
"""

from __future__ import annotations

import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import false_discovery_control

from combmotif.motifs import (
    Motif,
    MotifSet,
    guarded_tomtom,
    load_database,
    match,
    pseudocounted,
    segments,
    tomtom,
    word_ppm,
)
from combmotif.motifs.matching.control import match_control

DATABASES = {
    "Ray 2013": "ray2013/Ray2013_rbp_Homo_sapiens.meme",
    "CISBP-RNA": "cisbp-rna_human/CISBP-RNA_Homo_sapiens.meme",
    "RBNS": "featurereachr/RBNS_Dominguez2018.meme",
    "ATtRACT": "attract/ATtRACT_2017_12.meme",
    "microRNA": "mirna/hsa_seed_targets.meme",
}
COUNT = 100
FLANK = np.full((3, 4), 25.0)


def sharp(rng: np.random.Generator, length: int) -> np.ndarray:
    """Columns of 94 % one base."""
    ppm = np.full((length, 4), 0.02)
    ppm[np.arange(length), rng.integers(4, size=length)] = 0.94
    return ppm


def motif_set(ppms: list[np.ndarray]) -> MotifSet:
    """100 sites per matrix, flat flanks of 3."""
    return MotifSet(tuple(Motif(f"m{i}", np.concatenate([FLANK, 100 * p, FLANK]), 100) for i, p in enumerate(ppms)))


def called(compare, motifs: MotifSet, targets: list[np.ndarray]) -> int:
    """Motifs with a target at q <= 0.05."""
    runs = [(i, m.ppm[s:e]) for i, m in enumerate(motifs) for s, e in segments(m.ppm)]
    if not runs:
        return 0
    p = compare([ppm for _, ppm in runs], targets).p_value
    q = false_discovery_control(p.ravel()).reshape(p.shape)
    return len({row for (row, _), best in zip(runs, q.min(1), strict=True) if best <= 0.05})


def random_motifs(rng: np.random.Generator) -> dict[str, MotifSet]:
    """100 motifs of every kind."""
    random = {
        f"{length} sharp columns": motif_set([sharp(rng, length) for _ in range(COUNT)]) for length in (3, 4, 6, 8, 12)
    }
    for length, concentration in ((8, 0.6), (12, 1.0), (20, 1.0), (20, 50.0)):
        ppms = [rng.dirichlet([concentration] * 4, size=length) for _ in range(COUNT)]
        random[f"{length} columns, Dirichlet {concentration}"] = motif_set(ppms)
    return random


def matrices(folder: Path, random: dict[str, MotifSet], rng: np.random.Generator) -> None:
    """Match to databases of matrices."""
    print("queries", "database", "plain", "guarded", sep="\t")
    for name, path in DATABASES.items():
        targets = [entry.ppm for entry in load_database(folder / path).entries]
        chosen = [targets[i] for i in rng.choice(len(targets), COUNT, replace=len(targets) < COUNT)]
        true = motif_set([np.stack([rng.multinomial(100, c / c.sum()) / 100 for c in ppm]) for ppm in chosen])
        for label, motifs in {**random, "its own motifs": true}.items():
            print(label, name, called(tomtom, motifs, targets), called(guarded_tomtom, motifs, targets), sep="\t")


def words(random: dict[str, MotifSet]) -> None:
    """Match to the built-in words."""
    builtin = load_database("builtin")
    own = motif_set([word_ppm(entry.word) for entry in builtin.entries])
    print("queries", "named", "contain a word", "... of a shuffled list", sep="\t")
    for label, motifs in {**random, "its own words": own}.items():
        table = match(motifs, [builtin])
        control = match_control(motifs, [builtin], table, np.random.default_rng(0), copies=2).table
        shuffled = control.loc[control["database"] == "all"].set_index("relation")["matched_shuffled"]
        sorts = (table.loc[table["relation"] == relation, "motif"].nunique() for relation in ("is", "contains"))
        print(f"{label} ({len(motifs)})", *sorts, f"{shuffled['contains']:.1f}", sep="\t")


def sharp_lists(rng: np.random.Generator) -> None:
    """Match k-mers, and others that are not there, to lists of equally sharp k-mers."""
    lists, smallest, absent_called = 0, np.inf, 0
    for length, size, sharpness, sites in product((4, 5, 6, 7, 8), (30, 100, 300), (0.85, 0.94, 0.97, 1.0), (10, 50)):
        known, other = (
            {"".join(rng.choice(list("ACGU"), length, p=p)) for _ in range(number)}
            for number, p in ((size, rng.dirichlet([3] * 4)), (40, [0.25] * 4))
        )
        present, absent = (
            [pseudocounted(np.where(word_ppm(w) > 0.5, sharpness, (1 - sharpness) / 3), sites) for w in sorted(chosen)]
            for chosen in (known, other - known)
        )
        smallest = min(smallest, guarded_tomtom(present, present).p_value.min() * 4**length)
        p = guarded_tomtom(absent, present).p_value
        absent_called += int((false_discovery_control(p.ravel()).reshape(p.shape) <= 0.05).any(1).sum())
        lists += 1
    print(f"{lists} lists of equally sharp k-mers: smallest p of all pairs {smallest:.3f} times 4^-k, ", end="")
    print(f"absent k-mers called {absent_called}")


def main() -> None:
    """Print one line per database and kind of query."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(2024)
    random = random_motifs(rng)
    matrices(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/motifs"), random, rng)
    words(random)
    sharp_lists(rng)


if __name__ == "__main__":
    main()
