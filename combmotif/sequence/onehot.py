"""Integer codes to the one-hot tensors that networks read, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from combmotif.sequence.alphabet import UNKNOWN, encode

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

    Examples
    --------
    >>> one_hot(np.array([[0, 3, 4]]))[0].int().tolist()
    [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    """
    index = torch.as_tensor(np.asarray(codes) if not torch.is_tensor(codes) else codes).to(device).long()
    return _ROWS.to(device)[index].transpose(1, 2).contiguous()


def from_one_hot(x: np.ndarray | torch.Tensor, *, name: str = "sequences") -> tuple[np.ndarray, np.ndarray | None]:
    """Turn 0/1 channels into codes, and what stands in the channels behind A, C, G, T/U into tracks.

    Parameters
    ----------
    x : array or tensor, shape (n, channels, length)
        Four zeros, or four equal values, are an N.
    name : str, default "sequences"
        What an error calls them.

    Returns
    -------
    codes : uint8 array, shape (n, length)
    tracks : float32 array, shape (n, channels - 4, length), or None
        None where there are four channels.

    Raises
    ------
    ValueError
        If the shape or a value is another.

    Examples
    --------
    >>> from_one_hot(one_hot(np.array([[0, 3, 4]])))[0].tolist()
    [[0, 3, 4]]
    """
    values = x.detach().cpu().numpy() if torch.is_tensor(x) else np.asarray(x)
    if values.ndim != 3 or values.shape[1] < 4:
        turned = values.ndim == 3 and values.shape[2] == 4
        hint = "; give x.transpose(0, 2, 1), or x.transpose(1, 2) of a tensor" if turned else ""
        raise ValueError(f"{name}: expected one-hot (n, 4, length) in the order A, C, G, U, found {values.shape}{hint}")
    bases = values[:, :4]
    known = (bases == 1).sum(1) == 1
    blank = (bases == bases[:, :1]).all(1) & (bases[:, 0] < 1)
    if not ((known & ((bases != 0).sum(1) == 1)) | blank).all():
        turned = values.shape[2] == 4
        raise ValueError(
            f"{name}: expected one-hot (n, 4, length): a single 1 at every position, or four equal values for an N"
            + ("; the shape may be (n, length, 4), give x.transpose(0, 2, 1)" if turned else "")
        )
    codes = np.where(known, bases.argmax(1), UNKNOWN).astype(np.uint8)
    return codes, values[:, 4:].astype(np.float32) if values.shape[1] > 4 else None


def as_codes(
    sequences: object, *, name: str = "sequences"
) -> tuple[np.ndarray | list[np.ndarray], np.ndarray | list[np.ndarray] | None]:
    """Bring sequences in letters, codes or one-hot to codes, and the channels behind the four bases to tracks.

    Parameters
    ----------
    sequences : list of str, of codes (length,) or of one-hot (channels, length); or array or tensor of these
        An array of whole numbers (n, length) holds codes, one of shape (n, channels, length) is one-hot.
    name : str, default "sequences"
        What an error calls them.

    Returns
    -------
    codes : uint8 array (n, length), or list of uint8 arrays (length,)
    tracks : arrays (channels - 4, length), or None

    Raises
    ------
    ValueError
        If they are nothing of the kind.

    Examples
    --------
    >>> [own.tolist() for own in as_codes(["ACGU", "GN"])[0]]
    [[0, 1, 2, 3], [2, 4]]
    """
    if torch.is_tensor(sequences):
        sequences = sequences.detach().cpu().numpy()
    if isinstance(sequences, np.ndarray) and sequences.dtype.kind not in "OUS":
        if sequences.ndim == 3:
            return from_one_hot(sequences, name=name)
        if sequences.ndim == 2 and sequences.dtype.kind in "iu":
            return _checked(sequences, name), None
        raise ValueError(
            f"{name}: expected one-hot (n, 4, length), or codes 0 to 4 of shape (n, length), found an array of shape "
            f"{sequences.shape} and type {sequences.dtype}; one sequence alone is x[None]"
        )
    if isinstance(sequences, str) or not isinstance(sequences, Iterable):
        raise ValueError(f"{name}: expected a list of sequences or an array, found {type(sequences).__name__}")
    codes: list[np.ndarray] = []
    tracks: list[np.ndarray] = []
    for place, one in enumerate(sequences):
        own = f"{name}: number {place}"
        if isinstance(one, np.ndarray) and one.dtype == np.uint8 and one.ndim == 1:
            codes.append(one)  # what the package itself works with, in thousands
        elif isinstance(one, str):
            codes.append(encode(one, name=own))
        else:
            values = one.detach().cpu().numpy() if torch.is_tensor(one) else np.asarray(one)
            if values.ndim == 2:
                found, beside = from_one_hot(values[None], name=own)
                codes.append(found[0])
                tracks += [] if beside is None else [beside[0]]
            elif values.ndim == 1 and values.dtype.kind in "iu":
                codes.append(_checked(values, own))
            else:
                raise ValueError(
                    f"{own}: expected letters, codes 0 to 4, or one-hot (4, length), found {type(one).__name__}"
                    + (f" of shape {values.shape}" if values.ndim else "")
                )
    if tracks and len(tracks) != len(codes):
        raise ValueError(
            f"{name}: expected tracks with every sequence or with none, found {len(tracks)} of {len(codes)}"
        )
    return codes, tracks or None


def _checked(codes: np.ndarray, name: str) -> np.ndarray:
    """Make codes uint8 and refuse others than 0 to 4."""
    if codes.size and (codes.min() < 0 or codes.max() > UNKNOWN):
        raise ValueError(f"{name}: expected codes 0 (A) to 3 (U) and 4 (N), found {codes.min()} to {codes.max()}")
    return codes.astype(np.uint8, copy=False)
