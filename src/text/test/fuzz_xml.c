/* Any bytes: the reader ends, and a tree that it takes comes back the same after writing and reading. */
#include "text/xml.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void copy(struct xml_reader *r, struct buf *out, const struct xml_element *e) {
    xml_write_open(out, e->qualified);
    for (u32 i = 0; i < e->attribute_count; i++)
        xml_write_attribute(out, e->attributes[i].qualified, e->attributes[i].value);
    xml_write_open_end(out);
    struct xml_reader at_start = *r;
    struct xml_element child;
    bool any = false;
    while (xml_child(r, &child)) {
        copy(r, out, &child);
        any = true;
    }
    if (!any && !r->problem) {
        *r = at_start;
        xml_write_text(out, xml_text(r));
    }
    xml_write_close(out, e->qualified);
}

static bool rewrite(struct arena *a, str in, str *out) {
    struct xml_reader r = xml_reader_new(a, in, xml_default_limits);
    struct buf b = buf_new(a, 64 << 20);
    struct xml_element root;
    if (xml_root(&r, &root)) copy(&r, &b, &root);
    *out = buf_str(&b);
    return xml_done(&r);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    struct arena a = {0};
    str once, twice;
    if (rewrite(&a, (str){(const char *)data, n}, &once)) {
        ASSERT(rewrite(&a, once, &twice));
        ASSERT(str_eq(once, twice));
    }
    arena_free(&a);
    return 0;
}
