/* Lists of processors: their rules, and their way through an event. */
#include "transform_parts.h"

enum { PROCESSORS_MAX = 20, PARSERS_MAX = 5, RESULT_MAX = 4 << 20 };

struct log_transform {
    struct transform_step steps[PROCESSORS_MAX];
    u32 n;
};

bool transform_refuse(struct transform_compiler *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    c->problem = arena_vformat(c->arena, format, args);
    va_end(args);
    return false;
}

bool transform_fail(struct transform_event *e, const char *format, ...) {
    va_list args;
    va_start(args, format);
    e->problem = arena_vformat(e->arena, format, args);
    va_end(args);
    return false;
}

/* ---- the processors ---- */

struct kind {
    const char *name;
    size_t at; /* in struct logs_processor: a pointer to what the processor is told */
    transform_run *run;
    transform_check *check; /* NULL: nothing to be checked */
    bool parser, vended, once;
};
#define AT(member) offsetof(struct logs_processor, member)
static const struct kind kinds[] = {
    {"parseJSON", AT(parse_json), transform_parse_json, transform_check_json, .parser = true},
    {"grok", AT(grok), transform_grok, transform_check_grok, .parser = true, .once = true},
    {"csv", AT(csv), transform_parse_csv, transform_check_csv, .parser = true},
    {"parseKeyValue", AT(parse_key_value), transform_parse_key_value, transform_check_key_value, .parser = true},
    {"parseWAF", AT(parse_waf), transform_parse_waf, .parser = true, .vended = true},
    {"parsePostgres", AT(parse_postgres), transform_parse_postgres, transform_check_postgres, .parser = true, .vended = true},
    {"parseCloudfront", AT(parse_cloudfront), transform_parse_cloudfront, .parser = true, .vended = true},
    {"parseRoute53", AT(parse_route53), transform_parse_route53, .parser = true, .vended = true},
    {"parseVPC", AT(parse_vpc), transform_parse_vpc, .parser = true, .vended = true},
    {"parseToOCSF", AT(parse_to_ocsf), .parser = true, .vended = true}, /* DIFFERS: refused */
    {"addKeys", AT(add_keys), transform_add_keys, transform_check_add_keys, .once = true},
    {"deleteKeys", AT(delete_keys), transform_delete_keys, transform_check_delete_keys},
    {"moveKeys", AT(move_keys), transform_move_keys, transform_check_move_keys},
    {"renameKeys", AT(rename_keys), transform_rename_keys, transform_check_rename_keys},
    {"copyValue", AT(copy_value), transform_copy_value, transform_check_copy_value, .once = true},
    {"listToMap", AT(list_to_map), transform_list_to_map, transform_check_list_to_map},
    {"lowerCaseString", AT(lower_case_string), transform_lower_case, transform_check_lower_case},
    {"upperCaseString", AT(upper_case_string), transform_upper_case, transform_check_upper_case},
    {"trimString", AT(trim_string), transform_trim, transform_check_trim},
    {"splitString", AT(split_string), transform_split, transform_check_split},
    {"substituteString", AT(substitute_string), transform_substitute, transform_check_substitute},
    {"typeConverter", AT(type_converter), transform_convert_type, transform_check_type},
    {"dateTimeConverter", AT(date_time_converter), transform_convert_date, transform_check_date},
};

static const void *told(const struct logs_processor *p, const struct kind *k) { return *(const void *const *)((const char *)p + k->at); }

static const struct kind *kind_of(struct transform_compiler *c, const struct logs_processor *p) {
    const struct kind *found = NULL;
    u32 n = 0;
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (told(p, &kinds[i])) {
            found = &kinds[i];
            n++;
        }
    if (n == 1) return found;
    (void)!transform_refuse(c, "Each entry of the transformer must be exactly one processor.");
    return NULL;
}

/* ---- their rules ---- */

/* Those for logs of a service read the whole event, as the first parser does; they all have a source as their only member. */
static bool check_source(struct transform_compiler *c, const struct kind *k, const struct logs_processor *p, u32 i) {
    str source = {0};
    if (k->at == AT(parse_json)) source = p->parse_json->source;
    else if (k->at == AT(grok)) source = p->grok->source;
    else if (k->at == AT(csv)) source = p->csv->source;
    else if (k->at == AT(parse_key_value)) source = p->parse_key_value->source;
    else if (k->vended && k->run) source = *(const str *)told(p, k);
    if (!source.p || str_eq(source, S("@message"))) return true;
    if (k->vended || !i) return transform_refuse(c, "The source of %s must be @message%s.", k->name, k->vended ? "" : " where it is the first processor");
    return transform_path_check(c, source);
}

static bool check_order(struct transform_compiler *c, const struct logs_processors *list, const struct kind **of) {
    u32 parsers = 0;
    if (!list->n || list->n > PROCESSORS_MAX) return transform_refuse(c, "A transformer has 1 to %d processors.", PROCESSORS_MAX);
    for (u32 i = 0; i < list->n; i++) {
        of[i] = kind_of(c, &list->v[i]);
        if (!of[i]) return false;
        parsers += of[i]->parser;
        if (!i && !of[i]->parser) return transform_refuse(c, "The first processor of a transformer must be a parser.");
        if (i && of[i]->vended) return transform_refuse(c, "%s must be the first processor of a transformer.", of[i]->name);
        for (u32 j = 0; j < i; j++)
            if (of[i]->once && of[i] == of[j]) return transform_refuse(c, "A transformer has at most one %s processor.", of[i]->name);
    }
    return parsers <= PARSERS_MAX || transform_refuse(c, "A transformer has at most %d parsers.", PARSERS_MAX);
}

struct log_transform *log_transform_compile(struct arena *a, const struct logs_processors *list, str *problem) {
    struct transform_compiler c = {.arena = a};
    struct log_transform *t = NEW(a, struct log_transform);
    const struct kind *of[PROCESSORS_MAX];
    *t = (struct log_transform){0};
    bool good = check_order(&c, list, of);
    for (u32 i = 0; good && i < list->n; i++) {
        t->steps[t->n] = (struct transform_step){.run = of[i]->run, .config = told(&list->v[i], of[i])};
        if (!of[i]->run) good = transform_refuse(&c, "brume does not have the processor %s (yet).", of[i]->name);
        good = good && check_source(&c, of[i], &list->v[i], i) && (!of[i]->check || of[i]->check(&c, &t->steps[t->n]));
        t->n++;
    }
    *problem = c.problem;
    return good ? t : NULL;
}

bool log_transform_event(const struct log_transform *t, struct arena *a, const struct log_origin *origin, str message, str *result) {
    struct transform_event e = {.arena = a, .origin = origin, .message = message, .root = transform_new(a, JSON_OBJECT, (str){0})};
    struct buf out = buf_new(a, RESULT_MAX);
    u32 fields = TRANSFORM_FIELDS_MAX;
    bool good = message.n < TRANSFORM_EVENT_MAX || transform_fail(&e, "The log event is too large to be transformed.");
    for (u32 i = 0; good && i < t->n; i++) good = t->steps[i].run(&t->steps[i], &e);
    if (good) transform_write(&out, e.root, &fields);
    if (out.over) good = transform_fail(&e, "The transformed log event is too large.");
    *result = good ? buf_str(&out) : e.problem;
    return good;
}
