"""What must answer at once imports nothing that is slow to import."""

import json
import subprocess
import sys

import pytest

SLOW = {"torch", "pandas", "scipy", "h5py", "matplotlib", "sklearn", "pydantic"}


@pytest.mark.parametrize(
    ("code", "slow"),
    [
        ("import combmotif; dir(combmotif)", SLOW | {"numpy", "rich"}),
        ("from combmotif.cli import app; app(['--help'], standalone_mode=False)", SLOW | {"numpy", "rich"}),
        ("from combmotif.cli import app; app(['status', 'RUN'], standalone_mode=False)", SLOW),
    ],
)
def test_nothing_slow_is_imported(tmp_path, repository, code, slow):
    (tmp_path / "RUN").mkdir()
    (tmp_path / "RUN" / "run.json").write_text(json.dumps({"planned": ["samples"], "stages": {}, "config": {}}))
    command = f"import sys; sys.path.insert(0, {str(repository)!r}); {code}; print('\\nloaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "combmotif" in loaded
    assert loaded & slow == set()
