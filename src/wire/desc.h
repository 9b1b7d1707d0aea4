/* Descriptors: an AWS API description as constant tables, one set per service, generated from api/.
 *
 * They drive the codecs, validation, authorisation facts, call records and the coverage page. They
 * hold 32-bit offsets and 16-bit indices, never pointers, so that linking all services costs neither
 * start-up relocations nor private memory. Text offsets point into the service's `text`, a pool of
 * NUL-terminated strings; offset 0 is the empty string and means "none". */
#ifndef BRUME_WIRE_DESC_H
#define BRUME_WIRE_DESC_H

#include "base/base.h"

enum wire_protocol {
    WIRE_AWS_JSON_1_0,
    WIRE_AWS_JSON_1_1,
    WIRE_REST_JSON,
    WIRE_REST_XML,
    WIRE_AWS_QUERY,
    WIRE_EC2_QUERY,
    WIRE_RPC_V2_CBOR,
};

enum wire_type {
    WIRE_STRUCTURE, /* unions too: WIRE_UNION flag */
    WIRE_LIST,
    WIRE_MAP,
    WIRE_STRING,
    WIRE_BLOB,
    WIRE_BOOLEAN,
    WIRE_BYTE,
    WIRE_SHORT,
    WIRE_INTEGER,
    WIRE_LONG,
    WIRE_FLOAT,
    WIRE_DOUBLE,
    WIRE_BIG_NUMBER, /* bigInteger, bigDecimal: kept as text */
    WIRE_TIMESTAMP,
    WIRE_DOCUMENT,
};

enum wire_shape_flag {
    WIRE_UNION = 1 << 0,
    WIRE_FLATTENED = 1 << 1, /* list or map without its own element (XML, query) */
    WIRE_SPARSE = 1 << 2,    /* nulls are kept */
    WIRE_EXCEPTION = 1 << 3,
    WIRE_EVENT_STREAM = 1 << 4, /* a union whose members are events */
    WIRE_EVENT = 1 << 5,
    WIRE_STREAMING = 1 << 6, /* blob: struct stream * */
    WIRE_SHAPE_SENSITIVE = 1 << 7,
    WIRE_WRAPPER = 1 << 8, /* XML wrapper (c2j "wrapper") */
};

enum wire_timestamp_format { WIRE_TIME_DEFAULT, WIRE_TIME_ISO8601, WIRE_TIME_HTTP_DATE, WIRE_TIME_EPOCH };

#define WIRE_NONE 0xffff

struct wire_shape {
    u8 type;             /* enum wire_type */
    u8 timestamp_format; /* enum wire_timestamp_format, of a timestamp */
    u16 flags;           /* enum wire_shape_flag */
    u32 name;            /* text: the API's shape name */
    u32 first_member;    /* structure: its members; list: one, the element; map: two, key and value */
    u16 member_count;
    u16 constraint;   /* index into constraints; 0 is none */
    u32 size;         /* bytes of the C value when it stands as list element or map value; of the
                         struct itself for structures */
    u32 location_name; /* text: root element name where it differs from the shape's */
    u32 xml_namespace; /* text: URI */
};

enum wire_location {
    WIRE_IN_BODY,
    WIRE_IN_HEADER,
    WIRE_IN_HEADERS, /* a map of all headers with prefix location_name */
    WIRE_IN_QUERY,
    WIRE_IN_QUERY_MAP, /* httpQueryParams */
    WIRE_IN_PATH,
    WIRE_IN_STATUS, /* output only: becomes the HTTP status */
};

enum wire_member_flag {
    WIRE_REQUIRED = 1 << 0,
    WIRE_PAYLOAD = 1 << 1, /* this member is the whole body */
    WIRE_MEMBER_FLATTENED = 1 << 2,
    WIRE_XML_ATTRIBUTE = 1 << 3,
    WIRE_HOST_LABEL = 1 << 4,
    WIRE_IDEMPOTENCY_TOKEN = 1 << 5,
    WIRE_MEMBER_SENSITIVE = 1 << 6,
    WIRE_JSON_VALUE = 1 << 7, /* header: base64 of JSON */
    WIRE_EVENT_HEADER = 1 << 8,
    WIRE_EVENT_PAYLOAD = 1 << 9,
    WIRE_DEPRECATED = 1 << 10,
    WIRE_MEMBER_STREAMING = 1 << 11,
};

struct wire_member {
    u32 name;          /* text: the API's member name */
    u32 location_name; /* text: the name on the wire; equals `name` where the API gives none */
    u32 query_name;    /* text: ec2's queryName, or the overlay's old query name; 0 if none */
    u32 default_value; /* text: JSON scalar; 0 if none */
    u32 xml_namespace; /* text: URI */
    u32 xml_prefix;    /* text */
    u16 offset;        /* of the C field in its struct; in a map entry: of key and value */
    u16 shape;         /* index */
    u16 flags;         /* enum wire_member_flag */
    u8 location;       /* enum wire_location */
    u8 timestamp_format; /* overrides the shape's */
};

