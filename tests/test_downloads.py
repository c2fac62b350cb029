"""Downloads from a server of our own that stops, lies, cannot go on, or is not there."""

import errno
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from course_lib.data import downloads
from course_lib.data.downloads import fetch

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Sends CONTENT, or what the server was told to do instead."""

    def do_GET(self):
        server = self.server
        start = 0
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        if self.path != "/film.bin":
            self.send_error(404)
            return
        if wanted and server.continues:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : server.stops_at or None])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.continues, server.stops_at, server.ranges = True, None, []
    server.url = f"http://127.0.0.1:{server.server_port}/film.bin"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_fetches_once(server, tmp_path, capfd):
    path = tmp_path / "deep" / "film.bin"
    for _ in range(2):
        assert fetch(server.url, path, size=len(CONTENT), md5=MD5) == path
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert names(path.parent) == ["film.bin"]
    assert capfd.readouterr() == ("", "")  # no terminal, no bar


@pytest.mark.parametrize("continues", [True, False])
def test_goes_on_after_the_server_stopped(server, tmp_path, continues):
    path = tmp_path / "film.bin"
    server.stops_at, server.continues = 300_000, continues
    with pytest.raises(ConnectionError, match=r"300,000 bytes are kept in .*film.bin.part"):
        fetch(server.url, path, md5=MD5)
    assert names(tmp_path) == ["film.bin.part"]
    server.stops_at = None
    assert fetch(server.url, path, md5=MD5).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]
    assert names(tmp_path) == ["film.bin"]


def test_a_part_that_is_whole_is_taken(server, tmp_path):
    (tmp_path / "film.bin.part").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path / "film.bin", md5=MD5).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("promise", "words"),
    [
        ({"md5": "0" * 32}, f"has the md5 {MD5}, not 0000"),
        ({"sha256": "1" * 64}, "has the sha256"),
        ({"size": 5}, "has 1,024,000 bytes, not 5"),
    ],
)
def test_what_is_not_as_promised_is_removed(server, tmp_path, promise, words):
    with pytest.raises(ValueError, match=words):
        fetch(server.url, tmp_path / "film.bin", **promise)
    assert names(tmp_path) == []


def test_an_old_file_that_differs_is_left(server, tmp_path):
    path = tmp_path / "film.bin"
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"`path` must be the file of .*move it away"):
        fetch(server.url, path, md5=MD5)
    assert path.read_bytes() == b"mine"
    assert server.ranges == []


def test_no_network(tmp_path):
    with pytest.raises(
        ConnectionError, match=r"could not get .*put the file at .*film.bin yourself"
    ):
        fetch("http://127.0.0.1:9/film.bin", tmp_path / "film.bin", timeout=2)
    assert names(tmp_path) == []


def test_no_such_file(server, tmp_path):
    with pytest.raises(ConnectionError, match="Not Found"):
        fetch(server.url + ".gone", tmp_path / "film.bin")


def test_a_full_disk_keeps_what_came(server, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(server.url, tmp_path / "film.bin", md5=MD5)
    assert names(tmp_path) == ["film.bin.part"]
    monkeypatch.undo()
    assert fetch(server.url, tmp_path / "film.bin", md5=MD5).read_bytes() == CONTENT
