"""A server of somebody else's, as API destinations call one."""
import contextlib
import http.server
import json
import threading
import urllib.parse


@contextlib.contextmanager
def endpoint():
    """It keeps what it gets. `answers` are those to come, then 200: a status, or a status and a body. /token is an authorization endpoint."""
    class Endpoint(http.server.BaseHTTPRequestHandler):
        got, answers, tokens, token_calls = [], [], ["t1", "t2", "t3"], []

        def handle_one(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path, _, query = self.path.partition("?")
            if path == "/token":
                Endpoint.token_calls.append((self.command, dict(urllib.parse.parse_qsl(body)), dict(urllib.parse.parse_qsl(query)), dict(self.headers)))
                status, answer = (200, json.dumps({"access_token": Endpoint.tokens.pop(0), "expires_in": 600})) if Endpoint.tokens else (403, "no")
            else:
                answer = Endpoint.answers.pop(0) if Endpoint.answers else 200
                status, answer = answer if isinstance(answer, tuple) else (answer, "{}")
                Endpoint.got.append((self.command, path, dict(urllib.parse.parse_qsl(query)), dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())
        do_POST = do_PUT = do_GET = do_DELETE = handle_one

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    Endpoint.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Endpoint
    finally:
        server.shutdown()
        server.server_close()
