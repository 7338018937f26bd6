"""What motifs are, one step at a time: match, scan and logo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.api import pictures
from combmotif.api.arguments import number, whole
from combmotif.api.given import Motifs, Sequences, as_motifs, as_sequences, is_word, words_or_motifs
from combmotif.api.pictures import Picture
from combmotif.api.results import Result
from combmotif.config.stages import MatchSection
from combmotif.core.typed_yaml import default_of
from combmotif.motifs.matching.database import Database, DatabaseEntry, load_database, of_kinds
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.match import match as match_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.scanning.scan import find_sites

_OF_MATCHES = ("motif", "relation", "name", "kind", "database", "q_value", "query_consensus", "target_consensus")


def match(
    motifs: Motifs,
    databases: Any = "builtin",
    *,
    kinds: str | Sequence[str] | None = None,
    species: str | None = None,
    strands: str = "single",
    q: float = default_of(MatchSection, "q"),
    top: int = default_of(MatchSection, "top"),
    alphabet: str = "rna",
) -> Result[MotifSet]:
    """Find the known elements that motifs resemble or contain.

    Parameters
    ----------
    motifs : matrix, IUPAC word, Motif, MotifSet, motif file, or several
        A matrix is (length, 4) or (4, length): probabilities or counts of A, C, G, U.
    databases : str, Database or motifs, or a list of them, default "builtin"
        ``"builtin"`` for the words of the package, the name of one that ``combmotif fetch`` brought, a motif file, or
        motifs of your own.
    kinds : str or sequence of str, optional
        Only elements of these kinds: translation, splicing, processing, decay, modification, structure, rbp, mirna, tf.
    species : str, optional
        Only elements of this species (``Homo_sapiens``, ``hsa``); of databases that do not say theirs, all.
    strands : {"single", "both"}, default "single"
        ``both`` also tries the reverse complement (DNA).
    q : float
        Largest q-value of a match.
    top : int
        Most elements per part of a motif.
    alphabet : {"rna", "dna"}, default "rna"
        Letters of the table.

    Returns
    -------
    Result of :class:`combmotif.motifs.MotifSet`
        ``table`` has one row per match, see MATCHES on the page of tables; ``relation`` is ``is`` or ``contains``.

    Raises
    ------
    ValueError, FileNotFoundError
        If motifs or databases are not of these kinds, or no database has such a species.

    Examples
    --------
    >>> import combmotif as cm
    >>> cm.match("UGUAAAUA").table["name"].iloc[0]
    'PUM1/PUM2 (Pumilio)'
    """
    q, top = number(q, "q"), whole(top, "top", least=1)
    queries = as_motifs(motifs, alphabet=alphabet)
    given = databases if isinstance(databases, (list, tuple)) else [databases]
    loaded = [_database(one, place, species) for place, one in enumerate(given)]
    if species is not None and not any(entry.species for database in loaded for entry in database.entries):
        raise ValueError(
            f"species: {', '.join(database.name for database in loaded)} does not say of which species its elements "
            f"are, so {species!r} chooses none; leave it out, or name a database that does, such as 'rbp' or 'attract'"
        )
    if kinds is not None:
        loaded = of_kinds(loaded, [kinds] if isinstance(kinds, str) else list(kinds))
    table = match_motifs(queries, with_families(loaded), strands=strands, q=q, top=top)
    named = table.drop_duplicates("motif").set_index("motif")
    notes = {
        motif: ("" if row["relation"] == "is" else "contains ") + str(row["name"])
        for motif, row in named.iterrows()
    }  # fmt: skip
    title = f"{len(table)} matches of {table['motif'].nunique()} of {len(queries)} motifs"

    def draw() -> Picture:
        return pictures.logos(
            queries.motifs, alphabet=queries.alphabet, notes=[notes.get(one.id, "") for one in queries]
        )

    return Result(title, table, queries, draw, _OF_MATCHES)


def _database(given: Any, place: int, species: str | None) -> Database:
    if isinstance(given, Database):
        return given
    if isinstance(given, str) and not is_word(given):
        return load_database(given, species=species)
    own = as_motifs(given, what="databases")
    entries = tuple(DatabaseEntry(one.id, one.id, one.frequencies, sites=one.sites) for one in own)
    return Database(own.method or f"given{place + 1}", entries, own.alphabet)


def scan(
    sequences: Sequences,
    motifs: Motifs,
    *,
    p_value: float = 1e-4,
    background: Sequence[float] | None = None,
) -> Result[pd.DataFrame]:
    """List the sites of motifs in sequences.

    Parameters
    ----------
    sequences : list of str, array, tensor, SequenceSet or file
    motifs : matrix, IUPAC word, Motif, MotifSet, motif file, or several
        A k-mer must match exactly; a matrix has a site where the p-value of its score is at most ``p_value``.
    p_value : float, default 1e-4
        Largest p-value of a site of a matrix.
    background : 4 floats, default equal
        Frequencies of A, C, G, U.

    Returns
    -------
    Result
        ``table`` has one row per site: motif, sequence, start, end (0-based, half-open), score in bits, p_value.

    Raises
    ------
    ValueError
        If the sequences, motifs or numbers are not valid.

    Examples
    --------
    >>> import combmotif as cm
    >>> cm.scan(["GGAUGCC", "AUGAUG"], "AUG").table["start"].tolist()
    [2, 0, 3]
    """
    given = as_sequences(sequences)
    p_value = number(p_value, "p_value")
    wanted = [(one, one) if isinstance(one, str) else (one.id, one.ppm) for one in words_or_motifs(motifs)]
    parts = []
    for name, motif in wanted:
        sites = find_sites(given.codes, motif, p_value=p_value, background=background)
        sites.insert(0, "motif", name)
        sites["sequence"] = [given.names[row] for row in sites["sequence"]]
        parts.append(sites)
    table = pd.concat(parts, ignore_index=True)
    title = f"{len(table):,} sites of {len(wanted)} motif{'s' * (len(wanted) > 1)} in {len(given):,} sequences"

    def draw() -> Picture:
        edges = np.linspace(0, int(given.lengths.max()), 21)
        counts = np.histogram(table["start"], edges)[0]
        return pictures.histogram(edges.tolist(), counts.tolist(), axis="first position, nt", title=title)

    return Result(title, table, table, draw)


def logo(motif: Motif | MotifSet | Any, *, alphabet: str = "rna") -> Picture:
    """Draw the logo of a motif, or of several.

    Parameters
    ----------
    motif : Motif, MotifSet, matrix, IUPAC word, motif file, or several
    alphabet : {"rna", "dna"}, default "rna"
        ``rna`` writes U, ``dna`` writes T.

    Returns
    -------
    Picture
        A notebook shows it; ``.save("name.svg")`` writes it.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> import combmotif as cm
    >>> cm.logo("UGUANAUA")
    Picture of logos of UGUANAUA; a notebook shows it, .save('name.svg') writes it
    """
    found = as_motifs(motif, alphabet=alphabet)
    return pictures.logos(found.motifs, alphabet=found.alphabet)
