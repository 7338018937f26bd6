#!/usr/bin/env bash
# Style, types and tests, in .venv (installed once). Arguments go to pytest: scripts/test.sh -k geometry
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/install.sh"

install_into_venv test
cd "$REPO"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
"$PYTHON" -m ruff check .
"$PYTHON" -m ruff format --check .
"$PYTHON" -m mypy
"$PYTHON" -m pytest -q "$@"
