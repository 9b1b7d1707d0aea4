"""What an API description says, as plain objects. gen/README.md describes the text form."""
from dataclasses import dataclass, field

SCALARS = ('string', 'blob', 'boolean', 'byte', 'short', 'integer', 'long', 'float', 'double',
           'bigInteger', 'bigDecimal', 'timestamp', 'document')
STRUCTURES = ('structure', 'union', 'error')
PROTOCOLS = ('awsJson1.0', 'awsJson1.1', 'restJson', 'restXml', 'awsQuery', 'ec2Query', 'rpcv2Cbor')

# What may stand behind a name. True: takes a value; False: a bare word; None: either.
SERVICE_KEYS = {'title': True, 'id': True, 'version': True, 'protocols': True, 'endpoint': True,
                'signing': True, 'target': True, 'xmlns': True, 'namespace': True,
                'queryCompatible': False, 'olderReader': False, 'global': False}
OPERATION_KEYS = {'input': True, 'output': True, 'errors': True, 'status': True, 'host': True,
                  'result': True, 'checksum': True, 'checksumRequired': False, 'anonymous': False,
                  'unsignedPayload': False, 'gzip': False, 'readonly': False, 'deprecated': False,
                  'reads': False, 'writes': False, 'heavy': False, 'data': False, 'counted': False, 'readOnlyEvent': False, 'noResponseElements': False,
                  'iam': True}
SHAPE_TRAITS = {'name': True, 'ns': True, 'prefix': True, 'time': True, 'length': True, 'range': True,
                'pattern': True, 'lengthFirst': False, 'status': True, 'code': True, 'fault': False, 'sender': False,
                'flattened': False, 'sparse': False, 'wrapper': False, 'streaming': False,
                'sensitive': False, 'event': False, 'eventStream': False, 'deprecated': False}
MEMBER_TRAITS = {'name': True, 'queryName': True, 'ns': True, 'prefix': True, 'time': True,
                 'default': True, 'header': True, 'headers': True, 'query': True, 'queryMap': False,
                 'path': None, 'status': False, 'required': False, 'payload': False,
                 'flattened': False, 'attribute': False, 'hostLabel': False,
                 'idempotencyToken': False, 'sensitive': False, 'json': False,
                 'eventHeader': False, 'eventPayload': False, 'deprecated': False,
                 'streaming': False, 'as': True, 'optional': False}


@dataclass
class Member:
    name: str
    shape: str
    traits: dict = field(default_factory=dict)


@dataclass
class Shape:
    kind: str
    name: str
    traits: dict = field(default_factory=dict)
    members: list = field(default_factory=list)  # a list has one, 'member'; a map 'key' and 'value'
    values: list = field(default_factory=list)   # of an enum
    bare: bool = False  # an error code of the overlay, without a structure

    def member(self, name):
        return next((m for m in self.members if m.name == name), None)


@dataclass
class Iam:
    action: str
    resource: str = '*'
    when: str = ''
    keys: str = ''


@dataclass
class Operation:
    name: str
    method: str
    uri: str
    facts: dict = field(default_factory=dict)  # OPERATION_KEYS without errors and iam
    errors: list = field(default_factory=list)
    iam: list = field(default_factory=list)


@dataclass
class Api:
    name: str = ''
    facts: dict = field(default_factory=dict)  # SERVICE_KEYS
    operations: dict = field(default_factory=dict)
    shapes: dict = field(default_factory=dict)