/* What the API description promises about a value; src/wire/validate.h checks it. Length counts
 * UTF-8 code points for strings, bytes for blobs, elements for lists and maps. */
struct wire_constraint {
    i64 min, max;  /* length or range; has_min, has_max tell which count */
    u32 pattern;   /* text: the regular expression as published; 0 none */
    u32 first_enum; /* index into enums (text offsets) */
    u16 enum_count;
    bool has_min, has_max;
    bool length_first; /* of two faults the length is told before the pattern; services differ in it */
};

enum wire_op_flag {
    WIRE_OP_WRITES = 1 << 0,         /* runs in the writer; else on a snapshot */
    WIRE_OP_STREAM_IN = 1 << 1,      /* its payload is a streamed blob */
    WIRE_OP_STREAM_OUT = 1 << 2,
    WIRE_OP_EVENTS_OUT = 1 << 3,
    WIRE_OP_ANONYMOUS = 1 << 4,      /* the API description says it needs no signature */
    WIRE_OP_CHECKSUM_REQUIRED = 1 << 5,
    WIRE_OP_UNSIGNED_PAYLOAD = 1 << 6,
    WIRE_OP_HEAVY = 1 << 7,          /* overlay: runs on a worker, in slices */
    WIRE_OP_REQUEST_GZIP = 1 << 8,   /* requestcompression */
    WIRE_OP_DATA = 1 << 9,           /* overlay: of the data plane: CloudTrail records it on demand alone */
    WIRE_OP_READ_ONLY_EVENT = 1 << 10, /* overlay: CloudTrail calls it read-only, though it writes */
    WIRE_OP_NO_RESPONSE_ELEMENTS = 1 << 11, /* overlay: CloudTrail does not tell its answer, though it writes */
    WIRE_OP_COUNTED = 1 << 12,       /* overlay: AWS/Usage tells how often it is called */
};

struct wire_op {
    u32 name;           /* text: "SendMessage" */
    u32 method;         /* text: "POST" */
    u32 uri;            /* text: path template with literal query: "/{Bucket}/{Key+}?uploads" */
    u32 host_prefix;    /* text: "{AccountId}." */
    u32 result_wrapper; /* text: query protocols */
    u32 checksum_member;  /* text: name of requestAlgorithmMember; 0 none */
    u32 iam;            /* index of its first wire_iam fact; iam_count of them */
    u16 iam_count;
    u16 input, output;  /* shape index or WIRE_NONE */
    u16 first_error, error_count; /* into errors: shape indices */
    u16 flags;          /* enum wire_op_flag */
    u16 status;         /* HTTP status of success; 200 where the API gives none */
};

/* What a caller must be allowed to do for an operation (overlay, from the published IAM reference). */
struct wire_iam {
    u32 action;   /* text: "sqs:SendMessage"; 0: none is asked beforehand */
    u32 resource; /* text: ARN template over input members and ${Account}...: gen/README.md; "*" */
    u32 when;     /* text: members whose presence makes this right be asked; 0 always */
    u32 keys;     /* text: comma-separated service condition keys */
};

struct wire_service {
    const char *text;
    const struct wire_shape *shapes;
    const struct wire_member *members;
    const struct wire_constraint *constraints;
    const u32 *enums;
    const struct wire_op *ops;
    const u16 *errors;
    const struct wire_iam *iam;
    const struct error *const *error_constants; /* all modelled errors, for finding one by its code */
    u16 shape_count, op_count, error_constant_count;
    u8 protocol;      /* enum wire_protocol: what the newest clients speak */
    u8 protocols;     /* bit set over 1 << enum wire_protocol: all that clients may speak */
    bool query_compatible; /* awsQueryCompatible: x-amzn-query-error */
    bool older_reader; /* JSON of wrong types is refused in the words of AWS's older reader: json_older.c */
    u32 signing_hash, target_hash; /* of signing_name and target_prefix (0: none): wire_hash */
    bool global;      /* one for all regions: whatever region a client signs for, its calls are of us-east-1 */
    /* text offsets */
    u32 name;          /* brume's room: "sqs" */
    u32 signing_name;  /* credential scope: "sqs" */
    u32 endpoint_prefix;
    u32 target_prefix; /* "AmazonSQS" */
    u32 api_version;   /* "2012-11-05" */
    u32 service_id;    /* "SQS" */
    u32 xml_namespace;
    u32 namespace_;    /* Smithy namespace of absolute shape ids: "com.amazonaws.sqs" */
};

static inline str wire_text(const struct wire_service *s, u32 offset) { return str_of(s->text + offset); }
/* Is it this text? Most often the first letter says no. */
static inline bool wire_text_is(const struct wire_service *s, u32 offset, str text) {
    const char *p = s->text + offset;
    return text.n ? *p == *text.p && str_eq(str_of(p), text) : !*p;
}
/* FNV-1a. By it a service is found among all without a look at the texts of the others, which are a page each. */
static inline u32 wire_hash(str text) {
    u32 h = 0x811c9dc5;
    for (size_t i = 0; i < text.n; i++) h = (h ^ (u8)text.p[i]) * 0x01000193;
    return h;
}

#endif
