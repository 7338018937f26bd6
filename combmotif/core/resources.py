"""Where the files that ship beside the code (motif lists, trained models) are found."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
ROOTS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def resource_path(*parts: str) -> Path:
    """Find a shipped file or folder, in an installed wheel as in a repository checkout.

    Looks in ``combmotif/resources`` (a wheel carries it there) and then in ``resources`` at the repository root.

    Parameters
    ----------
    *parts : str
        Path below ``resources``, for example ``"motifs", "rna_elements.yaml"``.

    Returns
    -------
    pathlib.Path
        An existing path.

    Raises
    ------
    FileNotFoundError
        If neither place has it; both are named.
    """
    for root in ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    tried = " and ".join(str(root.joinpath(*parts)) for root in ROOTS)
    raise FileNotFoundError(f"resource {'/'.join(parts)!r} not found: tried {tried}; reinstall combmotif")
