/* A bucket of many objects. Keys are g000/00000000: 1,000 groups of runs of 100 keys, so that a delimiter has
 * something to skip and writers are spread over the bucket. Requests are signed as they go. */
#include "load/load.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdio.h>

enum { GROUPS = 1000, RUN = 100, SMALL_MAX = 1024 };
static char bytes[1 << 20];
static u64 random_state = 1;

static u64 draw(u64 n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return n ? random_state % n : 0;
}

static str key_of(struct arena *a, u64 i) {
    u64 run = i / RUN;
    return arena_format(a, "g%03llu/%08llu", (unsigned long long)(run % GROUPS), (unsigned long long)(run / GROUPS * RUN + i % RUN));
}

bool objects_prepare(struct workload *w) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)('a' + i * 7 % 26);
    for (size_t size = 0; size <= SMALL_MAX; size++) { /* bodies of one letter sequence: their hashes are known */
        u8 digest[32];
        char *hex = arena_alloc(&w->arena, 64, 1);
        sha256((str){bytes, size}, digest);
        hex_encode((str){(const char *)digest, sizeof digest}, hex);
        if (!size) w->hashes = NEW_ARRAY(&w->arena, str, SMALL_MAX + 2);
        w->hashes[size] = (str){hex, 64};
    }
    w->object_bytes = w->given_bytes;
    if (w->object_bytes > SMALL_MAX && w->object_bytes <= sizeof bytes) {
        u8 digest[32];
        char *hex = arena_alloc(&w->arena, 64, 1);
        sha256((str){bytes, w->object_bytes}, digest);
        hex_encode((str){(const char *)digest, sizeof digest}, hex);
        w->hashes[SMALL_MAX + 1] = (str){hex, 64};
    }
    return workload_bucket(w);
}

static const struct request *sign(struct step *s, struct request *made, struct signing signing) {
    *made = request_sign(&s->arena, &signing);
    return made;
}

static struct signing about(const struct workload *w, struct step *s, const char *method, u64 i) {
    arena_reset(&s->arena);
    return (struct signing){.target = w->target, .service = "s3", .method = method,
                            .path = arena_format(&s->arena, "/brume-bench/%.*s", STR_ARGS(key_of(&s->arena, i)))};
}

static const struct request *put(struct workload *w, struct step *s, struct request *made, u64 i) {
    struct signing signing = about(w, s, "PUT", i);
    u64 size = w->object_bytes ? w->object_bytes : 1 + i * 31 % SMALL_MAX;
    signing.content_type = "application/octet-stream";
    signing.body = (str){bytes, MIN(size, sizeof bytes)};
    signing.body_bytes = size;
    if (size <= SMALL_MAX) signing.body_hash = w->hashes[size];
    else if (size <= sizeof bytes) signing.body_hash = w->hashes[SMALL_MAX + 1];
    return sign(s, made, signing);
}

static const struct request *list(struct workload *w, struct step *s, struct request *made, str query) {
    struct signing signing = about(w, s, "GET", 0);
    signing.path = S("/brume-bench");
    signing.query = query;
    return sign(s, made, signing);
}

const struct request *objects_put(struct workload *w, struct step *s, struct request *made) { return put(w, s, made, w->first + w->next++); }

const struct request *objects_get(struct workload *w, struct step *s, struct request *made) {
    return sign(s, made, about(w, s, "GET", draw(w->objects)));
}

const struct request *objects_delete(struct workload *w, struct step *s, struct request *made) {
    return sign(s, made, about(w, s, "DELETE", w->first + w->next++));
}

/* What warp calls mixed: of 20 requests 9 read, 6 ask for the head, 3 write, 2 delete what was written before. */
const struct request *objects_mixed(struct workload *w, struct step *s, struct request *made) {
    u64 turn = w->next++, round = turn / 20;
    switch (turn % 20) {
    case 3: case 9: case 15: return put(w, s, made, w->objects + 3 * round + turn % 20 / 6);
    case 6: case 12: return sign(s, made, about(w, s, "DELETE", w->objects + (round < 20 ? 0 : 3 * (round - 20)) + turn % 20 / 12));
    default: break;
    }
    return sign(s, made, about(w, s, turn % 3 == 1 ? "HEAD" : "GET", draw(w->objects)));
}

const struct request *objects_list_first(struct workload *w, struct step *s, struct request *made) {
    return list(w, s, made, S("list-type=2&max-keys=1000"));
}

const struct request *objects_list_middle(struct workload *w, struct step *s, struct request *made) {
    arena_reset(&s->arena);
    char query[128];
    str key = key_of(&s->arena, draw(w->objects));
    int n = snprintf(query, sizeof query, "list-type=2&max-keys=1000&start-after=%.4s%%2F%.*s", key.p, (int)key.n - 5, key.p + 5);
    return list(w, s, made, (str){query, (size_t)n});
}

const struct request *objects_list_groups(struct workload *w, struct step *s, struct request *made) {
    return list(w, s, made, S("delimiter=%2F&list-type=2&max-keys=1000"));
}
