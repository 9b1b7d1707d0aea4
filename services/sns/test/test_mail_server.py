"""Email that leaves: brume with a mail server of the user's (--smtp)."""
import email
import email.policy
import re
import socketserver
import ssl
import subprocess
import threading
import urllib.request

import pytest
from kit import until


class Session(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs, with the answers that the server was told to give."""

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def hello(self, secure):
        offered = [] if secure or not self.server.context else ["STARTTLS"]
        offered += ["AUTH PLAIN"] if secure else []
        lines = ["test", *offered, "8BITMIME"]
        for i, line in enumerate(lines):
            self.say(f"250{'-' if i + 1 < len(lines) else ' '}{line}")

    def secure(self):
        self.say("220 go on")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def data(self, envelope):
        self.say("354 send it")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            assert len(line) <= 998 and line.endswith(b"\r\n")
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.mails.append((envelope, email.message_from_bytes(b"".join(lines), policy=email.policy.default)))
        self.say("250 taken")

    def handle(self):
        envelope, secure = {}, False
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].upper()
            if verb.startswith("EHLO"):
                self.hello(secure)
            elif verb == "STARTTLS":
                self.secure()
                secure = True
            elif verb.startswith("AUTH"):
                envelope["auth"] = line.split()[-1]
                self.say("235 welcome")
            elif verb == "RCPT TO" and self.server.refusals:
                self.say(self.server.refusals.pop(0))
            elif verb in ("MAIL FROM", "RCPT TO"):
                envelope[verb] = line.split(":", 1)[1]
                self.say("250 ok")
            elif verb == "DATA":
                self.data(envelope)
            elif verb == "QUIT":
                self.say("221 bye")
                return


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context=None):
        self.mails, self.refusals, self.context = [], [], context
        super().__init__(("127.0.0.1", 0), Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.address = f"localhost:{self.server_address[1]}"


@pytest.fixture
def mail_server():
    started = []

    def start(context=None):
        started.append(MailServer(context))
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def subscribed(brume, server, address="ann@example.com"):
    """A topic with a subscriber who confirmed by the mail that the server got."""
    sns = brume.client("sns")
    topic = sns.create_topic(Name="t", Attributes={"DisplayName": 'The "shop"'})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    until(lambda: server.mails)
    text = server.mails.pop()[1].get_content()
    with urllib.request.urlopen(re.search(r"http\S+ConfirmSubscription\S+", text)[0]) as answer:
        assert answer.status == 200
    return sns, topic


def outcome(brume, subject):
    return next(m["outcome"] for m in brume.admin("GET", "outbox", kind="email") if m["subject"] == subject)


def test_mail_goes_to_the_server(start_brume, mail_server):
    server = mail_server()
    brume = start_brume("--smtp", server.address)
    sns, topic = subscribed(brume, server)
    text = "line one\n.\nüber " + "long " * 500
    sent = sns.publish(TopicArn=topic, Subject="Hello", Message=text)["MessageId"]
    until(lambda: server.mails)
    envelope, mail = server.mails[0]
    assert envelope == {"MAIL FROM": "<no-reply@sns.amazonaws.com>", "RCPT TO": "<ann@example.com>"}
    assert mail["Subject"] == "Hello" and mail["To"] == "ann@example.com" and sent in mail["Message-ID"]
    assert mail["From"].addresses[0].display_name == 'The "shop"' and mail["Date"].datetime.tzinfo
    assert mail.get_content().startswith(text + "\n")
    until(lambda: outcome(brume, "Hello") == "delivered")


def test_mail_is_tried_again_on_the_clock(start_brume, mail_server):
    server = mail_server()
    brume = start_brume("--smtp", server.address)
    sns, topic = subscribed(brume, server)
    server.refusals = ["451 busy", "451 still"]
    sns.publish(TopicArn=topic, Subject="Later", Message="x")
    assert until(lambda: outcome(brume, "Later") == "deferred: 451 busy") and not server.mails
    brume.admin("POST", "clock", by_ms=61000)
    until(lambda: outcome(brume, "Later") == "deferred: 451 still")
    brume.admin("POST", "clock", by_ms=121000)
    assert until(lambda: outcome(brume, "Later") == "delivered") and len(server.mails) == 1
    server.refusals = ["550 nobody here"]
    sns.publish(TopicArn=topic, Subject="Never", Message="x")
    until(lambda: outcome(brume, "Never") == "failed: 550 nobody here")
    server.refusals = ["451 busy"] * 100
    sns.publish(TopicArn=topic, Subject="A day", Message="x")
    until(lambda: outcome(brume, "A day").startswith("deferred"))
    until(lambda: brume.admin("POST", "clock", by_ms=13 * 3600 * 1000) and outcome(brume, "A day").startswith("failed: 451"), 30)


def test_a_server_with_tls_and_a_password(start_brume, mail_server, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = mail_server(context)
    brume = start_brume("--smtp", server.address, "--smtp-user", "shop", "--smtp-from", "shop@example.com",
                        environment={"BRUME_SMTP_PASSWORD": "secret", "SSL_CERT_FILE": str(certificate)})
    sns, topic = subscribed(brume, server)
    sns.publish(TopicArn=topic, Subject="Hello", Message="x")
    until(lambda: server.mails)
    envelope, mail = server.mails[0]
    assert envelope["auth"] == "AHNob3AAc2VjcmV0" and envelope["MAIL FROM"] == "<shop@example.com>"
    assert mail["From"].addresses[0].addr_spec == "shop@example.com"
    # a server that is not who it says gets nothing
    stranger = start_brume("--smtp", server.address)
    server.mails.clear()
    topic = stranger.client("sns").create_topic(Name="t")["TopicArn"]
    stranger.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
    assert until(lambda: "TLS" in outcome(stranger, "AWS Notification - Subscription Confirmation")) and not server.mails
