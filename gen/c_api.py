"""An API description with everything named and numbered as C needs it: what the emitters share."""
from names import Unique, field, snake

# C type of a value as list element or map value, and as member of a structure.
VALUE = {'string': 'str', 'enum': 'str', 'blob': 'str', 'bigInteger': 'str', 'bigDecimal': 'str',
         'document': 'str', 'boolean': 'struct opt_bool', 'byte': 'struct opt_i32',
         'short': 'struct opt_i32', 'integer': 'struct opt_i32', 'long': 'struct opt_i64',
         'float': 'struct opt_f64', 'double': 'struct opt_f64', 'timestamp': 'struct opt_time'}
STRUCTURES = ('structure', 'union', 'error')


class CApi:
    def __init__(self, api):
        self.api = api
        self.room = api.name
        self.shapes = [s for s in api.shapes.values() if not s.bare]
        self.index = {s.name: i for i, s in enumerate(self.shapes)}
        self.operations = list(api.operations.values())
        self.errors = [s for s in api.shapes.values() if s.kind == 'error']
        names = Unique()
        self.tags = {s.name: names.take(f'{self.room}_{snake(s.name)}') for s in self.shapes}
        self.entries = {s.name: names.take(self.tags[s.name] + '_entry') for s in self.shapes if s.kind == 'map'}
        names = Unique()
        self.functions = {o.name: names.take(f'{self.room}_{snake(o.name)}') for o in self.operations}
        self.constants = {s.name: names.take(f'{self.room}_{snake(s.name)}') for s in self.errors}
        self.fields = {s.name: self.field_names(s) for s in self.shapes if s.kind in STRUCTURES}

    def field_names(self, shape):
        names = Unique()
        return {m.name: names.take(field(m.name)) for m in shape.members}

    def shape(self, name):
        return self.api.shapes[name]

    def tag(self, shape_name):
        return f'struct {self.tags[shape_name]}'

    def entry(self, map_name):
        return f'struct {self.entries[map_name]}'

    def value_type(self, shape):
        return VALUE.get(shape.kind) or self.tag(shape.name)

    def streams(self, member):
        shape = self.shape(member.shape)
        return shape.kind == 'blob' and bool(member.traits.get('streaming') or shape.traits.get('streaming'))

    def field_type(self, member):
        """Type and declarator prefix of a structure's field: 'struct x *', 'str '."""
        shape = self.shape(member.shape)
        if self.streams(member):
            return 'struct stream *'
        if shape.traits.get('eventStream'):
            return 'struct event_stream *'
        star = '*' if shape.kind in STRUCTURES else ''
        return f'{self.value_type(shape)} {star}'

    def unit_or(self, shape_name):
        return self.tag(shape_name) if shape_name else 'struct wire_unit'

    def op_constant(self, op):
        return self.macro('OP', self.functions[op.name])

    def macro(self, kind, c_name):
        return f'{self.room}_{kind}_{c_name[len(self.room) + 1:]}'.upper()
