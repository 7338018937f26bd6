"""Downloads from a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from combmotif.download import fetch, md5_of
from combmotif.models.published import PUBLISHED_WEIGHTS

CONTENT = b"weights" * 30_000


class Handler(BaseHTTPRequestHandler):
    """Serves /whole, /other (other bytes), /cut (half of what it announces) and /endless (no length)."""

    asked: list[str] = []

    def do_GET(self):
        Handler.asked.append(self.path)
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        body = CONTENT[::-1] if self.path == "/other" else CONTENT
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
