/* brume's own paths: health for load balancers and tools, and /_brume/... for the command line.
 * Health, readiness and the front page need no signature; everything else must be signed as root. */
#include "cloud/admin.h"

#include "cloud/flight.h"
#include "cloud/keys.h"
#include "cloud/page.h"
#include "auth/fault.h"
#include "crypto/crypto.h"
#include "sys/sys.h"
#include "text/json.h"

#include <stdatomic.h>

static bool path_is(const struct flight *f, const char *path) { return str_eq(f->request->path, str_of(path)); }

/* "GET /" is S3's ListBuckets when it is signed; unsigned it is somebody looking whether we are here. */
static bool front_page(const struct flight *f) {
    return path_is(f, "/") && (str_eq(f->request->method, S("GET")) || str_eq(f->request->method, S("HEAD")))
           && !http_header_get(f->request, S("authorization")).p && !f->request->query.n;
}

static const struct page *page_of(const struct flight *f) {
    if (!str_eq(f->request->method, S("GET"))) return NULL;
    for (size_t i = 0; i < f->cloud->config.page_count; i++)
        if (str_starts(f->request->path, str_of(f->cloud->config.pages[i]->prefix))) return f->cloud->config.pages[i];
    return NULL;
}

enum step admin_page(struct flight *f) {
    const struct page *page = page_of(f);
    struct page_answer answer;
    if (!page) return STEP_NEXT;
    struct txn *t = store_snapshot(f->cloud->store, f->arena);
    bool there = page->answer(t, f->arena, f->request->path, &answer);
    store_snapshot_end(t);
    if (!there) return STEP_NEXT;
    answer_plain(f, 200, answer.content_type, answer.body);
    return STEP_DONE;
}

bool admin_owns(const struct flight *f) {
    return str_starts(f->request->path, S("/_brume/")) || path_is(f, "/_localstack/health") || front_page(f);
}

static enum step answer_json(struct flight *f, int status, struct buf *b) {
    answer_plain(f, status, S("application/json"), buf_str(b));
    return STEP_DONE;
}

static enum step problem(struct flight *f, int status, const char *code, str message) {
    struct buf b = buf_new(f->arena, 8192);
    buf_add(&b, S("{\"code\":"));
    json_write_string(&b, str_of(code));
    buf_add(&b, S(",\"message\":"));
    json_write_string(&b, message);
    buf_char(&b, '}');
    return answer_json(f, status, &b);
}

static void service_states(struct flight *f, struct buf *b) {
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct wire_service *w = f->cloud->config.services[i]->wire;
        buf_format(b, "%s\"%s\":\"running\"", i ? "," : "", w->text + w->name);
    }
}

static enum step health(struct flight *f) {
    struct buf b = buf_new(f->arena, 64 << 10);
    buf_add(&b, S("{\"status\":\"running\",\"services\":{"));
    service_states(f, &b);
    buf_format(&b, "},\"edition\":\"brume\",\"version\":\"%s\"}", f->cloud->config.version);
    return answer_json(f, 200, &b);
}

/* Signed with any root key, like every other call; the service in the scope does not matter. */
static enum step check_root(struct flight *f) {
    const struct auth_claim *c = &f->claim;
    if (c->form != AUTH_V4_HEADER) return problem(f, 403, "MissingAuthenticationToken", S("Sign /_brume calls as root; the brume command does."));
    str secret;
    if (key_find(f, c->access_key, c->session_token, &secret, &f->principal) != KEY_FOUND)
        return problem(f, 403, "InvalidClientTokenId", S("The security token included in the request is invalid."));
    struct sigv4_key key;
    sigv4_derive(&key, secret, c->date, c->region, c->service);
    u8 digest[32];
    sha256(buf_str(&f->body), digest);
    str hash = hex_of(f->arena, (str){(char *)digest, 32}), canonical, to_sign;
    bool hash_right = c->payload != AUTH_PAYLOAD_HASH || str_eq_nocase(c->payload_hash, hash);
    if (c->payload == AUTH_PAYLOAD_HASH) hash = c->payload_hash;
    if (c->payload > AUTH_PAYLOAD_HASH || !hash_right || !sigv4_check(&f->auth, c, false, &key, hash, f->arena, &canonical, &to_sign))
        return problem(f, 403, "SignatureDoesNotMatch", S("The request signature we calculated does not match the signature you provided."));
    if (auth_judge_time(c, false, sys_wall_ms()) != AUTH_FAULT_NONE)
        return problem(f, 403, "RequestExpired", S("The clocks of client and server differ by more than 5 minutes."));
    bool one_task = f->principal.session_policy_arns.n > 0; /* sts:AssumeRoot: root for that alone */
    if (f->principal.kind != PRINCIPAL_ROOT || one_task) return problem(f, 403, "AccessDenied", S("Only the root user may call /_brume."));
    return STEP_NEXT;
}

