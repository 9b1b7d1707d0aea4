"""Reads and writes the text form of an API description, and lays an overlay over one."""
import json
import re

from model import (MEMBER_TRAITS, OPERATION_KEYS, PROTOCOLS, SCALARS, SERVICE_KEYS, SHAPE_TRAITS,
                   STRUCTURES, Api, Iam, Member, Operation, Shape)


class ApiError(Exception):
    pass


TOKEN = re.compile(r'\s*((?:[^\s"=]+=)?"(?:[^"\\]|\\.)*"|\S+)')


def tokens(text):
    return TOKEN.findall(text)


def bare(text):
    """A value as it stands, or, if it would not survive as such, as a JSON string."""
    plain = text and text == text.strip() and text[0] != '"' and not re.search(r'[\x00-\x1f\x7f]', text)
    return text if plain else json.dumps(text)


def unbare(text):
    return json.loads(text) if text.startswith('"') else text


def read_traits(words, known, what):
    traits = {}
    for word in words:
        key, equals, value = word.partition('=')
        if key not in known:
            raise ApiError(f'{what}: unknown trait "{key}"')
        if known[key] is (not equals):
            raise ApiError(f'{what}: "{key}" takes {"a" if known[key] else "no"} value')
        traits[key] = (value if key == 'default' else unbare(value)) if equals else True
    if traits.get('time', 'iso8601') not in ('iso8601', 'httpDate', 'epoch'):
        raise ApiError(f'{what}: unknown time format "{traits["time"]}"')
    return traits


