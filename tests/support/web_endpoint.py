"""A web server that others post to."""
import http.server
import threading


class Endpoint:
    """A web server that remembers what came and answers as it is told."""

    def __init__(self):
        self.requests, self.statuses, self.came = [], [], threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer.came:
                    status = outer.statuses.pop(0) if outer.statuses else 200
                    outer.requests.append((dict(self.headers), body.decode()))
                    outer.came.notify_all()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait(self, n):
        with self.came:
            assert self.came.wait_for(lambda: len(self.requests) >= n, 20)
            return self.requests[n - 1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
