"""Every table combmotif writes: file, columns, types, units and meaning; writers, readers and docs go by these."""

from combmotif.core.tables.commands import ATTRIBUTIONS, BENCHMARK, CALIBRATION, LEFT_OUT, PREDICTIONS
from combmotif.core.tables.comparison import COMPARED_MOTIFS, COMPARED_RUNS, CONSENSUS, FAITHFULNESS, OVERLAPS
from combmotif.core.tables.effects import CONTRIBUTION, MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.core.tables.evaluation import COMPARED_SCORES, FITTED, SCORED_ITEMS, SCORES, SKIPPED
from combmotif.core.tables.matches import HITS, MATCH_CONTROL, MATCHES
from combmotif.core.tables.motifs import (
    MATRICES,
    MOTIF_CLUSTERS,
    MOTIF_COMPARISON,
    MOTIF_LIST,
    MOTIFS,
    SEQLETS,
    SYNTAX,
    TREE,
)
from combmotif.core.tables.neurons import ACTIVATIONS, NEURONS, SAMPLES, SITES
from combmotif.core.tables.pairs import (
    EFFECTS,
    FAMILY_MAP,
    INSERTED,
    INSTANCES,
    INTERACTIONS,
    KMER_PAIRS,
    PAIR_CONTROLS,
    SPACING,
)
from combmotif.core.tables.table import Column, Table
from combmotif.core.tables.variants import SKIPPED_VARIANTS, VARIANT_SITES, VARIANTS

RUN_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        NEURONS, MOTIFS, MATCHES, CONTRIBUTION, MOTIF_EFFECTS, MOTIF_POSITIONS, INTERACTIONS, INSTANCES, SITES, TREE,
        SYNTAX, SPACING, PAIR_CONTROLS, FAMILY_MAP, MATCH_CONTROL, SAMPLES, ACTIVATIONS, SEQLETS,
        ATTRIBUTIONS, LEFT_OUT,
    )
}  # fmt: skip
"""The tables of a run folder by name."""

OTHER_TABLES: dict[str, tuple[Table, ...]] = {
    "combmotif compare": (COMPARED_RUNS, COMPARED_MOTIFS, CONSENSUS, OVERLAPS),
    "combmotif evaluate and benchmark": (SCORES, COMPARED_SCORES, FITTED, SKIPPED, SCORED_ITEMS),
    "combmotif predict, scan and calibrate": (PREDICTIONS, HITS, CALIBRATION),
    "combmotif motifs": (MATRICES, MOTIF_LIST, MOTIF_COMPARISON, MOTIF_CLUSTERS),
    "combmotif words": (KMER_PAIRS,),
    "combmotif variants": (VARIANTS, VARIANT_SITES, SKIPPED_VARIANTS),
    "scripts/benchmarks": (BENCHMARK,),
}
"""Tables of other commands, by who writes them; matches, effects, attributions and left-out rows are as in a run."""


def table_at(path: str) -> Table | None:
    """Find the kind of a table by its path in a run folder, such as ``motifs/tree.tsv``; None if it is none of ours."""
    found = [table for table in RUN_TABLES.values() if table.is_at(path)]
    return min(found, key=lambda table: "*" in table.file, default=None)  # an exact name goes before a pattern


__all__ = [
    "ACTIVATIONS",
    "ATTRIBUTIONS",
    "BENCHMARK",
    "CALIBRATION",
    "COMPARED_MOTIFS",
    "COMPARED_RUNS",
    "COMPARED_SCORES",
    "CONSENSUS",
    "CONTRIBUTION",
    "EFFECTS",
    "FAITHFULNESS",
    "FAMILY_MAP",
    "FITTED",
    "HITS",
    "INSERTED",
    "INSTANCES",
    "INTERACTIONS",
    "KMER_PAIRS",
    "LEFT_OUT",
    "MATCHES",
    "MATCH_CONTROL",
    "MATRICES",
    "MOTIFS",
    "MOTIF_CLUSTERS",
    "MOTIF_COMPARISON",
    "MOTIF_EFFECTS",
    "MOTIF_LIST",
    "MOTIF_POSITIONS",
    "NEURONS",
    "OTHER_TABLES",
    "OVERLAPS",
    "PAIR_CONTROLS",
    "PREDICTIONS",
    "RUN_TABLES",
    "SAMPLES",
    "SCORED_ITEMS",
    "SCORES",
    "SEQLETS",
    "SITES",
    "SKIPPED",
    "SKIPPED_VARIANTS",
    "SPACING",
    "SYNTAX",
    "TREE",
    "VARIANTS",
    "VARIANT_SITES",
    "Column",
    "Table",
    "table_at",
]
