/* The keys of tags that are in use, and the values of one. */
#include "tagging.h"

enum { PAGE = 500 }; /* DIFFERS: AWS does not say */

err resourcegroupstaggingapi_get_tag_keys(struct call *c, const struct resourcegroupstaggingapi_get_tag_keys_input *in,
                                          struct resourcegroupstaggingapi_get_tag_keys_output *out) {
    str position;
    TRY(tagging_position(c, in->pagination_token, S(""), &position));
    out->tag_keys.v = NEW_ARRAY(c->arena, str, PAGE);
    out->tag_keys.n = registry_tag_names(c, &position, out->tag_keys.v, PAGE);
    out->tag_keys.set = true;
    out->pagination_token = tagging_token(c, S(""), position);
    return NULL;
}

err resourcegroupstaggingapi_get_tag_values(struct call *c, const struct resourcegroupstaggingapi_get_tag_values_input *in,
                                            struct resourcegroupstaggingapi_get_tag_values_output *out) {
    str position;
    TRY(tagging_position(c, in->pagination_token, in->key, &position));
    out->tag_values.v = NEW_ARRAY(c->arena, str, PAGE);
    out->tag_values.n = registry_tag_values(c, in->key, &position, out->tag_values.v, PAGE);
    out->tag_values.set = true;
    out->pagination_token = tagging_token(c, in->key, position);
    return NULL;
}
