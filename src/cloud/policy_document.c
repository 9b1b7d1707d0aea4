#include "cloud/policy_document.h"

#include "text/tree.h"

static bool add_statement(struct policy_document *d, const struct json_node *n, str text) {
    const struct json_node *sid = json_node_member(n, S("Sid"));
    if (n->type != JSON_OBJECT || !json_node_member(n, S("Effect")) || d->n == POLICY_STATEMENTS_MAX) return false;
    d->statements[d->n].json = json_node_raw(n, text);
    d->statements[d->n++].sid = sid && sid->type == JSON_STRING ? sid->text : (str){0};
    return true;
}

bool policy_document_read(struct arena *a, str text, struct policy_document *d) {
    const struct json_node *root = json_tree(a, text, json_default_limits, NULL, NULL);
    const struct json_node *statements = json_node_member(root, S("Statement"));
    const struct json_node *version = json_node_member(root, S("Version")), *id = json_node_member(root, S("Id"));
    *d = (struct policy_document){.version = version ? version->text : S("2008-10-17")};
    if (id) d->id = id->text;
    if (!statements) return false;
    if (statements->type == JSON_OBJECT) return add_statement(d, statements, text);
    if (statements->type != JSON_ARRAY) return false;
    for (const struct json_node *n = statements->first; n; n = n->next)
        if (!add_statement(d, n, text)) return false;
    return true;
}

str policy_document_write(struct arena *a, const struct policy_document *d) {
    struct buf b = buf_new(a, 1 << 20);
    json_write_object(&b);
    json_write_member(&b, S("Version"), d->version);
    if (d->id.p) {
        json_write_member(&b, S("Id"), d->id);
    }
    json_write_key(&b, S("Statement"));
    json_write_array(&b);
    for (u32 i = 0; i < d->n; i++) json_write_raw(&b, d->statements[i].json);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

size_t policy_document_find(const struct policy_document *d, str sid) {
    for (u32 i = 0; i < d->n; i++)
        if (d->statements[i].sid.p && str_eq(d->statements[i].sid, sid)) return i;
    return STR_NONE;
}

void policy_document_remove(struct policy_document *d, size_t index) {
    ASSERT(index < d->n);
    d->n--;
    memmove(&d->statements[index], &d->statements[index + 1], (d->n - index) * sizeof d->statements[0]);
}

static void write_list(struct buf *b, str name, const str *v, u32 n) {
    json_write_key(b, name);
    if (n != 1) json_write_array(b);
    for (u32 i = 0; i < n; i++) json_write_string(b, v[i]);
    if (n != 1) json_write_array_end(b);
}

bool policy_document_permit(struct arena *a, struct policy_document *d, const struct policy_permission *p) {
    if (d->n == POLICY_STATEMENTS_MAX) return false;
    struct buf b = buf_new(a, 256 << 10);
    json_write_object(&b);
    json_write_member(&b, S("Sid"), p->sid);
    json_write_member(&b, S("Effect"), S("Allow"));
    json_write_key(&b, S("Principal"));
    json_write_object(&b);
    write_list(&b, S("AWS"), p->principals, p->principal_count);
    json_write_object_end(&b);
    write_list(&b, S("Action"), p->actions, p->action_count);
    json_write_member(&b, S("Resource"), p->resource);
    json_write_object_end(&b);
    d->statements[d->n].json = buf_str(&b);
    d->statements[d->n++].sid = p->sid;
    return true;
}
