/* Private to the room of DynamoDB: the half that is stored. README.md says how the nouns fit together.
 * value.h, number.h and expression.h are the half that computes. */
#ifndef BRUME_DYNAMODB_DYNAMODB_H
#define BRUME_DYNAMODB_DYNAMODB_H

#include "gen/dynamodb.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/records.h"
#include "services/dynamodb/value.h"

enum {
    DDB_SLICE = 200,          /* items that a job touches in one transaction */
    DDB_SLICE_BYTES = 4 << 20, /* and their bytes */
    DDB_NAME_MIN = 3, DDB_NAME_MAX = 255,
    DDB_HASH_MAX = 2048, DDB_SORT_MAX = 1024, /* bytes of key attributes */
    DDB_INDEXES_MAX = 30, /* local, global, vector */
    DDB_APART_MAX = 256, /* of a list without an end, so many are looked at for one that stands there twice: more are refused anyhow */
    DDB_KEY_MS = 300000, /* that a key of KMS is used without asking again */
};

/* How many changes of this table's items fit one transaction: each writes item, counts, stream, expiry or
 * history, and a row or two in its indexes. */
static inline int ddb_changes_max(const struct ddb_table *t) {
    enum { ROWS = 800 };
    return (int)(ROWS / (4 + t->indexes.n));
}

/* ---- key.c ---- */
struct key_attributes ddb_key_attributes(const struct ddb_schema *keys);
/* The names of a key's attributes, each half in its order: 2 * KEY_PARTS_MAX at most. Returns how many. */
u32 ddb_key_names(const struct ddb_schema *keys, str *names);
bool ddb_key_fits(const struct value *v, u32 n, u64 most); /* the values of a half, together */

/* ---- rows.c: where rows stand. A space is a number; ("ddb", space) begins all of its rows' keys. ---- */
/* A partition's place: the first bytes are AWS's own hash order, which Scan and its segments show; the
 * others tell keys apart whose hashes fall together. */
enum { DDB_PLACE_HASH = 8, DDB_PLACE_ID = 16, DDB_PLACE = DDB_PLACE_HASH + DDB_PLACE_ID };
struct ddb_place {
    char bytes[DDB_PLACE];
};
struct ddb_place ddb_place_of(str hash_key);
struct key ddb_space_key(struct arena *a, u64 space);
str ddb_place_key(struct arena *a, u64 space, const struct ddb_place *place);
/* A sort key inside a row's key: its order kept, its end known, 9 bytes for 8 at most. */
void ddb_key_sort(struct key *k, u8 type, str sort);

/* An item's primary key, read out of it. */
struct ddb_key {
    struct value hash, range; /* range: VALUE_NONE if the table has none */
    struct ddb_place place;
    str sort; /* value_key of range */
    str row;  /* in the table's space */
};
void ddb_key_locate(struct arena *a, const struct ddb_table *t, struct ddb_key *k); /* hash and range are set */
/* The row of an item in an index, whose key attributes have these values. */
struct ddb_index_key {
    struct value hash[KEY_PARTS_MAX], range[KEY_PARTS_MAX];
};
str ddb_index_row(struct arena *a, const struct ddb_index *index, const struct ddb_index_key *key, const struct ddb_key *base);
/* Rows of one partition that a key condition asks for. */
struct ddb_span {
    str from, to;
};
struct ddb_span ddb_span_of(struct arena *a, u64 space, const struct key_range *range);

/* ---- table.c ---- */
/* By name or ARN. ResourceNotFoundException, or ValidationException for what is no name. */
MUST_USE err ddb_table_open(struct call *c, str name, struct ddb_table *t);   /* for control: in any state, but one that is being restored is not found */
MUST_USE err ddb_table_told(struct call *c, str name, struct ddb_table *t);   /* even that: by who describes or deletes it */
MUST_USE err ddb_table_use(struct call *c, str name, struct ddb_table *t);    /* for items: while it can be used */
MUST_USE err ddb_table_named(struct call *c, str name); /* for items: what is no name is refused before all else */
MUST_USE err ddb_table_named_to_control(struct call *c, str name); /* the same for control */
MUST_USE err ddb_table_name_check(struct call *c, str name, const char *member);

