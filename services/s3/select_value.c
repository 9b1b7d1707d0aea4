/* Values of S3 Select: what they are, how they compare, change their type and show.
 * DIFFERS: DECIMAL is a double; a CSV field that meets a value of another type in a comparison is read as that. */
#include "services/s3/select_sql.h"

#include "cloud/cloud.h"

#include <math.h>

const char *sql_problem_code(enum sql_problem p) {
#define CODE(name, code, message) [SQL_##name] = code,
    static const char *const codes[] = {[SQL_OK] = "", SQL_PROBLEMS(CODE)};
    return codes[p];
}

const char *sql_problem_message(enum sql_problem p) {
#define MESSAGE(name, code, message) [SQL_##name] = message,
    static const char *const messages[] = {[SQL_OK] = "", SQL_PROBLEMS(MESSAGE)};
    return messages[p];
}

double sql_real(const struct sql_value *number) { return number->kind == SQL_INT ? (double)number->integer : number->real; }
struct sql_value sql_text(str text) { return (struct sql_value){.kind = SQL_TEXT, .text = text}; }
struct sql_value sql_int(i64 integer) { return (struct sql_value){.kind = SQL_INT, .integer = integer}; }
struct sql_value sql_float(double real) { return (struct sql_value){.kind = SQL_FLOAT, .real = real}; }
struct sql_value sql_bool(bool yes) { return (struct sql_value){.kind = SQL_BOOL, .yes = yes}; }
struct sql_value sql_null(void) { return (struct sql_value){.kind = SQL_NULL}; }

bool sql_read_number(str text, struct sql_value *number) {
    i64 integer;
    double real;
    text = str_trim(text);
    if (str_to_i64(text, &integer)) *number = sql_int(integer);
    else if (str_to_f64(text, &real)) *number = sql_float(real);
    else return false;
    return true;
}

struct sql_value sql_of_json(const struct json_node *node) {
    struct sql_value v = sql_null();
    switch ((enum json_type)node->type) {
    case JSON_BOOLEAN: return sql_bool(node->boolean);
    case JSON_STRING: return sql_text(node->text);
    case JSON_NUMBER:
        if (!sql_read_number(node->text, &v)) v = sql_float(node->number);
        v.text = node->text;
        return v;
    case JSON_ARRAY: return (struct sql_value){.kind = SQL_LIST, .node = node};
    case JSON_OBJECT: return (struct sql_value){.kind = SQL_STRUCT, .node = node};
    case JSON_NULL:
    case JSON_BROKEN: break;
    }
    return v;
}

/* ---- comparing ---- */

/* A CSV field as what it is compared with. */
static struct sql_value settled(struct arena *a, const struct sql_value *v, const struct sql_value *other) {
    static const enum sql_type types[] = {[SQL_BOOL] = SQL_TYPE_BOOL, [SQL_TIME] = SQL_TYPE_TIMESTAMP};
    struct sql_value as;
    if (!v->loose) return *v;
    if (sql_number(other) && sql_read_number(v->text, &as)) return as;
    if ((other->kind == SQL_BOOL || other->kind == SQL_TIME) && !sql_cast(a, v, types[other->kind], &as)) return as;
    return *v;
}

static int order_of(double x, double y) { return x < y ? -1 : x > y; }

bool sql_compare(struct arena *a, const struct sql_value *x, const struct sql_value *y, int *order) {
    struct sql_value left = settled(a, x, y), right = settled(a, y, x);
    if (left.kind == SQL_INT && right.kind == SQL_INT) {
        *order = left.integer < right.integer ? -1 : left.integer > right.integer;
        return true;
    }
    if (sql_number(&left) && sql_number(&right)) {
        *order = order_of(sql_real(&left), sql_real(&right));
        return true;
    }
    if (left.kind != right.kind) return false;
    if (left.kind == SQL_TEXT) *order = str_cmp(left.text, right.text);
    else if (left.kind == SQL_TIME) *order = left.time.ms < right.time.ms ? -1 : left.time.ms > right.time.ms;
    else if (left.kind == SQL_BOOL) *order = left.yes - right.yes;
    else return false;
    return true;
}

/* ---- casts ---- */