class Reader:
    """One pass over the lines. With an Api given, lays the lines over it (an overlay): blocks that
    name something known add to it, and every line must name its source with a closing @tag that a
    `source` line defines; an indented line may lean on its block's tag."""

    def __init__(self, api, overlay):
        self.api, self.overlay = api, overlay
        self.sources = set()
        self.block = None  # takes an indented line
        self.block_tagged = False

    def read(self, text, path):
        for number, line in enumerate(text.split('\n'), 1):
            if not line.strip() or line.startswith('#'):
                continue
            try:
                self.line(line)
            except (ApiError, ValueError) as e:
                raise ApiError(f'{path}:{number}: {e}') from None
        return self.api

    def line(self, line):
        indented = line[0] == ' '
        line = line.strip()
        if self.overlay and not line.startswith('source '):
            line = self.take_source(line, indented)
        if indented:
            if not self.block:
                raise ApiError('an indented line without a block')
            self.block(line)
        else:
            self.open(line)

    def take_source(self, line, indented):
        head, at, tag = line.rpartition(' @')
        if at and re.fullmatch(r'[\w-]+', tag):
            if tag not in self.sources:
                raise ApiError(f'no source line defines @{tag}')
            if not indented:
                self.block_tagged = True
            return head.rstrip()
        if not indented:
            self.block_tagged = False
        elif not self.block_tagged:
            raise ApiError('neither this line nor its block names its source (@tag)')
        return line

    def open(self, line):
        keyword, _, rest = line.partition(' ')
        self.block = None
        if keyword == 'source' and self.overlay:
            self.sources.add(rest.split()[0])
        elif keyword == 'service':
            if self.overlay and rest.strip() != self.api.name:
                raise ApiError(f'this overlay is for {rest}, not {self.api.name}')
            self.api.name = rest.strip()
            self.block = self.service_line
        elif keyword == 'operation':
            self.open_operation(rest.split())
        elif keyword in STRUCTURES:
            self.open_structure(keyword, rest)
        elif keyword in ('list', 'map'):
            self.open_collection(keyword, rest)
        elif keyword == 'enum' or keyword in SCALARS:
            self.open_scalar(keyword, rest)
        else:
            raise ApiError(f'unknown word "{keyword}"')

    def service_line(self, line):
        key, _, value = line.partition(' ')
        if key not in SERVICE_KEYS:
            raise ApiError(f'service: unknown "{key}"')
        if key == 'protocols' and not set(value.split()) <= set(PROTOCOLS):
            raise ApiError(f'unknown protocol in "{value}"')
        self.api.facts[key] = value.strip() if SERVICE_KEYS[key] else True

    def open_operation(self, words):
        op = self.api.operations.get(words[0])
        if self.overlay:
            if not op or len(words) != 1:
                raise ApiError(f'no operation {words[0]} to add to')
        else:
            if op or len(words) != 3:
                raise ApiError('an operation has a name of its own, a method and a path')
            op = self.api.operations[words[0]] = Operation(*words)
        self.block = lambda line: self.operation_line(op, line)

    def operation_line(self, op, line):
        key, _, value = line.partition(' ')
        value = value.strip()
        if key not in OPERATION_KEYS or OPERATION_KEYS[key] != bool(value):
            raise ApiError(f'operation: "{line}"')
        if key == 'errors':
            op.errors += value.split()
        elif key == 'iam':
            op.iam.append(self.iam(value.split()))
        else:
            op.facts[key] = value or True

    def iam(self, words):
        if words == ['none']:  # AWS asks no right, or the room asks entry by entry
            return Iam('', '')
        iam = Iam(words[0], words[1] if len(words) > 1 else '*')
        for word in words[2:]:
            if not word.startswith('when=') or word == 'when=':
                raise ApiError(f'iam: "{word}"')
            iam.when = word[len('when='):]
        return iam

    def shape(self, kind, name, traits):
        """A new shape, or in an overlay the known one with further traits."""
        known = self.api.shapes.get(name)
        if known and not self.overlay:
            raise ApiError(f'{name} is there twice')
        if known:
            if known.kind != kind:
                raise ApiError(f'{name} is a {known.kind}, not a {kind}')
            known.traits.update(traits)
            return known
        shape = self.api.shapes[name] = Shape(kind, name, traits)
        shape.bare = self.overlay and kind == 'error'
        return shape

    def open_structure(self, kind, rest):
        name, *words = tokens(rest)
        shape = self.shape(kind, name, read_traits(words, SHAPE_TRAITS, name))
        self.block = lambda line: self.member_line(shape, line)

    def member_line(self, shape, line):
        """An overlay that lists members again, bare, puts them behind the others in this order."""
        name, *words = tokens(line)
        member = shape.member(name)
        if member and not self.overlay:
            raise ApiError(f'{shape.name}.{name} is there twice')
        if member and not words:
            shape.members.remove(member)
            shape.members.append(member)
        if not member:
            if not words:
                raise ApiError(f'{shape.name}.{name} has no shape')
            shape.bare = False
            member = Member(name, words.pop(0))
            shape.members.append(member)
        member.traits.update(read_traits(words, MEMBER_TRAITS, f'{shape.name}.{name}'))
        if self.overlay:
            member.shape = member.traits.pop('as', member.shape)
            if member.traits.pop('optional', False):
                member.traits.pop('required', None)

    def open_collection(self, kind, rest):
        name, *words = tokens(rest)
        colon = words.index(':') if ':' in words else len(words)
        shape = self.shape(kind, name, read_traits(words[:colon], SHAPE_TRAITS, name))
        ends = [[]]
        for word in words[colon + 1:]:
            if word == '->':
                ends.append([])
            else:
                ends[-1].append(word)
        names = ('member',) if kind == 'list' else ('key', 'value')
        if colon == len(words) and self.overlay:
            return
        if len(ends) != len(names) or not all(ends):
            raise ApiError(f'{name}: a list is ": element", a map ": key -> value"')
        for part, (target, *traits) in zip(names, ends):
            member = shape.member(part)
            if not member:
                member = Member(part, target)
                shape.members.append(member)
            elif member.shape != target:
                raise ApiError(f'{name}: {part} is a {member.shape}, not a {target}')
            member.traits.update(read_traits(traits, MEMBER_TRAITS, f'{name}.{part}'))

    def open_scalar(self, kind, rest):
        rest, mark, pattern = (rest + ' ').partition(' pattern ')
        name, *words = tokens(rest)
        traits = read_traits(words, SHAPE_TRAITS, name)
        if mark:
            traits['pattern'] = unbare(pattern.strip())
        shape = self.shape(kind, name, traits)
        if kind == 'enum':
            self.block = lambda line: self.enum_line(shape, unbare(line))

    def enum_line(self, shape, value):
        """An overlay that lists all values again gives them another order."""
        if self.overlay and value in shape.values:
            shape.values.remove(value)
        shape.values.append(value)


