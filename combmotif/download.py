"""Download published files that do not come with the package, and check them."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 16
_TIMEOUT = 60.0


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
    md5 : str
    size : int
        In bytes.
    licence, citation : str
        Shown to the user.
    description : str
        What it is, in a few words.
    """

    name: str
    file: str
    urls: tuple[str, ...]
    md5: str
    size: int
    licence: str
    citation: str
    description: str = ""


def md5_of(path: str | Path) -> str:
    """Return the MD5 of a file as 32 hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def cache_folder() -> Path:
    """Folder of downloaded files: ``$XDG_CACHE_HOME/combmotif``, default ``~/.cache/combmotif``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "combmotif"


def fetch(
    published: Published,
    *,
    folder: str | Path | None = None,
    urls: tuple[str, ...] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Path:
    """Download a published file, unless a right copy is there.

    The file gets its name only when it is whole and has its checksum; what an interrupted download left is removed.

    Parameters
    ----------
    published : Published
        Of `combmotif.models.published.PUBLISHED_WEIGHTS` or `combmotif.motifs.published.PUBLISHED_DATABASES`.
    folder : path, optional
        Where to put it; default a folder of its name in :func:`cache_folder`, where combmotif looks for it.
    urls : tuple of str, optional
        Other places to download it from.
    on_bytes : callable, optional
        Called with (bytes so far, bytes in all).

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If what a place offers has another checksum.
    ConnectionError
        If no place could be read to the end; every reason is told, and where to put the file by hand.
    """
    target = (cache_folder() / published.name if folder is None else Path(folder)) / published.file
    if target.is_file() and md5_of(target) == published.md5:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    problems: list[str] = []
    try:
        for url in urls or published.urls:
            try:
                _download(url, temporary, published.size, on_bytes)
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
                problems.append(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}")
                continue
            found = md5_of(temporary)
            if found != published.md5:
                raise ValueError(
                    f"{url}: expected {published.file} with md5 {published.md5}, found md5 {found} "
                    f"({temporary.stat().st_size:,} bytes); nothing was kept"
                )
            return temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    raise ConnectionError(
        f"{published.name}: could not be downloaded ({'; '.join(problems)}); try again, or download it elsewhere and "
        f"put it at {target}"
    )


def _download(url: str, path: Path, size: int, on_bytes: Callable[[int, int], None] | None) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "combmotif"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, path.open("wb") as file:
        told = answer.headers.get("Content-Length")
        done = 0
        while block := answer.read(_BLOCK):
            file.write(block)
            done += len(block)
            if on_bytes is not None:
                on_bytes(done, int(told or size))
        if told is not None and done != int(told):
            raise ConnectionError(f"the connection ended after {done:,} of {int(told):,} bytes")