static enum sql_problem cast_number(const struct sql_value *v, enum sql_type type, struct sql_value *result) {
    struct sql_value number = *v;
    number.text = (str){0};
    if (v->kind == SQL_BOOL && type == SQL_TYPE_INT) number = sql_int(v->yes);
    else if (v->kind == SQL_TEXT && !sql_read_number(v->text, &number)) return SQL_CAST_FAILED;
    else if (v->kind != SQL_TEXT && !sql_number(&number)) return SQL_CAST_FAILED;
    if (type == SQL_TYPE_FLOAT) number = sql_float(sql_real(&number));
    if (type == SQL_TYPE_INT && number.kind == SQL_FLOAT) {
        const double edge = 9223372036854775808.0;
        if (v->kind == SQL_TEXT || !isfinite(number.real)) return SQL_CAST_FAILED;
        if (number.real >= edge || number.real < -edge) return SQL_INTEGER_OVERFLOW;
        number = sql_int((i64)number.real);
    }
    *result = number;
    return SQL_OK;
}

static enum sql_problem cast_bool(const struct sql_value *v, struct sql_value *result) {
    if (v->kind == SQL_BOOL) *result = *v;
    else if (sql_number(v)) *result = sql_bool(sql_real(v) != 0);
    else if (v->kind == SQL_TEXT && str_eq_nocase(v->text, S("true"))) *result = sql_bool(true);
    else if (v->kind == SQL_TEXT && str_eq_nocase(v->text, S("false"))) *result = sql_bool(false);
    else return SQL_CAST_FAILED;
    return SQL_OK;
}

enum sql_problem sql_cast(struct arena *a, const struct sql_value *v, enum sql_type type, struct sql_value *result) {
    enum { SHOWN_MAX = 1 << 20 };
    if (sql_unknown(v)) {
        *result = *v;
        return SQL_OK;
    }
    if (type == SQL_TYPE_BOOL) return cast_bool(v, result);
    if (type == SQL_TYPE_TIMESTAMP) {
        struct sql_value time = {.kind = SQL_TIME};
        if (v->kind == SQL_TIME) time = *v;
        else if (v->kind != SQL_TEXT || !sql_time_read(v->text, &time.time)) return SQL_CAST_FAILED;
        *result = time;
        return SQL_OK;
    }
    if (type != SQL_TYPE_STRING) return cast_number(v, type, result);
    struct buf b = buf_new(a, SHOWN_MAX);
    sql_show(&b, v);
    if (b.over) return SQL_CAST_FAILED;
    *result = sql_text(b.n ? buf_str(&b) : S(""));
    return SQL_OK;
}

/* ---- showing ---- */

static void show_node(struct buf *b, const struct json_node *node) {
    const struct json_node *child = node->first;
    switch ((enum json_type)node->type) {
    case JSON_OBJECT:
        json_write_object(b);
        for (; child; child = child->next) {
            json_write_key(b, child->key);
            show_node(b, child);
        }
        json_write_object_end(b);
        break;
    case JSON_ARRAY:
        json_write_array(b);
        for (; child; child = child->next) show_node(b, child);
        json_write_array_end(b);
        break;
    case JSON_STRING: json_write_string(b, node->text); break;
    case JSON_NUMBER: json_write_raw(b, node->text); break;
    case JSON_BOOLEAN: json_write_boolean(b, node->boolean); break;
    case JSON_NULL:
    case JSON_BROKEN: json_write_null(b); break;
    }
}

static void show_number(struct buf *b, const struct sql_value *v) {
    if (v->text.p) buf_add(b, v->text);
    else if (v->kind == SQL_INT) buf_i64(b, v->integer);
    else buf_f64(b, v->real);
}

void sql_show(struct buf *b, const struct sql_value *v) {
    switch ((enum sql_kind)v->kind) {
    case SQL_MISSING:
    case SQL_NULL: break;
    case SQL_BOOL: buf_add(b, v->yes ? S("true") : S("false")); break;
    case SQL_INT:
    case SQL_FLOAT: show_number(b, v); break;
    case SQL_TEXT: buf_add(b, v->text); break;
    case SQL_TIME: sql_time_show(b, &v->time); break;
    case SQL_LIST:
    case SQL_STRUCT: show_node(b, v->node); break;
    }
}

void sql_show_json(struct buf *b, const struct sql_value *v) {
    char text[64];
    struct arena none = {0};
    switch ((enum sql_kind)v->kind) {
    case SQL_MISSING:
    case SQL_NULL: json_write_null(b); break;
    case SQL_BOOL: json_write_boolean(b, v->yes); break;
    case SQL_TEXT: json_write_string(b, v->text); break;
    case SQL_LIST:
    case SQL_STRUCT: show_node(b, v->node); break;
    case SQL_INT:
    case SQL_FLOAT:
        json_write_comma(b);
        show_number(b, v);
        break;
    case SQL_TIME: {
        struct buf shown = {.arena = &none, .p = text, .capacity = sizeof text, .max = sizeof text};
        sql_time_show(&shown, &v->time);
        json_write_string(b, buf_str(&shown));
        break;
    }
    }
}
