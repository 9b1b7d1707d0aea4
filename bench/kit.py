"""What the benches share: brume and the generator of this build, servers of a run, and the machine they ran on."""
import concurrent.futures
import glob
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get('BRUME_BENCH_BUILD', ROOT / 'build'))
BRUME = next((p for p in (BUILD / 'brume', BUILD / 'src/front/brume') if p.exists()), BUILD / 'src/front/brume')
LOAD = BUILD / 'bench/load'
PORT = 14566
KEYS = 100000  # of a generator in one run, so that the next has new ones


def build(*more):
    """brume, the generator, and what else a bench runs, as this tree has them."""
    subprocess.run(['ninja', '-C', str(BUILD), 'bench/load', *more, os.path.relpath(BRUME, BUILD)], check=True, stdout=subprocess.DEVNULL)


def load(*arguments, port=PORT, stdin=None, timeout=300):
    command = [str(LOAD), '--port', str(port), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {'requests': 0, 'errors': 1, 'problem': done.stderr.strip()[-160:] or f'load ended with {done.returncode}'}


def tool(name, *arguments):
    done = subprocess.run([str(BUILD / 'bench' / name), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class Server:
    """A brume with a data directory and a port of its own, removed at the end."""

    def __init__(self, scratch, delay_us=0, arguments=()):
        self.data = tempfile.mkdtemp(dir=scratch)
        environment = dict(os.environ, BRUME_BENCH_FLUSH_DELAY_US=str(delay_us)) if delay_us else None
        self.process = subprocess.Popen([str(BRUME), 'serve', '--port', '0', '--data', self.data + '/data', *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        ready = self.process.stdout.readline()
        if not ready.startswith('brume ready'):
            sys.exit('bench: brume does not start')
        self.port = int(ready.split()[2].rsplit(':', 1)[1])
        self.first = 0

    def load(self, *arguments, **options):
        return load('--pid', self.process.pid, *arguments, port=self.port, **options)

    def load_by_two(self, connections, *arguments):
        """Half of the connections each by two generators: one alone signs and sends what 32 clients would do at once
        one after another, and a server that answers all of them at one moment waits for it."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            firsts = [self.first + KEYS, self.first + 2 * KEYS]
            halves = list(pool.map(lambda first: self.load('--connections', connections // 2, '--first', first, *arguments), firsts))
        self.first = firsts[-1]
        both = {name: sum(h.get(name, 0) for h in halves) for name in ('requests', 'errors', 'rate')}
        problem = next((h['problem'] for h in halves if h.get('problem')), '')
        cpu_s = statistics.mean(h.get('cpu_s', 0) for h in halves)  # each saw the whole server's
        return dict(both, problem=problem, cpu_us=cpu_s * 1e6 / max(1, both['requests']))

    def status(self):
        lines = pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines()
        return {l.split(':')[0]: int(l.split()[1]) for l in lines if l.startswith(('VmRSS', 'RssAnon', 'RssFile'))}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.data, ignore_errors=True)


def middle(runs, name, digits=0):
    return f'{statistics.median(r[name] for r in runs):,.{digits}f}'


def machine(report, scratch):
    model = next((l.split(':')[1].strip() for l in open('/proc/cpuinfo') if l.startswith('model name')), platform.machine())
    memory = int(open('/proc/meminfo').readline().split()[1]) / 1048576
    fd = os.open(scratch + '/flush', os.O_CREAT | os.O_RDWR)
    times = []
    for i in range(50):
        os.pwrite(fd, b'x' * 4096, i * 4096)
        began = time.monotonic()
        os.fdatasync(fd)
        times.append(time.monotonic() - began)
    os.close(fd)
    version = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    report.fact('date', time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()))
    report.fact('brume', version)
    report.fact('machine', f'{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release()}')
    report.fact('disk', f'write and fdatasync of 4 KiB: {statistics.median(times) * 1e6:.0f} us')
    report.fact('load before the run', ' '.join(f'{x:.1f}' for x in os.getloadavg())
                + ' (runnable at 1, 5, 15 minutes; above 0.5 others were at work, and rates and start times suffer)')


def with_clients(scratch):
    """A started brume as the tests have it, with boto3's clients and the clock at hand; its end is the caller's."""
    sys.path[:0] = [str(ROOT), *glob.glob(str(ROOT / '.deps/venv/lib/python3*/site-packages'))]
    os.environ['BRUME_BINARY'] = str(BRUME)
    from conftest import Brume
    return Brume(tempfile.mkdtemp(dir=scratch) + '/data', ['--port', str(PORT)]).start()
