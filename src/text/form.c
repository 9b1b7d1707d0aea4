#include "text/form.h"

#include "base/encode.h"

bool form_parse(struct arena *a, str bytes, bool plus_is_space, size_t max_pairs, struct form *form) {
    *form = (struct form){0};
    if (bytes.n == 0) return true;
    size_t most = 1;
    for (size_t i = 0; i < bytes.n; i++) most += bytes.p[i] == '&';
    form->pairs = NEW_ARRAY(a, struct form_pair, MIN(most, max_pairs));
    for (str rest = bytes; rest.p;) {
        str value = str_cut(&rest, '&');
        if (value.n == 0) continue;
        if (form->n == max_pairs) return false;
        struct form_pair *pair = &form->pairs[form->n++];
        str name = str_cut(&value, '=');
        if (!percent_decode(a, name, plus_is_space, &pair->name) || !utf8_valid(pair->name)) return false;
        if (!value.p) continue;
        if (!percent_decode(a, value, plus_is_space, &pair->value) || !utf8_valid(pair->value))
            return false;
    }
    return true;
}

str form_get(const struct form *form, str name) {
    for (size_t i = 0; i < form->n; i++)
        if (str_eq(form->pairs[i].name, name)) return form->pairs[i].value;
    return (str){0};
}

bool form_has(const struct form *form, str name) {
    for (size_t i = 0; i < form->n; i++)
        if (str_eq(form->pairs[i].name, name)) return true;
    return false;
}

str form_find(struct arena *a, str bytes, str name) {
    for (str rest = bytes; rest.p;) {
        str value = str_cut(&rest, '&'), decoded;
        if (!str_eq(str_cut(&value, '='), name)) continue;
        return value.p && percent_decode(a, value, true, &decoded) ? decoded : (str){0};
    }
    return (str){0};
}

void form_write(struct buf *b, str name, str value) {
    if (b->n) buf_char(b, '&');
    buf_percent(b, name, false);
    buf_char(b, '=');
    buf_percent(b, value, false);
}
