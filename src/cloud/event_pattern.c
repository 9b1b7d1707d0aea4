/* Compiling event patterns. The sentences, and the places in the source that they name, are those of the
 * library that AWS uses: it tells where its reader stood, which for a string not yet read is behind the
 * opening quote, and for a field behind the first byte of the field's value. */
#include "cloud/event_pattern.h"

#include "base/encode.h"

#include <arpa/inet.h>

struct compiler {
    str source;
    enum event_pattern_dialect dialect;
    struct arena *arena;
    str problem;
    u32 leaves;
    u64 complexity;
};

/* ---- refusals ---- */

static size_t reader_at(const struct json_node *n) { return n->type == JSON_STRING || n->type == JSON_ARRAY || n->type == JSON_OBJECT ? n->at + 1u : n->end; }

PRINTF(3, 4) static void *refuse(struct compiler *k, size_t read, const char *format, ...) {
    va_list args;
    va_start(args, format);
    str reason = arena_vformat(k->arena, format, args);
    va_end(args);
    size_t line = 1, column = 1;
    for (size_t i = 0; i < read && i < k->source.n; i++) {
        column = k->source.p[i] == '\n' ? 1 : column + 1;
        line += k->source.p[i] == '\n';
    }
    if (!k->problem.p)
        k->problem = arena_format(k->arena, "%.*s\n at [Source: (String)\"%.*s\"; line: %zu, column: %zu]", STR_ARGS(reason), STR_ARGS(k->source), line, column);
    return NULL;
}

/* The byte behind a closing bracket of n. */
static size_t after(const struct json_node *n) { return n->end; }

/* ---- values ---- */

static struct event_pattern_value *value_new(struct compiler *k, enum event_pattern_test test) {
    struct event_pattern_value *v = NEW(k->arena, struct event_pattern_value);
    v->test = (u8)test;
    return v;
}

static struct event_pattern_value *text_value(struct compiler *k, enum event_pattern_test test, const struct json_node *n, const char *operator) {
    if (n->type != JSON_STRING) return refuse(k, reader_at(n), "%s match pattern must be a string", operator);
    struct event_pattern_value *v = value_new(k, test);
    v->text = n->text;
    return v;
}

/* A plain value: a string, a number, true, false or null. */
static struct event_pattern_value *plain_value(struct compiler *k, const struct json_node *n) {
    if (n->type == JSON_STRING) return text_value(k, EVENT_PATTERN_EQUALS_STRING, n, "equals");
    if (n->type == JSON_NUMBER) {
        struct event_pattern_value *v = value_new(k, EVENT_PATTERN_EQUALS_NUMBER);
        v->from = v->to = n->number;
        return v;
    }
    struct event_pattern_value *v = value_new(k, EVENT_PATTERN_EQUALS_LITERAL);
    v->literal = n->type;
    v->exists = n->boolean;
    return v;
}

static bool is_plain(const struct json_node *n) { return n->type != JSON_ARRAY && n->type != JSON_OBJECT; }

/* A prefix or suffix may say {"equals-ignore-case": "..."} in place of its text. */
static struct event_pattern_value *affix_value(struct compiler *k, enum event_pattern_test test, const struct json_node *n, const char *operator) {
    const struct json_node *inner = n->type == JSON_OBJECT && n->count == 1 && str_eq(n->first->key, S("equals-ignore-case")) ? n->first : NULL;
    struct event_pattern_value *v = text_value(k, test, inner ? inner : n, operator);
    if (v) v->ignore_case = inner != NULL;
    return v;
}

/* How many places of the pattern one text can be at: stars before the same character. DIFFERS: AWS measures all rules
 * of a bus together, by a bound that it does not tell; one pattern that it refuses is recorded. */
static bool too_many_stars(str pattern) {
    enum { SAME_MAX = 4 };
    u32 before[256] = {0};
    for (size_t i = 0; i + 1 < pattern.n; i++) {
        if (pattern.p[i] == '\\') i++;
        else if (pattern.p[i] == '*' && ++before[(u8)pattern.p[i + 1]] > SAME_MAX) return true;
    }
    return false;
}

