"""How many random motifs get a name, and how many true ones? Plain and guarded Tomtom, and the built-in words.

python scripts/benchmarks/false_matches.py [FOLDER]     FOLDER holds the motif databases; 40 seconds
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import false_discovery_control

from combmotif.motifs import Motif, MotifSet, guarded_tomtom, load_database, match, segments, tomtom, word_ppm
from combmotif.motifs.control import match_control

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


def main() -> None:
    """Print one line per database and kind of query."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/motifs")
    rng = np.random.default_rng(2024)
    random = {
        f"{length} sharp columns": motif_set([sharp(rng, length) for _ in range(COUNT)]) for length in (3, 4, 6, 8, 12)
    }
    for length, concentration in ((8, 0.6), (12, 1.0), (20, 1.0), (20, 50.0)):
        ppms = [rng.dirichlet([concentration] * 4, size=length) for _ in range(COUNT)]
        random[f"{length} columns, Dirichlet {concentration}"] = motif_set(ppms)
    print("queries", "database", "plain", "guarded", sep="\t")
    for name, path in DATABASES.items():
        targets = [entry.ppm for entry in load_database(folder / path).entries]
        chosen = [targets[i] for i in rng.choice(len(targets), COUNT, replace=len(targets) < COUNT)]
        true = motif_set([np.stack([rng.multinomial(100, c / c.sum()) / 100 for c in ppm]) for ppm in chosen])
        for label, motifs in {**random, "its own motifs": true}.items():
            print(label, name, called(tomtom, motifs, targets), called(guarded_tomtom, motifs, targets), sep="\t")
    builtin = load_database("builtin")
    own = motif_set([word_ppm(entry.word) for entry in builtin.entries for _ in range(2)])
    print("queries", "named", "contain a word", "... of a shuffled list", sep="\t")
    for label, motifs in {**random, "its own words, twice": own}.items():
        table = match(motifs, [builtin])
        control = match_control(motifs, [builtin], table, np.random.default_rng(0), copies=2).table
        shuffled = control.loc[control["database"] == "all"].set_index("relation")["matched_shuffled"]
        sorts = (table.loc[table["relation"] == relation, "motif"].nunique() for relation in ("is", "contains"))
        print(f"{label} ({len(motifs)})", *sorts, f"{shuffled['contains']:.1f}", sep="\t")


if __name__ == "__main__":
    main()
