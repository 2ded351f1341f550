"""Downloads, from a server on this machine."""

import gzip
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dlab.data import files
from dlab.errors import DataError

CONTENT = {part: gzip.compress(part.encode() * 99, mtime=0) + bytes(100_000) for part in files.PARTS}
FIRST = files.PARTS[0]


class Server(BaseHTTPRequestHandler):
    """Serves good/, wrong/ (one byte differs), large/ (too long) and short/ (half of it); knows ranges."""

    asked: list = []  # noqa: RUF012

    def do_GET(self):
        kind, name = self.path.strip("/").split("/")
        raw, wanted = CONTENT[name], self.headers.get("Range")
        raw = {"good": raw, "wrong": b"x" + raw[1:], "large": raw + b"x", "short": raw[: len(raw) // 2]}[kind]
        self.asked.append((kind, name, wanted))
        start = int(wanted[6:-1]) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.end_headers()
        self.wfile.write(raw[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server that runs for one test; the cache is an empty folder."""
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        Server.asked = []
        Thread(target=partial(running.serve_forever, 0.01), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def collection(*mirrors):
    hashes = tuple(sha256(raw).hexdigest() for raw in CONTENT.values())
    return files.Collection("tiny", hashes, tuple(map(len, CONTENT.values())), mirrors)


def fetch(*mirrors, told=lambda *_: None, insecure=True):
    return files.fetch(collection(*mirrors), told, insecure)


def test_all_files_arrive_once(server):
    heard = []
    folder = fetch(f"{server}/good/", told=lambda *said: heard.append(said))
    assert {part: (folder / part).read_bytes() for part in files.PARTS} == CONTENT
    assert {said[0] for said in heard if said[1] == said[2]} == set(files.PARTS)
    files.verify(collection(), folder)
    assert files.locate(collection()) == folder
    fetch(f"{server}/good/")
    assert len(Server.asked) == 4
    assert not list(folder.glob("*.part"))


def test_goes_on_where_it_stopped(server, tmp_path):
    part = tmp_path / "cache" / "tiny" / f"{FIRST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[FIRST][:1000])
    folder = fetch(f"{server}/good/")
    assert ("good", FIRST, "bytes=1000-") in Server.asked
    assert (folder / FIRST).read_bytes() == CONTENT[FIRST]


def test_a_cut_download_is_kept_for_the_next_mirror(server):
    fetch(f"{server}/short/", f"{server}/good/")
    assert ("good", FIRST, f"bytes={len(CONTENT[FIRST]) // 2}-") in Server.asked


@pytest.mark.parametrize("junk", [b"junk", b"junk" * 200_000], ids=["short", "long"])
def test_junk_that_was_left_is_thrown_away(server, tmp_path, junk):
    part = tmp_path / "cache" / "tiny" / f"{FIRST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(junk)
    assert (fetch(f"{server}/good/") / FIRST).read_bytes() == CONTENT[FIRST]


def test_a_damaged_file_is_fetched_again(server):
    folder = fetch(f"{server}/good/")
    (folder / FIRST).write_bytes(b"damaged")
    with pytest.raises(DataError, match=f"{FIRST}: damaged"):
        files.verify(collection(), folder)
    assert (fetch(f"{server}/good/") / FIRST).read_bytes() == CONTENT[FIRST]


@pytest.mark.parametrize("bad", ["wrong", "large", "short"])
def test_a_bad_mirror_falls_to_the_next(server, bad):
    folder = fetch(f"{server}/{bad}/", f"{server}/good/")
    assert (folder / FIRST).read_bytes() == CONTENT[FIRST]


@pytest.mark.parametrize(
    ("bad", "said"), [("wrong", "another SHA-256"), ("large", "more than the"), ("short", "ended after")]
)
def test_no_good_mirror(server, tmp_path, bad, said):
    with pytest.raises(DataError, match=f"{FIRST} could not be fetched .*{said}.*DLAB_DATA"):
        fetch(f"{server}/{bad}/")
    assert not (tmp_path / "cache" / "tiny" / FIRST).exists()


def test_offline(server):
    with pytest.raises(DataError, match=r"127\.0\.0\.1:1.*needs no download"):
        fetch("http://127.0.0.1:1/")


def test_plain_http_is_refused(server):
    with pytest.raises(DataError, match="only https"):
        fetch(f"{server}/good/", insecure=False)
    assert Server.asked == []
