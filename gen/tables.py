"""Writes <svc>.c: the descriptors (src/wire/desc.h) of one service, and its errors."""
import math

from c_api import STRUCTURES
from pool import Pool, c_string

TYPES = {'structure': 'STRUCTURE', 'union': 'STRUCTURE', 'error': 'STRUCTURE', 'list': 'LIST',
         'map': 'MAP', 'string': 'STRING', 'enum': 'STRING', 'blob': 'BLOB', 'boolean': 'BOOLEAN',
         'byte': 'BYTE', 'short': 'SHORT', 'integer': 'INTEGER', 'long': 'LONG', 'float': 'FLOAT',
         'double': 'DOUBLE', 'bigInteger': 'BIG_NUMBER', 'bigDecimal': 'BIG_NUMBER',
         'timestamp': 'TIMESTAMP', 'document': 'DOCUMENT'}
SHAPE_FLAGS = {'flattened': 'FLATTENED', 'sparse': 'SPARSE', 'eventStream': 'EVENT_STREAM',
               'event': 'EVENT', 'streaming': 'STREAMING', 'sensitive': 'SHAPE_SENSITIVE',
               'wrapper': 'WRAPPER'}
MEMBER_FLAGS = {'required': 'REQUIRED', 'payload': 'PAYLOAD', 'flattened': 'MEMBER_FLATTENED',
                'attribute': 'XML_ATTRIBUTE', 'hostLabel': 'HOST_LABEL',
                'idempotencyToken': 'IDEMPOTENCY_TOKEN', 'sensitive': 'MEMBER_SENSITIVE',
                'json': 'JSON_VALUE', 'eventHeader': 'EVENT_HEADER', 'eventPayload': 'EVENT_PAYLOAD',
                'deprecated': 'DEPRECATED', 'streaming': 'MEMBER_STREAMING'}
LOCATIONS = (('header', 'HEADER'), ('headers', 'HEADERS'), ('query', 'QUERY'),
             ('queryMap', 'QUERY_MAP'), ('path', 'PATH'), ('status', 'STATUS'))
TIMES = {None: 'DEFAULT', 'iso8601': 'ISO8601', 'httpDate': 'HTTP_DATE', 'epoch': 'EPOCH'}
PROTOCOLS = {'awsJson1.0': 'AWS_JSON_1_0', 'awsJson1.1': 'AWS_JSON_1_1', 'restJson': 'REST_JSON',
             'restXml': 'REST_XML', 'awsQuery': 'AWS_QUERY', 'ec2Query': 'EC2_QUERY',
             'rpcv2Cbor': 'RPC_V2_CBOR'}
COMMON_FLAGS = {'readonly': None, 'heavy': 'HEAVY', 'data': 'DATA', 'counted': 'COUNTED', 'readOnlyEvent': 'READ_ONLY_EVENT',
                'noResponseElements': 'NO_RESPONSE_ELEMENTS', 'anonymous': 'ANONYMOUS',
                'checksumRequired': 'CHECKSUM_REQUIRED', 'unsignedPayload': 'UNSIGNED_PAYLOAD',
                'gzip': 'REQUEST_GZIP'}
LONG_MIN, LONG_MAX = -2**63, 2**63 - 1


def flags(words, prefix):
    return ' | '.join(f'WIRE_{prefix}{w}' for w in words) or '0'


def bound(text, up):
    """A bound as a 64-bit integer; None if there is none, or none that a 64-bit value can break."""
    if not text:
        return None
    value = (math.ceil if up else math.floor)(float(text)) if any(c in text for c in '.eE') else int(text)
    return value if LONG_MIN <= value <= LONG_MAX else None


def c_int(value):
    return 'INT64_MIN' if value == LONG_MIN else f'INT64_C({value})'


def writes(op):
    """Unless something says that it only reads, an operation takes its place in the writer."""
    return not (op.facts.get('reads') or (op.facts.get('readonly') and not op.facts.get('writes')))


