"""From a config's entry to a model that can be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.adapters.combined import JoinedModel
from combmotif.evaluation.adapters.from_files import FileModel
from combmotif.evaluation.adapters.simple import FeatureModel, RandomConvolution, WordVectors
from combmotif.evaluation.adapters.tracks import Track, read_places

if TYPE_CHECKING:
    from combmotif.config.evaluation import ModelEntry


def make_adapter(
    entry: ModelEntry, *, name: str, open_part: Callable[[str], Adapter] | None = None, seed: int = 0
) -> Adapter:
    """Open the model of a config's entry; its paths are found already.

    Parameters
    ----------
    entry : ModelEntry
    name : str
        What the tables call it.
    open_part : callable, optional
        Opens a model that the entry joins with others, by name; default as a command line names it.
    seed : int, default 0
        Of what is learned from sequences (word2vec).

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        If it cannot be opened, or weights are missing or left over.
    """
    if entry.fasta is not None:
        return WordVectors(entry.fasta, k=entry.k or 5, name=name, seed=seed)
    if entry.features is not None:
        return FeatureModel(entry.features, k=entry.k, name=name)
    if entry.concat is not None:
        return JoinedModel([(open_part or _open_named)(part) for part in entry.concat], name=name)
    if entry.card is not None:
        from combmotif.evaluation.adapters.networks import CardModel, LanguageModel
        from combmotif.models.architectures.language import LanguageNet
        from combmotif.models.card import load_card

        model = load_card(entry.card, trust=entry.trust)
        adapter: Adapter
        if isinstance(model.module, LanguageNet):
            adapter = LanguageModel(model, name=name)
        else:
            adapter = CardModel(model, name=name, layer=entry.layer)
        adapter.orientation = entry.orientation
        return adapter
    if entry.model is not None:
        from combmotif.config.opening import open_model
        from combmotif.evaluation.adapters.networks import CardModel

        try:
            network = CardModel(open_model(entry.model), name=name, layer=entry.layer)
        except ValueError as error:
            raise ValueError(f"models.{name}: {error}") from error
        network.orientation = entry.orientation
        return network
    if entry.track is not None:
        return Track(entry.track, None if entry.places is None else read_places(entry.places), name=name)
    if entry.hf is not None:
        from combmotif.evaluation.adapters.hugging_face import ADAPTERS

        opened = ADAPTERS[str(entry.adapter)](entry.hf, name=name, orientation=entry.orientation)
        if entry.ref_aware:
            opened.ref_aware = True
        return opened
    if entry.factory is not None:
        from combmotif.evaluation.adapters.networks import PythonModel

        return PythonModel(entry.factory, entry.kwargs, name=name, orientation=entry.orientation)
    return FileModel(
        probabilities=entry.probabilities,
        embeddings=entry.embeddings,
        predictions=entry.predictions,
        key=entry.key,
        columns=entry.columns,
        name=name,
        orientation=entry.orientation,
    )


def _open_named(text: str) -> Adapter:
    from combmotif.config.evaluation import parse_model

    return make_adapter(parse_model(text), name=text)


def make_control(name: str, *, seed: int = 0) -> Adapter:
    """Open a control: ``random-weights`` (random convolutions) or features such as ``kmer:5``."""
    return RandomConvolution(seed=seed) if name == "random-weights" else FeatureModel(name, name=name)
