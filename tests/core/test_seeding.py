"""Generators named by what they are for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from combmotif.core.seeding import named_generator, stable_hash


@pytest.mark.slow
def test_hash_is_the_same_in_another_process():
    code = "from combmotif.core.seeding import stable_hash; print(stable_hash(1, 'AUG x UAA', 's1'))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(out) == stable_hash(1, "AUG x UAA", "s1")


def test_names_are_kept_apart():
    assert stable_hash("a", "bc") != stable_hash("ab", "c")
    assert named_generator(0, "a").random() == named_generator(0, "a").random()
    assert named_generator(0, "a").random() != named_generator(1, "a").random()