/* ---- table_row.c ---- */
bool ddb_table_load(struct txn *t, struct arena *a, str account, str region, str name, struct ddb_table *table);
bool ddb_table_of_row(struct txn *t, struct arena *a, str row, struct ddb_table *table); /* by its row's key */
bool ddb_replica_load(struct call *c, const struct ddb_table *t, u32 at, struct ddb_table *replica); /* the table in one of its other regions */
void ddb_table_save(struct txn *t, struct arena *a, const struct ddb_table *table);
str ddb_table_row(struct arena *a, str account, str region, str name);
str ddb_table_arn(struct arena *a, const struct ddb_table *t);
bool ddb_table_restoring(const struct ddb_table *t); /* its items are being put back: few may see it yet */
struct ddb_index *ddb_index_find(const struct ddb_table *t, str name);
u8 ddb_attribute_type(const struct ddb_table *t, str name); /* VALUE_NONE: not defined */
struct ddb_counts ddb_counts_of(struct txn *t, struct arena *a, const struct ddb_table *table);
struct ddb_count *ddb_count_of(struct arena *a, struct ddb_counts *counts, u64 space); /* added if missing */
void ddb_counts_save(struct txn *t, struct arena *a, const struct ddb_table *table, const struct ddb_counts *counts);
void ddb_counts_drop(struct txn *t, struct arena *a, const struct ddb_table *table);
/* The task that brings the table on: from CREATING to ACTIVE and so on. */
void ddb_table_settle(struct txn *t, struct arena *a, const struct ddb_table *table);

/* ---- sweep.c ---- */
void ddb_sweep(struct txn *t, struct arena *a, u64 space); /* deletes all rows of a space, by a job */
err ddb_sweep_slice(struct txn *t, const struct task *task, i64 now_ms);

/* ---- describe.c ---- */
void ddb_describe(struct call *c, const struct ddb_table *t, struct dynamodb_table_description *out);
str ddb_table_status(const struct ddb_table *t); /* TableStatus, of a replica ReplicaStatus */

/* ---- lifecycle.c ---- */
err ddb_table_run(struct txn *t, const struct task *task, i64 now_ms); /* what ddb_table_settle set */
err ddb_sse_look(struct txn *t, const struct task *task, i64 now_ms);  /* what ddb_sse_watch set */

/* ---- policy.c ---- */
/* What ResourceArn names: a table, or a stream of one. Whether it is there, and whose, is not looked at. */
struct ddb_resource {
    str arn, partition, region, account, table, label; /* label: absent unless it is a stream */
};
MUST_USE err ddb_resource_parse(struct call *c, str text, struct ddb_resource *of);
void ddb_policy_drop(struct call *c, str arn); /* its resource is gone */
MUST_USE err ddb_policy_first(struct call *c, str arn, str text); /* of a table that is just made */
/* ---- policy_text.c: checked and in the one form in which it is kept; then with its principals bound ---- */
MUST_USE err ddb_policy_form(struct call *c, str text, bool of_stream, str *form);
MUST_USE err ddb_policy_read(struct call *c, str text, bool of_stream, str *bound);
/* Whose resource it is and the policy on it. `name`: of a table, or the ARN of one or of its stream; index: or absent. */
void ddb_policy_facts(struct call *c, str name, str index, struct auth_facts *facts);

/* ---- create.c ---- */
/* LimitExceededException where the region of the call has as many tables as the account may have, or this one asks for too many units.
 * It is not saved yet. */
MUST_USE err ddb_table_room(struct call *c, const struct ddb_table *t);
void ddb_table_born(struct call *c, struct ddb_table *t); /* gives it its numbers; name and keys are set */

/* ---- tags.c ---- */
MUST_USE err ddb_tags_set(struct call *c, str arn, const struct dynamodb_tag_list *tags);

/* ---- encryption.c: keys of KMS ---- */
/* Account, region and name of `t` are set. NULL: nothing is asked. */
MUST_USE err ddb_sse_read(struct call *c, const struct dynamodb_sse_specification *in, struct ddb_table *t);
MUST_USE err ddb_sse_change(struct call *c, const struct dynamodb_sse_specification *in, struct ddb_table *t); /* and counts it */
MUST_USE err ddb_sse_begin(struct call *c, struct ddb_table *t, str key);
MUST_USE err ddb_sse_check(struct call *c, const struct ddb_table *t); /* may the caller use its key, if it has one? */
void ddb_sse_end(struct call *c, const struct ddb_table *t);
/* Whenever a key, a grant or a policy was changed, and at look_ms (0: never), ddb_sse_look looks whether its key is there. */
void ddb_sse_watch(struct call *c, const struct ddb_table *t, i64 look_ms);
err ddb_sse_look_round(struct txn *t, const struct task *task, i64 now_ms); /* such a change was made */
bool ddb_sse_lost(struct call *c, const struct ddb_table *t);  /* asked by the table's grant, not in a caller's name */

