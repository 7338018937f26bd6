"""HAL, the hexamer additive linear model of splicing (Rosenberg et al. 2015).

Three different functions go by that name; ``docs/hal.md`` compares them:

- :func:`donor_score` (K) scores a donor by position; with its pair form :func:`donor_psi`. This is the paper's model.
- :func:`mean_effect` (M) averages hexamers over all positions and regions. This is what MultiMolecule computes.
- :func:`exon_skipping` (E) scores the inclusion of a cassette exon; with :func:`variant_psi`.

:func:`build_net` makes any of them a torch module whose neurons are the hexamers and the regions.
"""

from combmotif.models.architectures.hal.donor import donor_profile, donor_psi, donor_score, mean_effect
from combmotif.models.architectures.hal.exon import apply_variant, exon_skipping, variant_psi
from combmotif.models.architectures.hal.hexamers import hexamer_numbers, hexamer_word, word_number
from combmotif.models.architectures.hal.net import HalNet, build_net
from combmotif.models.architectures.hal.table import (
    REGIONS,
    SPANS,
    WINDOW,
    ExonScores,
    HexamerTable,
    load_exon_scores,
    load_table,
)

__all__ = [
    "REGIONS",
    "SPANS",
    "WINDOW",
    "ExonScores",
    "HalNet",
    "HexamerTable",
    "apply_variant",
    "build_net",
    "donor_profile",
    "donor_psi",
    "donor_score",
    "exon_skipping",
    "hexamer_numbers",
    "hexamer_word",
    "load_exon_scores",
    "load_table",
    "mean_effect",
    "variant_psi",
    "word_number",
]
