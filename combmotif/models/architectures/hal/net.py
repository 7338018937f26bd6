"""HAL as a torch module: hexamers, region channels, score.

The score is linear in indicators of hexamers, so a hexamer's neuron is a convolution of width 6 and a region's neuron a
1x1 convolution over the 4,096 of them, whose kernel is the published table. Written out (``form="convolution"``) that
costs 4,096 channels per position. The default form gives the same region channels and score without making the
indicators: for plain sequences it looks the hexamers up, and for soft input, or where a gradient is asked for, it
multiplies the probabilities of the six bases (the multilinear extension), as two trimers and a matrix between them. The
gradient of that form at a sequence, minus its value at the base that is there, is the exact effect of every single
substitution.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.models.architectures.hal.hexamers import HEXAMERS, NO_HEXAMER
from combmotif.models.architectures.hal.table import (
    EXON_FILES,
    REGIONS,
    SPANS,
    WINDOW,
    ExonScores,
    HexamerTable,
    load_exon_scores,
    load_table,
)

FUNCTIONS = ("donor_score", "mean_effect", "exon_skipping")
FORMS = ("multilinear", "convolution")


class HexamerConv1d(nn.Conv1d):
    """A 1x1 convolution over the indicators of hexamers, evaluated from the bases without making the indicators.

    Maps bases (n, 4, length) to (n, channels, length - 5); ``weight`` is (channels, 4096, 1).
    """

    def __init__(self, channels: int) -> None:
        super().__init__(HEXAMERS, channels, 1, bias=False, dtype=torch.float64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Look hexamers up where the input is plain letters and needs no gradient, else multiply probabilities."""
        follows = torch.is_grad_enabled() and (x.requires_grad or self.weight.requires_grad)
        if not follows and bool(((x == 0) | (x == 1)).all()) and bool((x.sum(1) <= 1).all()):
            return self._look_up(x)
        return self._multiply(x)

    def _look_up(self, x: torch.Tensor) -> torch.Tensor:
        kernel = torch.zeros((2, 4, 6), dtype=x.dtype, device=x.device)
        kernel[0] = torch.arange(4, device=x.device)[:, None] * 4 ** torch.arange(5, -1, -1, device=x.device)
        kernel[1] = 1
        number, bases = F.conv1d(x, kernel).round().unbind(1)  # the hexamer in base 4, and how many bases it has
        index = torch.where(bases == 6, number, NO_HEXAMER).long()
        rows = F.pad(self.weight[:, :, 0], (0, 1)).T.to(x.dtype)
        return F.embedding(index, rows).transpose(1, 2)

    def _multiply(self, x: torch.Tensor) -> torch.Tensor:
        patch = torch.eye(24, dtype=x.dtype, device=x.device).reshape(24, 6, 4).transpose(1, 2)
        bases = F.conv1d(x, patch).unflatten(1, (6, 4))
        first, second = (
            (bases[:, i, :, None, None] * bases[:, i + 1, None, :, None] * bases[:, i + 2, None, None, :]).flatten(1, 3)
            for i in (0, 3)
        )
        kernel = self.weight.to(x.dtype).reshape(-1, 64, 64).transpose(1, 2).reshape(-1, 64, 1)
        return (F.conv1d(first, kernel).unflatten(1, (-1, 64)) * second[:, None]).sum(2)


class HalNet(nn.Module):
    """One of HAL's three functions as a network.

    Layers: ``hexamers`` (4,096 neurons, only with ``form="convolution"``), ``regions`` (one neuron per column of the
    table), then the score. The neurons of ``regions`` read six bases and are the same everywhere; which positions count
    is decided by the score. Windows with an N give 0 in every region (the score leaves them out).

    Parameters
    ----------
    weights : float64 array, shape (channels, 4096)
        Effects of the hexamers per region.
    place : callable
        Maps (length) to the share with which each region counts at each hexamer start, float array
        (channels, length - 5); raises ValueError for a length the function does not read.
    form : {"multilinear", "convolution"}, default "multilinear"
        Both have the same values. The convolution keeps 4,096 numbers per position: run it on few windows at a time.
    mean : bool, default False
        Divide the sum by the number of valid hexamers.

    References
    ----------
    Rosenberg et al., Cell 2015, 163:698-711.
    """

    def __init__(
        self,
        weights: np.ndarray,
        place: Callable[[int], np.ndarray],
        *,
        form: str = "multilinear",
        mean: bool = False,
    ) -> None:
        super().__init__()
        if form not in FORMS:
            raise ValueError(f"form: expected one of {', '.join(FORMS)}, found {form!r}")
        self.place, self.form, self.mean = place, form, mean
        self.regions: nn.Conv1d = HexamerConv1d(len(weights))
        if form == "convolution":
            self.hexamers = _indicators()
            self.regions = nn.Conv1d(HEXAMERS, len(weights), 1, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self.regions.weight.copy_(torch.from_numpy(np.ascontiguousarray(weights))[:, :, None])
        self.requires_grad_(False)

    def extra_repr(self) -> str:
        """Name what the layers do not show."""
        return f"form={self.form}, mean={self.mean}"

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> HalNet:  # noqa: FBT001, FBT002 - torch's own signature
        if fn(torch.zeros(0)).device.type == "mps":  # Apple's GPUs have no float64
            super()._apply(lambda tensor: tensor.float())
        return super()._apply(fn, recurse)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Score one-hot or soft sequences (n, 4, length); returns (n, 1) in the input's type."""
        if self.form == "convolution":
            indicators = torch.relu(self.hexamers(x.to(self.hexamers.weight.dtype)))
            regions = self.regions(indicators.to(self.regions.weight.dtype)).to(x.dtype)
        else:
            regions = self.regions(x)
        exact = self.regions.weight.dtype  # the sum in float64, so that a float32 score is rounded once
        share = torch.from_numpy(self.place(x.shape[2])).to(x.device, exact)
        score = (regions.to(exact) * share).sum((1, 2))
        if self.mean:
            valid = (x.detach().sum(1).unfold(1, 6, 1).sum(2) > 5.5).sum(1)
            score = score / valid.clamp(min=1)
        return score[:, None].to(x.dtype)


def _indicators() -> nn.Conv1d:
    """Convolution whose neuron h is 1 on hexamer h; with five of its six bases, or an N, it is at most 0."""
    layer = nn.Conv1d(4, HEXAMERS, 6)
    numbers = np.arange(HEXAMERS)
    kernel = np.stack([np.eye(4)[(numbers >> shift) & 3] for shift in range(10, -1, -2)], axis=2)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernel))
        layer.bias.fill_(-5)  # type: ignore[union-attr]
    return layer


