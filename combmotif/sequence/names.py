"""Names of sequences: each stands once, and is found again under the forms that other files give it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


class UniqueNames:
    """Gives names out one by one; one that stands again gets the first free ending of _2, _3, ...

    Parameters
    ----------
    reserved : iterable of str, default none
        Names that no other may be given, where all are known beforehand.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._given: set[str] = set()
        self._last: dict[str, int] = {}
        self._renamed: list[tuple[str, str]] = []

    def __call__(self, name: str) -> str:
        """Give the name, or the next free one."""
        unique = name
        if name in self._given:
            number = self._last.get(name, 1) + 1
            while (unique := f"{name}_{number}") in self._given or unique in self._reserved:
                number += 1
            self._last[name] = number
            self._renamed.append((name, unique))
        self._given.add(unique)
        return unique

    def notes(self, source: str) -> tuple[str, ...]:
        """Say in one sentence what was renamed, or nothing; ``source`` is the file."""
        if not self._renamed:
            return ()
        name, new = self._renamed[0]
        count = len(self._renamed)
        records = "1 record has" if count == 1 else f"{count:,} records have"
        return (f"{source}: {records} a name that stood before, and another one here: the second '{name}' is '{new}'.",)


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
    unique = UniqueNames(names)
    return tuple(unique(name) for name in names), unique.notes(source)


class NameIndex:
    """Finds names of one file among those of another: with a version or without, or as one field of a header.

    A version of another number is another sequence: ``AT1G01010.2`` is an isoform of its own, ``ENST00000456328.3`` may
    have other exons than ``ENST00000456328.2``. It is never taken for another.

    Parameters
    ----------
    names : iterable of str
    versions : dict of str to str, optional
        Versions that are known of names without one, as Ensembl's GTF gives them.
    """

    def __init__(self, names: Iterable[str], versions: dict[str, str] | None = None) -> None:
        self._names = set(names)
        self._versions = versions or {}
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(self._names):
            stem, version = _split(name)
            if version:
                self._by_stem.setdefault(stem, []).append(name)

    def find(self, name: str) -> tuple[str | None, str]:
        """Find a name.

        Returns
        -------
        str or None
            The name that is meant.
        str
            Why none is found, as far as more can be said than that it is not there.
        """
        if name in self._names:
            return name, ""
        fields = [field for field in name.split("|") if field]
        exact = sorted({field for field in fields if field in self._names})
        if len(exact) > 1:
            return None, f"it may be any of {', '.join(exact)}"
        if exact:
            return exact[0], ""
        reason = ""
        for field in fields:
            stem, version = _split(field)
            if version and stem in self._names:
                known = self._versions.get(stem, version)
                if known == version:
                    return stem, ""
                reason = reason or f"there is version {known} of '{stem}' only"
            others = self._by_stem.get(stem if version else field, [])
            if not version and len(others) == 1:
                return others[0], ""
            if others:
                shown = ", ".join(others[:4]) + (", ..." if len(others) > 4 else "")
                reason = reason or f"there is {shown}, another version or isoform"
        return None, reason


def _split(name: str) -> tuple[str, str]:
    """Part a name from the version at its end."""
    found = re.fullmatch(r"(.+)\.(\d+)", name)
    return (found[1], found[2]) if found else (name, "")
