/* The account that an access key names in its own letters. */
#include "auth/keys.h"
#include "cloud/cloud.h"
#include "gen/sts.h"

err sts_get_access_key_info(struct call *c, const struct sts_get_access_key_info_request *in,
                            struct sts_get_access_key_info_response *out) {
    out->account = access_key_account(c->arena, in->access_key_id);
    if (out->account.p) return NULL;
    return fail(c, &cloud_validation, "Invalid AccessKeyId: %.*s", STR_ARGS(in->access_key_id));
}
