/* The records of an object that SelectObjectContent reads: unpacked, cut and split in the memory of one record. */
#ifndef S3_SELECT_INPUT_H
#define S3_SELECT_INPUT_H

#include "services/s3/select_sql.h"

/* Where bytes come from; false: they are damaged. `room` is at most 256 KiB. */
struct select_source {
    bool (*read)(void *context, u64 offset, char *out, size_t n);
    void *context;
    u64 size;
};
enum select_packing { SELECT_PLAIN, SELECT_GZIP, SELECT_BZIP2 };
enum select_header { SELECT_HEADER_NONE, SELECT_HEADER_USE, SELECT_HEADER_IGNORE };
struct select_format {
    bool json, lines; /* lines: records end with their line */
    u8 packing;       /* enum select_packing */
    u8 header;        /* enum select_header */
    char quote, escape, comment; /* 0: none */
    char field_delimiter;
    str record_delimiter;
    bool quoted_delimiters; /* a record may go on behind a delimiter in quotes */
    u64 from, to;           /* records that begin here; bytes [from, to) */
};
struct select_input;
/* Bounded: its buffers are in `a`, which is the caller's to free. */
struct select_input *select_input_new(struct arena *a, const struct select_format *format, struct select_source source);
enum select_read { SELECT_RECORD, SELECT_END, SELECT_BROKEN };
/* The next record, valid until the one behind it is asked for; a JSON tree is made in `a`. SELECT_BROKEN: *code and
 * *message say why, as S3 does. */
enum select_read select_input_next(struct select_input *in, struct arena *a, struct sql_record *record, const char **code, str *message);
u64 select_input_scanned(const struct select_input *in);   /* bytes of the object */
u64 select_input_processed(const struct select_input *in); /* of them, unpacked */

#endif