def check(api):
    """Every name that is used is there."""
    if not api.name or not api.facts.get('protocols'):
        raise ApiError('no service block, or one without protocols')
    for op in api.operations.values():
        for name in [op.facts.get('input'), op.facts.get('output'), *op.errors]:
            if name and name not in api.shapes:
                raise ApiError(f'{op.name}: no shape {name}')
    for shape in api.shapes.values():
        for member in shape.members:
            if member.shape not in api.shapes:
                raise ApiError(f'{shape.name}.{member.name}: no shape {member.shape}')
    return api


def read_actions(api, path):
    """The published actions with their condition keys: those that the overlay names must be there."""
    actions = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.startswith('action '):
                _, action, *keys = line.split()
                actions[action] = ','.join(keys)
    for op in api.operations.values():
        for iam in op.iam:
            if iam.action and iam.action not in actions:
                raise ApiError(f'{path}: {op.name} asks for {iam.action}, which is not an action here')
            iam.keys = actions.get(iam.action, '')


def check_rights(api):
    """What an overlay must give for every operation: where it runs, and what its caller needs."""
    for op in api.operations.values():
        if bool(op.facts.get('reads')) == bool(op.facts.get('writes')):
            raise ApiError(f'{op.name}: the overlay must say reads or writes')
        if not op.iam:
            raise ApiError(f'{op.name}: the overlay must say what its caller must be allowed (iam)')
        members = {m.name for m in api.shapes[op.facts['input']].members} if op.facts.get('input') else set()
        for iam in op.iam:
            used = set(re.findall(r'\$\{(\w+)\}', iam.resource)) - {'Partition', 'Region', 'Account'}
            used |= set(re.findall(r'(?:^|[|&!])(\w+)', iam.when))
            if used - members:
                raise ApiError(f'{op.name}: iam names {", ".join(used - members)}, not in the input')


def read(path, overlay_path=None, actions_path=None):
    with open(path, encoding='utf-8') as f:
        api = Reader(Api(), False).read(f.read(), path)
    if overlay_path:
        with open(overlay_path, encoding='utf-8') as f:
            Reader(api, True).read(f.read(), overlay_path)
    if actions_path:
        read_actions(api, actions_path)
    try:
        check(api)
        if actions_path:
            check_rights(api)
        return api
    except ApiError as e:
        raise ApiError(f'{path}: {e}') from None


# ---- writing ----

def write_traits(traits):
    out = []
    for key, value in traits.items():
        if value is True:
            out.append(key)
        elif key == 'default':
            out.append(f'default={value}')
        elif key != 'pattern':
            quoted = re.search(r'[\s"]', value) or not value
            out.append(f'{key}={json.dumps(value) if quoted else value}')
    if 'pattern' in traits:
        out.append('pattern ' + bare(traits['pattern']))
    return ''.join(' ' + word for word in out)


def write_operation(op):
    yield f'operation {op.name} {op.method} {op.uri}'
    for key, value in op.facts.items():
        yield f'  {key}' if value is True else f'  {key} {value}'
    line = '  errors'
    for name in op.errors:
        if len(line) + len(name) > 98:
            yield line
            line = '  errors'
        line += ' ' + name
    if op.errors:
        yield line


def write_shape(shape):
    head = f'{shape.kind} {shape.name}{write_traits(shape.traits)}'
    if shape.kind in ('list', 'map'):
        yield head + ' : ' + ' -> '.join(m.shape + write_traits(m.traits) for m in shape.members)
        return
    yield head
    for m in shape.members:
        yield f'  {m.name} {m.shape}{write_traits(m.traits)}'
    for value in shape.values:
        yield '  ' + bare(value)


def write(api, notice):
    """The whole text: operations, errors, structures, collections, enums, then plain values; each
    part in the order of the names, so that a rise of the API's version is a small diff."""
    lines = ['# ' + line for line in notice] + ['', f'service {api.name}']
    lines += [f'  {k}' if v is True else f'  {k} {v}' for k, v in api.facts.items()]
    for name in sorted(api.operations):
        lines += ['', *write_operation(api.operations[name])]
    kinds = [('error',), ('structure', 'union'), ('list', 'map'), ('enum',), SCALARS]
    for group in kinds:
        lines.append('')
        for name in sorted(api.shapes):
            shape = api.shapes[name]
            if shape.kind in group:
                lines += write_shape(shape)
                if shape.kind in STRUCTURES or shape.kind == 'enum':
                    lines.append('')
    return re.sub(r'\n{3,}', '\n\n', '\n'.join(lines)).strip('\n') + '\n'
