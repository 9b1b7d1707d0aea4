/* Values in a statement: literals and parameters. They become the wire's form, so that one check, with its messages,
 * sees all values. */
#include "services/dynamodb/partiql_parser.h"

/* Where inside an attribute's value a literal stands: AWS names it. */
struct place {
    const struct place *up;
    str name; /* of a map's entry; absent: `index` of a list */
    u32 index;
};

static void add_place(struct buf *b, const struct place *p) {
    if (!p) return;
    add_place(b, p->up);
    if (p->name.p) buf_format(b, ".%.*s", STR_ARGS(p->name));
    else buf_format(b, "[%u]", p->index);
}

static err literal(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out);

static err literal_list(struct ql *q, const struct place *in, u16 end, struct dynamodb_list_attribute_value *out) {
    struct growing all = {0};
    struct place here = {.up = in};
    if (!ql_at(q, end)) {
        do {
            here.index = all.n;
            TRY(literal(q, &here, ql_grow(q, &all, sizeof *out->v)));
        } while (ql_take(q, ','));
    }
    *out = (struct dynamodb_list_attribute_value){all.v, all.n, true};
    return ql_expect(q, end);
}

static void check_key(struct ql *q, const struct place *in, const struct dynamodb_map_attribute_value_entry *all, u32 n, const struct token_ql *told) {
    bool again = false;
    for (u32 i = 0; i < n && !again; i++) again = str_eq(all[i].key, all[n].key);
    if (!again) return;
    struct buf b = buf_new(q->c->arena, 64 << 10);
    buf_format(&b, "Duplicate keys in tuple. Key: %.*s under root", STR_ARGS(all[n].key));
    add_place(&b, in);
    ql_refuse_at(q, buf_str(&b), told);
}

/* opened: its brace; absent: of an item, whose entries are attributes, each a root. */
static err literal_map(struct ql *q, const struct place *in, const struct token_ql *opened, struct dynamodb_map_attribute_value *out) {
    struct growing all = {0};
    struct place here = {.up = in};
    if (!ql_at(q, '}')) {
        do {
            struct dynamodb_map_attribute_value_entry *e = ql_grow(q, &all, sizeof *out->v);
            if (q->token.kind != STRING && q->token.kind != NAME) return ql_unexpected(q);
            e->key = here.name = q->token.text;
            check_key(q, in, all.v, all.n - 1, opened ? opened : &q->token);
            ql_next(q);
            TRY(ql_expect(q, ':'));
            TRY(literal(q, opened ? &here : NULL, &e->value));
        } while (ql_take(q, ','));
    }
    *out = (struct dynamodb_map_attribute_value){all.v, all.n, true};
    return ql_expect(q, '}');
}

static err literal_set(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out) {
    struct dynamodb_list_attribute_value list;
    TRY(literal_list(q, in, TWO('>', '>'), &list));
    str *strings = NEW_ARRAY(q->c->arena, str, list.n + 1);
    u32 of_s = 0, of_n = 0, of_b = 0;
    for (u32 i = 0; i < list.n; i++) {
        of_s += list.v[i].s.p != NULL;
        of_n += list.v[i].n.p != NULL;
        of_b += list.v[i].b.p != NULL;
        strings[i] = list.v[i].s.p ? list.v[i].s : list.v[i].n.p ? list.v[i].n : list.v[i].b;
    }
    if (!list.n) ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "Empty bags are not supported"));
    else if (of_n == list.n) out->ns = (struct dynamodb_number_set_attribute_value){strings, list.n, true};
    else if (of_b == list.n) out->bs = (struct dynamodb_binary_set_attribute_value){strings, list.n, true};
    else if (of_s == list.n) out->ss = (struct dynamodb_string_set_attribute_value){strings, list.n, true};
    else ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"));
    if (!list.n || (!out->ns.set && !out->bs.set && !out->ss.set)) out->null = SOME_BOOL(true);
    return NULL;
}

