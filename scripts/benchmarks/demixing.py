"""How well do ways of demixing find known motifs? Recall, precision, spacing and more, per family of nets and over all.

python scripts/benchmarks/demixing.py [INSTANCES] [SEED] [FAMILIES] [WORKERS] [TABLE] [METHODS]

24 instances of each of 7 families, seed 66260 (used for nothing but README's table), 2 workers by default; TABLE
takes one row per neuron and method; METHODS are names with commas between, by default all.
"""

from __future__ import annotations

import sys

import torch

from combmotif.benchmark import FAMILIES, benchmark, summary


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    given = dict(enumerate(sys.argv[1:]))
    families = given.get(2, "".join(FAMILIES))
    scores = benchmark(
        families,
        range(int(given.get(0, 24))),
        int(given.get(1, 66260)),
        methods=given[5].split(",") if 5 in given else None,
        workers=int(given.get(3, 2)),
        on_done=lambda done, count: print(f"\r{done} of {count} neurons", end="", file=sys.stderr, flush=True),
    )
    print(file=sys.stderr)
    if 4 in given:
        scores.to_csv(given[4], sep="\t", index=False)
    table = summary(scores)
    print(table.to_csv(sep="\t", index=False, float_format="%.3f"), end="")
    sampled = scores.drop_duplicates("neuron").groupby("family")["sampled"].mean()
    print("share of the known motifs that the sampler found by itself:", sampled.round(2).to_dict())


if __name__ == "__main__":
    main()
