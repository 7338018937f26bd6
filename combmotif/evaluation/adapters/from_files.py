"""Results of any model, read from files that were made elsewhere, or by combmotif embed, score and predict."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import numpy as np

from combmotif.core.files import reading, without_guard
from combmotif.evaluation.adapters.base import Adapter, Codes, LacksCapability, Names, plain_vectors
from combmotif.evaluation.formats import open_rows, read_per_base, read_vectors
from combmotif.sequence.alphabet import decode, encode
from combmotif.sequence.delimited import to_number


class FileModel(Adapter):
    """Results of any model, from files made elsewhere.

    Parameters
    ----------
    probabilities : path, optional
        HDF5, ``/<name>/probs`` of shape (length, 4): A, C, G, U; .npz, Parquet or a table as
        ``combmotif score`` writes.
    embeddings : path, optional
        HDF5 or .npz with ``names`` and ``embeddings`` (n, d), or a table with a column of names and numeric columns.
    predictions : path, optional
        Table (.csv, .tsv, plain or .gz, or .parquet) with a column of names, or of sequences, and numeric columns.
    key : str, optional
        Column of names or sequences; default ``name``, else ``sequence`` or ``seq``.
    columns : list of str, optional
        Numeric columns to take; default all others.
    name : str, default "file"
    orientation : str, default "rna"

    Raises
    ------
    ValueError
        If a file is damaged, or a name stands twice with different values.
    """

    by_name = True

    def __init__(
        self,
        *,
        probabilities: str | Path | None = None,
        embeddings: str | Path | None = None,
        predictions: str | Path | None = None,
        key: str | None = None,
        columns: Sequence[str] | None = None,
        name: str = "file",
        orientation: str = "rna",
    ) -> None:
        self.name, self.orientation = name, orientation
        self.path = None if probabilities is None else Path(probabilities)
        self.tables = None if self.path is None or self.path.suffix in (".h5", ".hdf5") else read_per_base(self.path)
        self.vectors = None if embeddings is None else _vectors(Path(embeddings), key, columns)
        self.values = None if predictions is None else _table(Path(predictions), key, columns)
        able = {
            "embed": self.vectors is not None,
            "masked": self.path is not None,
            "unmasked": self.path is not None,
            "likelihood": self.path is not None,
            "predict": self.values is not None,
        }
        self.capabilities = frozenset(name for name, there in able.items() if there)
        self.outputs = () if self.values is None else self.values[1]
        self.oriented = self.path is not None

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the vectors of the named sequences; NaN where the file has none."""
        self.require("embed")
        plain_vectors(self, pool, layers)
        assert self.vectors is not None
        return _look_up(self.vectors[0], len(self.vectors[1]), codes, names, self.name).astype(np.float32)

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the predictions of the named sequences; NaN where the file has none."""
        self.require("predict")
        assert self.values is not None
        return _look_up(self.values[0], len(self.values[1]), codes, names, self.name)

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
        """Return the probabilities of the named sequences; NaN where the file has none."""
        self.require("masked")
        assert self.path is not None
        if names is None:
            raise ValueError(f"{self.path}: probabilities are known by name, found sequences without names")
        _refuse_shared(names, names, codes, self.name)
        found: list[np.ndarray] = []
        there = 0
        with self._open() as look_up:
            for name, code in zip(names, codes, strict=True):
                if (table := look_up(name)) is None:
                    found.append(np.full((len(code), 4), np.nan, dtype=np.float32))
                    continue
                if table.shape != (len(code), 4):
                    raise ValueError(
                        f"{self.path}: {name}: expected probabilities of shape {(len(code), 4)}, found {table.shape}, "
                        f"of another sequence of this name"
                    )
                total = table.sum(1, keepdims=True)
                found.append(table / np.where(total > 0, total, np.nan))
                there += 1
        if not there:
            raise ValueError(f"{self.path}: expected names such as '{names[0]}', found none of {len(names)} sequences")
        return found

    @contextlib.contextmanager
    def _open(self) -> Iterator[Callable[[str], np.ndarray | None]]:
        """Open the file of probabilities; what it gives for a name, None without."""
        if self.tables is not None:
            yield self.tables.get
            return
        import h5py

        path = Path(str(self.path))
        with reading(path, "HDF5 with a group per sequence and 'probs' in it"), h5py.File(path) as file:

            def look_up(name: str) -> np.ndarray | None:
                there = name in file and "probs" in file[name]
                return np.asarray(file[name]["probs"], dtype=np.float32) if there else None

            yield look_up


def _vectors(path: Path, key: str | None, columns: Sequence[str] | None) -> tuple[dict[str, np.ndarray], list[str]]:
    if (read := read_vectors(path)) is None:
        found, names = _table(path, key, columns)
        return found, list(names)
    vectors: dict[str, np.ndarray] = {}
    for row, (name, values) in enumerate(zip(read[0].tolist(), read[1], strict=True), 1):
        _keep(vectors, name, values, path, row)
    return vectors, [str(i) for i in range(read[1].shape[1])]


def _keep(found: dict[str, np.ndarray], name: str, values: np.ndarray, path: Path, row: int) -> None:
    if name in found and not np.array_equal(found[name], values, equal_nan=True):
        raise ValueError(f"{path}: row {row}: '{name}' stands twice with different values; give each name once")
    found[name] = values


def _table(path: Path, key: str | None, columns: Sequence[str] | None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    with open_rows(path) as table:
        usual = [name for name in ("name", "id", "sequence", "seq") if name in table.columns]
        place = table.place(key or (usual[0] if usual else "name"))
        at = {name: table.place(name) for name in columns} if columns else {}
        found: dict[str, np.ndarray] = {}
        for row, cells in table.rows:
            if not at:  # the numeric columns are those whose first cell is a number
                at = {c: i for i, c in enumerate(table.columns) if i != place and _is_number(cells[i])}
                if not at:
                    raise ValueError(f"{path}: expected columns of numbers beside '{table.columns[place]}', found none")
            try:
                values = np.array([to_number(cells[i]) for i in at.values()])
            except ValueError as error:
                raise ValueError(f"{path}: row {row}: expected numbers in {', '.join(at)}, found {error}") from None
            _keep(found, without_guard(cells[place].strip()), values, path, row)
    return found, tuple(at)


def _is_number(cell: str) -> bool:
    try:
        to_number(cell)
    except ValueError:
        return False
    return True


def _refuse_shared(known: Container[str], names: Names, codes: Codes, model: str) -> None:
    """Refuse results by name where two different sequences have one name: they would be scored by the same number."""
    seen: dict[str, bytes] = {}
    for name, code in zip(names or (), codes, strict=names is not None):
        own = np.asarray(code, dtype=np.uint8).tobytes()
        if seen.setdefault(name, own) != own and name in known:
            raise LacksCapability(
                f"model '{model}': its results are by name, and '{name}' names two different sequences of the task; "
                f"give each its own name"
            )


def _look_up(known: dict[str, np.ndarray], width: int, codes: Codes, names: Names, model: str) -> np.ndarray:
    """Find rows by name, else by the sequence itself; a file none of whose keys fit is an error."""
    _refuse_shared(known, names, codes, model)
    sequences = {}
    first = next(iter(known), "")
    if first and set(first.upper()) <= set("ACGTUN") and len(first) > 5:
        sequences = {encode(key).tobytes(): value for key, value in known.items()}
    found = np.full((len(codes), width), np.nan)
    for row, code in enumerate(codes):
        value = known.get(names[row]) if names is not None else None
        if value is None:
            value = sequences.get(np.asarray(code, dtype=np.uint8).tobytes())
        if value is not None:
            found[row] = value
    if len(codes) and not np.isfinite(found).any():
        asked = names[0] if names is not None else decode(codes[0])[:30]
        raise LacksCapability(
            f"model '{model}': its file has no row for any of {len(codes):,} sequences (the first asked for is "
            f"'{asked}', the first in the file '{first[:30]}')"
        )
    return found
