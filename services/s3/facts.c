/* What the gate must know of a bucket before it decides: whose it is. */
#include "services/s3/s3.h"

static err facts_of(struct call *c, str name, struct auth_facts *facts) {
    struct bucket_row bucket;
    if (!s3_bucket_find(c, name, &bucket)) return s3_fail_no_bucket(c, name); /* whoever asks */
    s3_facts(c, &bucket, facts);
    return NULL;
}

void s3_facts(struct call *c, const struct bucket_row *bucket, struct auth_facts *facts) {
    facts->resource_account = bucket->account;
}

bool s3_may(struct call *c, const struct bucket_row *bucket, str action, str arn) {
    struct auth_facts facts = {0};
    const struct principal *p = c->principal;
    s3_facts(c, bucket, &facts);
    if (p->kind != PRINCIPAL_SERVICE && !str_eq(p->account, facts.resource_account)) return false;
    return may(c, action, arn);
}

#define FACTS(operation)                                                                                                   \
    err s3_##operation##_facts(struct call *c, const struct s3_##operation##_request *in, struct auth_facts *facts) { \
        return facts_of(c, in->bucket, facts);                                                                            \
    }

FACTS(delete_bucket)
FACTS(delete_bucket_tagging)
FACTS(delete_objects)
FACTS(get_bucket_acl)
FACTS(get_bucket_encryption)
FACTS(get_bucket_location)
FACTS(get_bucket_tagging)
FACTS(get_bucket_versioning)
FACTS(head_bucket)
FACTS(list_multipart_uploads)
FACTS(list_object_versions)
FACTS(list_objects)
FACTS(list_objects_v2)
FACTS(put_bucket_tagging)
FACTS(put_bucket_versioning)

FACTS(abort_multipart_upload)
FACTS(complete_multipart_upload)
FACTS(copy_object)
FACTS(create_multipart_upload)
FACTS(delete_object)
FACTS(delete_object_tagging)
FACTS(get_object)
FACTS(get_object_acl)
FACTS(get_object_attributes)
FACTS(get_object_tagging)
FACTS(head_object)
FACTS(list_parts)
FACTS(put_object)
FACTS(put_object_tagging)
FACTS(upload_part)
FACTS(upload_part_copy)
