#!/usr/bin/env bash
# From a fresh clone to a report: installs into .venv (once), interprets the shipped MRL net, prints the report's path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/install.sh"

install_into_venv ""
cd "$REPO"
"$PYTHON" -m combmotif run configs/mrl.yaml --out "$REPO/runs/mrl" "$@"