static void parameter(struct ql *q, struct dynamodb_attribute_value *out) {
    out->null = SOME_BOOL(true);
    if (q->parameters && q->used < q->parameters->n) *out = q->parameters->v[q->used];
    else ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "Number of parameters in request and statement don't match."));
    q->used++;
}

static void literal_number(struct ql *q, const struct place *in, str text, struct dynamodb_attribute_value *out) {
    struct number n;
    enum number_fault fault = number_parse(text, &n);
    out->n = fault == NUMBER_FINE ? text : S("0");
    if (fault == NUMBER_FINE) return;
    err e = number_fail(q->c, fault, text);
    struct buf at = buf_new(q->c->arena, 64 << 10);
    add_place(&at, in);
    ql_refuse(q, fail(q->c, e, "%.*s under root%.*s", STR_ARGS(q->c->error_message), STR_ARGS(buf_str(&at))));
}

static err literal_call(struct ql *q, struct dynamodb_attribute_value *out) {
    struct node args[2];
    u32 n;
    ql_refuse_at(q, arena_format(q->c->arena, "Unsupported data type: %.*s under key root", STR_ARGS(q->token.text)), &q->token);
    out->null = SOME_BOOL(true);
    ql_next(q);
    return ql_arguments(q, args, &n);
}

static bool take_constant(struct ql *q, struct dynamodb_attribute_value *out) {
    if (ql_take_word(q, S("true"))) out->bool_ = SOME_BOOL(true);
    else if (ql_take_word(q, S("false"))) out->bool_ = SOME_BOOL(false);
    else if (ql_take_word(q, S("null"))) out->null = SOME_BOOL(true);
    else return false;
    return true;
}

static err literal(struct ql *q, const struct place *in, struct dynamodb_attribute_value *out) {
    struct token_ql t = q->token, following = ql_token(q->c->arena, q->text, q->token.end);
    *out = (struct dynamodb_attribute_value){0};
    if (ql_call_follows(q) && !ql_at_reserved(q)) return literal_call(q, out);
    if (take_constant(q, out)) return NULL;
    if (t.kind == STRING || t.kind == NUMBER) {
        ql_next(q);
        if (t.kind == STRING) out->s = t.text;
        else literal_number(q, in, t.text, out);
        return NULL;
    }
    if ((ql_at(q, '-') || ql_at(q, '+')) && following.kind == NUMBER) {
        ql_next(q);
        ql_next(q);
        literal_number(q, in, t.sign == '-' ? arena_concat(q->c->arena, S("-"), following.text) : following.text, out);
        return NULL;
    }
    if (ql_take(q, '?')) {
        parameter(q, out);
        return NULL;
    }
    TRY(ql_deeper(q));
    if (ql_take(q, '[')) TRY(literal_list(q, in, ']', &out->l));
    else if (ql_take(q, '{')) TRY(literal_map(q, in, &t, &out->m));
    else if (ql_take(q, TWO('<', '<'))) TRY(literal_set(q, in, out));
    else return ql_unexpected(q);
    q->depth--;
    return NULL;
}

err ql_value(struct ql *q, struct value *out) {
    struct dynamodb_attribute_value wire;
    TRY(literal(q, NULL, &wire));
    *out = (struct value){.type = VALUE_NULL};
    err e = value_of_wire(q->c, &wire, out);
    if (e) *out = (struct value){.type = VALUE_NULL};
    ql_refuse(q, e);
    return NULL;
}

err ql_item(struct ql *q, struct value *out) {
    struct dynamodb_attribute_value wire = {0};
    struct token_ql t = q->token;
    TRY(ql_take(q, '{') ? literal_map(q, NULL, NULL, &wire.m) : literal(q, NULL, &wire));
    *out = (struct value){.type = VALUE_M};
    if (wire.m.set) ql_refuse(q, item_of_wire(q->c, wire.m.v, wire.m.n, sizeof *wire.m.v, out));
    else ql_refuse_at(q, S("Unsupported format in item expression. Please use struct format {...} to express item values for insert statement."), &t);
    return NULL;
}
