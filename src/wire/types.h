/* How the AWS data model looks in C. The generator writes one struct per shape with these fields:
 *
 *   string, enum, blob, bigInteger, bigDecimal   str            absent: .p == NULL
 *   document                                     str            raw JSON text
 *   boolean, byte..integer, long                 struct opt_*   absent: .set == false
 *   float, double, timestamp                     struct opt_*
 *   structure, union                             struct X *     absent: NULL
 *   list of E                                    { E *v; u32 n; bool set; }     (structures inline in v)
 *   map of V                                     { struct { str key; V value; } *v; u32 n; bool set; }
 *   streaming blob                               struct stream *  (cloud/stream.h)
 *   event stream                                 struct event_stream *
 *
 * As list elements and map values scalars stay struct opt_* (an unset one is a null of a sparse
 * collection). Member names become snake_case; C keywords get a trailing underscore. Decoded values
 * point into the request's bytes or its arena and live as long as it. Enums are open: an unknown
 * value is a string like others, and validation, not decoding, refuses it. */
#ifndef BRUME_WIRE_TYPES_H
#define BRUME_WIRE_TYPES_H

#include "base/arena.h"

struct opt_bool {
    bool set, v;
};
struct opt_i32 { /* byte, short, integer: the codec checks the range of the shape */
    bool set;
    i32 v;
};
struct opt_i64 {
    bool set;
    i64 v;
};
struct opt_f64 { /* float, double */
    bool set;
    double v;
};
struct opt_time { /* milliseconds since the epoch */
    bool set;
    i64 ms;
};

#define SOME_BOOL(value) ((struct opt_bool){true, (value)})
#define SOME_I32(value) ((struct opt_i32){true, (value)})
#define SOME_I64(value) ((struct opt_i64){true, (value)})
#define SOME_F64(value) ((struct opt_f64){true, (value)})
#define SOME_TIME(value) ((struct opt_time){true, (value)})

/* Every generated list and map begins like this. */
struct wire_list {
    void *v;
    u32 n;
    bool set;
};

struct stream;       /* a streamed body, in or out: cloud/stream.h */
struct event_stream; /* an outgoing event stream: cloud/stream.h */

/* Operations without input or output take this. */
struct wire_unit {
    char none;
};

#endif
