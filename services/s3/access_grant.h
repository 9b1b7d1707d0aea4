/* Access grants: who of an account may read or write which prefixes, in the rights of roles that locations name. */
#ifndef S3_ACCESS_GRANT_H
#define S3_ACCESS_GRANT_H

#include "services/s3/access_point.h"

#include "gen/s3control.h"

struct grants_instance {
    i64 created_ms;
};
struct grants_location {
    str id, scope, role; /* scope: "s3://", "s3://bucket", "s3://bucket/prefix*" */
    i64 created_ms;
};
struct access_grant {
    str id, location, sub_prefix, scope, permission, grantee, application;
    bool of_object; /* the scope is one key */
    i64 created_ms;
};

/* access_grant_rows.c: all in the call's account and region. */
bool grants_instance_get(struct call *c, struct grants_instance *row);
void grants_instance_put(struct call *c, const struct grants_instance *row);
void grants_instance_delete(struct call *c);
bool grants_location_get(struct call *c, str id, struct grants_location *row);
void grants_location_put(struct call *c, const struct grants_location *row);
void grants_location_delete(struct call *c, str id);
bool access_grant_get(struct call *c, str id, struct access_grant *row);
void access_grant_put(struct call *c, const struct access_grant *row);
void access_grant_delete(struct call *c, str id);
struct range grants_locations(struct call *c);
bool grants_location_next(struct call *c, struct range *rows, str *key, struct grants_location *row);
struct range access_grants(struct call *c);
bool access_grant_next(struct call *c, struct range *rows, str *key, struct access_grant *row);

/* control.c */
MUST_USE err s3_control_tags_add(struct call *c, str arn, const struct s3control_tag_list *tags);

str grants_arn(struct call *c, const char *what, str id); /* what: "/location/"; "": the instance */
MUST_USE err grants_fail(struct call *c, const char *code, u16 status, const char *message);
MUST_USE err grants_open(struct call *c, str account, struct grants_instance *row); /* AccessGrantsInstanceNotExistsError */
struct s3control_grantee *grants_grantee(struct call *c, const struct access_grant *row);

#endif
