"""The tables of a run folder that come from samples, motifs and the scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from combmotif.core.seeding import named_generator
from combmotif.core.tables import MOTIFS, NEURONS, SAMPLES
from combmotif.discovery.composition import composition
from combmotif.discovery.faithful import Faithfulness
from combmotif.motifs.motif import MotifSet
from combmotif.motifs.segment import segments
from combmotif.runs.context import Context
from combmotif.sampling.samples import Samples
from combmotif.sequence.alphabet import decode

NOT_SAMPLED = "not sampled"
FAITH_COLUMNS = tuple(field.name for field in fields(Faithfulness))


def motif_table(motifs: MotifSet, labels: Mapping[str, int]) -> pd.DataFrame:
    """Tabulate motifs; one row each, columns `combmotif.core.tables.MOTIFS`.

    ``labels`` are the families of those that are reported; a motif without one was not reproduced in the other half.
    """
    rows = [
        {
            "motif": motif.id,
            "layer": motif.layer,
            "channel": motif.neuron,
            "consensus": motif.consensus(motifs.alphabet),
            "length": len(motif),
            "start": motif.start,
            "end": motif.start + len(motif),
            "sites": motif.sites,
            "share": motif.share,
            "max_activation": motif.max_activation,
            "mean_activation": motif.mean_activation,
            "min_activation": motif.min_activation,
            "consensus_activation": motif.consensus_activation,
            "background": motif.background,
            "purity": motif.purity,
            "information": motif.information.sum(),
            "offsets": ",".join(map(str, motif.offsets)),
            "segments": ",".join(f"{start}-{end}" for start, end in segments(motif.ppm)),
            "family": labels.get(motif.id),
            "contribution": motif.contribution,
            "reproducibility": motif.reproducibility,
            "explained": motif.explained,
            "reproduced": motif.id in labels,
        }
        for motif in motifs
    ]
    return MOTIFS.frame(rows).astype({"family": "Int64"})


def activation_table(context: Context, best: np.ndarray, predictions: np.ndarray) -> pd.DataFrame:
    """Tabulate sequences with their predictions, labels and each neuron's largest activation (sequences, neurons)."""
    sequences = context.sequences
    table = pd.DataFrame({"sequence": sequences.names, "length": sequences.lengths, "gc": sequences.gc})
    for column, name in enumerate(context.model.outputs):
        table[f"prediction:{name}"] = predictions[:, column]
    for column, name in enumerate(sequences.label_names):
        table[f"label:{name}"] = sequences.labels[:, column]  # type: ignore[index]
    return pd.concat([table, pd.DataFrame(best, columns=[neuron.name for neuron in context.neurons])], axis=1)


def site_table(context: Context, places: np.ndarray, strengths: np.ndarray) -> pd.DataFrame:
    """Tabulate sites without their letters, in the order given.

    Parameters
    ----------
    context : Context
    places : integer array, shape (n, 3)
        Row of the sequence, place of the neuron among the run's, first position.
    strengths : float array, shape (n,)
    """
    rows, columns, starts = places.T
    sizes = np.array([neuron.probe.receptive_field for neuron in context.neurons], dtype=np.int64)[columns]
    return pd.DataFrame(
        {
            "neuron": [context.neurons[column].name for column in columns],
            "sequence": [context.sequences.names[row] for row in rows],
            "start": starts,
            "end": starts + sizes,
            "activation": strengths,
        }
    )


def letters_of(context: Context, places: np.ndarray) -> list[str]:
    """Spell sites; ``places`` as for `site_table`."""
    sizes = [neuron.probe.receptive_field for neuron in context.neurons]
    alphabet = context.model.input_spec.alphabet
    return [
        decode(context.sequences.codes[row][start : start + sizes[column]], alphabet=alphabet)
        for row, column, start in places
    ]


def bed_table(sites: pd.DataFrame, backgrounds: Mapping[str, float], maxima: Mapping[str, float]) -> pd.DataFrame:
    """Turn sites into the six columns of a BED file, ordered by sequence and position.

    Sequence (white space as _), start and end (0-based half-open, on the sequence as given), neuron, score (0-1000: the
    excitation, activation above the neuron's background, as a share of its strongest site's) and strand, always +.
    ``maxima`` are activations of each neuron's strongest site.
    """
    rest = sites["neuron"].map(backgrounds).astype(float)
    excitation = sites["activation"] - rest
    strongest = sites["neuron"].map(maxima).astype(np.float32) - rest
    table = pd.DataFrame(
        {
            "sequence": bed_names(sites["sequence"]),
            "start": sites["start"],
            "end": sites["end"],
            "neuron": sites["neuron"],
            "score": (1000 * excitation / strongest).round().astype(int),
            "strand": "+",
        }
    )
    return table.sort_values(["sequence", "start", "end", "neuron"], ignore_index=True)