class Tables:
    def __init__(self, c):
        self.c = c
        self.pool = Pool()
        self.constraints = {}
        self.enums = []
        self.only_outputs = {op.facts.get('output') for op in c.operations} \
            - {op.facts.get('input') for op in c.operations}
        # Texts must all be known before the first offset is: rows are made twice.
        self.text = lambda text: self.pool.add(text or '') or 0
        self.rows()
        self.pool.close()
        self.text = self.pool
        self.constraints, self.enums = {}, []
        self.rows()

    def rows(self):
        self.shape_rows, self.member_rows = [], []
        for i, shape in enumerate(self.c.shapes):
            self.shape_row(i, shape)
        self.error_refs, self.iam_rows = [], []
        self.op_rows = [self.op_row(op) for op in self.c.operations]
        self.constraint_rows = [self.constraint_row(k) for k in self.constraints]
        self.enum_rows = [str(self.text(v)) for v in self.enums]
        self.service_fields = self.service()

    def constraint(self, shape):
        span = shape.traits.get('length') or shape.traits.get('range')
        if not (span or shape.traits.get('pattern') or shape.values):
            return 0
        low, _, high = (span or '').partition('..')
        key = (bound(low, True), bound(high, False), shape.traits.get('pattern'), tuple(shape.values), 'lengthFirst' in shape.traits)
        if key not in self.constraints:
            self.constraints[key] = (len(self.constraints) + 1, len(self.enums))
            self.enums += shape.values
        return self.constraints[key][0]

    def constraint_row(self, key):
        low, high, pattern, values, length_first = key
        return (f'{{{c_int(low or 0)}, {c_int(high or 0)}, {self.text(pattern)}, {self.constraints[key][1]}, '
                f'{len(values)}, {str(low is not None).lower()}, {str(high is not None).lower()}, {str(length_first).lower()}}}')

    def shape_row(self, number, shape):
        t, text = shape.traits, self.text
        words = [word for key, word in SHAPE_FLAGS.items() if t.get(key)]
        words += ['UNION'] * (shape.kind == 'union') + ['EXCEPTION'] * (shape.kind == 'error')
        self.shape_rows.append(
            f'{{WIRE_{TYPES[shape.kind]}, WIRE_TIME_{TIMES[t.get("time")]}, {flags(words, "")}, '
            f'{text(shape.name)}, {len(self.member_rows)}, {len(shape.members)}, {self.constraint(shape)}, '
            f'sizeof({self.c.value_type(shape)}), {text(t.get("name"))}, {text(t.get("ns"))}}}'
            f', /* {number} {shape.name} */')
        for member in shape.members:
            self.member_rows.append(self.member_row(shape, member))

    def offset(self, shape, member):
        if shape.kind in STRUCTURES:
            return f'offsetof({self.c.tag(shape.name)}, {self.c.fields[shape.name][member.name]})'
        return '0' if shape.kind == 'list' else f'offsetof({self.c.entry(shape.name)}, {member.name})'

    def member_row(self, shape, member):
        t, text = member.traits, self.text
        place = next(((word, t[key]) for key, word in LOCATIONS if t.get(key) is not None), None)
        if not place or (place[0] in ('QUERY', 'QUERY_MAP', 'PATH') and shape.name in self.only_outputs):
            place = ('BODY', t.get('name'))  # answers have no URI
        wire = place[1] if isinstance(place[1], str) else member.name
        words = [word for key, word in MEMBER_FLAGS.items() if t.get(key)]
        if self.c.streams(member) and 'MEMBER_STREAMING' not in words:
            words.append('MEMBER_STREAMING')
        return (f'{{{text(member.name)}, {text(wire)}, {text(t.get("queryName"))}, {text(t.get("default"))}, '
                f'{text(self.xml_namespace(member))}, {text(self.xml_prefix(member))}, '
                f'{self.offset(shape, member)}, {self.c.index[member.shape]}, {flags(words, "")}, '
                f'WIRE_IN_{place[0]}, WIRE_TIME_{TIMES[t.get("time")]}}}, /* {shape.name}.{member.name} */')

    def xml_namespace(self, member):
        """A shape's own namespace with a prefix (S3's Grantee) is declared where it is used."""
        shape = self.c.shape(member.shape)
        return member.traits.get('ns') or (shape.traits.get('ns') if shape.traits.get('prefix') else None)

    def xml_prefix(self, member):
        return member.traits.get('prefix') or self.c.shape(member.shape).traits.get('prefix')

    def op_flags(self, op):
        words = [word for key, word in COMMON_FLAGS.items() if word and op.facts.get(key)]
        if writes(op):
            words.append('WRITES')
        for side, way in (('input', 'IN'), ('output', 'OUT')):
            shape = self.c.api.shapes.get(op.facts.get(side))
            for member in shape.members if shape else ():
                if self.c.streams(member) and member.traits.get('payload'):
                    words.append(f'STREAM_{way}')
                if way == 'OUT' and self.c.shape(member.shape).traits.get('eventStream'):
                    words.append('EVENTS_OUT')
        return flags(words, 'OP_')

    def op_row(self, op):
        f, text = op.facts, self.text
        first_iam, first_error = len(self.iam_rows), len(self.error_refs)
        for iam in op.iam:
            self.iam_rows.append(f'{{{text(iam.action)}, {text(iam.resource)}, {text(iam.when)}, {text(iam.keys)}}}'
                                 f', /* {op.name}: {iam.action} */')
        self.error_refs += [self.c.index[e] for e in op.errors]
        sides = [self.c.index[f[side]] if f.get(side) else 'WIRE_NONE' for side in ('input', 'output')]
        return (f'{{{text(op.name)}, {text(op.method)}, {text(op.uri)}, {text(f.get("host"))}, '
                f'{text(f.get("result"))}, {text(f.get("checksum"))}, {first_iam}, {len(op.iam)}, '
                f'{sides[0]}, {sides[1]}, {first_error}, {len(op.errors)}, {self.op_flags(op)}, '
                f'{f.get("status", 200)}}}, /* {op.name} */')

    def service(self):
        f, text, room = self.c.api.facts, self.text, self.c.room
        spoken = [f'WIRE_{PROTOCOLS[p]}' for p in f['protocols'].split()]
        fields = [('text', 'text'), ('shapes', 'shapes'), ('members', 'members'),
                  ('constraints', 'constraints'), ('enums', 'enums'), ('ops', 'ops'),
                  ('errors', 'errors'), ('iam', 'iam'), ('error_constants', 'error_constants'),
                  ('shape_count', len(self.c.shapes)), ('op_count', len(self.c.operations)),
                  ('error_constant_count', len(self.c.errors)), ('protocol', spoken[0]),
                  ('protocols', ' | '.join(f'1 << {p}' for p in spoken)),
                  ('query_compatible', 'true' if f.get('queryCompatible') else 'false'),
                  ('older_reader', 'true' if f.get('olderReader') else 'false'),
                  ('signing_hash', wire_hash(f.get('signing', room))),
                  ('target_hash', wire_hash(f['target']) if f.get('target') else 0),
                  ('global', 'true' if f.get('global') else 'false'),
                  ('name', text(room)), ('signing_name', text(f.get('signing', room))),
                  ('endpoint_prefix', text(f.get('endpoint', room))),
                  ('target_prefix', text(f.get('target'))), ('api_version', text(f.get('version'))),
                  ('service_id', text(f.get('id', room))), ('xml_namespace', text(f.get('xmlns'))),
                  ('namespace_', text(f.get('namespace', f'com.amazonaws.{room}')))]
        return [f'.{k} = {v},' for k, v in fields]


