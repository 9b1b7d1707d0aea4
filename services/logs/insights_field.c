/* Fields that are not written down as such: those of JSON in messages, and those of logs whose form is known. */
#include "insights_plan.h"

#include "text/json.h"

/* ---- JSON ---- */

struct wanted {
    str path;
    struct insights_value *into;
};
struct walk {
    struct json_reader reader;
    struct buf path;
    const struct wanted *wanted;
    u32 count, missing;
    bool whole; /* maps and lists are values, too */
};

static bool leads_to(const struct walk *w) {
    str path = buf_str(&w->path);
    for (u32 i = 0; i < w->count; i++) {
        str p = w->wanted[i].path;
        if (str_starts(p, path) && (p.n == path.n || p.p[path.n] == '.' || !path.n)) return true;
    }
    return false;
}

static struct insights_value scalar(struct json_reader *r) {
    struct insights_value v = insights_absent();
    bool yes;
    switch ((int)json_peek(r)) {
    case JSON_STRING: v.type = json_read_string(r, &v.text) ? INSIGHTS_STRING : INSIGHTS_ABSENT; break;
    case JSON_NUMBER: v.type = json_read_number(r, &v.text) && str_to_f64(v.text, &v.number) ? INSIGHTS_NUMBER : INSIGHTS_ABSENT; break;
    case JSON_BOOLEAN:
        if (json_read_boolean(r, &yes)) v = insights_boolean(yes);
        break;
    default: json_skip(r);
    }
    return v;
}

static void found(struct walk *w, struct insights_value v) {
    str path = buf_str(&w->path);
    for (u32 i = 0; i < w->count; i++)
        if (str_eq(w->wanted[i].path, path)) {
            if (w->wanted[i].into->type <= INSIGHTS_ABSENT && w->missing) w->missing--;
            *w->wanted[i].into = v;
        }
}

static void walk_value(struct walk *w);

static void walk_member(struct walk *w, str name) {
    size_t before = w->path.n;
    if (before) buf_char(&w->path, '.');
    buf_add(&w->path, name);
    if (!w->path.over && leads_to(w)) walk_value(w);
    else json_skip(&w->reader);
    w->path.n = before;
}

static void walk_value(struct walk *w) {
    struct json_reader *r = &w->reader;
    enum json_type type = json_peek(r);
    if (type != JSON_OBJECT && type != JSON_ARRAY) {
        found(w, scalar(r));
        return;
    }
    struct json_reader before = *r;
    str raw;
    if (w->whole && json_read_raw(r, &raw)) {
        found(w, (struct insights_value){.type = INSIGHTS_JSON, .text = raw});
        *r = before;
    }
    str key;
    u32 i = 0;
    if (type == JSON_OBJECT && json_read_object(r))
        while (w->missing && json_read_key(r, &key)) {
            /* A name of the event's own with an @ is shown with a second one. */
            bool own = !w->path.n && !w->whole && str_starts(key, S("@"));
            walk_member(w, own ? arena_concat(r->arena, S("@"), key) : key);
        }
    else if (type == JSON_ARRAY && json_read_array(r))
        for (; w->missing && json_read_item(r); i++) walk_member(w, arena_format(r->arena, "%u", i));
}

/* Values that were looked for and are not there become absent. What is missed at the end may be broken: the message
 * is not read further than needed. */
static void walk(struct arena *a, str json, const struct wanted *wanted, u32 n, bool whole) {
    struct walk w = {json_reader_new(a, json, json_default_limits), buf_new(a, 4096), wanted, n, n, whole};
    for (u32 i = 0; i < n; i++) *wanted[i].into = insights_absent();
    walk_value(&w);
}

struct insights_value insights_at_path(struct arena *a, str json, str path) {
    struct insights_value v;
    struct wanted wanted = {path.p ? path : S(""), &v};
    walk(a, json, &wanted, 1, true);
    return v;
}

struct insights_value insights_json(struct arena *a, str text) {
    struct json_reader r = json_reader_new(a, str_trim(text), json_default_limits);
    enum json_type type = json_peek(&r);
    str raw;
    if (!json_read_raw(&r, &raw) || !json_done(&r)) return insights_absent();
    if (type == JSON_OBJECT || type == JSON_ARRAY) return (struct insights_value){.type = INSIGHTS_JSON, .text = raw};
    return insights_at_path(a, raw, S(""));
}

struct insights_list insights_items(struct arena *a, const struct insights_value *v) {
    struct insights_list list = {0};
    if (v->type <= INSIGHTS_ABSENT) return list;
    bool is_list = v->type == INSIGHTS_JSON && str_starts(v->text, S("["));
    struct json_reader r = json_reader_new(a, v->text, json_default_limits), second = r;
    if (is_list && json_read_array(&r))
        while (json_read_item(&r)) list.n++, json_skip(&r);
    if (!is_list) list.n = 1;
    list.v = NEW_ARRAY(a, struct insights_value, list.n + 1);
    if (!is_list) list.v[0] = *v;
    else if (json_read_array(&second))
        for (u32 i = 0; i < list.n && json_read_item(&second); i++) {
            str raw;
            if (json_read_raw(&second, &raw)) list.v[i] = insights_json(a, raw);
        }
    return list;
}

