"""A web server of somebody else's, that the cloud posts to."""
import collections
import http.server
import json
import threading
import urllib.parse

import pytest

Got = collections.namedtuple("Got", "method path query headers body")


class Endpoint:
    """It keeps what came whole. `answers` are those to come, then 200: a status, or a status and a body. /token is an
    authorization endpoint, which gives out `tokens`."""

    def __init__(self):
        self.got, self.answers, self.tokens, self.token_calls, self.came = [], [], ["t1", "t2", "t3"], [], threading.Condition()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size).decode()
                if len(body.encode()) < size:  # the cloud was killed while it wrote
                    return
                path, _, query = self.path.partition("?")
                status, text = endpoint.take(Got(self.command, path, dict(urllib.parse.parse_qsl(query)), dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
            do_POST = do_PUT = do_GET = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        with self.came:
            if request.path == "/token":
                self.token_calls.append((request.method, dict(urllib.parse.parse_qsl(request.body)), request.query, request.headers))
                return (200, json.dumps({"access_token": self.tokens.pop(0), "expires_in": 600})) if self.tokens else (403, "no")
            answer = self.answers.pop(0) if self.answers else 200
            self.got.append(request)
            self.came.notify_all()
            return answer if isinstance(answer, tuple) else (answer, "{}")

    def wait(self, n):
        """The n-th that came."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.got) >= n, 20)
            return self.got[n - 1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def wait_moving(self, n, brume, ms=20_000):
        """The same, while the clock of a server of one's own moves: how often it is tried is a policy's."""
        for _ in range(200):
            with self.came:
                if self.came.wait_for(lambda: len(self.got) >= n, 0.1):
                    return self.got[n - 1]
            brume.advance_clock(ms)
        raise AssertionError(f"request {n} did not come")


@pytest.fixture
def endpoint():
    """For a conftest to import."""
    server = Endpoint()
    yield server
    server.close()
