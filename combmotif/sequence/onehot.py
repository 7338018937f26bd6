"""Integer codes to the one-hot tensors that networks read."""

from __future__ import annotations

import numpy as np
import torch

_ROWS = torch.cat([torch.eye(4), torch.zeros(1, 4)])


def one_hot(codes: np.ndarray | torch.Tensor, *, device: torch.device | str = "cpu") -> torch.Tensor:
    """Encode sequences as 0/1 channels in the order A, C, G, T/U; N becomes four zeros.

    Parameters
    ----------
    codes : integer array, shape (n, length)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.
    device : torch.device or str, default "cpu"
        Where the tensor is made.

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
    """
    index = torch.as_tensor(np.asarray(codes) if not torch.is_tensor(codes) else codes).to(device).long()
    return _ROWS.to(device)[index].transpose(1, 2).contiguous()
