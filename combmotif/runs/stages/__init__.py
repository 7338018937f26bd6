"""The stages of a run, in order. To add one: a module beside these with a `Stage`, and its line in `STAGES`."""

from __future__ import annotations

from typing import Any

from combmotif.runs.stages.activations import ActivationStage
from combmotif.runs.stages.base import Stage
from combmotif.runs.stages.contribution import ContributionStage
from combmotif.runs.stages.effects import EffectStage
from combmotif.runs.stages.interaction import InteractionStage
from combmotif.runs.stages.matches import MatchStage
from combmotif.runs.stages.motifs import MotifStage
from combmotif.runs.stages.samples import SampleStage

STAGES: tuple[Stage[Any, Any], ...] = (
    SampleStage(),
    MotifStage(),
    MatchStage(),
    ActivationStage(),
    ContributionStage(),
    EffectStage(),
    InteractionStage(),
)

__all__ = ["STAGES", "Stage"]
