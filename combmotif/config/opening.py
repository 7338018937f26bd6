"""From a config's sections to the model and the sequences they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from combmotif.config.inputs import (
    CardSection,
    FastaSequences,
    Hdf5Sequences,
    ModelSection,
    RandomSequences,
    SequencesSection,
    TableSequences,
)
from combmotif.config.load import load_config
from combmotif.typed_yaml import nearest, read_yaml

if TYPE_CHECKING:
    import torch

    from combmotif.models.model import SequenceModel
    from combmotif.sequence.tables import SequenceSet


def open_model(section: ModelSection, *, device: torch.device | str = "cpu") -> SequenceModel:
    """Load the model of a config's ``model`` section; errors name the YAML key."""
    from combmotif.models.card import load_card
    from combmotif.models.python_model import load_python

    try:
        if isinstance(section, CardSection):
            return load_card(section.card, device)
        return load_python(
            section.factory,
            kwargs=section.kwargs,
            weights=section.weights,
            alphabet=section.alphabet,
            length=section.length,
            channels=section.channels,
            outputs=section.outputs,
            device=device,
        )
    except ValueError as error:
        text = str(error)
        key = "model.card: " if isinstance(section, CardSection) else "model."
        named = text.startswith(("factory:", "outputs:", "model:"))
        prefix = "" if text.startswith("model:") else key if named or isinstance(section, CardSection) else "model.weights: "
        raise ValueError(prefix + text) from error


def open_model_from(target: str, *, device: torch.device | str = "cpu") -> SequenceModel:
    """Load a model from the name or path of a card, or from the config file of a run.

    Raises
    ------
    FileNotFoundError, ValueError
        If ``target`` is none of them.
    """
    from combmotif.models.card import load_card

    path = Path(target)
    if path.is_file() and path.suffix in (".yaml", ".yml") and "model" in read_yaml(path):
        return open_model(load_config(path).model, device=device)
    return load_card(target, device)


def open_sequences(section: SequencesSection, *, seed: int = 0) -> SequenceSet:
    """Read, or draw, the sequences of a config's ``sequences`` section.

    Parameters
    ----------
    section : RandomSequences, FastaSequences, TableSequences or Hdf5Sequences
    seed : int, default 0
        Of random sequences.
    """
    from combmotif.sequence import tables

    if isinstance(section, RandomSequences):
        return tables.random_sequences(section.count, section.length, seed=seed, frequencies=section.frequencies)
    if isinstance(section, FastaSequences):
        sequences = tables.read_fasta(section.path)
    elif isinstance(section, TableSequences):
        labels = [section.label] if isinstance(section.label, str) else section.label or []
        sequences = tables.read_table(section.path, sequence=section.sequence, name=section.name, labels=labels)
    elif isinstance(section, Hdf5Sequences):
        sequences = tables.read_hdf5(section.path, sequence=section.sequence, label=section.label)
    if section.limit is not None and section.limit < len(sequences):
        sequences = sequences.subset(range(section.limit))
    return sequences


def output_index(output: int | str, outputs: tuple[str, ...], *, key: str) -> int:
    """Turn an output's name or number into its column; ``key`` is the YAML key, for the message."""
    if isinstance(output, str):
        if output not in outputs:
            raise ValueError(f"{key}: the model has no output '{output}'{nearest(output, list(outputs))}")
        return outputs.index(output)
    if not 0 <= output < len(outputs):
        raise ValueError(f"{key}: the model has {len(outputs)} outputs ({', '.join(outputs)}), found {output}")
    return output
