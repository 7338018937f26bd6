#!/usr/bin/env bash
# Style, types and tests, in .venv (installed once). Arguments go to pytest: scripts/test.sh -k geometry
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/install.sh"

# The report is tried in a browser where there is one; a CI machine may fetch it, a person's is left alone.
if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && ! command -v chromium >/dev/null && command -v apt-get >/dev/null; then
    echo "Installing chromium for the tests of the report"
    { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || echo "No chromium: those tests are skipped"
fi

install_into_venv test
cd "$REPO"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
"$PYTHON" -m ruff check .
"$PYTHON" -m ruff format --check .
"$PYTHON" -m mypy
"$PYTHON" -m pytest -q -n 2 --dist loadfile "$@"
