#include "http/smtp.h"

#include "base/encode.h"
#include "http/line.h"
#include "sys/sys.h"

enum { TIMEOUT_MS = 30000, ANSWER_MAX = 8 << 10, LINE_BYTES = 57 /* 76 characters of base64 */, MESSAGE_MAX = 4 << 20 };

bool smtp_server_parse(str text, struct smtp_server *s) {
    str host = text, port = {0};
    u64 number = 25;
    size_t colon = str_rfind_char(text, ':');
    if (str_starts(text, S("["))) {
        size_t end = str_find_char(text, ']');
        if (end == STR_NONE) return false;
        host = str_skip(str_take(text, end), 1);
        if (end + 1 < text.n) port = str_skip(text, end + 2);
    } else if (colon != STR_NONE) {
        host = str_take(text, colon);
        port = str_skip(text, colon + 1);
    }
    if (port.p && (!str_to_u64(port, &number) || !number || number > 65535)) return false;
    s->host = host;
    s->port = (int)number;
    return host.n > 0 && host.n < 256;
}

/* ---- a mail ---- */

/* No byte may end a line of the head. */
static str plain(struct arena *a, str text) {
    char *clean = arena_c_string(a, text);
    for (size_t i = 0; i < text.n; i++)
        if ((u8)clean[i] < ' ' || clean[i] == 0x7f) clean[i] = ' ';
    return (str){clean, text.n};
}

static bool is_ascii(str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((u8)text.p[i] >= 0x80) return false;
    return true;
}

/* As words of RFC 2047, each of at most 45 bytes and of whole characters. */
static void write_words(struct buf *b, str text) {
    if (is_ascii(text)) {
        buf_add(b, text);
        return;
    }
    for (bool first = true; text.n; first = false) {
        size_t n = MIN(text.n, (size_t)45);
        while (n > 1 && n < text.n && ((u8)text.p[n] & 0xc0) == 0x80) n--;
        buf_add(b, first ? S("=?UTF-8?B?") : S("\r\n =?UTF-8?B?"));
        buf_base64(b, str_take(text, n));
        buf_add(b, S("?="));
        text = str_skip(text, n);
    }
}

/* "Name <address>" -> address; an address as it is. */
static str address_of(str mailbox) {
    size_t open = str_rfind_char(mailbox, '<');
    if (open == STR_NONE) return mailbox;
    str rest = str_skip(mailbox, open + 1);
    return str_take(rest, str_find_char(rest, '>'));
}

static void write_mailbox(struct buf *b, struct arena *a, const char *name, str mailbox) {
    size_t open = str_rfind_char(mailbox, '<');
    str address = plain(a, address_of(mailbox)), display = open == STR_NONE ? (str){0} : str_trim(plain(a, str_take(mailbox, open)));
    buf_format(b, "%s: ", name);
    if (display.n && is_ascii(display)) {
        buf_char(b, '"');
        for (size_t i = 0; i < display.n; i++) {
            if (display.p[i] == '"' || display.p[i] == '\\') buf_char(b, '\\');
            buf_char(b, display.p[i]);
        }
        buf_add(b, S("\" "));
    } else if (display.n) {
        write_words(b, display);
        buf_char(b, ' ');
    }
    buf_format(b, "<%.*s>\r\n", STR_ARGS(address));
}

str smtp_message(struct arena *a, const struct smtp_mail *mail) {
    struct buf b = buf_new(a, MESSAGE_MAX), date = buf_new(a, 64);
    buf_http_date(&date, mail->date_ms);
    str day = buf_str(&date);
    buf_format(&b, "Date: %.*s +0000\r\n", STR_ARGS(str_take(day, day.n - 4))); /* without " GMT" */
    write_mailbox(&b, a, "From", mail->from);
    write_mailbox(&b, a, "To", mail->to);
    buf_add(&b, S("Subject: "));
    write_words(&b, plain(a, mail->subject));
    buf_format(&b, "\r\nMessage-ID: <%.*s@brume>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
               STR_ARGS(plain(a, mail->id)));
    for (str rest = mail->text; rest.n; rest = str_skip(rest, LINE_BYTES)) {
        buf_base64(&b, str_take(rest, LINE_BYTES)); /* no line begins with a dot, none is long */
        buf_add(&b, S("\r\n"));
    }
    return b.over ? (str){0} : buf_str(&b);
}

/* ---- the dialogue ---- */

struct dialogue {
    struct line line;
    str *answer; /* all lines of the last one */
};

