"""What variants do to a model's predictions, on the scale of the outputs and on the one on which effects add up."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import InteractionSection
from combmotif.core.tables import VARIANT_SITES, VARIANTS
from combmotif.core.typed_yaml import default_of
from combmotif.effect.pairs.interaction import model_link
from combmotif.effect.pairs.latent import link_scale
from combmotif.effect.pairs.states import States
from combmotif.evaluation.dataset.anchored import EXONIC, common_ends
from combmotif.evaluation.dataset.variants import VariantPair, variant_pairs
from combmotif.evaluation.tasks.base import column_of, numbers_of, read_cells
from combmotif.evaluation.tasks.pairs import read_pairs
from combmotif.evaluation.variant_sites import SiteReader
from combmotif.models.architectures.hal import variant_psi
from combmotif.models.model import ForwardError, SequenceModel
from combmotif.models.predict_file import not_finite
from combmotif.sequence.names import unique_names

CHUNK = 256
"""Variants predicted together."""
LATENT = ("auto", "identity", "logit", "log", "none")
Skip = tuple[str, str]


@dataclass(frozen=True)
class SequencePair:
    """A reference and an alternative sequence.

    Attributes
    ----------
    name : str
    ref, alt : uint8 arrays, shape (length,)
    about : mapping of str to anything
        Columns of `combmotif.core.tables.VARIANTS` that describe it.
    """

    name: str
    ref: np.ndarray
    alt: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class VariantEffects:
    """Effects of variants.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns: `combmotif.core.tables.VARIANTS`; those that are empty throughout are left out.
    sites : pandas.DataFrame
        Columns: `combmotif.core.tables.VARIANT_SITES`.
    skipped : tuple of (variant, reason)
    """

    table: pd.DataFrame
    sites: pd.DataFrame
    skipped: tuple[Skip, ...]


def pairs_of_vcf(
    vcf: str | Path,
    fasta: str | Path,
    model: SequenceModel,
    *,
    annotation: str | Path | None = None,
    region: str | None = None,
    window: int | None = None,
    anchor: str | None = None,
    strand: str = "+",
) -> Iterator[SequencePair | Skip]:
    """Put the variants of a VCF into sequences that a model reads; see `variant_pairs`.

    A model of one length gets windows of that length. Other models get the whole region of the annotation, or windows
    of 512 nt of the genome, unless a window is given.

    Parameters
    ----------
    vcf, fasta, annotation, strand
        As for `variant_pairs`.
    model : SequenceModel
    region : str, optional
        As for `variant_pairs`; of HAL's models donor or exon is known, of others it must be named with an annotation.
    window : int, optional
        In nt.
    anchor : str, optional
        Of `anchored.ANCHORS`; default ``end`` for 5'UTRs, whose end is the start codon, else ``variant``.

    Yields
    ------
    SequencePair, or (variant, reason)

    Raises
    ------
    ValueError
        If the region is not named, or the window is not the one the model reads.
    """
    length = model.input_spec.length if model.input_spec.rule == "exact" else None
    if length is not None and window not in (None, length):
        raise ValueError(f"--window: the model '{model.name}' reads {length} nt, found {window}; leave it out")
    if annotation is not None and region is None:
        region = hal_region(model)
        if region is None:
            raise ValueError(
                "--region: expected 5utr, cds, 3utr, transcript, donor or exon: which part of the transcripts the "
                f"model '{model.name}' reads"
            )
    if annotation is None and region is not None:
        raise ValueError(f"--region {region}: needs the --annotation of the transcripts (GTF, GFF3 or BED12)")
    width = length or window or (512 if annotation is None else None)
    held = anchor or ("end" if region == "5utr" else "variant")
    found = variant_pairs(
        vcf, fasta, annotation=annotation, region=region or "3utr", window=width, fixed=length is not None,
        anchor=held, strand=strand,
    )  # fmt: skip
    for pair in found:
        if not isinstance(pair, VariantPair):
            yield pair
            continue
        own = pair.variant
        about = {
            "id": own.name if own.name != own.label else None, "chrom": own.chromosome, "pos": own.position + 1,
            "ref": own.ref, "alt": own.alt, "region": pair.region, "strand": pair.strand,
        }  # fmt: skip
        yield SequencePair(own.label, pair.ref, pair.alt, about)


def hal_region(model: SequenceModel) -> str | None:
    """Name the part of a gene that a model of HAL reads: its donors, or its exons; None for any other model."""
    if model.description.get("kind") != "hal":
        return None
    function = (model.description.get("arguments") or {}).get("function")
    return EXONIC[1] if function == "exon_skipping" else EXONIC[0]


def pairs_of_table(
    table: str | Path,
    *,
    ref: str = "ref_sequence",
    alt: str = "alt_sequence",
    name: str | None = None,
    psi: str | None = None,
) -> Iterator[SequencePair | Skip]:
    """Read pairs of sequences from a table, such as ``combmotif dataset variants`` writes.

    Parameters
    ----------
    table : path
    ref, alt, name : str
        Columns of the sequences and of the names; see `read_pairs`.
    psi : str, optional
        Column of the measured inclusion of the reference, 0 to 1.

    Yields
    ------
    SequencePair, or (row, reason)
        A name that stands again gets _2, _3, ..., with a warning.
    """
    cells, path = read_cells(table), str(table)
    skipped: list[Skip] = []
    names, pairs = read_pairs(cells, ref=ref, alt=alt, name=name, path=path, skipped=skipped)
    yield from skipped
    unique, notes = unique_names(names, path)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    shares = None
    if psi is not None:
        shares = numbers_of(column_of(cells, psi, path=path, key="psi"), path=path, column=psi)
        if (shares < 0).any() or (shares > 1).any():
            raise ValueError(f"{path}: column '{psi}': expected fractions from 0 to 1; divide percentages by 100")
    for row, one, other in pairs:
        about = {} if shares is None else {"psi_ref": float(shares[row])}
        yield SequencePair(unique[row], one, other, about)


def variant_effects(
    model: SequenceModel,
    pairs: Iterable[SequencePair | Skip],
    *,
    latent: str = default_of(InteractionSection, "latent"),
    sites: SiteReader | None = None,
    factor: float = 2.0,
    on_rows: Callable[[int], None] | None = None,
) -> VariantEffects:
    """Predict both sequences of every pair and compare them.

    Parameters
    ----------
    model : SequenceModel
    pairs : iterable of SequencePair or (name, reason)
        Read as they are predicted.
    latent : {"auto", "identity", "logit", "log", "none"}, default "auto"
        Scale of the second difference; auto takes the link that the model's card gives for an output, if any.
    sites : SiteReader, optional
        Also list the neurons and motifs of a run that a variant makes or breaks.
    factor : float, default 2.0
        What a difference is multiplied with where a pair has the inclusion of its reference, see `variant_psi`.
    on_rows : callable, optional
        Called with the number of variants done.

    Returns
    -------
    VariantEffects

    Raises
    ------
    ValueError
        If no pair is left, an option is unknown or no number, or a prediction has no place on the latent scale.

    Examples
    --------
    >>> import torch
    >>> from combmotif.models.model import SequenceModel
    >>> from combmotif.sequence.alphabet import encode
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 1, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> pair = SequencePair("first", encode("GGAUGGG"), encode("GGACGGG"))
    >>> variant_effects(SequenceModel("net", net), [pair]).table[["variant", "position"]].values.tolist()
    [['first', 3]]
    """
    if not np.isfinite(factor):
        raise ValueError(f"factor: expected a finite number, found {factor}")
    if latent not in LATENT:
        raise ValueError(f"latent: expected one of {', '.join(LATENT)}, found '{latent}'")
    skipped: list[Skip] = []
    rows: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    predictions: list[np.ndarray] = []
    stream = iter(pairs)
    while chunk := list(islice(stream, CHUNK)):
        kept = [pair for pair in chunk if isinstance(pair, SequencePair) and _fits(model, pair, skipped)]
        skipped += [pair for pair in chunk if not isinstance(pair, SequencePair)]
        kept = _readable(model, kept, skipped)
        if not kept:
            continue
        refs, alts = [pair.ref for pair in kept], [pair.alt for pair in kept]
        both = model.predict([*refs, *alts]).astype(np.float64).reshape(2, len(kept), -1)
        predictions.append(np.where(np.isfinite(both), both, np.nan))
        ends = np.array([common_ends(pair.ref, pair.alt) for pair in kept])
        own = [
            {"variant": pair.name, **pair.about, "position": int(before), "ref_length": len(pair.ref),
             "alt_length": len(pair.alt)}
            for pair, (before, _) in zip(kept, ends, strict=True)
        ]  # fmt: skip
        if sites is not None:
            found = sites.changes([pair.name for pair in kept], refs, alts, ends)
            _count(own, found)
            changed += found
        rows += own
        if on_rows is not None:
            on_rows(len(rows))
    if not rows:
        why = f"; the first was left out because {skipped[0][1]}" if skipped else ""
        raise ValueError(f"expected variants that the model '{model.name}' can read, found none{why}")
    table = pd.DataFrame(rows).reindex(columns=VARIANTS.names)
    before, after = np.concatenate(predictions, axis=1)
    lost = np.flatnonzero(~(np.isfinite(before) & np.isfinite(after)).all(1))
    if len(lost):
        warnings.warn(not_finite(model.name, [rows[i]["variant"] for i in lost], len(lost), len(rows)), stacklevel=2)
    table = table.join(_differences(model, before, after, latent))
    if table["psi_ref"].notna().any():
        psi = table["psi_ref"].to_numpy(dtype=float)
        table["psi_alt"] = variant_psi(psi, before[:, 0], after[:, 0], factor=factor)
        table["psi_difference"] = table["psi_alt"] - table["psi_ref"]
    kept_columns = [column for column in table if not table[column].isna().all()]
    return VariantEffects(table[kept_columns], VARIANT_SITES.frame(changed), tuple(skipped))


def _fits(model: SequenceModel, pair: SequencePair, skipped: list[Skip]) -> bool:
    length = model.input_spec.length if model.input_spec.rule == "exact" else None
    for codes in (pair.ref, pair.alt):
        if length is not None and len(codes) != length:
            skipped.append((pair.name, f"it has {len(codes)} nt, and the model reads {length} nt"))
            return False
    return True


def _readable(model: SequenceModel, pairs: list[SequencePair], skipped: list[Skip]) -> list[SequencePair]:
    """Leave out pairs of which one sequence is too short for the net's kernels, as a long deletion makes it."""
    unread: dict[int, str] = {}
    for length in sorted({len(codes) for pair in pairs for codes in (pair.ref, pair.alt)}):
        try:
            model.predict(np.zeros((1, length), np.uint8))
        except ForwardError as error:
            unread[length] = str(error.__cause__ or error).splitlines()[0][:100]
        else:
            break  # what reads a sequence reads longer ones
    for pair in pairs:
        if (shorter := min(len(pair.ref), len(pair.alt))) in unread:
            skipped.append((pair.name, f"it has {shorter} nt, which the model cannot read ({unread[shorter]})"))
    return [pair for pair in pairs if min(len(pair.ref), len(pair.alt)) not in unread]


def _count(rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Write into the rows of variants how many neurons, and which motifs, they make and break."""
    for row in rows:
        row |= {"neurons_made": 0, "neurons_broken": 0, "motifs_made": "", "motifs_broken": ""}
    for site in found:
        row, key = rows[site.pop("row")], f"{site['of']}s_{site['change']}"
        if site["of"] == "neuron":
            row[key] += 1
        else:
            row[key] += f"{';' if row[key] else ''}{site['id']}"


def _differences(model: SequenceModel, before: np.ndarray, after: np.ndarray, latent: str) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {}
    for number, output in enumerate(model.outputs):
        one, other = before[:, number], after[:, number]
        columns |= {f"ref:{output}": one, f"alt:{output}": other, f"difference:{output}": other - one}
        link = model_link(model, number) if latent == "auto" else latent
        if link not in ("spline", "none"):  # a spline is fitted to pairs of motifs, of which there are none here
            seen = np.concatenate([one, other])
            nothing = np.zeros((0, 0))
            scale = link_scale(link, [States(seen[np.isfinite(seen)], nothing, nothing, nothing)])
            columns[f"latent:{output}"] = scale(other) - scale(one)
    return pd.DataFrame(columns)