static struct event_pattern_value *wildcard_value(struct compiler *k, const struct json_node *n) {
    struct event_pattern_value *v = text_value(k, EVENT_PATTERN_WILDCARD, n, "wildcard");
    if (!v) return NULL;
    for (size_t i = 0; i < v->text.n; i++) {
        char c = v->text.p[i];
        if (c == '\\') {
            char next = i + 1 < v->text.n ? v->text.p[i + 1] : 0;
            if (next != '*' && next != '\\') return refuse(k, after(n), "Invalid escape character at pos %zu", i);
            i++;
        } else if (c == '*' && i + 1 < v->text.n && v->text.p[i + 1] == '*') {
            return refuse(k, after(n), "Consecutive wildcard characters at pos %zu", i);
        }
    }
    if (k->dialect == EVENT_PATTERN_EVENTS && too_many_stars(v->text)) {
        if (!k->problem.p) k->problem = S("Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character");
        return NULL;
    }
    return v;
}

static bool number_follows(const struct json_node *n) { return n && n->type == JSON_NUMBER; }

/* ["<", 5], ["=", 3], [">", 0, "<=", 5] */
static struct event_pattern_value *numeric_value(struct compiler *k, const struct json_node *n) {
    struct event_pattern_value *v = value_new(k, EVENT_PATTERN_NUMERIC);
    *v = (struct event_pattern_value){.test = EVENT_PATTERN_NUMERIC, .from = -1.0 / 0.0, .to = 1.0 / 0.0};
    if (n->type != JSON_ARRAY) return refuse(k, reader_at(n), "Value of numeric must be an array.");
    const struct json_node *op = n->first, *number = op ? op->next : NULL, *rest = number ? number->next : NULL;
    if (!op || op->type != JSON_STRING)
        return refuse(k, op ? reader_at(op) : after(n), "Invalid member in numeric match: %.*s", STR_ARGS(op ? json_node_raw(op, k->source) : S("]")));
    bool lower = str_eq(op->text, S(">")) || str_eq(op->text, S(">="));
    bool upper = str_eq(op->text, S("<")) || str_eq(op->text, S("<="));
    bool equal = str_eq(op->text, S("="));
    size_t read = number ? reader_at(number) : after(n);
    if (!lower && !upper && !equal) return refuse(k, read, "Unrecognized numeric range operator: %.*s", STR_ARGS(op->text));
    if (!number_follows(number)) return refuse(k, read, "Value of %.*s must be numeric", STR_ARGS(equal ? S("equals") : op->text));
    if (!upper) {
        v->from = number->number;
        v->from_open = str_eq(op->text, S(">"));
    }
    if (!lower) {
        v->to = number->number;
        v->to_open = str_eq(op->text, S("<"));
    }
    if (rest && !lower) return refuse(k, reader_at(rest), "Too many elements in numeric expression");
    if (!rest) return v;
    if (rest->type != JSON_STRING) return refuse(k, reader_at(rest), "Bad value in numeric range: %.*s", STR_ARGS(json_node_raw(rest, k->source)));
    if (!str_eq(rest->text, S("<")) && !str_eq(rest->text, S("<="))) return refuse(k, after(rest), "Bad numeric range operator: %.*s", STR_ARGS(rest->text));
    const struct json_node *top = rest->next;
    if (!number_follows(top)) return refuse(k, top ? reader_at(top) : after(n), "Value of %.*s must be numeric", STR_ARGS(rest->text));
    v->to = top->number;
    v->to_open = str_eq(rest->text, S("<"));
    if (top->next) return refuse(k, reader_at(top->next), "Too many terms in numeric range expression");
    if (v->from >= v->to) return refuse(k, after(n), "Bottom must be less than top");
    return v;
}

