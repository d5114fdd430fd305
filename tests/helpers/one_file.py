"""A server on loopback that gives one file, whole or cut off."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = b"weights of a recogniser" * 1000


class _OneFile(BaseHTTPRequestHandler):
    """/whole gives the file, /moved leads to it, /cut-off ends after half of it."""

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved/", "/whole/"))
            self.end_headers()
        elif self.path.startswith(("/whole/", "/cut-off/")):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            sent = CONTENT if self.path.startswith("/whole/") else CONTENT[: len(CONTENT) // 2]
            self.wfile.write(sent)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The URL of the running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _OneFile)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
