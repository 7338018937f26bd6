"""The samples stage: windows that excite each neuron."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from combmotif.core.files import link
from combmotif.core.seeding import named_generator
from combmotif.runs.context import Context, Layer
from combmotif.runs.stages.base import Batch, Cost, Empty, Output, Stage, Trial, Work
from combmotif.runs.store import TOGETHER, in_tasks
from combmotif.runs.tables import sample_table, unsampled
from combmotif.sampling.dataset import dataset_samples, track_windows
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sampling.published import combmotif_samples, neuronmotif_samples
from combmotif.sampling.samples import Samples

ENUMERATED = 20_000
"""Windows kept of an enumeration, unless sample.keep says otherwise."""
NO_NEURONS = "not asked for: the configuration has no 'neurons' section"
USUAL_GENERATIONS = 48
"""Half of the neurons of the shipped nets need fewer generations of the search than this, half more."""
TRIAL_GENERATIONS = 24


@dataclass(frozen=True)
class SampleTask:
    """Neurons of a layer whose windows are looked for together, and a file for each."""

    layer: str
    neurons: tuple[int, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Sampled:
    """The windows of every neuron.

    Attributes
    ----------
    samples : tuple of Samples
        In the order of the run's neurons.
    files : dict of (layer, channel) to Path
        Where they lie among the results of tasks; empty where none were looked for.
    """

    samples: tuple[Samples, ...]
    files: dict[tuple[str, int], Path]


def sample_task(context: Context, task: SampleTask) -> None:
    """Find windows that excite the neurons; writes one .npz per neuron."""
    section, probe, sequences = context.config.sample, context.probe(task.layer), context.sequences
    seeds = [named_generator(context.config.seed, "samples", probe.layer, neuron) for neuron in task.neurons]
    given = {name: value for name in ("population", "keep") if (value := getattr(section, name)) is not None}
    limits = {"generations": section.generations, "patience": section.patience}
    short = probe.receptive_field <= LONGEST
    bank = None
    if section.tracks == "data" and section.origin == "search":
        assert sequences.tracks is not None
        random = named_generator(context.config.seed, "tracks", probe.layer)
        bank = track_windows(sequences.tracks, probe.receptive_field, random=random)
    if section.origin == "dataset":
        tracks = sequences.tracks if section.tracks == "data" else None
        keep = given.get("keep", EvolveOptions.keep)
        found = dataset_samples(probe, task.neurons, sequences.codes, tracks=tracks, keep=keep)
    elif section.preset == "neuronmotif" and short:
        found = enumerate_windows(probe, task.neurons, seeds=seeds, keep=given.get("keep", 100_000), bank=bank)
    elif section.preset:
        sampler = {"neuronmotif": neuronmotif_samples, "combmotif": combmotif_samples}[section.preset]
        found = sampler(probe, task.neurons, seeds=seeds, bank=bank, **given, **limits)
    elif section.method == "enumerate" or (section.method == "auto" and short):
        found = enumerate_windows(probe, task.neurons, seeds=seeds, keep=given.get("keep", ENUMERATED), bank=bank)
    else:
        found = evolve(probe, task.neurons, seeds=seeds, options=EvolveOptions(**given, **limits), bank=bank)
    for samples, path in zip(found, task.files, strict=True):
        samples.save(path)


def _chunks(context: Context, layer: Layer) -> list[tuple[int, ...]]:
    """Split the neurons of a layer into tasks; their samples do not depend on it."""
    section, channels = context.config.sample, layer.channels
    if section.origin == "dataset":  # one scan of the sequences serves all
        return [channels] if channels else []
    if layer.probe.receptive_field <= LONGEST and section.preset != "combmotif":  # they may share an enumeration
        return [channels[start : start + TOGETHER] for start in range(0, len(channels), TOGETHER)]
    return in_tasks(channels, len(context.neurons))


def sample_tasks(work: Work) -> list[SampleTask]:
    """Split the search for windows into tasks; none without neurons, or where motifs come from the sequences given."""
    context = work.context
    if context.config.discover.origin == "dataset":
        return []
    section = context.config.sample
    of_data = section.origin == "dataset" or section.tracks == "data"
    depends = [context.sequences_key] if of_data else []
    tasks = []
    for layer in context.layers:
        name = layer.probe.layer
        for chunk in _chunks(context, layer):
            key = work.key("samples", section.model_dump(), name, chunk, *depends)
            files = tuple(work.results.task("samples", f"{key}-{neuron}", ".npz") for neuron in chunk)
            tasks.append(SampleTask(name, chunk, files))
    return tasks


def sample_files(work: Work) -> dict[tuple[str, int], Path]:
    """Name the files of all neurons' samples, whether they are there or not."""
    return {
        (task.layer, n): path for task in sample_tasks(work) for n, path in zip(task.neurons, task.files, strict=True)
    }


class SampleStage(Stage[list[SampleTask], Sampled]):
    """Find windows that excite each neuron."""

    name = "samples"
    required = True

    def tasks(self, work: Work) -> Generator[Batch, None, list[SampleTask]]:
        """Look for the windows of some neurons of a layer in each task."""
        tasks = sample_tasks(work)
        if tasks:
            yield Batch(sample_task, tasks)
        return tasks

    def merge(self, work: Work, done: list[SampleTask], out: Output) -> Sampled:
        """Keep the windows, and write how widely each neuron's were sampled."""
        store = out.store
        if not done:
            store.keep_only("samples", set())
            store.remove("samples.tsv")
            none = tuple(unsampled(neuron.layer, neuron.channel) for neuron in work.context.neurons)
            asked = work.context.config.neurons is not None
            reason = (
                "not needed: motifs come from the sequences given (discover.from: dataset)" if asked else NO_NEURONS
            )
            raise Empty(reason, Sampled(none, {}))
        sampled = Sampled(tuple(Samples.load(path) for task in done for path in task.files), sample_files(work))
        copies = [store.path / "samples" / s.layer / f"{s.neuron}.npz" for s in sampled.samples]
        store.keep_only("samples", set(copies))
        results = (path for task in done for path in task.files)
        for result, path in zip(results, copies, strict=True):
            link(result, store.file(path))  # the same file by a name for people
        out.table("samples.tsv", sample_table(sampled.samples))
        slow = [f"{s.layer}:{s.neuron}" for s in sampled.samples if not s.converged]
        if slow:
            out.warnings.append(
                f"The search for exciting windows ended at sample.generations before it converged for neurons "
                f"{', '.join(slow)}; raise sample.generations."
            )
        if not any(map(len, sampled.samples)):
            raise Empty("no window excites any of the neurons; their activation is the same on all", sampled)
        return sampled

    def cost(self, trial: Trial) -> Cost | None:
        """Count the tasks; the time grows with neurons and generations."""
        tasks, done = trial.count(sample_tasks(trial.whole))
        if not tasks:
            return None
        most = trial.whole.context.config.sample.generations
        less = min(most, TRIAL_GENERATIONS)
        usual = max(1.0, min(most, USUAL_GENERATIONS) / less)
        return Cost(trial.neurons_ratio * usual, tasks, done, {"sample": {"generations": less}})