def bed_names(names: pd.Series) -> pd.Series:
    """Names of sequences as BED files have them, without white space."""
    return names.astype(str).str.replace(r"\s", "_", regex=True)


def unsampled(layer: str, neuron: int) -> Samples:
    """Stand in for the samples of a neuron for which no exciting windows were looked for."""
    return Samples(layer, neuron, np.zeros((0, 0), np.uint8), np.zeros(0, np.float32), NOT_SAMPLED)


def neuron_table(
    context: Context,
    samples: Sequence[Samples],
    maxima: np.ndarray,
    motifs: Counter[tuple[str, int]],
    apart: Counter[tuple[str, int]],
    *,
    faithfulness: Mapping[tuple[str, int], Mapping[str, float]],
) -> pd.DataFrame:
    """Tabulate neurons: how far the search went, their maximum in the sequences, how many motifs, and how faithful.

    Parameters
    ----------
    context : Context
    samples : sequence of Samples
    maxima : float array, shape (neurons,)
    motifs, apart : Counter
        Motifs of each (layer, neuron) that are reported, and that were not reproduced.
    faithfulness : mapping of (layer, neuron) to columns
    """
    rows = []
    for neuron, sample, maximum, background in zip(context.neurons, samples, maxima, context.backgrounds, strict=True):
        place = neuron.layer, neuron.channel
        number, others = motifs[place], apart[place]
        status = "done" if number else "dead: no window excites it" if not len(sample) else "no crisp motif"
        if others and not number:
            status = "no motif is reproduced in the other half of its samples"
        if not number and len(sample):
            random = named_generator(context.config.seed, "composition", *place)
            alphabet = context.model.input_spec.alphabet
            status += f"; {composition(neuron.probe, neuron.channel, random, alphabet=alphabet)}"
        if sample.method == NOT_SAMPLED and not number:
            status = "not sampled: motifs come from the sequences given"
        rows.append(
            {
                "neuron": neuron.name,
                "layer": neuron.layer,
                "channel": neuron.channel,
                "receptive_field": neuron.probe.receptive_field,
                "samples": len(sample),
                "max_activation": sample.maximum if sample.method != NOT_SAMPLED else float("nan"),
                "dataset_max": maximum if np.isfinite(maximum) else float("nan"),
                "background": background,
                "generations": sample.generations,
                "converged": sample.converged,
                "motifs": number,
                "not_reproduced": others,
                **{name: faithfulness.get(place, {}).get(name, float("nan")) for name in FAITH_COLUMNS},
                "status": status,
            }
        )
    return NEURONS.frame(rows)


def sample_table(samples: Sequence[Samples]) -> pd.DataFrame:
    """Tabulate how widely each neuron's windows were sampled; one row per neuron.

    ``filled`` counts the bins, of 20 equal ones from the background to the maximum, that hold a window; ``per_bin``
    lists the distinct windows in them, weakest bin first; ``entropy`` is the mean over the columns of the letters'
    Shannon entropy in bits (2: as random as can be), ``entropy_top`` that of the windows above 80 % of the range, and
    ``per_column`` lists it by column.
    """
    rows = []
    for one in samples:
        top = one.strongest(0.8)
        rows.append(
            {
                "neuron": f"{one.layer}:{one.neuron}",
                "layer": one.layer,
                "channel": one.neuron,
                "method": one.method,
                "samples": len(one),
                "background": one.background,
                "max_activation": one.maximum,
                "generations": one.generations,
                "converged": one.converged,
                "filled": int((one.counts > 0).sum()),
                "per_bin": ",".join(map(str, one.counts)),
                "entropy": one.entropy.mean(),
                "entropy_top": top.entropy.mean(),
                "per_column": ",".join(f"{bits:.3f}" for bits in one.entropy),
            }
        )
    return SAMPLES.frame(rows)
