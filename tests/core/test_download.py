"""Downloads from a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from combmotif.core.download import fetch, md5_of, recorded_sha256, sha256_of
from combmotif.models.published import PUBLISHED_WEIGHTS

CONTENT = b"weights" * 30_000


class Handler(BaseHTTPRequestHandler):
    """Serves /whole, /other (other bytes), /cut (half of what it announces), /endless and /lines (no length)."""

    asked: list[str] = []

    def do_GET(self):
        Handler.asked.append(self.path)
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path not in ("/endless", "/lines"):
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        body = {"/other": CONTENT[::-1], "/lines": CONTENT + b"\n"}.get(self.path, CONTENT)
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{service.server_port}"
    service.shutdown()
    service.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "combmotif" / "hal"


@pytest.fixture
def published():
    digest = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    return replace(PUBLISHED_WEIGHTS["hal"], md5=digest, size=len(CONTENT))


def test_a_download_is_checked_and_done_once(server, published, cache):
    Handler.asked.clear()
    steps = []
    path = fetch(published, urls=(f"{server}/whole",), on_bytes=lambda *step: steps.append(step))
    assert path == cache / "HAL_mer_scores.npz"
    assert path.read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(published, urls=(f"{server}/whole",)) == path
    assert Handler.asked == ["/whole"]
    path.write_bytes(b"broken")
    fetch(published, urls=(f"{server}/whole",))
    assert md5_of(path) == published.md5
    assert [file.name for file in cache.iterdir()] == ["HAL_mer_scores.npz"]


def test_wrong_content_is_not_kept(server, published, cache):
    with pytest.raises(ValueError, match=f"/other: expected .* with md5 {published.md5}, found md5 .*nothing was kept"):
        fetch(published, urls=(f"{server}/other",))
    assert list(cache.iterdir()) == []


def test_an_interrupted_download_is_not_kept(server, published, cache):
    with pytest.raises(ConnectionError, match=r"could not be downloaded \(.*/cut: .*\); try again, or .* put it at"):
        fetch(published, urls=(f"{server}/cut",))
    assert list(cache.iterdir()) == []


def test_the_next_place_is_tried(server, published, tmp_path):
    path = fetch(published, folder=tmp_path / "own", urls=(f"{server}/none", f"{server}/cut", f"{server}/endless"))
    assert path == tmp_path / "own" / "HAL_mer_scores.npz"
    assert path.read_bytes() == CONTENT


@pytest.fixture
def untold(published):
    """A file of which nobody publishes a checksum or a size."""
    return replace(published, md5="", size=0)


def test_without_a_checksum_the_first_download_decides(server, untold, cache):
    steps = []
    path = fetch(untold, urls=(f"{server}/endless",), on_bytes=lambda *step: steps.append(step))
    assert steps[-1] == (len(CONTENT), 0)
    assert sorted(file.name for file in cache.iterdir()) == ["HAL_mer_scores.npz", "HAL_mer_scores.npz.sha256"]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert path.with_name("HAL_mer_scores.npz.sha256").read_text() == f"{digest}  HAL_mer_scores.npz\n"
    assert recorded_sha256(path) == sha256_of(path) == digest
    Handler.asked.clear()
    assert fetch(untold, urls=(f"{server}/other",)) == path
    assert Handler.asked == []
    path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=f"is not the file that was fetched before .sha256 {digest}, now .* kept"):
        fetch(untold, urls=(f"{server}/other",))
    assert path.read_bytes() == b"broken"
    assert fetch(untold, urls=(f"{server}/whole",)).read_bytes() == CONTENT
    other = hashlib.sha256(CONTENT[::-1]).hexdigest()
    assert sha256_of(fetch(untold, urls=(f"{server}/other",), sha256=other.upper())) == other == recorded_sha256(path)


def test_a_file_put_there_by_hand_is_taken(untold, cache):
    cache.mkdir(parents=True)
    (cache / untold.file).write_bytes(CONTENT)
    assert fetch(untold, urls=("http://127.0.0.1:9/x",)) == cache / untold.file
    assert recorded_sha256(cache / untold.file) == hashlib.sha256(CONTENT).hexdigest()


def test_the_checksum_of_the_user_counts(server, published, untold, cache):
    digest = hashlib.sha256(CONTENT).hexdigest()
    for known in (published, untold, replace(untold, sha256=digest)):
        with pytest.raises(
            ValueError, match=f"expected .* with sha256 {'0' * 64}, found sha256 {digest} .*nothing was"
        ):
            fetch(known, urls=(f"{server}/whole",), sha256="0" * 64)
        assert list(cache.iterdir()) == []
    assert fetch(replace(untold, sha256=digest), urls=(f"{server}/whole",), sha256=digest).is_file()
    assert [file.name for file in cache.iterdir()] == ["HAL_mer_scores.npz"]
    with pytest.raises(ValueError, match="sha256: expected 64 hexadecimal digits, got 'abc'"):
        fetch(published, urls=(f"{server}/whole",), sha256="abc")


def test_what_does_not_pass_the_check_is_not_kept(server, untold, cache):
    def check(path):
        raise ValueError(f"motif file {path}: it is a page")

    with pytest.raises(ValueError, match=r"what came can not be read \(motif file HAL_mer_scores.npz: it is a page\)"):
        fetch(untold, urls=(f"{server}/whole",), check=check)
    assert list(cache.iterdir()) == []


def test_nobody_answers(published):
    with pytest.raises(ConnectionError, match="http://127.0.0.1:9/x: "):
        fetch(published, urls=("http://127.0.0.1:9/x",))


def test_an_exception_of_the_caller_leaves_nothing(server, published, cache):
    def stop(*_step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(published, urls=(f"{server}/whole",), on_bytes=stop)
    assert list(cache.iterdir()) == []


def test_the_published_table_has_this_checksum(data_dir):
    published = PUBLISHED_WEIGHTS["hal"]
    path = data_dir / "hal" / published.file
    assert (md5_of(path), path.stat().st_size) == (published.md5, published.size)


@pytest.mark.parametrize(
    "url", ["", "genome", "https:///", "http://x/\u00e9", "http://127.0.0.1:port/x", "nothing://x"]
)
def test_what_is_no_address_is_told(published, cache, url):
    with pytest.raises((ValueError, ConnectionError), match="expected an address|could not be downloaded") as told:
        fetch(published, urls=(url,))
    assert url in str(told.value)
    assert list(cache.rglob("*.*")) == []


def test_a_connection_that_breaks_in_the_middle_is_not_the_end(server, published, cache, monkeypatch):
    import ssl
    import urllib.request

    opened = urllib.request.urlopen

    def breaking(request, **options):
        answer = opened(request, **options)
        if request.full_url.endswith("/broken"):

            def read(size):
                raise ssl.SSLError("record layer failure")

            answer.read = read
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", breaking)
    with pytest.raises(ConnectionError, match="record layer failure"):
        fetch(published, urls=(f"{server}/broken",))
    assert list(cache.rglob("*.*")) == []
    path = fetch(published, urls=(f"{server}/broken", f"{server}/whole"))
    assert path.read_bytes() == CONTENT


def test_a_proxy_that_is_not_there_is_told(published, cache, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        fetch(published, urls=("http://combmotif.invalid/file",))
    assert list(cache.rglob("*.*")) == []


@pytest.mark.parametrize("kept", [b"\n", b"", b"\xff\xfe \n"])
def test_a_kept_checksum_that_is_damaged_keeps_nobody_out(server, untold, cache, kept):
    target = fetch(untold, urls=(f"{server}/whole",))
    target.with_name(f"{target.name}.sha256").write_bytes(kept)
    if kept.strip():
        with pytest.raises(ValueError, match="is not the file that was fetched before"):
            fetch(untold, urls=(f"{server}/whole",))
    else:
        assert fetch(untold, urls=(f"{server}/whole",)) == target
        assert recorded_sha256(target) == sha256_of(target)


def test_a_text_of_no_told_length_ends_with_its_last_line(server, untold, cache):
    text = replace(untold, file="mature.fa")
    with pytest.raises(ConnectionError, match="the connection ended within a line, after 210,000 bytes, of which"):
        fetch(text, urls=(f"{server}/endless",))
    assert list(cache.iterdir()) == []
    assert fetch(text, urls=(f"{server}/endless", f"{server}/lines")).read_bytes() == CONTENT + b"\n"