/* ---- work that blocks runs on a worker ---- */

static void run_on_worker(struct worker_job *job) {
    struct flight *f = (struct flight *)((char *)job - offsetof(struct flight, job));
    struct admin_call *c = f->admin;
    c->command->run(c);
    flight_return(f);
}

static const struct admin_command *find_command(str name, str method) {
    for (size_t i = 0; i < admin_command_count; i++)
        if (str_eq(str_of(admin_commands[i].name), name) && str_eq(str_of(admin_commands[i].method), method)) return &admin_commands[i];
    size_t slash = str_find_char(name, '/');
    for (size_t i = 0; i < admin_command_count && slash != STR_NONE; i++)
        if (admin_commands[i].open && str_eq(str_of(admin_commands[i].name), str_take(name, slash)) && str_eq(str_of(admin_commands[i].method), method)) return &admin_commands[i];
    return NULL;
}

static enum step answer_command(struct flight *f) {
    struct admin_call *c = f->admin;
    if (c->problem.n) return problem(f, c->status ? c->status : 500, "CommandFailed", c->problem);
    return answer_json(f, 200, &c->answer);
}

static enum step start_command(struct flight *f) {
    str name = str_skip(f->request->path, S("/_brume/").n);
    const struct admin_command *command = find_command(name, f->request->method);
    if (!command) return problem(f, 404, "NotFound", arena_format(f->arena, "brume has no administrative call %.*s %.*s.", STR_ARGS(f->request->method), STR_ARGS(f->request->path)));
    enum step step = command->open ? STEP_NEXT : check_root(f);
    if (step != STEP_NEXT) return step;
    f->admin = NEW(f->arena, struct admin_call);
    *f->admin = (struct admin_call){.command = command, .cloud = f->cloud, .arena = f->arena, .query = f->request->query, .request = f->request,
                                    .rest = command->open ? str_skip(name, str_of(command->name).n + 1) : (str){0}, .body = buf_str(&f->body), .principal = &f->principal, .answer = buf_new(f->arena, 16 << 20)};
    f->job.run = run_on_worker;
    f->busy = true;
    store_worker_submit(f->cloud->store, &f->job);
    return STEP_LATER;
}

/* Called again at each stage of the way: collected, then run, then answered. */
enum step admin_answer(struct flight *f) {
    if (f->admin) return answer_command(f);
    if (front_page(f)) {
        if (str_starts(f->request->host, S("dynamodb."))) { /* the endpoint's own name: what AWS says there */
            answer_plain(f, 200, S("text/plain"), arena_format(f->arena, "healthy: %.*s ", STR_ARGS(f->request->host)));
            return STEP_DONE;
        }
        answer_plain(f, 200, S("text/plain; charset=utf-8"),
                     arena_format(f->arena, "brume %s: the AWS cloud on this machine. Point an AWS client here: eval \"$(brume env)\"\n", f->cloud->config.version));
        return STEP_DONE;
    }
    if (path_is(f, "/_brume/health") || path_is(f, "/_localstack/health")) return health(f);
    if (path_is(f, "/_brume/ready")) {
        struct buf b = buf_new(f->arena, 256);
        buf_add(&b, S("{\"ready\":true}"));
        return answer_json(f, 200, &b);
    }
    if (!f->body.arena) {
        f->auth = (struct auth_request){.method = f->request->method, .path = f->request->path, .query = f->request->query,
                                        .headers = (const struct auth_header *)f->request->headers, .header_count = f->request->header_count};
        f->claim = auth_read(&f->auth, f->arena);
        enum step step = stage_collect(f);
        if (step != STEP_NEXT) return step;
    }
    return start_command(f);
}
