"""A service of a Smithy model (JSON AST) as the text of an API description (gen/README.md)."""
import base64
import json
import re

PROTOCOLS = {'aws.protocols#awsJson1_0': 'awsJson1.0', 'aws.protocols#awsJson1_1': 'awsJson1.1',
             'aws.protocols#restJson1': 'restJson', 'aws.protocols#restXml': 'restXml',
             'aws.protocols#awsQuery': 'awsQuery', 'aws.protocols#ec2Query': 'ec2Query',
             'smithy.protocols#rpcv2Cbor': 'rpcv2Cbor'}
KINDS = {'bigInteger': 'bigInteger', 'bigDecimal': 'bigDecimal', 'intEnum': 'integer', 'set': 'list'}
PRELUDE = {'PrimitiveBoolean': 'boolean', 'PrimitiveInteger': 'integer', 'PrimitiveLong': 'long',
           'PrimitiveShort': 'short', 'PrimitiveByte': 'byte', 'PrimitiveFloat': 'float',
           'PrimitiveDouble': 'double'}
TIMES = {'date-time': 'iso8601', 'http-date': 'httpDate', 'epoch-seconds': 'epoch'}
CONSTRAINTS = ('length', 'range', 'pattern')


def word(key, value):
    quoted = re.search(r'[\s"]', value) or not value
    return f'{key}={json.dumps(value) if quoted else value}'


