"""Write matrices, numbers and files small enough to stand inside the page, the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
from markupsafe import Markup

DIGITS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
LEVELS = 4095
LARGEST_PLAIN = 40_000


def encode_matrix(ppm: np.ndarray) -> str:
    """Write probabilities as two letters each, in steps of 1/4095: 8 letters per column.

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Values from 0 to 1.
    """
    values = np.round(np.clip(np.asarray(ppm, dtype=float), 0, 1) * LEVELS).astype(int).ravel()
    return "".join(np.stack([DIGITS[values // 64], DIGITS[values % 64]], axis=1).ravel().tolist())


def compact(value: Any, *, digits: int = 5) -> Any:
    """Round the numbers of nested data to so many significant digits; NaN and infinity become null."""
    if isinstance(value, dict):
        return {key: compact(inner, digits=digits) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [compact(inner, digits=digits) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def script_json(value: object) -> Markup:
    """Write JSON that may stand inside a <script>: no < so that nothing can end the element."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def embedded_file(content: bytes) -> str | dict[str, str]:
    """Prepare a file for the page: short ones as text, long ones compressed (gzip, base64) under the key ``gzip``."""
    if len(content) <= LARGEST_PLAIN:
        return content.decode("utf-8", errors="replace")
    return {"gzip": base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")}
