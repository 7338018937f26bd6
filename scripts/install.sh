# Sourced by the other scripts: makes .venv in the repository and installs combmotif into it, once.
# After `install_into_venv ""` or `install_into_venv test`, $PYTHON runs inside the environment.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="$REPO/.venv"
PYTHON="$VENV/bin/python"

fail() {
    echo "Error: $*" >&2
    exit 2
}

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python3.10 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# A hash of everything the installation depends on: the requirements, where the repository lies, the Python.
installation_hash() {
    "$PYTHON" - "$REPO" <<'PY'
import hashlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
parts = [str(root), sys.version] + [(root / name).read_text() for name in ("pyproject.toml", "constraints.txt", "setup.py")]
print(hashlib.sha256("\0".join(parts).encode()).hexdigest())
PY
}

install_into_venv() {
    local extra=$1 python hash stamp
    if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || fail "combmotif needs Python 3.10 or newer; install it (for example 'apt-get install python3 python3-venv') and run this again."
        echo "Making the environment .venv with $("$python" --version 2>&1)"
        rm -rf "$VENV"
        "$python" -m venv "$VENV" || fail "'$python -m venv' did not work; on Debian or Ubuntu 'apt-get install python3-venv' provides it."
    fi
    hash=$(installation_hash)
    stamp="$VENV/.installed${extra:+-$extra}"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then
        return
    fi
    echo "Installing combmotif${extra:+ with what the tests need} into .venv (torch is large: a few minutes the first time)"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        -c "$REPO/constraints.txt" -e "$REPO${extra:+[$extra]}" ||
        fail "pip could not install combmotif; its message stands above. Run this again once the cause is gone."
    echo "$hash" >"$stamp"
    # What holds an extra holds the core too.
    echo "$hash" >"$VENV/.installed"
}