/* ---- logs of a known form: words by their place ---- */

static const char *const flow_fields[] = {"version",  "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort", "dstPort",
                                          "protocol", "packets",   "bytes",       "startTime", "endTime", "action", "logStatus"};
static const char *const route53_fields[] = {"version",      "queryTimestamp", "hostZoneId",   "queryName",  "queryType",
                                             "responseCode", "protocol",       "edgeLocation", "resolverIp", "ednsClientSubnet"};

enum { WORDS_MAX = 14 };
static u32 split(str message, str *words) {
    u32 n = 0;
    for (str rest = str_trim(message); rest.p && n <= WORDS_MAX;) {
        str word = str_cut(&rest, ' ');
        if (n < WORDS_MAX) words[n] = word;
        n++;
    }
    return n;
}

static const char *const *words_of(str message, str *words) {
    bool version = message.n > 4 && ((*message.p >= '2' && *message.p <= '9' && message.p[1] == ' ') || str_starts(message, S("1.0 ")));
    if (!version) return NULL; /* both begin with one */
    u32 n = split(message, words);
    bool flow = n == LENGTH(flow_fields) && (str_eq(words[12], S("ACCEPT")) || str_eq(words[12], S("REJECT")) || str_eq(words[12], S("-"))) && str_starts(words[2], S("eni-"));
    bool dns = n == LENGTH(route53_fields) && str_eq(words[0], S("1.0")) && (str_eq(words[6], S("UDP")) || str_eq(words[6], S("TCP")));
    return flow ? flow_fields : dns ? route53_fields : NULL;
}

/* Text as a value: a number if it is one. */
static struct insights_value guessed(str text) {
    struct insights_value v = insights_string(text);
    if (str_to_f64(text, &v.number)) v.type = INSIGHTS_NUMBER;
    return v;
}

/* ---- Lambda's own lines ---- */

static const struct {
    const char *label, *name;
    double scale; /* 0: text */
} report[] = {
    {"RequestId: ", "@requestId", 0},        {"\tDuration: ", "@duration", 1},    {"\tBilled Duration: ", "@billedDuration", 1},
    {"\tMemory Size: ", "@memorySize", 1e6}, {"\tMax Memory Used: ", "@maxMemoryUsed", 1e6}, {"\tInit Duration: ", "@initDuration", 1},
    {"XRAY TraceId: ", "@xrayTraceId", 0},   {"SegmentId: ", "@xraySegmentId", 0},
};

static str lambda_type(str message) {
    static const char *const types[] = {"START", "END", "REPORT"};
    for (size_t i = 0; i < LENGTH(types); i++)
        if (str_starts(message, str_of(types[i])) && str_starts(str_skip(message, strlen(types[i])), S(" RequestId: "))) return str_of(types[i]);
    return (str){0};
}

static struct insights_value lambda_field(str message, str name) {
    str type = lambda_type(message);
    if (str_eq(name, S("@type"))) return type.p ? insights_string(type) : insights_absent();
    for (size_t i = 0; type.p && i < LENGTH(report); i++) {
        size_t at = str_find(message, str_of(report[i].label));
        if (!str_eq(name, str_of(report[i].name)) || at == STR_NONE) continue;
        str rest = str_skip(message, at + strlen(report[i].label));
        size_t end = 0;
        while (end < rest.n && !strchr(" \t\r\n", rest.p[end])) end++;
        struct insights_value v = guessed(str_take(rest, end));
        if (!report[i].scale) v.type = INSIGHTS_STRING;
        else if (v.type != INSIGHTS_NUMBER) return insights_absent();
        else if (report[i].scale != 1) v = insights_number(v.number * report[i].scale);
        return v;
    }
    /* 2026-11-22T01:02:03.004Z <tab> the request's id <tab> INFO <tab> text */
    str rest = message, time = str_cut(&rest, '\t'), id = rest.p ? str_cut(&rest, '\t') : (str){0};
    i64 ms;
    if (str_eq(name, S("@requestId")) && id.n == 36 && iso8601_parse(time, &ms)) return insights_string(id);
    return insights_absent();
}

/* ---- all of an event ---- */

static str json_within(const struct insights_event *e, bool lambda) {
    str text = str_trim(e->transformed.p ? e->transformed : e->message);
    if (str_starts(text, S("{")) || str_starts(text, S("["))) return text;
    size_t at = lambda ? str_find_char(text, '{') : STR_NONE; /* Lambda's lines: the first fragment */
    return at == STR_NONE ? (str){0} : str_skip(text, at);
}

