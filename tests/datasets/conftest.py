import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def web(tmp_path):
    """A folder and the address on loopback where its files are served."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """Keep downloads out of the home folder, and loopback out of a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "data_home"
    monkeypatch.setenv("SKDIFFUASR_DATA", str(folder))
    return folder
