"""The activations stage: each neuron's maxima and sites in the sequences, and the predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

import numpy as np

from combmotif.core.files import require_parquet
from combmotif.inference.background import active_level
from combmotif.models.predict_file import not_finite
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, Cost, Output, Stage, Trial, Work
from combmotif.runs.stages.motifs import FoundMotifs
from combmotif.runs.stages.samples import Sampled
from combmotif.runs.stages.scan import Scan, ScanTask, read_scan, scan_task, scan_tasks
from combmotif.runs.stages.sites import PARQUET, write_sites
from combmotif.runs.tables import activation_table, neuron_table


class ActivationStage(Stage[list[ScanTask], Scan]):
    """Scan every window of every sequence."""

    name = "activations"
    needs = (Sampled, FoundMotifs)
    outputs = (PARQUET,)
    required = True

    def check(self, context: Context) -> None:
        """Refuse Parquet without the package that writes it."""
        if context.config.sites.format == "parquet":
            require_parquet("sites.format: parquet")

    def tasks(self, work: Work) -> Generator[Batch, None, list[ScanTask]]:
        """Scan some sequences in each task."""
        tasks = scan_tasks(work)
        yield Batch(scan_task, tasks)
        return tasks

    def merge(self, work: Work, done: list[ScanTask], out: Output) -> Scan:
        """Write the largest activations and the predictions, the sites, and what is known of every neuron."""
        context, scan = work.context, read_scan(work.context, done)
        out.warnings.extend(_left_out(work, scan))
        maxima = scan.maxima
        out.table("activations.tsv", activation_table(context, scan.best, scan.predictions))
        levels = active_level(context.backgrounds, maxima, context.config.site_threshold)
        sites = scan.sites[scan.sites.strengths >= levels[scan.sites.places[:, 1]]]
        out.notes.extend(write_sites(context, sites, out))
        found = work.found[FoundMotifs]
        counts = [Counter((m.layer, m.neuron) for m in own) for own in (found.motifs, found.apart)]
        samples = work.found[Sampled].samples
        out.table("neurons.tsv", neuron_table(context, samples, maxima, *counts, faithfulness=found.faithfulness))
        return scan

    def cost(self, trial: Trial) -> Cost:
        """Count the tasks; the time grows with the sequences."""
        return Cost(trial.sequences_ratio, *trial.count(scan_tasks(trial.whole)))


def _left_out(work: Work, scan: Scan) -> list[str]:
    """Say which windows, sequences and predictions are not in the tables."""
    context, said = work.context, []
    for layer, (windows, invalid) in zip(context.layers, scan.windows, strict=True):
        name, size = layer.probe.layer, layer.probe.receptive_field
        if invalid:
            said.append(f"{invalid:,} of {windows:,} windows of {name} hold an N and were left out of the scan.")
        short = int((context.sequences.lengths < size).sum())
        if short:
            said.append(
                f"{short:,} of {len(context.sequences):,} sequences are shorter than the receptive field of "
                f"{name}, {size} nt, and have no window."
            )
    if scan.capped.any():
        most = f"{context.config.sites.most:,}"
        said.append(
            f"{scan.capped.sum():,} of {len(scan.capped):,} neurons have more than {most} sites; the strongest {most} "
            f"of each were kept (sites.most)."
        )
    lost = np.flatnonzero(~np.isfinite(scan.predictions).all(1))
    if len(lost):
        names = [context.sequences.names[row] for row in lost[:3]]
        said.append(f"{not_finite(context.model.name, names, len(lost), len(scan.predictions))}.")
    return said
