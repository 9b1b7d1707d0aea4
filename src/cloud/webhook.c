#include "cloud/webhook.h"

#include "cloud/admin.h"
#include "cloud/cloud.h"
#include "text/form.h"
#include "text/json.h"

enum { SECRET_MAX = 256 };

struct taking {
    const struct webhook_door *door;
    const struct webhook *hook;
    struct store *store;
    int status;
};

static str header_of(const void *request, str name) { return http_header_get(request, name); }

static err take(void *context, struct txn *t) {
    struct taking *k = context;
    k->status = k->door->take(t, k->hook, store_now_ms(k->store));
    return NULL;
}

/* The path behind the call's name: ACCOUNT/REGION/NAME, where a NAME may have slashes. */
void webhook_take(struct admin_call *c) {
    str rest = c->rest, account = str_cut(&rest, '/'), region = rest.p ? str_cut(&rest, '/') : (str){0};
    const struct webhook_door *door = c->cloud->config.webhooks;
    struct webhook hook = {account, region, rest, c->body, header_of, c->request};
    c->status = 404;
    c->problem = S("There is no such webhook.");
    if (!door || !account_valid(account) || !region_known(region) || !rest.n) return;
    struct taking k = {door, &hook, c->cloud->store, 0};
    struct txn *snapshot = store_snapshot(c->cloud->store, c->arena);
    (void)take(&k, snapshot);
    store_snapshot_end(snapshot);
    if (!k.status && store_write(c->cloud->store, c->arena, take, &k)) k.status = 503;
    c->status = k.status;
    c->problem = (str){0};
    if (k.status == 403) c->problem = S("The signature is missing, or not of this body and the webhook's secret.");
    if (k.status == 404) c->problem = S("There is no such webhook.");
    if (k.status == 400) c->problem = S("The body is not JSON, or longer than an event may be.");
    if (k.status == 503) c->problem = S("The store could not write.");
    if (!c->problem.p) buf_add(&c->answer, S("{}"));
}

struct opening {
    const struct webhook_door *door;
    const struct webhook *hook;
    str wish, secret;
    struct arena *arena;
    bool there;
};

static err open(void *context, struct txn *t) {
    struct opening *o = context;
    o->there = o->door->secret(t, o->hook, o->wish, &o->secret);
    if (o->there) o->secret = arena_str(o->arena, o->secret);
    return NULL;
}

void webhook_open(struct admin_call *c) {
    struct webhook hook = {.account = form_find(c->arena, c->query, S("account")), .region = form_find(c->arena, c->query, S("region")),
                           .name = form_find(c->arena, c->query, S("name"))};
    struct arena kept = {0};
    struct opening o = {.door = c->cloud->config.webhooks, .hook = &hook, .wish = form_find(c->arena, c->query, S("secret")), .arena = &kept};
    c->status = 400;
    if (!o.door || !account_valid(hook.account) || !region_known(hook.region) || o.wish.n > SECRET_MAX) c->problem = S("A webhook has an account of twelve digits, a region, and a partner event source's name.");
    else if (store_write(c->cloud->store, c->arena, open, &o)) c->problem = S("The store could not write.");
    else if (!o.there) c->problem = S("The account has not made a partner event source of this name.");
    else {
        json_write_object(&c->answer);
        json_write_key(&c->answer, S("path"));
        json_write_string(&c->answer, arena_format(c->arena, "/_brume/webhook/%.*s/%.*s/%.*s", STR_ARGS(hook.account), STR_ARGS(hook.region), STR_ARGS(hook.name)));
        json_write_member(&c->answer, S("secret"), o.secret);
        json_write_object_end(&c->answer);
    }
    arena_free(&kept);
}
