"""What the vectors need, laid under .deps/vectors: botocore's source package (its cases), botocore and
what it imports (the independent client), and the cases' models as one shared object of descriptors."""
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tarfile
import tempfile

BOTOCORE = '1.44.5'
ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPS = ROOT / '.deps' / 'vectors'
SOURCE = DEPS / f'botocore-{BOTOCORE}' / 'tests' / 'unit'
PYTHON = DEPS / f'python-{BOTOCORE}'


def pip(*words):
    """By the tests' own environment (tools/deps test): a fresh Debian's python3 has no pip."""
    venv = ROOT / '.deps' / 'venv' / 'bin' / 'python'
    program = str(venv if venv.exists() else sys.executable)
    subprocess.run([program, '-m', 'pip', *words, '--quiet', '--disable-pip-version-check'], check=True)


def fetch():
    DEPS.mkdir(parents=True, exist_ok=True)
    if not SOURCE.exists():
        pip('download', '--no-deps', '--no-binary', 'botocore', '--dest', str(DEPS), f'botocore=={BOTOCORE}')
        with tarfile.open(DEPS / f'botocore-{BOTOCORE}.tar.gz') as archive:
            archive.extractall(DEPS, [m for m in archive.getmembers()
                                      if '/tests/unit/protocols/' in m.name or '/tests/unit/cbor/' in m.name])
    if not PYTHON.exists():
        pip('install', '--target', str(PYTHON), f'botocore=={BOTOCORE}')
    sys.path.insert(0, str(PYTHON))


class Case:
    """One case, its model, and the service (of one operation) that stands for it."""

    def __init__(self, direction, protocol, service, suite, case):
        self.direction, self.protocol, self.service, self.suite, self.case = direction, protocol, service, suite, case
        self.id = case.get('id') or case.get('description')

    def model(self):
        """The service model in c2j's form. `resultWrapper` is what the published models carry."""
        given = json.loads(json.dumps(self.case['given']))
        given.setdefault('name', 'OperationName')
        shapes = self.suite['shapes']
        if self.protocol == 'query' and shapes.get(given.get('output', {}).get('shape'), {}).get('members'):
            given['output'].setdefault('resultWrapper', given['name'] + 'Result')
        return {'version': '2.0', 'metadata': self.suite['metadata'], 'shapes': shapes,
                'operations': {given['name']: given}}


def cases():
    found, services = [], {}
    for direction in ('input', 'output'):
        for path in sorted((SOURCE / 'protocols' / direction).glob('*.json')):
            for suite in json.loads(path.read_text(encoding='utf-8')):
                suite['shapes'] = suite.get('shapes', {})
                for case in suite['cases']:
                    c = Case(direction, suite['metadata']['protocol'], None, suite, case)
                    model = json.dumps(c.model(), sort_keys=True)
                    c.service = services.setdefault(model, f'v{len(services)}')
                    c.label = path.stem
                    found.append(c)
    return found, services


def build_tables(services):
    """The descriptors of all services in one shared object; made again when anything it comes from changes."""
    tools = [ROOT / 'tools' / 'import-api', *sorted((ROOT / 'gen').glob('*')), ROOT / 'src/wire/desc.h']
    digest = hashlib.sha256(json.dumps(services, sort_keys=True).encode())
    for tool in tools:
        if tool.is_file():
            digest.update(tool.read_bytes())
    tables = DEPS / f'tables-{digest.hexdigest()[:16]}.so'
    if not tables.exists():
        with tempfile.TemporaryDirectory(dir=DEPS) as folder:
            made = make_tables(services, pathlib.Path(folder))
            os.replace(made, tables)  # runs side by side share it: whole or not at all
    return tables


def make_tables(services, out):
    tables = out / 'tables.so'
    (out / 'gen').mkdir()
    for model, name in services.items():
        (out / f'{name}.json').write_text(model, encoding='utf-8')
    failed = {}
    for name in services.values():
        r = subprocess.run([sys.executable, ROOT / 'tools' / 'import-api', '--file', out / f'{name}.json', '--name', name,
                            '--out', out], capture_output=True, text=True)
        if r.returncode:
            failed[name] = r.stderr.strip().splitlines()[-1]
    apis = [str(out / f'{name}.api') for name in services.values() if name not in failed]
    subprocess.run([sys.executable, ROOT / 'gen' / 'generate', '--out', out / 'gen', *apis], check=True)
    for name, why in failed.items():
        print(f'# {name} could not be imported: {why}')
    cc = shlex.split(os.environ.get('CC', 'cc'))
    objects = [out / 'gen' / f'{pathlib.Path(a).stem}.c' for a in apis]
    subprocess.run([*cc, '-std=c17', '-D_GNU_SOURCE', '-O0', '-w', '-fPIC', '-shared', '-I', out, '-I', ROOT / 'src', '-o',
                    tables, *objects], check=True)
    return tables
