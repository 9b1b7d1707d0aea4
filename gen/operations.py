"""Writes <svc>_ops.c: the operations of a service, bound by name to what its room defines.

The references are weak: what a room lacks is NULL in the table. They are hidden too, or the dynamic
linker would look for each of them at every start (16 ms for all services, measured). A table in its
own translation unit stays honest: beside the definitions, `#pragma weak` would make those weak."""

STAGES = (('', 'HANDLE', 'output'), ('_prepare', 'PREPARE', 'struct call_plan'),
          ('_facts', 'FACTS', 'struct auth_facts'))


def call(c, op):
    name = c.functions[op.name]
    lines = [f'    case {c.op_constant(op)}:', '        switch (stage) {']
    for suffix, stage, _ in STAGES:
        lines.append(f'        case SERVICE_{stage}: return {name}{suffix}(c, in, out);')
    return lines + ['        }', '        break;']


def write(c):
    weak = [f'#pragma weak {c.functions[o.name]}{s}' for o in c.operations for s, _, _ in STAGES]
    rows = [f'    {{{", ".join(f"SERVICE_BOUND({c.functions[o.name]}{s})" for s, _, _ in STAGES)}}},'
            for o in c.operations]
    parts = [
        f'/* Operations of {c.room}. Generated from api/{c.room}.api: do not edit. */',
        '#include "cloud/service.h"\n#include "wire/types.h"',
        f'#pragma GCC visibility push(hidden)\n#include "gen/{c.room}.h"\n#pragma GCC visibility pop',
        '\n'.join(weak),
        '\n'.join([f'const struct service_op {c.room}_operations[] = {{', *rows, '};']),
        '\n'.join([f'static err {c.room}_call(u16 op, enum service_stage stage, struct call *c, '
                   'const void *in, void *out) {', '    switch (op) {',
                   *(line for o in c.operations for line in call(c, o)),
                   '    default: break;', '    }',
                   f'    ASSERT(!"no such operation of {c.room}");', '    return NULL;', '}']),
        f'const struct service {c.room}_service = '
        f'{{&{c.room}_wire, {c.room}_operations, {c.room}_call}};']
    return '\n\n'.join(parts) + '\n'
