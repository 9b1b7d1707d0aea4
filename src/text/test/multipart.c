#include "text/multipart.h"
#include "unit.h"

struct seen {
    char fields[400], file[400];
    size_t field_n, file_n;
    int files;
};
static void on_field(void *context, str name, str value) {
    struct seen *s = context;
    s->field_n += (size_t)snprintf(s->fields + s->field_n, sizeof s->fields - s->field_n, "%.*s=%.*s;", STR_ARGS(name), STR_ARGS(value));
}
static void on_file(void *context, str name, str filename, str type) {
    struct seen *s = context;
    s->files++;
    s->field_n += (size_t)snprintf(s->fields + s->field_n, sizeof s->fields - s->field_n, "[%.*s %.*s %.*s]", STR_ARGS(name), STR_ARGS(filename), STR_ARGS(type));
}
static void on_bytes(void *context, str bytes) {
    struct seen *s = context;
    memcpy(s->file + s->file_n, bytes.p, bytes.n);
    s->file_n += bytes.n;
}

static const char form[] =
    "--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na b\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"x\"\r\nContent-Type: text/plain\r\n\r\n\r\n\r--\r\n"
    "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\nContent-Type: text/html\r\n\r\nline\r\n--Cad\r\n\r\n--\r\r\n--B\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\nz\r\n--B--\r\n";

/* However the bytes are cut, the same comes out. */
static void any_cut_gives_the_same(void) {
    for (size_t piece = 1; piece < sizeof form; piece++) {
        struct arena a = {0};
        struct seen s = {0};
        struct multipart *m = multipart_new(&a, S("B"), (struct multipart_events){on_field, on_file, on_bytes, &s});
        enum multipart_result r = MULTIPART_MORE;
        for (size_t at = 0; at < sizeof form - 1; at += piece)
            r = multipart_add(m, str_take((str){form + at, sizeof form - 1 - at}, piece));
        CHECK_INT(r, MULTIPART_END);
        CHECK_INT(s.files, 1);
        CHECK_STR(((str){s.fields, s.field_n}), S("key=a b;x=\r\n\r--;[file f.txt text/html]late=z;"));
        CHECK_STR(((str){s.file, s.file_n}), S("line\r\n--Cad\r\n\r\n--\r"));
        arena_free(&a);
    }
}

static enum multipart_result run(str bytes, struct seen *s) {
    struct arena a = {0};
    struct multipart *m = multipart_new(&a, S("B"), (struct multipart_events){on_field, on_file, on_bytes, s});
    enum multipart_result r = multipart_add(m, bytes);
    arena_free(&a);
    return r;
}

static void refused(void) {
    struct seen s = {0};
    CHECK_INT(run(S("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"), &s), MULTIPART_BROKEN);
    CHECK_INT(run(S("--Bxy"), &s), MULTIPART_BROKEN);
    CHECK_INT(run(S("--B\r\nno colon\r\n\r\n"), &s), MULTIPART_BROKEN);
    CHECK_INT(run(S("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"), &s), MULTIPART_MORE);
    struct arena a = {0};
    struct buf b = buf_new(&a, 64 << 10);
    buf_add(&b, S("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"));
    for (int i = 0; i < 30000; i++) buf_char(&b, 'x');
    CHECK_INT(run(buf_str(&b), &s), MULTIPART_TOO_LONG);
    arena_free(&a);
}

static void boundaries(void) {
    CHECK_STR(multipart_boundary(S("multipart/form-data; boundary=\"a b\"; charset=x")), S("a b"));
    CHECK_STR(multipart_boundary(S("Multipart/Form-Data;boundary=x")), S("x"));
    CHECK(!multipart_boundary(S("multipart/mixed; boundary=x")).n);
    CHECK(!multipart_boundary(S("multipart/form-data")).n);
}

UNIT_MAIN(UNIT(any_cut_gives_the_same), UNIT(refused), UNIT(boundaries))
