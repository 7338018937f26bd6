"""The convolutional and recurrent net of Saluki (Agarwal and Kelley 2022) in the form CombMotif trains."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

_READOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "last": lambda steps: steps[:, -1],
    "mean": lambda steps: steps.mean(1),
    "max": lambda steps: steps.amax(1),
}


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of a (batch, channels, length) tensor, position by position."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def _in_rows() -> bool:
    """In bfloat16, keep the channels of a position together in memory: equal values, twice as fast."""
    return torch.is_autocast_enabled("cpu")


def _rows(x: torch.Tensor) -> torch.Tensor:
    return x.unsqueeze(2).contiguous(memory_format=torch.channels_last)


class _Conv(nn.Conv1d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if _in_rows():
            padding = (0, int(self.padding[0]))
            return nn.functional.conv2d(_rows(x), self.weight.unsqueeze(2), self.bias, padding=padding).squeeze(2)
        return super().forward(x)


class _Pool(nn.MaxPool1d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.max_pool2d(_rows(x), (1, 2)).squeeze(2) if _in_rows() else super().forward(x)


class CnnGru(nn.Module):
    """CNN + GRU regressor whose raw convolution outputs are the neurons to interpret.

    ``conv1`` is followed by ``blocks`` times [channel norm, ReLU, conv, dropout, max-pool 2], then channel
    norm, ReLU, a GRU read 5' to 3' (last step), batch norm, ReLU, linear, dropout, batch norm, ReLU and a
    linear head. So ``convK`` (K >= 2) is the raw output of the convolution of block K-1, before dropout,
    pooling, norm and ReLU. With 4 channels and 3 blocks it has 92,865 parameters; with 6 channels and
    6 blocks 155,521.

    Parameters
    ----------
    channels : int, default 4
        Input channels (A, C, G, U, then optional tracks).
    blocks : int, default 3
        Number of pooled blocks; there are ``blocks + 1`` convolutions.
    width : int, default 64
        Neurons of every convolution, and of the recurrent and dense layers.
    kernel : int, default 5
        Width of every convolution.
    padding : int, default 2
        Zeros added at both ends before every convolution (2 for the 50-nt MRL net, 0 for the half-life net).
    dropout : float, default 0.2
        Of the blocks' convolutions and of the dense layer.
    outputs : int, default 1
    pooled : int, optional
        Only the first ``pooled`` blocks end with a max-pool; default all. A short insert keeps positions for the GRU
        to read: 160 nt give 20 steps with 3 pooled blocks of 6, and 2 steps with all 6.
    readout : str, default "last"
        What the dense layer sees of the GRU: its ``"last"`` step, or the ``"mean"`` or ``"max"`` over all its steps,
        which weighs an element alike wherever it lies.
    conv_dropout : float, optional
        Dropout of the convolutions alone; default ``dropout``.
    reverse : bool, default False
        Read the GRU from the 3' end, as Saluki does: padding first, the 5' end last.
    norm_eps : float, default 1e-5
        Constant of the batch norms; Keras, and so Saluki, has 1e-3.
    norm_momentum : float, default 0.1
        Share of the new batch in the batch norms' running statistics; CombMotif's recipe has 0.9 (Saluki's Keras
        momentum of 0.9 is 0.1 here).

    Raises
    ------
    ValueError
        If ``pooled`` is beyond 0 to ``blocks``, or ``readout`` is none of the three.

    References
    ----------
    Agarwal and Kelley, Genome Biology 2022, 23:245. CombMotif: Bioinformatics 2024, 40 (Suppl 1), i381-i389.
    """

    def __init__(
        self,
        channels: int = 4,
        blocks: int = 3,
        width: int = 64,
        kernel: int = 5,
        padding: int = 2,
        dropout: float = 0.2,
        outputs: int = 1,
        pooled: int | None = None,
        readout: str = "last",
        conv_dropout: float | None = None,
        reverse: bool = False,  # noqa: FBT001, FBT002 - by keyword, as all arguments of a card
        norm_eps: float = 1e-5,
        norm_momentum: float = 0.1,
    ) -> None:
        super().__init__()
        if pooled is not None and not 0 <= pooled <= blocks:
            raise ValueError(f"pooled: expected 0 to {blocks} (the number of blocks), found {pooled}")
        if readout not in _READOUTS:
            raise ValueError(f"readout: expected one of {', '.join(_READOUTS)}, found '{readout}'")
        self.blocks = blocks
        self.pooled = blocks if pooled is None else pooled
        self.readout = readout
        self.reverse = reverse
        self.conv1 = _Conv(channels, width, kernel, padding=padding, bias=False)
        for block in range(1, blocks + 1):
            self.add_module(f"norm{block}", ChannelNorm(width, eps=0.007))
            self.add_module(f"conv{block + 1}", _Conv(width, width, kernel, padding=padding))
        self.norm_last = ChannelNorm(width, eps=0.007)
        self.dropout = nn.Dropout(dropout)
        self.conv_dropout = nn.Dropout(dropout if conv_dropout is None else conv_dropout)
        self.pool = _Pool(2)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.bn1 = nn.BatchNorm1d(width, norm_eps, norm_momentum)
        self.dense = nn.Linear(width, width)
        self.bn2 = nn.BatchNorm1d(width, norm_eps, norm_momentum)
        self.head = nn.Linear(width, outputs)
        self._initialise()

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if name.startswith("gru"):
                if "weight" in name:
                    nn.init.kaiming_normal_(parameter)
                else:
                    nn.init.zeros_(parameter)
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from one-hot (batch, channels, length); returns (batch, outputs)."""
        h = self.conv1(x)
        for block in range(1, self.blocks + 1):
            h = torch.relu(self.get_submodule(f"norm{block}")(h))
            h = self.conv_dropout(self.get_submodule(f"conv{block + 1}")(h))
            if block <= self.pooled:
                h = self.pool(h)
        h = torch.relu(self.norm_last(h))
        if self.reverse:
            h = h.flip(2)
        steps, _ = self.gru(h.transpose(1, 2))
        h = self.dense(torch.relu(self.bn1(_READOUTS[self.readout](steps))))
        return self.head(torch.relu(self.bn2(self.dropout(h))))