int smtp_answer_read(struct arena *a, ssize_t (*read)(void *from, char *to, size_t n), void *from, str *answer) {
    struct buf b = buf_new(a, ANSWER_MAX);
    for (size_t begin = 0;;) {
        char *at = buf_reserve(&b, 1);
        if (!at || read(from, at, 1) <= 0) return 0;
        b.n++;
        if (*at != '\n') continue;
        str one = str_skip(buf_str(&b), begin);
        u64 code;
        if (one.n < 4 || !str_to_u64(str_take(one, 3), &code)) return 0;
        begin = b.n;
        if (one.p[3] == '-') continue;
        *answer = str_take(buf_str(&b), b.n - 1);
        if (str_ends(*answer, S("\r"))) answer->n--;
        return (int)code;
    }
}

bool smtp_offers(str answer, str what) {
    for (str rest = answer; rest.p;) {
        str line = str_skip(str_cut(&rest, '\n'), 4);
        if (line.n >= what.n && str_eq_nocase(str_take(line, what.n), what)) return true;
    }
    return false;
}

static int hear(struct dialogue *d) { return smtp_answer_read(d->line.arena, line_read, &d->line, d->answer); }

PRINTF(2, 3) static int say(struct dialogue *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    str command = arena_vformat(d->line.arena, format, args);
    va_end(args);
    return line_write(&d->line, arena_concat(d->line.arena, command, S("\r\n"))) ? hear(d) : 0;
}

static bool is_here(str host) { return str_eq_nocase(host, S("localhost")) || str_starts(host, S("127.")) || str_eq(host, S("::1")); }

/* Hello, TLS, hello again, who we are: 250 or 235 when all is well. */
static int greet(struct dialogue *d, const struct smtp_server *s) {
    int code = hear(d);
    if (code != 220) return code;
    if ((code = say(d, "EHLO brume")) != 250) return code;
    if (smtp_offers(*d->answer, S("STARTTLS"))) {
        if ((code = say(d, "STARTTLS")) != 220) return code;
        if (!line_secure(&d->line, s->host, NULL, (str){0})) return 0;
        if ((code = say(d, "EHLO brume")) != 250) return code;
    }
    if (!s->user.n) return code;
    if (!d->line.ssl && !is_here(s->host)) {
        *d->answer = S("The server offers no TLS: the password is not sent.");
        return 500;
    }
    struct buf b = buf_new(d->line.arena, 4096);
    buf_char(&b, 0);
    buf_add(&b, s->user);
    buf_char(&b, 0);
    buf_add(&b, s->password);
    return say(d, "AUTH PLAIN %.*s", STR_ARGS(base64_of(d->line.arena, buf_str(&b))));
}

static int deliver(struct dialogue *d, const struct smtp_server *s, const struct smtp_mail *mail) {
    struct arena *a = d->line.arena;
    int code = greet(d, s);
    if (code < 200 || code > 299) return code;
    if ((code = say(d, "MAIL FROM:<%.*s>", STR_ARGS(plain(a, address_of(mail->from))))) != 250) return code;
    if ((code = say(d, "RCPT TO:<%.*s>", STR_ARGS(plain(a, address_of(mail->to))))) / 10 != 25) return code;
    if ((code = say(d, "DATA")) != 354) return code;
    if (!line_write(&d->line, smtp_message(a, mail))) return 0;
    if ((code = say(d, ".")) != 250) return code;
    str told = *d->answer;
    (void)say(d, "QUIT");
    *d->answer = told;
    return 250;
}

enum smtp_outcome smtp_send(struct arena *a, const struct smtp_server *server, const struct smtp_mail *mail, str *answer) {
    struct smtp_mail sent = *mail;
    *answer = S("The server ended the connection.");
    struct dialogue d = {.line = {.fd = -1, .arena = a, .problem = answer, .deadline_us = sys_monotonic_us() + TIMEOUT_MS * 1000LL}, .answer = answer};
    if (server->from.n) {
        size_t open = str_rfind_char(mail->from, '<');
        sent.from = open == STR_NONE ? server->from : arena_format(a, "%.*s <%.*s>", STR_ARGS(str_trim(str_take(mail->from, open))), STR_ARGS(server->from));
    }
    int code = line_open(&d.line, server->host, server->port) ? deliver(&d, server, &sent) : 0;
    line_close(&d.line);
    if (code == 250) return SMTP_SENT;
    return code >= 500 && code <= 599 ? SMTP_REFUSED : SMTP_LATER;
}
