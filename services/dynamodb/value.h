/* Attribute values, and items, which are maps of them: as they come from the wire, as rows hold them,
 * as expressions work on them.
 *
 * A value is 16 bytes and a view: text and elements live in the request, the arena, or the row's bytes.
 * Values are never changed in place; an update makes new ones that share what stayed.
 *
 * In normal form, which every value is in once it passed value_of_wire or item_of_wire: numbers are
 * spelt as number_print does, sets sorted (bytes; numbers by size), maps sorted by the bytes of the
 * names. So equality is plain, and a stored item has one spelling (rows of older versions have texts of another). */
#ifndef DYNAMODB_VALUE_H
#define DYNAMODB_VALUE_H

#include "cloud/cloud.h"
#include "services/dynamodb/number.h"
#include "gen/dynamodb.h"

enum value_type { /* stored: numbers are never reused */
    VALUE_NONE = 0, /* there is no value */
    VALUE_S = 1,
    VALUE_N = 2,
    VALUE_B = 3,
    VALUE_SS = 4,
    VALUE_NS = 5,
    VALUE_BS = 6,
    VALUE_M = 7,
    VALUE_L = 8,
    VALUE_NULL = 9,
    VALUE_BOOL = 10,
};

struct value {
    u8 type;     /* enum value_type */
    bool packed; /* set, list or map that still lies in its stored bytes: value_open() first */
    bool truth;  /* of a BOOL */
    u32 n;       /* bytes of S, N (as text), B; elements of SS, NS, BS, L; members of M; packed: bytes */
    union {
        const char *text;             /* S, N, B, packed */
        const struct value *elements; /* SS (of S), NS (of N), BS (of B), L */
        const struct member *members; /* M */
    };
};

struct member {
    struct value value;
    const char *name;
    u32 name_n;
};

enum {
    ITEM_SIZE_MAX = 400 << 10, /* bytes of names and values, counted as AWS counts */
    VALUE_DEPTH_MAX = 32,      /* of nested lists and maps */
    ATTRIBUTE_NAME_MAX = 65535, /* bytes */
    ITEM_ROW_MAX = 2 << 20,    /* bytes of an encoded item */
};

static inline str value_text(const struct value *v) { return (str){v->text, v->n}; } /* S, N, B */
static inline str member_name(const struct member *m) { return (str){m->name, m->name_n}; }
static inline struct value value_string(str s) {
    return (struct value){.type = VALUE_S, .n = (u32)s.n, .text = s.p ? s.p : ""};
}
struct value value_number(struct arena *a, const struct number *n);
struct number value_to_number(const struct value *v); /* of an N */
bool type_is_set(u8 type);
str value_type_name(u8 type); /* "SS"; as attribute_type() and messages name it */

/* ---- from and to the wire ---- */

/* Checks, in AWS's order and with its messages: exactly one type, no empty set, no duplicates in a set,
 * numbers, NULL true, depth. Puts the value in normal form. ValidationException.
 * The structs of the streams API have the same layout: its rooms cast. */
MUST_USE err value_of_wire(struct call *c, const struct dynamodb_attribute_value *in, struct value *out);
/* A whole map: of any generated map shape of attribute values, all of one layout. Absent: no members. */
#define ITEM_OF_WIRE(c, map, out) item_of_wire((c), (map).v, (map).n, sizeof *(map).v, (out))
MUST_USE err item_of_wire(struct call *c, const void *entries, u32 n, size_t entry_size, struct value *item);

void value_to_wire(struct arena *a, const struct value *v, struct dynamodb_attribute_value *out);
/* Fills any generated map shape: ITEM_TO_WIRE(c->arena, &item, out->item). Sets `set`. */
#define ITEM_TO_WIRE(a, item, map)                                                                 \
    do {                                                                                           \
        _Static_assert(sizeof *(map).v == sizeof(struct dynamodb_attribute_map_entry), "an attribute map"); \
        (map).v = (void *)item_entries((a), (item), &(map).n);                                     \
        (map).set = true;                                                                          \
    } while (0)
struct dynamodb_attribute_map_entry *item_entries(struct arena *a, const struct value *item, u32 *n);

/* As JSON with types ({"S":"x"}), as exports have it; an item without the outer "M". text/json.h writes. */
void value_write_json(struct arena *a, struct buf *out, const struct value *v);
void item_write_json(struct arena *a, struct buf *out, const struct value *item);

/* ---- size, equality, order ---- */

/* AWS's count: names and strings in UTF-8, binaries raw, number_size(), 1 for null and bool, 3 for a
 * list or map and 1 for each of its elements. */
u32 value_size(const struct value *v);
u32 item_size(const struct value *item); /* names and values */
u32 value_packed_size(const struct value *v); /* value_size() of a packed one */

bool value_equal(struct arena *a, const struct value *x, const struct value *y);
/* Of two S, N or B of one type: <0, 0, >0. Others have no order: false, *order untouched. */
bool value_compare(const struct value *x, const struct value *y, int *order);
/* The bytes of an S, N or B as part of a key: their order (key_str) is that of the values. */
str value_key(struct arena *a, const struct value *v);
struct value value_of_key(struct arena *a, u8 type, str key);

/* ---- looking inside; `a` takes what value_open unpacks ---- */

struct value value_open(struct arena *a, const struct value *v); /* one level deep; itself if not packed */
/* A member of a map or item. NULL: no such member, or no map. */
const struct value *value_member(struct arena *a, const struct value *map, str name);
const struct value *value_element(struct arena *a, const struct value *list, u32 index);
bool set_contains(struct arena *a, const struct value *set, const struct value *element);

/* ---- items as new ones ---- */

/* The item with this attribute set; VALUE_NONE removes it. */
struct value item_with(struct arena *a, const struct value *item, str name, const struct value *v);
/* Only these attributes, those that it has. */
struct value item_of_names(struct arena *a, const struct value *item, const str *names, u32 n);

/* ---- rows ---- */

/* One item as bytes: its size as AWS counts it, then members in the order of their names. Containers
 * carry their length in bytes, so reading skips what nobody asks for. */
str item_encode(struct arena *a, const struct value *item);
/* Views into `bytes`, which must outlive the item; long texts are the arena's, containers stay packed. false: damaged (ASSERT it). */
MUST_USE bool item_decode(struct arena *a, str bytes, struct value *item);
u32 item_encoded_size(str bytes);                                          /* AWS's count, from the head */
MUST_USE bool item_encoded_find(struct arena *a, str bytes, str name, struct value *v); /* one attribute; only a long text takes of the arena */
str value_encode(struct arena *a, const struct value *v);                  /* one value: keys in tokens, defaults */
MUST_USE bool value_decode(struct arena *a, str bytes, struct value *v);
bool value_sound(struct arena *a, const struct value *v); /* normal form, all the way down: for bytes from elsewhere */

#endif
