"""Marginal effects: what a motif does to the prediction when it is put into background sequences."""

from combmotif.config.effects import MarginalOptions
from combmotif.effect.backgrounds import Backgrounds, draw_backgrounds
from combmotif.effect.marginal.effects import MarginalResult, marginal_effects

__all__ = ["Backgrounds", "MarginalOptions", "MarginalResult", "draw_backgrounds", "marginal_effects"]
