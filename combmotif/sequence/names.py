"""Names of sequences, each of which stands once."""

from __future__ import annotations

from collections.abc import Sequence


def unique_names(names: Sequence[str], source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give a name that stands again the first free ending of _2, _3, ...

    Parameters
    ----------
    names : sequence of str
    source : str
        The file, for the note.

    Returns
    -------
    tuple of str
        Unique names, in the same order.
    tuple of str
        One sentence on what was renamed, or nothing.
    """
    taken = set(names)
    last: dict[str, int] = {}
    unique = []
    for name in names:
        number = last.get(name, 0) + 1
        while number > 1 and f"{name}_{number}" in taken:
            number += 1
        last[name] = number
        unique.append(name if number == 1 else f"{name}_{number}")
        taken.add(unique[-1])
    renamed = [(name, new) for name, new in zip(names, unique, strict=True) if name != new]
    if not renamed:
        return tuple(unique), ()
    name, new = renamed[0]
    records = "1 record has" if len(renamed) == 1 else f"{len(renamed):,} records have"
    note = f"{source}: {records} a name that stood before, and another one here: the second '{name}' is '{new}'."
    return tuple(unique), (note,)