static struct event_pattern_value *cidr_value(struct compiler *k, const struct json_node *n) {
    struct event_pattern_value *v = text_value(k, EVENT_PATTERN_CIDR, n, "prefix");
    if (!v) return NULL;
    str bits = v->text, address = str_cut(&bits, '/');
    char text[INET6_ADDRSTRLEN] = {0};
    u64 length = 0;
    bool six = str_find_char(address, ':') != STR_NONE, fits = address.n < sizeof text;
    if (fits) memcpy(text, address.p, address.n);
    v->address_bytes = six ? 16 : 4;
    bool right = fits && inet_pton(six ? AF_INET6 : AF_INET, text, v->address) == 1;
    if (right && bits.p) right = str_to_u64(bits, &length) && length <= v->address_bytes * 8u;
    else length = v->address_bytes * 8u;
    if (!right) return refuse(k, after(n), "Malformed CIDR, one '/' required");
    v->address_bits = (u8)length;
    return v;
}

static struct event_pattern_value *exists_value(struct compiler *k, const struct json_node *n) {
    if (n->type != JSON_BOOLEAN) return refuse(k, reader_at(n), "exists match pattern must be either true or false.");
    struct event_pattern_value *v = value_new(k, EVENT_PATTERN_EXISTS);
    v->exists = n->boolean;
    return v;
}

/* ---- anything-but ---- */

typedef struct event_pattern_value *value_reader(struct compiler *k, const struct json_node *n);

static struct event_pattern_value *prefix_value(struct compiler *k, const struct json_node *n) { return affix_value(k, EVENT_PATTERN_PREFIX, n, "prefix"); }
static struct event_pattern_value *suffix_value(struct compiler *k, const struct json_node *n) { return affix_value(k, EVENT_PATTERN_SUFFIX, n, "suffix"); }
/* Inside anything-but an affix is a text of one character at least. */
static struct event_pattern_value *but_affix(struct compiler *k, enum event_pattern_test test, const struct json_node *n, const char *operator) {
    if (k->dialect != EVENT_PATTERN_EVENTS) return affix_value(k, test, n, operator);
    if (n->type == JSON_OBJECT) return refuse(k, reader_at(n), "Value of anything-but must be an array or single string/number value.");
    if (n->type == JSON_STRING && !n->text.n) return refuse(k, after(n), "Null prefix/suffix not allowed");
    return text_value(k, test, n, operator);
}
static struct event_pattern_value *but_prefix(struct compiler *k, const struct json_node *n) { return but_affix(k, EVENT_PATTERN_PREFIX, n, "prefix"); }
static struct event_pattern_value *but_suffix(struct compiler *k, const struct json_node *n) { return but_affix(k, EVENT_PATTERN_SUFFIX, n, "suffix"); }
static struct event_pattern_value *ignore_case_value(struct compiler *k, const struct json_node *n) {
    struct event_pattern_value *v = text_value(k, EVENT_PATTERN_EQUALS_STRING, n, "equals-ignore-case");
    if (v) v->ignore_case = true;
    return v;
}
static struct event_pattern_value *but_plain(struct compiler *k, const struct json_node *n) {
    if (n->type == JSON_STRING || n->type == JSON_NUMBER) return plain_value(k, n);
    return refuse(k, reader_at(n), "Inside anything but list, start|null|boolean is not supported.");
}

static value_reader *but_reader(const struct compiler *k, str operator) {
    static const struct {
        const char *name;
        value_reader *read;
    } readers[] = {{"prefix", but_prefix}, {"suffix", but_suffix}, {"equals-ignore-case", ignore_case_value}, {"wildcard", wildcard_value}};
    size_t known = k->dialect == EVENT_PATTERN_EVENTS ? LENGTH(readers) : 1; /* SNS knows the prefix alone */
    for (size_t i = 0; i < known; i++)
        if (str_eq(operator, str_of(readers[i].name))) return readers[i].read;
    return NULL;
}

