"""Download published files that do not come with the package, and check them."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from combmotif.core.files import atomic, temporary_name

_TEXT = (".fa", ".meme", ".tf", ".txt")
"""Files whose last line ends, as every other."""
_BLOCK = 1 << 16
_TIMEOUT = 60.0
_FAILURES = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
"""Of the way to a place, after which another is tried; a full disk is none of them."""


@dataclass(frozen=True)
class Published:
    """A published file.

    Attributes
    ----------
    name : str
        What it is fetched by; also its folder in the cache.
    file : str
    urls : tuple of str
        Where it is published, tried in order.
    licence, citation : str
        Shown to the user.
    md5, sha256 : str, default ""
        Checksums, where known. A file without either is checked against the one fetched first, whose SHA-256 is kept
        beside it.
    size : int, default 0
        In bytes; 0 where not known.
    description : str
        What it is, in a few words.
    """

    name: str
    file: str
    urls: tuple[str, ...]
    licence: str
    citation: str
    md5: str = ""
    sha256: str = ""
    size: int = 0
    description: str = ""


def md5_of(path: str | Path) -> str:
    """Return the MD5 of a file as 32 hexadecimal digits."""
    return _digest(path, hashlib.md5(usedforsecurity=False))


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    return _digest(path, hashlib.sha256())


def _digest(path: str | Path, digest: hashlib._Hash) -> str:
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def recorded_sha256(path: str | Path) -> str:
    """Read the SHA-256 that `fetch` kept beside a file whose checksum nobody publishes; "" where there is none."""
    record = _record(Path(path))
    words = record.read_text(encoding="utf-8", errors="replace").split() if record.is_file() else []
    return words[0] if words else ""


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def cache_folder() -> Path:
    """Folder of downloaded files: ``$XDG_CACHE_HOME/combmotif``, default ``~/.cache/combmotif``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "combmotif"


def fetch(
    published: Published,
    *,
    folder: str | Path | None = None,
    urls: tuple[str, ...] | None = None,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Path:
    """Download a published file, unless a right copy is there.

    The file gets its name only when it is whole, has its checksum and passes `check`; what an interrupted download left
    is removed. Where no checksum is known, the SHA-256 of what came is kept in ``FILE.sha256``, and a later
    download must be the same file.

    Parameters
    ----------
    published : Published
        Of `combmotif.models.published.PUBLISHED_WEIGHTS` or `combmotif.core.databases.PUBLISHED_DATABASES`.
    folder : path, optional
        Where to put it; default a folder of its name in :func:`cache_folder`, where combmotif looks for it.
    urls : tuple of str, optional
        Other places to download it from.
    sha256 : str, optional
        64 hexadecimal digits that the file must have, whatever else is known of it.
    check : callable, optional
        Called with the path of what came; a ValueError refuses it.
    on_bytes : callable, optional
        Called with (bytes so far, bytes in all; 0 where nobody tells).

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If another file of its name is in the folder given, an address is none, or what a place offers has another
        checksum or does not pass `check`.
    ConnectionError
        If no place could be read to the end; every reason is told, and where to put the file by hand.
    """
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"sha256: expected 64 hexadecimal digits, got {sha256!r}")
    target = (cache_folder() / published.name if folder is None else Path(folder)) / published.file
    expected = [("md5", published.md5), ("sha256", published.sha256), ("sha256", (sha256 or "").lower())]
    expected = [(kind, value) for kind, value in expected if value]
    untold = not (published.md5 or published.sha256)
    before = recorded_sha256(target) if untold else ""
    if target.is_file() and not _wrong(target, [*expected, *([("sha256", before)] if before else [])]):
        if untold and not before:
            record_sha256(target)
        return target
    if folder is not None and os.path.lexists(target) and not before:
        raise ValueError(
            f"{target}: is there already and is not the published file; move it away, or choose another folder (--to)"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(temporary_name(target.name))
    problems: list[str] = []
    try:
        for url in urls or published.urls:
            try:
                _download(url, temporary, published.size, on_bytes, text=untold and target.suffix in _TEXT)
            except _FAILURES as error:
                problems.append(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}")
                continue
            except ValueError as error:
                raise ValueError(f"url: expected an address such as https://..., found {url!r} ({error})") from None
            wrong = _wrong(temporary, expected)
            if wrong:
                kind, value, found = wrong
                raise ValueError(
                    f"{url}: expected {published.file} with {kind} {value}, found {kind} {found} "
                    f"({temporary.stat().st_size:,} bytes); nothing was kept"
                )
            changed = _wrong(temporary, [("sha256", before)]) if before and not sha256 else None
            if changed:
                raise ValueError(
                    f"{url}: {published.file} is not the file that was fetched before (sha256 {before}, now "
                    f"{changed[2]}); nothing was kept. Give --sha256 {changed[2]} if it is right"
                )
            if check is not None:
                try:
                    check(temporary)
                except ValueError as error:
                    shown = str(error).replace(str(temporary), published.file)
                    raise ValueError(f"{url}: what came can not be read ({shown}); nothing was kept") from None
            temporary.replace(target)
            if untold:
                record_sha256(target)
            return target
    finally:
        temporary.unlink(missing_ok=True)
    raise ConnectionError(
        f"{published.name}: could not be downloaded ({'; '.join(problems)}); try again, or download it elsewhere and "
        f"put it at {target}"
    )


def _wrong(path: Path, expected: list[tuple[str, str]]) -> tuple[str, str, str] | None:
    """Give the first checksum that a file does not have: its kind, what was expected and what was found."""
    for kind, value in expected:
        found = md5_of(path) if kind == "md5" else sha256_of(path)
        if found != value:
            return kind, value, found
    return None


def record_sha256(path: Path) -> None:
    """Write the SHA-256 of a file beside it, as ``sha256sum`` does."""
    with atomic(_record(path)) as temporary:
        temporary.write_text(f"{sha256_of(path)}  {path.name}\n", encoding="utf-8")


def _download(url: str, path: Path, size: int, on_bytes: Callable[[int, int], None] | None, *, text: bool) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "combmotif"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, path.open("wb") as file:
        told = answer.headers.get("Content-Length")
        done, last = 0, b""
        while block := answer.read(_BLOCK):
            file.write(block)
            done += len(block)
            if on_bytes is not None:
                on_bytes(done, int(told or size))
            last = block[-1:]
        if told is not None and done != int(told):
            raise ConnectionError(f"the connection ended after {done:,} of {int(told):,} bytes")
        if told is None and text and last != b"\n":
            raise ConnectionError(
                f"the connection ended within a line, after {done:,} bytes, of which nobody told how many"
            )