void insights_discover(struct insights_scope *s, const struct insights_query *q) {
    struct insights_row *row = s->row;
    const struct insights_event *e = row->event;
    struct wanted *wanted = NEW_ARRAY(s->arena, struct wanted, q->slot_count);
    u32 n = 0;
    str group = e->log, words[WORDS_MAX];
    str_cut(&group, ':');
    bool lambda = !e->transformed.p && group.p && str_starts(group, S("/aws/lambda/"));
    const char *const *names = e->transformed.p ? NULL : words_of(e->message, words);
    row->looked = true;
    for (u32 i = SLOTS_FIXED; i < q->slot_count; i++) {
        struct insights_value *v = &row->v[i];
        str name = q->slots[i].name;
        if (v->type != INSIGHTS_UNKNOWN || q->slots[i].base != i) continue;
        *v = insights_absent();
        for (u32 w = 0; names && w < (names == flow_fields ? LENGTH(flow_fields) : LENGTH(route53_fields)); w++)
            if (str_eq(name, str_of(names[w])) && !str_eq(words[w], S("-"))) *v = guessed(words[w]);
        if (lambda && str_starts(name, S("@"))) *v = lambda_field(e->message, name);
        if (e->transformation_error.p && str_eq(name, S("@transformationError"))) *v = insights_string(e->transformation_error);
        if (v->type == INSIGHTS_ABSENT) wanted[n++] = (struct wanted){name, v};
    }
    str json = names || !n ? (str){0} : json_within(e, lambda);
    if (json.p) walk(s->arena, json, wanted, n, false);
}

/* ---- one event, all that is known of it ---- */

enum { FIELDS_MAX = 1000 };
struct fields {
    struct arena *arena;
    struct insights_field *v;
    u32 n;
};

static void add_field(struct fields *f, str name, struct insights_value v) {
    str text = insights_show(f->arena, &v);
    if (text.p && f->n < FIELDS_MAX) f->v[f->n++] = (struct insights_field){arena_str(f->arena, name), text};
}

static void flatten(struct fields *f, struct json_reader *r, struct buf *path) {
    size_t before = path->n;
    str key;
    u32 i = 0;
    bool top = !before;
    switch ((int)json_peek(r)) {
    case JSON_OBJECT:
        if (!json_read_object(r)) return;
        while (json_read_key(r, &key)) {
            if (before) buf_char(path, '.');
            if (top && str_starts(key, S("@"))) buf_char(path, '@');
            buf_add(path, key);
            flatten(f, r, path);
            path->n = before;
        }
        return;
    case JSON_ARRAY:
        if (!json_read_array(r)) return;
        for (; json_read_item(r); i++) {
            buf_format(path, "%s%u", before ? "." : "", i);
            flatten(f, r, path);
            path->n = before;
        }
        return;
    default: add_field(f, buf_str(path), scalar(r));
    }
}

struct insights_answer insights_all_fields(struct arena *a, const struct insights_event *e, str pointer) {
    struct fields f = {a, NEW_ARRAY(a, struct insights_field, FIELDS_MAX), 0};
    str group = e->log, words[WORDS_MAX];
    str_cut(&group, ':');
    bool lambda = !e->transformed.p && group.p && str_starts(group, S("/aws/lambda/"));
    const char *const *names = e->transformed.p ? NULL : words_of(e->message, words);
    add_field(&f, S("@timestamp"), insights_number((double)e->timestamp_ms));
    add_field(&f, S("@ingestionTime"), insights_number((double)e->ingested_ms));
    add_field(&f, S("@message"), insights_string(e->message));
    add_field(&f, S("@logStream"), insights_string(e->stream));
    add_field(&f, S("@log"), insights_string(e->log));
    add_field(&f, S("@ptr"), insights_string(pointer));
    if (e->transformation_error.p) add_field(&f, S("@transformationError"), insights_string(e->transformation_error));
    for (u32 w = 0; names && w < (names == flow_fields ? LENGTH(flow_fields) : LENGTH(route53_fields)); w++)
        if (!str_eq(words[w], S("-"))) add_field(&f, str_of(names[w]), insights_string(words[w]));
    for (size_t i = 0; lambda && i < LENGTH(report); i++) add_field(&f, str_of(report[i].name), lambda_field(e->message, str_of(report[i].name)));
    if (lambda) add_field(&f, S("@type"), lambda_field(e->message, S("@type")));
    str json = names ? (str){0} : json_within(e, lambda);
    struct json_reader r = json_reader_new(a, json, json_default_limits);
    struct buf path = buf_new(a, 64 << 10);
    u32 own = f.n;
    if (json.p) flatten(&f, &r, &path);
    if (json.p && r.problem && !lambda) f.n = own; /* no JSON after all */
    struct insights_answer answer = {.first = NEW(a, struct insights_result), .rows = 1};
    *answer.first = (struct insights_result){.fields = f.v, .n = f.n};
    return answer;
}
