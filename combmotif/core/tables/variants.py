"""The tables of `combmotif variants` and `combmotif words`."""

from __future__ import annotations

from combmotif.core.tables.table import Table, number, text, whole

VARIANTS = Table(
    "variants",
    "variants.tsv",
    "One row per variant: what it does to every output, and to the neurons and motifs of a run.",
    columns=(
        text("variant", "chromosome_position_ref_alt, or the name of the row"),
        text("id", "what the VCF calls it"),
        text("chrom", "chromosome, as the VCF has it"),
        whole("pos", "position of the reference allele on the chromosome, 1-based as in the VCF", unit="nt"),
        text("ref", "reference allele, on the forward strand"),
        text("alt", "alternative allele, on the forward strand; each of a multi-allelic line has a row"),
        text("region", "transcript (donor, exon) or chromosome that the window is of"),
        text("strand", "strand of the sequence that the model reads"),
        whole("position", "first base of the reference sequence that differs, 0-based", unit="nt"),
        whole("ref_length", "length of the reference sequence", unit="nt"),
        whole("alt_length", "length of the alternative sequence", unit="nt"),
        whole("neurons_made", "neurons of the run that fire on the alternative alone, where the variant is"),
        whole("neurons_broken", "neurons that fire on the reference alone"),
        text("motifs_made", "motifs of the run with a site on the alternative alone, separated by semicolons"),
        text("motifs_broken", "motifs with a site on the reference alone"),
        number("psi_ref", "measured inclusion of the reference (--psi)", unit="0 to 1"),
        number("psi_alt", "predicted inclusion: expit(logit(psi_ref) + factor * difference)", unit="0 to 1"),
        number("psi_difference", "psi_alt - psi_ref"),
    ),
    more="For every output `ref:OUTPUT`, `alt:OUTPUT`, `difference:OUTPUT` (alternative minus reference, as the model "
    "predicts it) and `latent:OUTPUT` (the same difference on the scale on which effects add up: the link of the "
    "model's card, or `--latent`). Columns that are empty throughout are left out.",
)

VARIANT_SITES = Table(
    "variant sites",
    "variant_sites.tsv",
    "One row per variant and neuron that starts or stops firing, or motif that gains or loses its site, there.",
    columns=(
        text("variant", "as in variants.tsv"),
        text("of", "neuron or motif"),
        text("id", "neuron (conv3:7) or motif (conv3:7.m1) of the run"),
        text("name", "known element that the motif resembles or contains; of a neuron, its first motif"),
        text("change", "made: a site on the alternative alone; broken: on the reference alone"),
        number("before", "largest activation, or score in bits, of the windows on the variant in the reference"),
        number("after", "the same in the alternative sequence"),
        number("threshold", "what a site needs"),
        whole("start", "first base of the site, in the sequence that has it, 0-based", unit="nt"),
        whole("end", "position after its last base", unit="nt"),
        text("site", "its bases"),
        number("effect", "marginal effect of the motif on the first output, of motif_effects.tsv", unit="output"),
    ),
)

SKIPPED_VARIANTS = Table(
    "skipped variants",
    "skipped.tsv",
    "One row per variant that was not predicted.",
    columns=(text("item", "chromosome_position_ref_alt, or the name of the row"), text("reason", "why, in words")),
)
