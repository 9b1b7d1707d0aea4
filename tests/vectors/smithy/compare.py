"""Is what the codecs made what the vector asks for? Knows nothing of the codecs: values, JSON, XML and
CBOR are compared by meaning, with readers of Python's own (CBOR: the one below)."""
import base64
import json
import math
import struct
import xml.etree.ElementTree as ET


class Different(Exception):
    pass


def same(want, got, path=''):
    """A vector's params against a dumped value."""
    if isinstance(got, dict) and got.keys() == {'$blob'}:
        got = base64.b64decode(got['$blob'])
        want = want.encode() if isinstance(want, str) else want
    elif isinstance(got, dict) and got.keys() == {'$ms'}:
        got, want = got['$ms'], round(want * 1000)
    if isinstance(want, dict) and isinstance(got, dict):
        want = {k: v for k, v in want.items() if v is not None or k in got}
        for key in want.keys() | got.keys():
            if key not in got or key not in want:
                raise Different(f'{path}.{key}: only in the {"vector" if key in want else "result"}')
            same(want[key], got[key], f'{path}.{key}')
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            raise Different(f'{path}: {len(got)} elements, not {len(want)}')
        for i, (w, g) in enumerate(zip(want, got)):
            same(w, g, f'{path}[{i}]')
    elif isinstance(want, bool) or isinstance(got, bool):
        if want is not got:
            raise Different(f'{path}: {got!r}, not {want!r}')
    elif isinstance(want, (int, float)) and isinstance(got, (int, float)):
        nan = isinstance(want, float) and isinstance(got, float) and math.isnan(want) and math.isnan(got)
        near = want == got or math.isclose(want, got, rel_tol=1e-6) and isinstance(want, float)
        if not nan and not near:
            raise Different(f'{path}: {got!r}, not {want!r}')
    elif want != got:
        raise Different(f'{path}: {got!r}, not {want!r}')


# ---- CBOR ----

class Tagged:
    def __init__(self, tag, value):
        self.tag, self.value = tag, value

    def __eq__(self, other):
        return isinstance(other, Tagged) and (self.tag, self.value) == (other.tag, other.value)

    def __repr__(self):
        return f'tag{self.tag}({self.value!r})'


def cbor(data):
    value, rest = cbor_item(data)
    if rest:
        raise Different('bytes behind the CBOR value')
    return value


def cbor_item(b):
    major, info, b = b[0] >> 5, b[0] & 31, b[1:]
    n = info
    if 24 <= info <= 27:
        size = 1 << (info - 24)
        n, raw, b = int.from_bytes(b[:size], 'big'), b[:size], b[size:]
    if major == 0:
        return n, b
    if major == 1:
        return -1 - n, b
    if major in (2, 3):
        if info == 31:
            parts = []
            while b[0] != 0xff:
                part, b = cbor_item(b)
                parts.append(part)
            return (b'' if major == 2 else '').join(parts), b[1:]
        return (b[:n] if major == 2 else b[:n].decode()), b[n:]
    if major in (4, 5):
        items = []
        while b[0] != 0xff if info == 31 else n:
            item, b = cbor_item(b)
            if major == 5:
                value, b = cbor_item(b)
                item = (item, value)
            items.append(item)
            n -= 1
        return (items if major == 4 else dict(items)), b[1:] if info == 31 else b
    if major == 6:
        value, b = cbor_item(b)
        return Tagged(n, value), b
    if info in (25, 26, 27):
        return struct.unpack({25: '>e', 26: '>f', 27: '>d'}[info], raw)[0], b
    return {20: False, 21: True, 22: None, 23: None}[info], b


# ---- bodies ----

def normal_text(e):
    """White space between elements means nothing; a leaf's text does."""
    return '' if len(e) and not (e.text or '').strip() else (e.text or '')


def same_xml(want, got, path=''):
    path += '/' + want.tag
    if want.tag != got.tag:
        raise Different(f'{path}: <{got.tag}>')
    if want.attrib != got.attrib:
        raise Different(f'{path}: attributes {got.attrib}, not {want.attrib}')
    if normal_text(want) != normal_text(got):
        raise Different(f'{path}: {normal_text(got)!r}, not {normal_text(want)!r}')
    for tag in {c.tag for c in want} | {c.tag for c in got}:
        w, g = want.findall(tag), got.findall(tag)
        if len(w) != len(g):
            raise Different(f'{path}: {len(g)} of <{tag}>, not {len(w)}')
        for x, y in zip(w, g):
            same_xml(x, y, path)


def drop_what_vectors_leave_out(want, got):
    """The query vectors' answers leave out the request id that every answer carries."""
    for name in ('ResponseMetadata', 'requestId', 'RequestId', 'RequestID'):
        local = lambda e: e.tag.rpartition('}')[2]
        if any(local(c) == name for c in want):
            continue
        for child in [c for c in got if local(c) == name]:
            got.remove(child)


def same_body(want, media, got):
    if media == 'application/json':
        same(json.loads(want), json.loads(got))
    elif media == 'application/xml' or media == 'text/xml':
        w, g = ET.fromstring(want), ET.fromstring(got)
        drop_what_vectors_leave_out(w, g)
        if w.tag == 'ErrorResponse':  # AWS gives the service's namespace here too; the vectors do not
            for e in g.iter():
                e.tag = e.tag.rpartition('}')[2]
        same_xml(w, g)
    elif media == 'application/cbor':
        same(cbor(base64.b64decode(want)), cbor(got))
    elif want.encode() != got:
        raise Different(f'body {got[:300]!r}, not {want[:300]!r}')
