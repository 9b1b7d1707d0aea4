#include "cloud/host.h"

#include "base/encode.h"

/* What stands before the part of the host that is everybody's; absent: an address, or another's name. */
static str label_of(str host, bool *amazon) {
    static const str bases[] = {{".localhost", 10}, {".localhost.localstack.cloud", 27}, {".amazonaws.com", 14}};
    size_t colon = str_rfind_char(host, ':');
    str name = colon == STR_NONE ? host : str_take(host, colon);
    for (size_t i = 0; i < LENGTH(bases); i++) {
        *amazon = i == 2;
        if (str_ends(name, bases[i])) return str_take(name, name.n - bases[i].n);
    }
    return (str){0};
}

/* "s3-website", "s3-website-us-east-1", "s3-website.us-east-1". */
static bool is(str tail, str endpoint) {
    if (!str_starts(tail, endpoint)) return false;
    str rest = str_skip(tail, endpoint.n);
    return !rest.n || rest.p[0] == '.' || rest.p[0] == '-';
}

struct host_name host_read(str host) {
    static const struct {
        str endpoint;
        enum host_kind kind;
    } endpoints[] = {{{"s3-website", 10}, HOST_WEBSITE}, {{"s3", 2}, HOST_BUCKET}};
    bool amazon = false;
    if (!host.p || host.n == 0 || host.p[0] == '[') return (struct host_name){0};
    str label = label_of(host, &amazon);
    if (!label.n) return (struct host_name){0};
    for (size_t dot = label.n; dot-- > 0;) { /* from the right: names of buckets have dots of their own */
        if (dot > 0 && label.p[dot - 1] != '.') continue;
        for (size_t i = 0; i < LENGTH(endpoints); i++)
            if (is(str_skip(label, dot), endpoints[i].endpoint))
                return dot ? (struct host_name){endpoints[i].kind, str_take(label, dot - 1)} : (struct host_name){0};
    }
    return amazon ? (struct host_name){0} : (struct host_name){HOST_BUCKET, label};
}