def wire_hash(text):
    """As wire_hash in src/wire/desc.h."""
    h = 0x811c9dc5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xffffffff
    return h


def error_constant(c, shape):
    """The wire's code: XML protocols send the error's own code; JSON and CBOR the shape's name, and
    keep the code for clients of the older query protocol."""
    t = shape.traits
    first = c.api.facts['protocols'].split()[0]
    by_code = first in ('awsQuery', 'ec2Query', 'restXml')
    code = t.get('code') if by_code and t.get('code') else shape.name
    query = t['code'] if t.get('code') and t['code'] != code else None
    status = int(t.get('status', 500 if t.get('fault') else 400))
    sender = bool(t.get('sender')) or (not t.get('fault') and status < 500)
    index = 'WIRE_NONE' if shape.bare else c.index[shape.name]
    return (f'const struct error {c.constants[shape.name]} = {{{c_string(code)}, '
            f'{c_string(query) if query else "NULL"}, {status}, {index}, {str(sender).lower()}}};')


def table(kind, name, rows):
    return '\n'.join([f'static const {kind} {name}[] = {{', *(f'    {r}' for r in rows), '};'])


def short(values, per_line=16):
    return [', '.join(map(str, values[i:i + per_line])) + ',' for i in range(0, len(values), per_line)]


def write(c):
    t = Tables(c)
    parts = [
        f'/* Descriptors of {c.room}. Generated from api/{c.room}.api: do not edit. */',
        f'#include "gen/{c.room}.h"',
        '#pragma GCC diagnostic ignored "-Woverlength-strings"',
        '\n'.join(error_constant(c, s) for s in c.errors),
        table('struct error *const', 'error_constants', [f'&{n},' for n in c.constants.values()] or ['NULL,']),
        '\n'.join(['static const char text[] =', *t.pool.c_lines()]) + ';',
        table('struct wire_shape', 'shapes', t.shape_rows or ['{0},']),
        table('struct wire_member', 'members', t.member_rows or ['{0},']),
        table('struct wire_constraint', 'constraints', ['{0},', *(r + ',' for r in t.constraint_rows)]),
        table('u32', 'enums', short(t.enum_rows) or ['0,']),
        table('u16', 'errors', short(t.error_refs) or ['0,']),
        table('struct wire_iam', 'iam', t.iam_rows or ['{0},']),
        table('struct wire_op', 'ops', t.op_rows or ['{0},']),
        '\n'.join([f'const struct wire_service {c.room}_wire = {{', *(f'    {x}' for x in t.service_fields), '};'])]
    return '\n\n'.join(parts) + '\n'
