/* One mail handed to a server by SMTP (RFC 5321): by TLS where the server offers it (STARTTLS), with a user's password
 * (AUTH PLAIN) by TLS or on this machine alone. It blocks. */
#ifndef BRUME_HTTP_SMTP_H
#define BRUME_HTTP_SMTP_H

#include "base/arena.h"

#include <sys/types.h>

struct smtp_server {
    str host; /* absent: none */
    int port;
    str user, password; /* absent: none are sent */
    str from; /* address by which mails leave; absent: their own */
};
/* "host:port"; without port 25. */
MUST_USE bool smtp_server_parse(str text, struct smtp_server *s);

struct smtp_mail {
    str from, to;  /* as in its head: "Name <address>" or an address; other bytes than text become spaces */
    str subject, text;
    str id;        /* of Message-ID */
    i64 date_ms;
};
/* The mail as it goes over the line, without its end. */
str smtp_message(struct arena *a, const struct smtp_mail *mail);

enum smtp_outcome {
    SMTP_SENT,
    SMTP_LATER,   /* nobody answered, or the server asks for another attempt */
    SMTP_REFUSED, /* for good */
};
/* *answer: what the server said last, or what went wrong. */
enum smtp_outcome smtp_send(struct arena *a, const struct smtp_server *server, const struct smtp_mail *mail, str *answer);

/* One answer of a server, for smtp_send: its code, 0 if none came. `read` as recv(); *answer: all its lines, without the
 * end of the last. */
int smtp_answer_read(struct arena *a, ssize_t (*read)(void *from, char *to, size_t n), void *from, str *answer);
/* Does an answer to EHLO offer it? */
bool smtp_offers(str answer, str what);

#endif
