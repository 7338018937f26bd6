"""Measurements that the published nets are judged on."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.sequence import read_table


@pytest.fixture(scope="session")
def measured(data_dir):
    """Codes (2000, 50) and measured ribosome load (2000, 1): every fifth row of the held-out random library."""
    table = read_table(data_dir / "mrl" / "egfp_unmod_random_test_10k.tsv.gz", labels=["rl"])
    return np.stack(table.codes[::5]), table.labels[::5]
