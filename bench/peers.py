"""The peers: how each is installed from its registry, started, and asked. Pinned versions, in .deps/bench."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SQS = [('SQS GetQueueAttributes', 'sqs-attributes'), ('SQS SendMessage 300 B', 'sqs-send'), ('SQS Send, Receive, Delete', 'sqs-cycle')]
S3 = [('S3 PUT 1 KiB', 's3-put-1k'), ('S3 GET 1 KiB', 's3-get-1k'), ('S3 PUT 64 KiB', 's3-put-64k'),
      ('S3 GET 64 KiB', 's3-get-64k'), ('S3 ListObjectsV2, 1000 keys', 's3-list')]
STS = [('STS GetCallerIdentity', 'sts-identity')]


def wait_for_port(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
            break
        time.sleep(0.1)


class Peer:
    """name, version, port, key, secret, probe (the service of the first question), durable (what is known
    of an acknowledged write), install_command(where) and command(data)."""
    key = secret = 'test'
    probe = 's3'
    environment = {}
    needs_warmth = True

    def install(self, where):
        """None, or why it cannot be had."""
        self.where = where / self.name.replace(' ', '-')
        if self.ready():
            return None
        tool = self.needs
        if not shutil.which(tool):
            return f'not installed: no {tool} here'
        self.where.mkdir(parents=True, exist_ok=True)
        print(f'installing {self.name} {self.version}', flush=True)
        with open(self.where / 'log', 'w') as log:
            try:
                done = self.fetch(log)
            except subprocess.TimeoutExpired:
                return 'not installed: building it took over 20 minutes'
        return None if done and self.ready() else f'not installed: see {self.where.relative_to(where.parent.parent)}/log'

    def shell(self, log, *command, environment=None):
        return subprocess.run(command, stdout=log, stderr=log, env=dict(os.environ, **(environment or {})), timeout=1200).returncode == 0

    @contextlib.contextmanager
    def running(self, scratch):
        data = tempfile.mkdtemp(dir=scratch)
        with open(data + '.log', 'w') as log:
            process = subprocess.Popen(self.command(data), stdout=log, stderr=log, env=dict(os.environ, **self.environment))
        try:
            wait_for_port(self.port)
            time.sleep(1)
            if process.poll() is not None:
                sys.exit(f'{self.name} ended: is port {self.port} taken?')
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(data, ignore_errors=True)


class Brume(Peer):
    name, port, probe, durable = 'brume', 14566, 'sts', 'yes, group commit'
    needs_warmth = False

    def __init__(self, binary):
        self.binary = str(binary)
        self.version = ''

    def install(self, where):
        return None

    def command(self, data):
        return [self.binary, 'serve', '--port', str(self.port), '--data', data + '/data']

    def workloads(self):
        return STS + SQS + S3


class Moto(Peer):
    name, version, port, probe, needs, durable = 'moto server', '5.2.5', 15000, 'sts', 'python3', 'no, memory'

    def ready(self):
        return (self.where / 'bin/moto_server').exists()

    def fetch(self, log):
        return self.shell(log, sys.executable, '-m', 'venv', str(self.where)) and \
            self.shell(log, str(self.where / 'bin/pip'), 'install', '-q', f'moto[server]=={self.version}')

    def command(self, data):
        return [str(self.where / 'bin/python3'), '-m', 'moto.server', '-H', '127.0.0.1', '-p', str(self.port)]  # its script names a path that may have moved

    def workloads(self):
        return STS + SQS + S3


class ElasticMQ(Peer):
    name, version, port, probe, needs, durable = 'ElasticMQ', '1.6.14', 15001, 'sqs', 'mvn', 'no, memory'

    def ready(self):
        return (self.where / 'classpath').exists()

    def fetch(self, log):
        pom = self.where / 'pom.xml'
        pom.write_text('<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>bench</artifactId>'
                       '<version>1</version><dependencies><dependency><groupId>org.elasticmq</groupId>'
                       f'<artifactId>elasticmq-server_2.13</artifactId><version>{self.version}</version>'
                       '</dependency></dependencies></project>\n')
        return self.shell(log, 'mvn', '-q', '-B', '-f', str(pom), 'dependency:build-classpath', f'-Dmdep.outputFile={self.where}/classpath')

    def command(self, data):
        return ['java', f'-Dnode-address.port={self.port}', '-Drest-sqs.bind-hostname=127.0.0.1', f'-Drest-sqs.bind-port={self.port}',
                '-Drest-stats.enabled=false', '-cp', (self.where / 'classpath').read_text().strip(), 'org.elasticmq.server.Main']

    def workloads(self):
        return SQS


class GoProgram(Peer):
    needs = 'go'

    def ready(self):
        return (self.where / self.program).exists()

    def fetch(self, log):
        # Outside of any module of this project.
        with tempfile.TemporaryDirectory() as nowhere:
            return subprocess.run(['go', 'install', f'{self.module}@{self.tag}'], cwd=nowhere, stdout=log, stderr=log, timeout=1200,
                                  env=dict(os.environ, GOBIN=str(self.where))).returncode == 0

    def workloads(self):
        return S3


class MinIO(GoProgram):
    name, version, port, key, secret = 'MinIO', '2026-02-12', 15002, 'minioadmin', 'minioadmin'
    module, tag, program, durable = 'github.com/minio/minio', 'v0.0.0-20260212201848-7aac2a2c5b7c', 'minio', 'yes, fdatasync of each object'
    environment = {'MINIO_BROWSER': 'off', 'MINIO_UPDATE': 'off'}

    def command(self, data):
        return [str(self.where / 'minio'), 'server', '--quiet', '--address', f'127.0.0.1:{self.port}', data]


class VersityGW(GoProgram):
    name, version, port = 'versitygw', '1.8.0', 15003
    module, tag, program, durable = 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0', 'versitygw', 'no, no flush before the answer'

    def command(self, data):
        return [str(self.where / 'versitygw'), '--access', self.key, '--secret', self.secret, '--port', f'127.0.0.1:{self.port}', '--quiet', 'posix', data]


class S3rver(Peer):
    name, version, port, key, secret = 's3rver', '3.7.1', 15004, 'S3RVER', 'S3RVER'
    needs, durable = 'npm', 'no, no flush before the answer'

    def ready(self):
        return (self.where / 'node_modules/.bin/s3rver').exists()

    def fetch(self, log):
        return self.shell(log, 'npm', 'install', '--prefix', str(self.where), '--no-audit', '--no-fund', f's3rver@{self.version}')

    def command(self, data):
        return [str(self.where / 'node_modules/.bin/s3rver'), '-s', '-a', '127.0.0.1', '-p', str(self.port), '-d', data]

    def workloads(self):
        return S3


def brume(binary):
    return Brume(binary)


def all_peers():
    return [Moto(), ElasticMQ(), MinIO(), VersityGW(), S3rver()]


# ---- nginx, for the scale of a file sent as it lies ----

@contextlib.contextmanager
def nginx(scratch, size, names=('object',)):
    """A server of plain files. It takes the PUT with which a generator makes its bucket, and does nothing."""
    program = shutil.which('nginx') or ('/usr/sbin/nginx' if os.path.exists('/usr/sbin/nginx') else None)
    if not program:
        print('nginx is not installed: no figure for sendfile')
        yield None
        return
    root = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    root.chmod(0o755)
    pathlib.Path(scratch).chmod(0o755)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with open(root / name, 'wb') as f:
            for at in range(0, size, 1 << 20):
                f.write(b'n' * min(1 << 20, size - at))
    (root / 'conf').write_text(f'daemon off; worker_processes 1; error_log {root}/error.log; pid {root}/pid; events {{}}\n'
                               f'http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:15005; root {root}; '
                               f'location = /brume-bench {{ return 200; }} }} }}\n')
    process = subprocess.Popen([program, '-c', str(root / 'conf'), '-e', str(root / 'error.log')], stderr=subprocess.DEVNULL)
    wait_for_port(15005)
    process.port = 15005
    process.url = 'http://127.0.0.1:15005/object'
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(root, ignore_errors=True)


def fetch_rate(url, size):
    """MiB/s, median of three."""
    rates = []
    for _ in range(3):
        piece, began = bytearray(1 << 18), time.monotonic()
        with urllib.request.urlopen(url) as answer:
            while answer.readinto(piece):
                pass
        rates.append(size / (1 << 20) / (time.monotonic() - began))
    return sorted(rates)[1]