def _refuse(length: int, expected: str) -> None:
    raise ValueError(f"HAL: expected sequences of {expected} nt, found {length} nt")


def _donor(length: int) -> np.ndarray:
    if length != WINDOW:
        _refuse(length, str(WINDOW))
    share = np.zeros((len(SPANS), WINDOW - 5))
    for column, (start, stop) in enumerate(SPANS):
        share[column, start:stop] = 1
    return share


def _everywhere(length: int) -> np.ndarray:
    if length != WINDOW:
        _refuse(length, str(WINDOW))
    return np.full((len(REGIONS), WINDOW - 5), 1 / len(REGIONS))


def _exon(donor_columns: int) -> Callable[[int], np.ndarray]:
    def place(length: int) -> np.ndarray:
        if length < 15:
            _refuse(length, "at least 15")
        share = np.zeros((2 + donor_columns, length - 5))
        share[0, 0] = 1
        share[1, : length - 14] = 1
        share[2 + np.arange(donor_columns), length - 9 + np.arange(donor_columns)] = 1
        return share

    return place


def build_net(
    table: HexamerTable,
    function: str = "donor_score",
    *,
    form: str = "multilinear",
    exon_scores: ExonScores | None = None,
    donor_columns: int = 3,
) -> HalNet:
    """Make one of HAL's functions a torch module.

    Parameters
    ----------
    table : HexamerTable
    function : {"donor_score", "mean_effect", "exon_skipping"}, default "donor_score"
    form : {"multilinear", "convolution"}, default "multilinear"
        See :class:`HalNet`.
    exon_scores : ExonScores, optional
        Needed by exon_skipping.
    donor_columns : {3, 4}, default 3
        Of exon_skipping.

    Returns
    -------
    HalNet
        In evaluation mode, without gradients to its weights. Region neurons are ``REGIONS``; those of exon_skipping
        are acceptor, exon and the donor columns.

    Raises
    ------
    ValueError
        If a name is unknown or the exon scores are missing.

    Examples
    --------
    >>> net = build_net(HexamerTable(np.full((4096, 8), 0.5)))
    >>> net(torch.nn.functional.one_hot(torch.zeros(1, 160, dtype=torch.long), 4).mT.float())
    tensor([[71.5000]])
    """
    if function not in FUNCTIONS:
        raise ValueError(f"function: expected one of {', '.join(FUNCTIONS)}, found {function!r}")
    if function != "exon_skipping":
        place = _donor if function == "donor_score" else _everywhere
        return HalNet(table.weights.T, place, form=form, mean=function == "mean_effect").eval()
    if exon_scores is None:
        raise ValueError("exon_scores: expected the tables of load_exon_scores for exon_skipping, found none")
    if donor_columns not in (3, 4):
        raise ValueError(f"donor_columns: expected 3 or 4, found {donor_columns}")
    weights = [np.repeat(exon_scores.acceptor, 64), exon_scores.hexamers, *table.weights.T[2 : 2 + donor_columns]]
    return HalNet(np.stack(weights), _exon(donor_columns), form=form).eval()


def load_net(path: str | Path, *, function: str = "donor_score", **options: Any) -> HalNet:
    """Make the torch module of a table file, whatever its checksum; options as in :func:`build_net`.

    Exon scores are read from the table's own folder where they stand there, else from where HAL's files are looked for.
    """
    folder = Path(path).parent
    scores = None
    if function == "exon_skipping":
        scores = load_exon_scores(folder if all((folder / file).is_file() for file in EXON_FILES) else None)
    return build_net(load_table(path, md5=None), function, exon_scores=scores, **options)
