"""The motifs stage: discover motifs, keep those that are reproduced, and measure how faithful they are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from combmotif.config.stages import DiscoverSection
from combmotif.core.files import atomic
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, Cost, Empty, Output, Payload, Stage, Trial, Work
from combmotif.runs.stages.faithful import FaithTask, KinTask, faith_tasks, found_task, kin_task, read_faithfulness
from combmotif.runs.stages.methods.dataset_seqlets import lay_dataset_windows
from combmotif.runs.stages.methods.demixing import demix_samples, demix_tasks
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.methods.modisco import attribution_tasks, check_modisco, find_patterns
from combmotif.runs.stages.samples import NO_NEURONS, Sampled
from combmotif.runs.stages.scan import scan_tasks
from combmotif.runs.store import load_arrays
from combmotif.runs.tables import motif_table

MOTIF_FILES = ("neuronmotif", "modisco", "seqlets")
"""Names of motif files, one per method; a run keeps those of its own."""
SYNTAX = "motifs/syntax.tsv"
TABLES = ("motifs/tree.tsv", SYNTAX, "motifs/modisco_seqlets.tsv.gz")
"""Tables that only some methods write."""


@dataclass(frozen=True)
class FoundMotifs:
    """The motifs of a run.

    Attributes
    ----------
    motifs : MotifSet
        Those that are reported.
    families : list of int
        Their families.
    apart : MotifSet
        Those that were not reproduced in the other half of a neuron's samples (``discover.reproduced``).
    faithfulness : dict of (layer, channel) to dict
        Columns of neurons.tsv; neurons without motifs have no entry.
    syntax : Path or None
        Table of the spacing of the motifs' parts, where the method writes one.
    """

    motifs: MotifSet
    families: list[int]
    apart: MotifSet
    faithfulness: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)
    syntax: Path | None = None


@dataclass(frozen=True)
class MotifsDone:
    """What was discovered, which of it is reported, and the tasks that measured its faithfulness and found families."""

    discovered: Discovered
    motifs: MotifSet
    apart: MotifSet
    faithful: Sequence[FaithTask]
    kin: KinTask


class MotifStage(Stage[MotifsDone, FoundMotifs]):
    """Discover motifs.

    All are in the HDF5 file and the table; those that are not reproduced are in no family, not in the MEME file, and
    are neither matched nor paired.
    """

    name = "motifs"
    needs = (Sampled,)
    required = True

    def check(self, context: Context) -> None:
        """Refuse what TF-MoDISco cannot do."""
        check_modisco(context)

    def tasks(self, work: Work) -> Generator[Batch, None, MotifsDone]:
        """Do the tasks of the config's method, then measure the faithfulness of what it found."""
        config = work.context.config
        if config.neurons is None and config.discover.method != "modisco":
            discovered = Discovered([], empty=f"{NO_NEURONS}; discover.method: modisco finds motifs of an output")
        else:
            discovered = yield from _way(config.discover)(work)
        motifs, apart = _split(discovered, work.context)
        faithful, kin = faith_tasks(work, motifs), kin_task(work, motifs)
        if len(motifs):
            yield Batch(found_task, [*faithful, kin])
        return MotifsDone(discovered, motifs, apart, faithful, kin)

    def merge(self, work: Work, done: MotifsDone, out: Output) -> FoundMotifs:
        """Write the motifs as HDF5, MEME and a table, and what the method writes beside them."""
        discover, store = work.context.config.discover, out.store
        name, found = discover.file_name, done.discovered
        store.remove(*(table for table in TABLES if table not in found.tables))
        for file, table in found.tables.items():
            out.table(file, table)
        found.beside(out)
        made = FoundMotifs(
            done.motifs,
            load_arrays(done.kin.path)["families"].tolist() if len(done.motifs) else [],
            done.apart,
            read_faithfulness(done.faithful),
            store.path / SYNTAX if SYNTAX in found.tables else None,
        )
        store.remove(*(f"motifs/{o}{x}" for o in MOTIF_FILES if o != name for x in (".h5", ".meme", ".tsv")))
        everything = MotifSet(tuple(found.motifs), name, done.motifs.alphabet)
        labels = {motif.id: label for motif, label in zip(done.motifs, made.families, strict=True)}
        out.table(f"motifs/{name}.tsv", motif_table(everything, labels))
        if not found.motifs:
            store.remove(f"motifs/{name}.h5", f"motifs/{name}.meme")
            raise Empty(found.empty, made)
        with atomic(out.file(f"motifs/{name}.h5")) as temporary:
            found.save(everything, temporary)
        if not len(done.motifs):
            store.remove(f"motifs/{name}.meme")
            raise Empty(
                f"none of {len(found.motifs):,} motifs found in one half of a neuron's samples is reproduced in the "
                f"other with a similarity of {discover.reproduced:g} (discover.reproduced)",
                made,
            )
        with atomic(out.file(f"motifs/{name}.meme")) as temporary:
            write_meme(done.motifs, temporary)
        return made

    def cost(self, trial: Trial) -> Cost:
        """Count the method's first tasks; the time grows with the neurons, or with the sequences it reads."""
        section = trial.whole.context.config.discover
        note = "every neuron is demixed twice, from two halves of its samples, to see which motifs are reproduced"
        note = note if section.method == "neuronmotif" else ""
        tasks: Sequence[Payload]
        if section.origin == "dataset":
            tasks = attribution_tasks(trial.whole) if section.method == "modisco" else scan_tasks(trial.whole)
            return Cost(trial.sequences_ratio, *trial.count(tasks), note=note)
        if section.method == "modisco":  # how many windows there are to attribute is not known yet
            return Cost(trial.neurons_ratio, note=note)
        return Cost(trial.neurons_ratio, *trial.count(demix_tasks(trial.whole)), note=note)


def _way(section: DiscoverSection) -> Callable[[Work], Generator[Batch, None, Discovered]]:
    """Choose the way to motifs that a config asks for."""
    if section.method == "modisco":
        return find_patterns
    return lay_dataset_windows if section.origin == "dataset" else demix_samples


def _split(found: Discovered, context: Context) -> tuple[MotifSet, MotifSet]:
    """Tell the motifs that are reproduced, or of which it was not measured, from the others."""
    discover, alphabet = context.config.discover, context.model.input_spec.alphabet
    again = [not motif.reproducibility < discover.reproduced for motif in found.motifs]  # true of NaN
    both = (
        tuple(motif for motif, kept in zip(found.motifs, again, strict=True) if kept is side) for side in (True, False)
    )
    motifs, apart = (MotifSet(part, discover.file_name, alphabet) for part in both)
    return motifs, apart