/* One value or a list of them, each read by `read`. */
static struct event_pattern_value *but_list(struct compiler *k, const struct json_node *n, value_reader *read) {
    struct event_pattern_value *first = NULL, **last = &first;
    if (n->type != JSON_ARRAY) return read(k, n);
    if (!n->first) return refuse(k, after(n), "Empty arrays are not allowed");
    for (const struct json_node *item = n->first; item; item = item->next) {
        struct event_pattern_value *v = read(k, item);
        if (!v) return NULL;
        if (v->test != (first ? first->test : v->test) && k->dialect == EVENT_PATTERN_EVENTS)
            return refuse(k, after(n), "Inside anything but list, either all values are number or string, mixed type is not supported");
        *last = v;
        last = &v->next;
    }
    return first;
}

static struct event_pattern_value *anything_but_value(struct compiler *k, const struct json_node *n) {
    struct event_pattern_value *v = value_new(k, EVENT_PATTERN_ANYTHING_BUT);
    if (n->type == JSON_OBJECT) {
        const struct json_node *inner = n->first;
        if (!inner) return refuse(k, after(n), "Anything-But expression name not found");
        value_reader *read = but_reader(k, inner->key);
        if (!read) return refuse(k, reader_at(inner), "Unsupported anything-but pattern: %.*s", STR_ARGS(inner->key));
        v->but = but_list(k, inner, read);
        if (inner->next) return refuse(k, reader_at(inner->next), "Only one key allowed in match expression");
    } else {
        v->but = but_list(k, n, but_plain);
    }
    return v->but ? v : NULL;
}

/* ---- fields ---- */

static struct event_pattern_value *operator_value(struct compiler *k, const struct json_node *object) {
    static const struct {
        const char *name;
        value_reader *read;
    } operators[] = {{"prefix", prefix_value},   {"suffix", suffix_value},           {"equals-ignore-case", ignore_case_value},
                     {"numeric", numeric_value}, {"exists", exists_value},           {"cidr", cidr_value},
                     {"wildcard", wildcard_value}, {"anything-but", anything_but_value}};
    const struct json_node *n = object->first;
    if (!n) return refuse(k, after(object), "Match expression name not found");
    for (size_t i = 0; i < LENGTH(operators); i++) {
        if (!str_eq(n->key, str_of(operators[i].name))) continue;
        struct event_pattern_value *v = operators[i].read(k, n);
        if (v && n->next) return refuse(k, reader_at(n->next), "Only one key allowed in match expression");
        return v;
    }
    return refuse(k, reader_at(n), "Unrecognized match type %.*s", STR_ARGS(n->key));
}

static bool compile_leaf(struct compiler *k, const struct json_node *list, struct event_pattern_field *f, u32 depth) {
    struct event_pattern_value **last = &f->values;
    if (!list->first) return refuse(k, after(list), "Empty arrays are not allowed");
    for (const struct json_node *n = list->first; n; n = n->next) {
        if (n->type == JSON_ARRAY) return refuse(k, reader_at(n), "Match value must be String, number, true, false, or null");
        struct event_pattern_value *v = is_plain(n) ? plain_value(k, n) : operator_value(k, n);
        if (!v) return false;
        *last = v;
        last = &v->next;
    }
    k->leaves++;
    u64 factor = (u64)list->count * depth;
    if (__builtin_mul_overflow(k->complexity, factor, &k->complexity)) k->complexity = UINT64_MAX;
    return true;
}

static bool compile_object(struct compiler *k, const struct json_node *object, struct event_pattern_object *o, u32 depth);

