import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from skdiffuasr.datasets.download import fetch_file

CONTENT = b"user,item\n1,2\n"
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def url(web):
    folder, address = web
    (folder / "log.csv").write_bytes(CONTENT)
    return f"{address}log.csv"


def test_a_file_is_downloaded_once(web, url, data_home):
    path = fetch_file(url)
    assert path == data_home / "log.csv"
    assert path.read_bytes() == CONTENT
    (web[0] / "log.csv").unlink()
    assert fetch_file(url, download_if_missing=False) == path


def test_the_published_checksum_is_checked(url, data_home):
    assert fetch_file(url, md5=MD5).read_bytes() == CONTENT
    with pytest.raises(ValueError, match=f"its MD5 is {MD5}, and 123 is published"):
        fetch_file(url, md5="123")
    assert (data_home / "log.csv").read_bytes() == CONTENT


def test_a_wrong_download_is_not_kept(url, data_home):
    with pytest.raises(ValueError, match="is not the file of"):
        fetch_file(url, md5="123")
    assert list(data_home.iterdir()) == []


def test_a_file_without_a_checksum_must_not_change(url, data_home):
    path = fetch_file(url)
    path.write_bytes(CONTENT + b"3,4\n")
    with pytest.raises(ValueError, match="has changed since it was downloaded"):
        fetch_file(url)


def test_a_file_that_was_put_there_by_hand_is_taken(data_home):
    data_home.mkdir()
    (data_home / "log.csv").write_bytes(CONTENT)
    assert fetch_file("http://127.0.0.1:9/log.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("options", [{}, {"md5": MD5}])
def test_offline_the_error_says_what_to_do(options, data_home):
    with pytest.raises(OSError, match=r"download http://.*log\.csv by hand and put"):
        fetch_file("http://127.0.0.1:9/log.csv", n_retries=0, **options)
    assert list(data_home.iterdir()) == []


def test_a_missing_file_is_told(web, data_home):
    with pytest.raises(OSError, match=r"404.*by hand"):
        fetch_file(f"{web[1]}other.csv")
    assert list(data_home.iterdir()) == []


def test_nothing_is_downloaded_if_it_must_not_be(url, data_home):
    with pytest.raises(OSError, match="allow downloading it"):
        fetch_file(url, download_if_missing=False)
    assert list(data_home.iterdir()) == []


def short(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(CONTENT)


def broken_chunk(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"64\r\nuser")


def no_http(handler):
    handler.wfile.write(b"nonsense\r\n\r\n")


def fail(handler):
    handler.send_error(503)


def missing(handler):
    handler.send_error(404)


def whole(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT)


@pytest.fixture
def serve():
    """Serve one answer after the other; the rest is what nobody asked for."""
    answers = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            answers.pop(0)(self)
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield answers, f"http://127.0.0.1:{server.server_port}/log.csv"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", [short, broken_chunk, no_http, fail])
def test_a_broken_connection_leaves_nothing(serve, data_home, answer):
    answers, url = serve
    answers += [answer, answer, whole]
    with pytest.raises(OSError, match="by hand"):
        fetch_file(url, n_retries=1, delay=0)
    assert answers == [whole]
    assert list(data_home.iterdir()) == []


@pytest.mark.parametrize("answer", [short, broken_chunk, no_http, fail])
def test_it_is_tried_again(serve, answer):
    answers, url = serve
    answers += [answer, answer, whole]
    assert fetch_file(url, n_retries=2, delay=0).read_bytes() == CONTENT


def test_a_missing_file_is_asked_for_once(serve):
    answers, url = serve
    answers += [missing, whole]
    with pytest.raises(OSError, match="404"):
        fetch_file(url, n_retries=5, delay=0)
    assert answers == [whole]


def test_tries_are_delay_seconds_apart(serve, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    answers, url = serve
    answers += [fail, fail, whole]
    fetch_file(url, delay=7)
    assert pauses == [7, 7]


@pytest.mark.parametrize("option", ["n_retries", "delay"])
def test_negative_options_are_refused(url, option):
    with pytest.raises(ValueError, match=f"{option} == -1"):
        fetch_file(url, **{option: -1})
