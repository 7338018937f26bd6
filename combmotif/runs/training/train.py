"""Train what a config asks for, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from combmotif.config.load import TrainingConfig
from combmotif.config.training.half_life import HalfLifeConfig
from combmotif.config.training.hexamers import HexamersConfig
from combmotif.config.training.language import LanguageConfig
from combmotif.config.training.measured import MeasuredConfig
from combmotif.config.training.regression import TrainConfig
from combmotif.runs.training.base import Training, TrainResult
from combmotif.runs.training.half_life import fit_half_life
from combmotif.runs.training.hexamers import train_hexamers
from combmotif.runs.training.language import fit_language
from combmotif.runs.training.measured import fit_model
from combmotif.runs.training.regression import train_model

KINDS: dict[type, Callable[[Any, Training], TrainResult]] = {
    TrainConfig: train_model,
    MeasuredConfig: fit_model,
    HexamersConfig: train_hexamers,
    HalfLifeConfig: fit_half_life,
    LanguageConfig: fit_language,
}
"""What does a training, by the type of its config."""


def train(
    config: TrainingConfig,
    out: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> TrainResult:
    """Train, measure and save a net, or fit hexamer effects.

    Parameters
    ----------
    config : TrainConfig, MeasuredConfig, HexamersConfig, HalfLifeConfig or LanguageConfig
        As `load_train_config` reads it.
    out : pathlib.Path
        Folder of the training; an interrupted one is gone on with and ends with the same weights.
    progress : callable, optional
        Called with (step, done, in all).
    on_epoch : callable, optional
        Called with the losses of an epoch, or at a checkpoint.

    Returns
    -------
    TrainResult

    Raises
    ------
    ValueError
        If the folder holds another training, or a file does not fit.
    """
    return KINDS[type(config)](config, Training(out, progress, on_epoch))