/* ---- capacity.c: what a request used of a table and its indexes, in units ---- */
struct ddb_usage {
    const struct ddb_table *table;
    double read, write; /* of the table */
    double index_read[DDB_INDEXES_MAX], index_write[DDB_INDEXES_MAX]; /* of a vector index: bytes */
    bool touched[DDB_INDEXES_MAX]; /* the answer names the index */
    const struct ddb_key *key;        /* that was used, for contributor insights; NULL: several */
    const struct ddb_index *by_index; /* it is a key of this index */
};
double ddb_read_units(u64 bytes, bool consistent);
double ddb_write_units(u64 bytes);
void ddb_count_returned(struct call *c, const struct ddb_table *t, u32 items); /* by Query and Scan */
/* NULL unless `asked` is TOTAL or INDEXES. */
struct dynamodb_consumed_capacity *ddb_consumed(struct call *c, const struct ddb_usage *u, str asked);
/* Of a transaction: every unit counts twice, reads and writes are told apart. */
struct dynamodb_consumed_capacity *ddb_consumed_twice(struct call *c, const struct ddb_usage *u, str asked);
/* Takes what was used out of what the table and its indexes may use: ProvisionedThroughputExceededException,
 * which then undoes the write. Of a transaction: twice. */
MUST_USE err ddb_throttle(struct call *c, const struct ddb_usage *u, double times);
void ddb_usage_add(struct ddb_usage *sum, const struct ddb_usage *u);
/* ItemCollectionMetrics: NULL unless `asked` is SIZE and the table has local indexes. */
struct ddb_key;
struct dynamodb_item_collection_metrics *ddb_metrics(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str asked);
/* Of several items: each collection once, by table. `most` keys are told of each; out->v has room for the tables. */
void ddb_metrics_add(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str asked, u32 most,
                     struct dynamodb_item_collection_metrics_per_table *out);

/* ---- contributor.c ---- */
void ddb_contributor_note(struct call *c, const struct ddb_usage *u, double units, bool throttled);

/* ---- item_key.c ---- */
/* The key of an item that is put, and of a Key parameter: each has words of its own for what is wrong. */
MUST_USE err ddb_key_of_item(struct call *c, const struct ddb_table *t, const struct value *item, struct ddb_key *k);
MUST_USE err ddb_key_of_parameter(struct call *c, const struct ddb_table *t, const struct value *key, struct ddb_key *k);
MUST_USE err ddb_key_mismatch(struct call *c); /* The provided key element does not match the schema */
MUST_USE err ddb_key_piece(struct call *c, const struct value *key, str name, u8 type, bool hash, struct value *out);
void ddb_key_of_bytes(struct arena *a, const struct ddb_table *t, str bytes, struct ddb_key *k); /* of a stored item */
struct value ddb_key_value(struct arena *a, const struct ddb_table *t, const struct ddb_key *k); /* as an item */
/* Do the values of a half of a key fit into it? ValidationException. */
MUST_USE err ddb_key_lengths_check(struct call *c, const struct value *v, u32 n, bool hash);
/* Are the index keys in the item of their types, and of a size that fits? */
/* u: what an update changed, or NULL where the whole item is new. */
MUST_USE err ddb_index_keys_check(struct call *c, const struct ddb_table *t, const struct value *item, const struct update *u);
bool ddb_says_empty_key(const struct call *c); /* is the error that is being answered one of an empty key? */
/* Expressions do not go into key attributes. */
MUST_USE err ddb_scalars_check(struct call *c, const struct ddb_table *t, const struct expressions *e);

/* ---- item.c: one item as it is stored ---- */
/* The stored bytes, or absent. */
str ddb_item_read(struct call *c, const struct ddb_key *k);
struct value ddb_item_decode(struct arena *a, str bytes); /* absent: VALUE_NONE */
MUST_USE err ddb_item_too_large(struct call *c, bool update);
i64 ddb_collection_bytes(struct call *c, const struct ddb_table *t, const struct ddb_key *k); /* of its partition, where the table has local indexes */

/* ---- change.c ---- */
/* A change of one item. `before` and `after` are stored bytes; absent: no item. */
struct ddb_change {
    const struct ddb_table *table;
    const struct ddb_key *key;
    str before, after;
    bool by_ttl;      /* the change is DynamoDB's own */
    bool replicated;  /* comes from another region */
};
MUST_USE err ddb_item_change(struct call *c, const struct ddb_change *change, struct ddb_usage *usage);

