"""What many clients needed at once is given back: the server's own memory (RssAnon) some seconds after them."""
import http.client
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CLIENTS, KEYS, BODY = 128, 1000, b"m" * (256 << 10)
BACK_WITHIN_S, STAYS_BELOW = 40, 16 << 20  # every 5 s it is looked at; growth that may stay


def proc(server, file):
    return Path(f"/proc/{server.process.pid}/{file}").read_text()


def own_memory(server):
    return next(int(line.split()[1]) << 10 for line in proc(server, "status").splitlines() if line.startswith("RssAnon"))


class Client:
    """A connection and presigned requests: the test's own CPU goes into the answers."""

    def __init__(self, server, s3):
        self.at = http.client.HTTPConnection("localhost", server.port, timeout=60)
        self.s3 = s3

    def ask(self, method, operation, body=None, **parameters):
        url = self.s3.generate_presigned_url(operation, {"Bucket": "memory", **parameters})
        self.at.request(method, "/" + url.split("/", 3)[3], body)

    def answer(self):
        response = self.at.getresponse()
        assert response.status == 200, response.read()
        return response.read()


@pytest.mark.skipif(bool({"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ)), reason="a sanitizer keeps what was freed")
def test_memory_of_many_clients_comes_back(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="memory")
    clients = [Client(server, s3) for _ in range(CLIENTS)]
    together = threading.Barrier(CLIENTS, timeout=60)
    peak = own_memory(server)

    def work(number):
        client = clients[number]
        for key in range(number, KEYS, CLIENTS):
            client.ask("PUT", "put_object", b"x", Key=f"a-key-of-some-length/{key:06}")
            client.answer()
        together.wait()
        client.ask("GET", "list_objects_v2")  # all ask before the first one reads
        together.wait()
        assert client.answer().count(b"<Key>") == KEYS
        together.wait()
        client.ask("PUT", "put_object", BODY, Key=f"large/{number}")
        client.answer()
        client.ask("GET", "get_object", Key=f"large/{number}")
        together.wait()
        nonlocal peak
        peak = max(peak, own_memory(server))
        assert client.answer() == BODY

    before = own_memory(server)
    with ThreadPoolExecutor(CLIENTS) as threads:
        for done in [threads.submit(work, number) for number in range(CLIENTS)]:
            done.result()
    deadline = time.monotonic() + BACK_WITHIN_S
    while own_memory(server) - before > STAYS_BELOW and time.monotonic() < deadline:
        time.sleep(0.5)
    stayed = own_memory(server) - before
    assert stayed <= STAYS_BELOW, f"{stayed >> 20} MiB stayed of {(peak - before) >> 20} MiB"
    print(f"grew {(peak - before) >> 20} MiB, stayed {stayed >> 20} MiB")
