"""Interpret trained RNA and DNA networks: motifs, known elements, effects, interactions."""

from typing import TYPE_CHECKING

from combmotif.core.lazy import lazy_names
from combmotif.core.version import __version__

if TYPE_CHECKING:
    from combmotif.api.effects_of import effects
    from combmotif.api.elements import logo, match, scan
    from combmotif.api.given import open_model
    from combmotif.api.insertions import epistasis, marginalize
    from combmotif.api.interpretation import Interpretation, open_run
    from combmotif.api.interpreter import interpret
    from combmotif.api.neurons import demix, sample
    from combmotif.api.predictions import attribute, evaluate
    from combmotif.motifs.motif import Motif, MotifSet
    from combmotif.sequence.sets import SequenceSet

__all__ = [
    "Interpretation",
    "Motif",
    "MotifSet",
    "SequenceSet",
    "__version__",
    "attribute",
    "demix",
    "effects",
    "epistasis",
    "evaluate",
    "interpret",
    "logo",
    "marginalize",
    "match",
    "open_model",
    "open_run",
    "sample",
    "scan",
]

__getattr__, __dir__ = (
    lazy_names(  # torch and pandas are imported once a name is used, so that the command starts at once
        __name__,
        {
            "api.effects_of": ("effects",),
            "api.elements": ("logo", "match", "scan"),
            "api.given": ("open_model",),
            "api.insertions": ("epistasis", "marginalize"),
            "api.interpretation": ("Interpretation", "open_run"),
            "api.interpreter": ("interpret",),
            "api.neurons": ("demix", "sample"),
            "api.predictions": ("attribute", "evaluate"),
            "motifs.motif": ("Motif", "MotifSet"),
            "sequence.sets": ("SequenceSet",),
        },
        also=("__version__",),
    )
)
