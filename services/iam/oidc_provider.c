/* Issuers of web identities (OpenID Connect): ("oidc", url without "https://") -> provider. */
#include "iam.h"

enum { CLIENTS_MAX = 100, THUMBPRINTS_MAX = 5, PROVIDERS_MAX = 100, THUMBPRINT_LENGTH = 40 };

static str arn_of_url(struct arena *a, str account, str url) {
    return arena_format(a, "arn:aws:iam::%.*s:oidc-provider/%.*s", STR_ARGS(account), STR_ARGS(url));
}

static bool load(const struct realm *r, str arn, str *url, struct provider *provider) {
    str prefix = arn_of_url(r->arena, r->account, S("")), value;
    if (!str_starts(arn, prefix)) return false;
    *url = str_skip(arn, prefix.n);
    if (!url->n || !txn_get(r->txn, realm_key(r, "oidc", *url, (str){0}), &value)) return false;
    *provider = (struct provider){0};
    ASSERT(record_decode(r->arena, &provider_record, arena_str(r->arena, value), provider));
    return true;
}

static void save(const struct realm *r, str url, const struct provider *provider) {
    txn_put(r->txn, realm_key(r, "oidc", url, (str){0}), record_encode(r->arena, &provider_record, provider));
    txn_raise_epoch(r->txn);
}

static err provider_open(struct call *c, str arn, str *url, struct provider *provider) {
    struct realm r = realm_of(c);
    if (load(&r, arn, url, provider)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "OpenIDConnect Provider not found for arn %.*s", STR_ARGS(arn));
}

/* ---- words with single spaces between ---- */

static bool has_word(str words, str word) {
    while (words.p)
        if (str_eq(str_cut(&words, ' '), word)) return true;
    return false;
}

static u32 split(struct arena *a, str words, str **v) {
    u32 n = 0;
    *v = NEW_ARRAY(a, str, CLIENTS_MAX + 1);
    while (words.n && n < CLIENTS_MAX) (*v)[n++] = str_cut(&words, ' ');
    return n;
}

static str join(struct arena *a, const str *v, u32 n, str without) {
    struct buf b = buf_new(a, 64 << 10);
    for (u32 i = 0; i < n; i++) {
        if (without.p && str_eq(v[i], without)) continue;
        if (b.n) buf_char(&b, ' ');
        buf_add(&b, v[i]);
    }
    return b.n ? buf_str(&b) : S("");
}

static err check_clients(struct call *c, const str *v, u32 n) {
    for (u32 i = 0; i < n; i++)
        if (memchr(v[i].p, ' ', v[i].n)) return fail(c, &iam_invalid_input_exception, "Invalid client ID: %.*s", STR_ARGS(v[i]));
    return quota_check(c, "ClientIdsPerOpenIdConnectProvider", CLIENTS_MAX, n);
}

static err thumbprints(struct call *c, const struct iam_thumbprint_list_type *list, str *joined) {
    if (list->n > THUMBPRINTS_MAX) return fail(c, &iam_invalid_input_exception, "Thumbprint list must contain fewer than 5 entries.");
    str *folded = NEW_ARRAY(c->arena, str, list->n + 1);
    for (u32 i = 0; i < list->n; i++) {
        folded[i] = name_folded(c->arena, list->v[i]);
        /* AWS counts the characters; what is not hexadecimal is nobody's certificate. They are kept between spaces. */
        if (folded[i].n != THUMBPRINT_LENGTH || str_find_char(folded[i], ' ') != STR_NONE)
            return fail(c, &iam_invalid_input_exception, "Invalid thumbprint: %.*s", STR_ARGS(list->v[i]));
    }
    *joined = join(c->arena, folded, list->n, (str){0});
    return NULL;
}

/* "https://" and a host; no port that the certificate would not tell, no query. */
static bool valid_url(str url) {
    str rest = str_skip(url, sizeof "https://" - 1);
    if (!str_starts(url, S("https://")) || !rest.n) return false;
    for (size_t i = 0; i < rest.n; i++)
        if ((u8)rest.p[i] <= ' ' || strchr("?#@\"<>\\", rest.p[i])) return false;
    return rest.p[0] != '/';
}

/* ---- operations ---- */

err iam_create_open_id_connect_provider(struct call *c, const struct iam_create_open_id_connect_provider_request *in,
                                        struct iam_create_open_id_connect_provider_response *out) {
    struct realm r = realm_of(c);
    struct provider provider = {.created_ms = c->now_ms}, other;
    str url = str_skip(in->url, sizeof "https://" - 1), ignored;
    if (!valid_url(in->url)) return fail(c, &cloud_validation, "Invalid Open ID Connect Provider URL");
    if (str_ends(url, S("/"))) url = str_take(url, url.n - 1);
    str arn = arn_of_url(c->arena, c->account, url);
    if (load(&r, arn, &ignored, &other))
        return fail(c, &iam_entity_already_exists_exception, "Provider with url https://%.*s already exists.", STR_ARGS(url));
    TRY(quota_check(c, "OpenIdConnectProvidersPerAccount", PROVIDERS_MAX, rows_below(&r, "oidc", (str){0}) + 1));
    TRY(check_clients(c, in->client_id_list.v, in->client_id_list.n));
    TRY(thumbprints(c, &in->thumbprint_list, &provider.thumbprints));
    provider.client_ids = join(c->arena, in->client_id_list.v, in->client_id_list.n, (str){0});
    registry_add(c, arn, S("AWS::IAM::OIDCProvider"));
    if (in->tags.n) TRY(tags_add(c, arn, "TagsPerOpenIdConnectProvider", &in->tags));
    save(&r, url, &provider);
    count_add(&r, "provider", 1);
    out->open_id_connect_provider_arn = arn;
    out->tags = tags_shown(c, arn);
    return NULL;
}

