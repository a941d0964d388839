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
        fetch_file("http://127.0.0.1:9/log.csv", **options)
    assert list(data_home.iterdir()) == []


def test_a_missing_file_is_told(web, data_home):
    with pytest.raises(OSError, match=r"404.*by hand"):
        fetch_file(f"{web[1]}other.csv")
    assert list(data_home.iterdir()) == []


def test_nothing_is_downloaded_if_it_must_not_be(url, data_home):
    with pytest.raises(OSError, match="allow to download it"):
        fetch_file(url, download_if_missing=False)
    assert list(data_home.iterdir()) == []


def test_a_broken_connection_leaves_nothing(data_home):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(OSError, match="by hand"):
            fetch_file(f"http://127.0.0.1:{server.server_port}/log.csv")
        thread.join()
    assert list(data_home.iterdir()) == []