/* ---- index.c ---- */
/* Writes what the change means to each index, and counts it. Returns the bytes that local ones grew by. */
i64 ddb_indexes_change(struct call *c, const struct ddb_change *change, struct ddb_counts *counts, struct ddb_usage *usage);
bool ddb_index_holds(const struct ddb_table *t, const struct ddb_index *index, str name); /* the attribute */
/* An item together with what a local index holds of it is bound like an item alone. `bytes`: the item. */
bool ddb_index_entries_fit(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str bytes);

/* ---- vector.c ---- */
enum { DDB_VECTOR_BYTES_MIN = 1024 }; /* that a write or a search of a vector index counts as */
/* What such an index holds of an item's vector: 32-bit floats, little-endian. false: the item has none that fits. */
bool ddb_vector_of(struct arena *a, const struct ddb_index *index, const struct value *item, str *floats);
struct value ddb_vector_value(struct arena *a, str floats); /* as an attribute's value, each in its shortest spelling */
str ddb_distance_name(i64 distance); /* as the API has it */
u32 ddb_vector_bytes(const struct ddb_index *index);
/* May the item's attribute stand in the index? u: what an update changed, or NULL where the whole item is new. */
MUST_USE err ddb_vector_check(struct call *c, const struct ddb_index *index, const struct value *item, const struct update *u);
bool ddb_vector_filters_by(const struct ddb_index *index, str name, u8 *type); /* is it an INLINE_FILTER, and of what type? */

/* ---- fill.c: what follows from every item of a table, made by a job: an index, the order of expiry ---- */
void ddb_fill(struct txn *t, struct arena *a, const struct ddb_table *table, u64 space); /* of the index or the expiries */
err ddb_fill_slice(struct txn *t, const struct task *task, i64 now_ms);
/* One item's part of an index that is filled: its bytes, where it was missing. */
u64 ddb_index_fill(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_key *k, str bytes,
                    struct ddb_counts *counts);

/* ---- export.c: what exports and imports say alike of a TableArn and a NextToken ---- */
MUST_USE err ddb_table_arn_check(struct call *c, str text);
MUST_USE err ddb_token_wrong(struct call *c, str token);
str ddb_hex_token(struct call *c, str position); /* of lists whose tokens are hexadecimal */
MUST_USE bool ddb_hex_position(struct call *c, str token, str *position);

/* ---- backup.c ---- */
u64 ddb_backup_space(struct arena *a, str row); /* where its items stand */
/* The items of a table that will have none become a backup, as they stand. Returns its ARN. system: AWS's own, of a
 * table that had point-in-time recovery when it was deleted; for 35 days. */
str ddb_backup_keep(struct call *c, const struct ddb_table *t, bool system);
err ddb_backup_expire(struct txn *t, const struct task *task, i64 now_ms);

/* ---- history.c ---- */
void ddb_history_note(struct call *c, const struct ddb_change *change);

/* ---- ttl_rows.c ---- */
void ddb_ttl_note(struct call *c, const struct ddb_change *change);
void ddb_ttl_fill(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str bytes);
void ddb_ttl_timer(struct txn *t, struct arena *a, const struct ddb_table *table, i64 second); /* unless it stands earlier */
/* ---- ttl.c ---- */
err ddb_ttl_run(struct txn *t, const struct task *task, i64 now_ms);

/* ---- write.c: one write as all operations know it ---- */
enum ddb_write_kind { DDB_PUT, DDB_UPDATE, DDB_DELETE, DDB_CHECK };
struct ddb_write {
    u8 kind;
    const struct ddb_table *table;
    struct value item; /* of a put; of others the key */
    const struct expressions *asked; /* condition, update */
};
struct ddb_written {
    struct ddb_key key;
    struct value before, after; /* VALUE_NONE: no item. Known where somebody may ask */
    bool condition_failed;
    struct ddb_usage usage;
};
/* What can be said of the item before its table is looked up: sizes. */
MUST_USE err ddb_write_check(struct call *c, const struct ddb_write *w);
/* The key and index keys, before any write of a batch. Sets out->key. */
MUST_USE err ddb_write_locate(struct call *c, const struct ddb_write *w, struct ddb_written *out);
/* ConditionalCheckFailedException with out->condition_failed. */
MUST_USE err ddb_write_run(struct call *c, const struct ddb_write *w, struct ddb_written *out);
/* The error with the old item in it, where ReturnValuesOnConditionCheckFailure asks for it. */
MUST_USE err ddb_write_failed(struct call *c, err e, const struct ddb_written *out, str return_values);

/* ---- tasks.c ---- */
extern const struct task_kind ddb_task_kinds[];

#endif