err iam_get_open_id_connect_provider(struct call *c, const struct iam_get_open_id_connect_provider_request *in,
                                     struct iam_get_open_id_connect_provider_response *out) {
    struct provider provider;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &out->url, &provider));
    out->client_id_list.n = split(c->arena, provider.client_ids, &out->client_id_list.v);
    out->thumbprint_list.n = split(c->arena, provider.thumbprints, &out->thumbprint_list.v);
    out->client_id_list.set = out->thumbprint_list.set = true;
    out->create_date = SOME_TIME(provider.created_ms);
    out->tags = tags_shown(c, in->open_id_connect_provider_arn);
    return NULL;
}

err iam_list_open_id_connect_providers(struct call *c, const struct iam_list_open_id_connect_providers_request *in,
                                       struct iam_list_open_id_connect_providers_response *out) {
    (void)in;
    struct realm r = realm_of(c);
    str from = realm_key(&r, "oidc", (str){0}, (str){0}), key;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    struct iam_open_id_connect_provider_list_type *list = &out->open_id_connect_provider_list;
    *list = (struct iam_open_id_connect_provider_list_type){.v = NEW_ARRAY(c->arena, struct iam_open_id_connect_provider_list_entry, rows_below(&r, "oidc", (str){0}) + 1), .set = true};
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), url;
        ASSERT(key_read_str(&rest, c->arena, &url));
        list->v[list->n++].arn = arn_of_url(c->arena, c->account, url);
    }
    return NULL;
}

err iam_delete_open_id_connect_provider(struct call *c, const struct iam_delete_open_id_connect_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct provider provider;
    str url;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    txn_delete(c->txn, realm_key(&r, "oidc", url, (str){0}));
    registry_remove(c, in->open_id_connect_provider_arn);
    count_add(&r, "provider", -1);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_add_client_id_to_open_id_connect_provider(struct call *c, const struct iam_add_client_id_to_open_id_connect_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct provider provider;
    str url, *v;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    if (has_word(provider.client_ids, in->client_id)) return NULL;
    u32 n = split(c->arena, provider.client_ids, &v);
    v[n++] = in->client_id;
    TRY(check_clients(c, v, n));
    provider.client_ids = join(c->arena, v, n, (str){0});
    save(&r, url, &provider);
    return NULL;
}

err iam_remove_client_id_from_open_id_connect_provider(struct call *c, const struct iam_remove_client_id_from_open_id_connect_provider_request *in,
                                                       struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct provider provider;
    str url, *v;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    u32 n = split(c->arena, provider.client_ids, &v);
    provider.client_ids = join(c->arena, v, n, in->client_id);
    save(&r, url, &provider);
    return NULL;
}

err iam_update_open_id_connect_provider_thumbprint(struct call *c, const struct iam_update_open_id_connect_provider_thumbprint_request *in,
                                                   struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct provider provider;
    str url;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    TRY(thumbprints(c, &in->thumbprint_list, &provider.thumbprints));
    save(&r, url, &provider);
    return NULL;
}

err iam_tag_open_id_connect_provider(struct call *c, const struct iam_tag_open_id_connect_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct provider provider;
    str url;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    return tags_add(c, in->open_id_connect_provider_arn, "TagsPerOpenIdConnectProvider", &in->tags);
}

err iam_untag_open_id_connect_provider(struct call *c, const struct iam_untag_open_id_connect_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct provider provider;
    str url;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    untag_arn(c, in->open_id_connect_provider_arn, &in->tag_keys);
    return NULL;
}

err iam_list_open_id_connect_provider_tags(struct call *c, const struct iam_list_open_id_connect_provider_tags_request *in,
                                           struct iam_list_open_id_connect_provider_tags_response *out) {
    struct provider provider;
    str url;
    TRY(provider_open(c, in->open_id_connect_provider_arn, &url, &provider));
    return tags_page(c, in->open_id_connect_provider_arn, in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}

/* ---- for the door ---- */

bool iam_oidc_provider(struct txn *t, struct arena *a, str arn, struct identity_oidc_provider *out) {
    struct arn parts;
    struct provider provider;
    if (!arn_parse(arn, &parts) || !account_valid(parts.account)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    if (!load(&r, arn, &out->url, &provider)) return false;
    out->client_ids = provider.client_ids;
    out->thumbprints = provider.thumbprints;
    return true;
}
