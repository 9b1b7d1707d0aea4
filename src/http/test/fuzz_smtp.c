/* What a mail server says, one answer after the other; and a mail whose parts are these bytes. */
#include "http/smtp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static ssize_t serve(void *from, char *to, size_t n) {
    str *rest = from;
    str piece = str_take(*rest, n);
    if (piece.n) memcpy(to, piece.p, piece.n);
    *rest = str_skip(*rest, piece.n);
    return (ssize_t)piece.n;
}

/* No byte of the parts ends a line of the head: it has eight lines, and those that begin with a space. */
static void write_mail(struct arena *a, str text) {
    struct smtp_mail mail = {.from = text, .to = str_skip(text, text.n / 2), .subject = text, .text = text, .id = str_take(text, 20), .date_ms = (i64)text.n};
    str message = smtp_message(a, &mail);
    size_t lines = 0;
    for (str rest = message; rest.n;) {
        str line = str_cut(&rest, '\n');
        ASSERT(str_ends(line, S("\r")) && str_find_char(str_take(line, line.n - 1), '\r') == STR_NONE);
        if (line.n == 1) break;
        lines += line.p[0] != ' ';
    }
    ASSERT(lines == 8);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    str all = {(const char *)data, size}, rest = all, answer = {0};
    for (int code; (code = smtp_answer_read(&a, serve, &rest, &answer)) != 0;) {
        ASSERT(code > 0 && code < 1000 && answer.n >= 3 && !str_ends(answer, S("\n")));
        (void)smtp_offers(answer, S("STARTTLS"));
    }
    if (size && size < 4096) write_mail(&a, all);
    arena_free(&a);
    return 0;
}