class Writer:
    def __init__(self, shapes, service_id, name):
        self.shapes, self.service_id, self.name = shapes, service_id, name
        self.service = shapes[service_id]
        self.names = {}   # shape id -> name in the description
        self.blocks = {}  # name -> lines
        self.unwrapped = {shapes[op['target']].get('output', {}).get('target') for op in self.service['operations']
                          if 'aws.customizations#s3UnwrappedXmlOutput' in shapes[op['target']].get('traits', {})}
        self.protocol = next(t for t in self.service['traits'] if t in PROTOCOLS)

    def shape_name(self, shape_id):
        if shape_id not in self.names:
            base = shape_id.split('#')[1]
            name, n = base, 2
            while name in self.names.values():
                name, n = f'{base}{n}', n + 1
            self.names[shape_id] = name
            self.write_shape(shape_id, name)
        return self.names[shape_id]

    def shape(self, shape_id):
        if shape_id in self.shapes:
            return self.shapes[shape_id]
        local = shape_id.split('#')[1]
        if local == 'Unit':
            return {'type': 'structure', 'members': {}}
        return {'type': PRELUDE.get(local, local[0].lower() + local[1:])}

    def constraints(self, traits):
        for key in ('length', 'range'):
            limits = traits.get(f'smithy.api#{key}')
            if limits:
                yield f'{key}={limits.get("min", "")}..{limits.get("max", "")}'
        if 'smithy.api#pattern' in traits:
            pattern = traits['smithy.api#pattern']
            yield 'pattern ' + (json.dumps(pattern) if re.search(r'^"|[\x00-\x1f]|^\s|\s$', pattern) else pattern)

    def shape_traits(self, shape, name, shape_id):
        t = shape.get('traits', {})
        if 'smithy.api#xmlName' in t:
            yield word('name', t['smithy.api#xmlName'])
        elif shape_id and name != shape_id.split('#')[1]:
            yield word('name', shape_id.split('#')[1])
        if 'smithy.api#xmlNamespace' in t:
            yield word('ns', t['smithy.api#xmlNamespace']['uri'])
            if 'prefix' in t['smithy.api#xmlNamespace']:
                yield word('prefix', t['smithy.api#xmlNamespace']['prefix'])
        if 'smithy.api#timestampFormat' in t:
            yield f'time={TIMES[t["smithy.api#timestampFormat"]]}'
        if 'smithy.api#sparse' in t:
            yield 'sparse'
        if shape_id in self.unwrapped:
            yield 'wrapper'
        if 'smithy.api#streaming' in t:
            yield 'eventStream' if shape['type'] == 'union' else 'streaming'
        if 'smithy.api#error' in t:
            fault = t['smithy.api#error'] == 'server'
            query = t.get('aws.protocols#awsQueryError', {})
            status = query.get('httpResponseCode') or t.get('smithy.api#httpError') or (500 if fault else 400)
            yield 'fault' if fault else 'sender'
            yield f'status={status}'
            if query:
                yield word('code', query['code'])
        yield from self.constraints(t)

    def target(self, member, where):
        """The name of the member's shape; constraints on a member make a shape of its own."""
        target, traits = member['target'], member.get('traits', {})
        own = {f'smithy.api#{c}': traits[f'smithy.api#{c}'] for c in CONSTRAINTS if f'smithy.api#{c}' in traits}
        if not own:
            return self.shape_name(target)
        shape = json.loads(json.dumps(self.shape(target)))
        shape.setdefault('traits', {}).update(own)
        name = f'{where[0].upper()}{where[1:]}Constrained'
        self.write(shape, name, None)
        return name

    def member_traits(self, member, name):
        t = member.get('traits', {})
        target = self.shape(member['target'])
        tt = target.get('traits', {})
        get = lambda key: t.get(f'smithy.api#{key}')
        if get('httpHeader'):
            yield word('header', get('httpHeader'))
            if 'smithy.api#mediaType' in tt:
                yield 'json'
        if get('httpPrefixHeaders') is not None:
            yield word('headers', get('httpPrefixHeaders'))
        if get('httpQuery'):
            yield word('query', get('httpQuery'))
        for trait, text in (('httpQueryParams', 'queryMap'), ('httpLabel', 'path'), ('httpResponseCode', 'status'),
                            ('httpPayload', 'payload'), ('required', 'required'), ('xmlAttribute', 'attribute'),
                            ('xmlFlattened', 'flattened'), ('hostLabel', 'hostLabel'),
                            ('idempotencyToken', 'idempotencyToken'), ('eventHeader', 'eventHeader'),
                            ('eventPayload', 'eventPayload')):
            if get(trait) is not None:
                yield text
        wire_name = get('jsonName') if 'Json' in self.protocol or 'restJson' in self.protocol else None
        if 'Xml' in self.protocol or 'Query' in self.protocol:
            wire_name = get('xmlName')
        if 'awsJson' in self.protocol or 'Cbor' in self.protocol:
            wire_name = None
        if wire_name and wire_name != name:
            yield word('name', wire_name)
        if t.get('aws.protocols#ec2QueryName'):
            yield word('queryName', t['aws.protocols#ec2QueryName'])
        if get('xmlNamespace'):
            yield word('ns', get('xmlNamespace')['uri'])
            if 'prefix' in get('xmlNamespace'):
                yield word('prefix', get('xmlNamespace')['prefix'])
        if get('timestampFormat'):
            yield f'time={TIMES[get("timestampFormat")]}'
        if get('default') is not None:
            value = get('default')
            if target['type'] == 'blob':  # the suites give the bytes, a description their base64
                value = base64.b64encode(value.encode()).decode()
            yield f'default={json.dumps(value, separators=(",", ":"))}'

    def write_shape(self, shape_id, name):
        self.write(self.shape(shape_id), name, shape_id)

    def write(self, shape, name, shape_id):
        lines = self.blocks[name] = []
        kind = KINDS.get(shape['type'], shape['type'])
        traits = list(self.shape_traits(shape, name, shape_id))
        members = shape.get('members', {})
        if kind == 'string' and 'smithy.api#enum' in shape.get('traits', {}):
            kind = 'enum'
            members = {str(i): {'traits': {'smithy.api#enumValue': e['value']}}
                       for i, e in enumerate(shape['traits']['smithy.api#enum'])}
        if kind == 'structure' and 'smithy.api#error' in shape.get('traits', {}):
            kind = 'error'
        head = ' '.join([kind, name, *traits])
        if kind in ('structure', 'union', 'error'):
            lines.append(head)
            for m, member in members.items():
                target = self.target(member, f'{name}{m}')
                lines.append('  ' + ' '.join([m, target, *self.member_traits(member, m)]))
        elif kind == 'list':
            part = shape['member']
            lines.append(' '.join([head, ':', self.target(part, f'{name}Member'), *self.member_traits(part, 'member')]))
        elif kind == 'map':
            ends = []
            for part in ('key', 'value'):
                ends.append(' '.join([self.target(shape[part], f'{name}{part.title()}'),
                                      *self.member_traits(shape[part], part)]))
            lines.append(f'{head} : {ends[0]} -> {ends[1]}')
        elif kind == 'enum':
            lines.append(head)
            for m, member in members.items():
                value = member.get('traits', {}).get('smithy.api#enumValue', m)
                lines.append('  ' + (value if re.fullmatch(r'\S+', value) else json.dumps(value)))
        else:
            lines.append(head)

    def operation(self, op_id):
        op = self.shapes[op_id]
        t = op.get('traits', {})
        http = t.get('smithy.api#http', {'method': 'POST', 'uri': '/'})
        name = op_id.split('#')[1]
        lines = [f'operation {name} {http["method"]} {http["uri"]}']
        for key in ('input', 'output'):
            target = op.get(key, {}).get('target', 'smithy.api#Unit')
            if target != 'smithy.api#Unit':
                lines.append(f'  {key} {self.shape_name(target)}')
        if http.get('code', 200) != 200:
            lines.append(f'  status {http["code"]}')
        if 'smithy.api#endpoint' in t:
            lines.append(f'  host {t["smithy.api#endpoint"]["hostPrefix"]}')
        if self.protocol == 'aws.protocols#awsQuery':
            lines.append(f'  result {name}Result')
        errors = [e['target'] for e in op.get('errors', []) + self.service.get('errors', [])]
        if errors:
            lines.append('  errors ' + ' '.join(dict.fromkeys(map(self.shape_name, errors))))
        if 'smithy.api#readonly' in t:
            lines.append('  readonly')
        return lines

    def text(self):
        t = self.service.get('traits', {})
        namespace, local = self.service_id.split('#')
        head = [f'service {self.name}', f'  title {local}',
                f'  id {local}', f'  version {self.service.get("version") or "2020-01-01"}',
                f'  protocols {PROTOCOLS[self.protocol]}',
                f'  target {local}', f'  namespace {namespace}', f'  signing {self.name}', f'  endpoint {self.name}']
        if 'smithy.api#xmlNamespace' in t:
            head.append(f'  xmlns {t["smithy.api#xmlNamespace"]["uri"]}')
        operations = [line for op in self.service['operations'] for line in self.operation(op['target']) + ['']]
        blocks = [line for block in self.blocks.values() for line in block + ['']]
        return '\n'.join(head + [''] + operations + blocks)


def operations_of(shapes, service_id):
    return [op['target'] for op in shapes[service_id]['operations']]
