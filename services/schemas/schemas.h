/* Private to the room of the EventBridge schema registry; README.md says how the nouns fit together. */
#ifndef BRUME_SCHEMAS_H
#define BRUME_SCHEMAS_H

#include "gen/schemas.h"
#include "records.h"

extern const struct task_kind schemas_task_kinds[];

enum { PAGE = 100, CONTENT_MAX = 100000, REGISTRIES_MAX = 10, SCHEMAS_MAX = 100, DISCOVERED_MAX = 200, VERSIONS_MAX = 100, DISCOVERERS_MAX = 10 };

/* ---- registry.c ---- */
/* The answer of an error has its code in the body, too. */
PRINTF(3, 4) MUST_USE err refuse(struct call *c, err e, const char *format, ...);
struct key schemas_key(struct arena *a, str account, str region, str type);
bool registry_load(struct call *c, str name, struct registry *r);
void registry_save(struct call *c, const struct registry *r);
str registry_arn(struct arena *a, const struct registry *r);
bool registry_of_aws(str name);
MUST_USE err registry_open(struct call *c, str name, struct registry *r);
/* For a change: those of AWS are not changed. */
MUST_USE err registry_open_own(struct call *c, str name, struct registry *r);
void registry_ensure_discovered(struct call *c);
MUST_USE err schemas_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max);

/* ---- tags.c ---- */
MUST_USE err schemas_tags_add(struct call *c, str arn, const struct schemas_tags *tags);
struct schemas_tags schemas_tags_shown(struct call *c, str arn);

/* ---- schema.c, version.c ---- */
str schema_arn(struct call *c, str registry, str name);
bool schema_load(struct call *c, str registry, str name, struct schema *s);
MUST_USE err schema_open(struct call *c, str registry, str name, struct schema *s);
void schema_save(struct call *c, const struct schema *s);
void schema_remove(struct call *c, const struct schema *s);
struct range schemas_of(struct call *c, str registry, str from);
void schema_decode(struct arena *a, str key, str row, struct schema *s);
/* Adds a version and tells the rules of the default bus. False: there are too many. */
MUST_USE bool schema_add_version(struct call *c, struct schema *s, str type, str content);
struct range versions_of(struct call *c, const struct schema *s, u64 from);
void version_decode(struct arena *a, str key, str row, struct schema_version *v);
/* `number` absent: the newest. */
MUST_USE err version_open(struct call *c, const struct schema *s, str number, struct schema_version *v);
str version_name(struct arena *a, u64 number);

/* ---- content.c: is it what its type promises? ---- */
/* Absent: it is; else why not. */
str content_problem(struct arena *a, str type, str content);

/* ---- discoverer.c, discover.c ---- */
str discoverer_arn(struct arena *a, const struct discoverer *d);
bool discoverer_load(struct call *c, str id, struct discoverer *d);
err discover(struct txn *t, const struct task *task, i64 now_ms);

#endif