/* "$or" is the choice only over two objects or more in which no word of the language is a field's name. */
static bool is_choice(const struct json_node *n) {
    static const char *const words[] = {"exists", "equals-ignore-case", "prefix", "suffix", "anything-but", "numeric", "cidr", "wildcard"};
    if (!str_eq(n->key, S("$or")) || n->type != JSON_ARRAY || n->count < 2) return false;
    for (const struct json_node *o = n->first; o; o = o->next) {
        if (o->type != JSON_OBJECT || !o->first) return false;
        for (const struct json_node *m = o->first; m; m = m->next)
            for (size_t i = 0; i < LENGTH(words); i++)
                if (str_eq(m->key, str_of(words[i]))) return false;
    }
    return true;
}

static bool compile_choice(struct compiler *k, const struct json_node *list, struct event_pattern_object *o, u32 depth) {
    struct event_pattern_choice *choice = NEW(k->arena, struct event_pattern_choice);
    struct event_pattern_object **last = &choice->of;
    for (const struct json_node *n = list->first; n; n = n->next) {
        struct event_pattern_object *one = NEW(k->arena, struct event_pattern_object);
        if (!compile_object(k, n, one, depth)) return false;
        *last = one;
        last = &one->next;
    }
    choice->next = o->choices;
    o->choices = choice;
    return true;
}

static bool compile_field(struct compiler *k, const struct json_node *n, struct event_pattern_field *f, u32 depth) {
    f->name = n->key;
    if (n->type == JSON_ARRAY) return compile_leaf(k, n, f, depth);
    if (n->type != JSON_OBJECT) return refuse(k, reader_at(n), "\"%.*s\" must be an object or an array", STR_ARGS(n->key));
    if (k->dialect == EVENT_PATTERN_SNS_ATTRIBUTES) {
        k->problem = S("Filter policy scope MessageAttributes does not support nested filter policy");
        return false;
    }
    f->nested = NEW(k->arena, struct event_pattern_object);
    return compile_object(k, n, f->nested, depth + 1);
}

/* The depth is bounded by the tree's. A field that is repeated counts as it stands last. */
static bool compile_object(struct compiler *k, const struct json_node *object, struct event_pattern_object *o, u32 depth) {
    struct event_pattern_field **last = &o->fields;
    if (!object->first) return refuse(k, after(object), "Empty objects are not allowed");
    for (const struct json_node *n = object->first; n; n = n->next) {
        if (is_choice(n)) {
            if (!compile_choice(k, n, o, depth)) return false;
            continue;
        }
        struct event_pattern_field *f = NEW(k->arena, struct event_pattern_field);
        if (!compile_field(k, n, f, depth)) return false;
        if (json_node_member(object, n->key) != n) continue;
        *last = f;
        last = &f->next;
    }
    return true;
}

static void *no_json(struct compiler *k, const char *why, size_t offset) {
    char c = offset < k->source.n ? k->source.p[offset] : 0;
    if (c && strcmp(why, "expected a key") == 0) why = "was expecting double-quote to start field name";
    str what = c ? arena_format(k->arena, "Unexpected character ('%c' (code %d)): %s", c, (u8)c, why) : arena_format(k->arena, "Unexpected end-of-input: %s", why);
    k->problem = arena_format(k->arena,
                              "failed to parse JSON. %.*s\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: %zu]",
                              STR_ARGS(what), offset + (c != 0));
    return NULL;
}

const struct event_pattern *event_pattern_compile(str json, enum event_pattern_dialect dialect, struct arena *a, str *problem) {
    static const struct json_limits limits = {.bytes = 256 << 10, .depth = 64};
    struct compiler k = {.source = json, .dialect = dialect, .arena = a, .complexity = 1};
    struct event_pattern *p = NEW(a, struct event_pattern);
    const char *why = NULL;
    size_t offset = 0;
    const struct json_node *root = json_tree(a, json, limits, &why, &offset);
    bool good = false;
    if (!root) no_json(&k, why, offset);
    else if (root->type != JSON_OBJECT) refuse(&k, reader_at(root), "Filter is not an object");
    else good = compile_object(&k, root, &p->root, 1);
    p->leaves = k.leaves;
    p->complexity = k.complexity;
    *problem = k.problem;
    return good ? p : NULL;
}
