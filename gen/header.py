"""Writes <svc>.h: the structs, error constants, indices and prototypes of one service."""
from c_api import STRUCTURES


def declarations(c):
    for s in c.shapes:
        if s.kind in STRUCTURES or s.kind in ('list', 'map'):
            yield f'{c.tag(s.name)};'


def collections(c):
    for s in c.shapes:
        if s.kind == 'list':
            element = c.value_type(c.shape(s.members[0].shape))
            yield f'{c.tag(s.name)} {{\n    {element} *v;\n    u32 n;\n    bool set;\n}};'
        elif s.kind == 'map':
            yield f'{c.tag(s.name)} {{\n    {c.entry(s.name)} *v;\n    u32 n;\n    bool set;\n}};'


def structures(c):
    for s in c.shapes:
        if s.kind not in STRUCTURES:
            continue
        fields = [f'    {c.field_type(m)}{c.fields[s.name][m.name]};' for m in s.members]
        yield '\n'.join([f'{c.tag(s.name)} {{', *(fields or ['    char none;']), '};'])


def entries(c):
    """Entries of maps hold structures by value, so they come after these."""
    for s in c.shapes:
        if s.kind == 'map':
            value = c.value_type(c.shape(s.members[1].shape))
            yield f'{c.entry(s.name)} {{\n    str key;\n    {value} value;\n}};'


def enums(c):
    ops = [f'    {c.op_constant(o)},' for o in c.operations]
    yield '\n'.join([f'enum {c.room}_op {{', *ops, f'    {c.room.upper()}_OP_COUNT,', '};'])
    shapes = [f'    {c.macro("SHAPE", c.tags[s.name])} = {i},'
              for i, s in enumerate(c.shapes) if s.kind in STRUCTURES]
    if shapes:
        yield '\n'.join([f'enum {c.room}_shape {{', *shapes, '};'])


def prototypes(c):
    for o in c.operations:
        name = c.functions[o.name]
        given = f'struct call *c, const {c.unit_or(o.facts.get("input"))} *in'
        yield (f'err {name}({given}, {c.unit_or(o.facts.get("output"))} *out);\n'
               f'err {name}_prepare({given}, struct call_plan *plan);\n'
               f'err {name}_facts({given}, struct auth_facts *facts);')


def write(c):
    guard = f'BRUME_GEN_{c.room.upper()}_H'
    parts = [
        f'/* {c.api.facts.get("title", c.room)}, API version {c.api.facts.get("version", "")}. '
        f'Generated from api/{c.room}.api: do not edit. */',
        f'#ifndef {guard}\n#define {guard}',
        '#include "cloud/service.h"\n#include "wire/types.h"',
        '\n'.join(declarations(c)), *collections(c), *structures(c), *entries(c), *enums(c),
        '/* Errors. */\n' + '\n'.join(f'extern const struct error {n};' for n in c.constants.values()),
        '/* Operations: a room defines those it has; prepare and facts are optional (cloud/cloud.h). */',
        *prototypes(c),
        f'extern const struct wire_service {c.room}_wire;\n'
        f'extern const struct service_op {c.room}_operations[];\n'
        f'extern const struct service {c.room}_service; /* the two together */',
        '#endif']
    return '\n\n'.join(p for p in parts if p) + '\n'
