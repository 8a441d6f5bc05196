"""A server on loopback that answers what it is told to, and remembers what it was asked."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Answers in turn, the last one again and again; what was asked is in `asked`: method, path, headers, body."""

    def __init__(self, answers):
        self.answers, self.asked = list(answers), []
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                served.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                status, headers, body = served.next()
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815  as http.server names them

            def log_message(self, *arguments):
                """Says nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.lock = threading.Lock()

    def next(self):
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def said(content, status=200, **headers):
    """An answer: JSON, or a text as it is."""
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return status, {"Content-Type": "application/json", **headers}, body


@contextlib.contextmanager
def answering(*answers):
    """A server with these answers, while the block lasts."""
    server = Server(answers)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
