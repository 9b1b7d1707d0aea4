/* Commands that look at the running cloud and move it: status, clock, usage, outbox, webhook, fault. */
#include "base/encode.h"
#include "front/duration.h"
#include "front/remote.h"
#include "text/form.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { ADVANCE_TIMEOUT_MS = 3600 * 1000, USAGE_BYTES_MAX = 16 << 20 };

int run_status(struct front *f) {
    str answer;
    int status = remote_call(f, "GET", "status", S(""), 0, &answer);
    if (status != EXIT_DONE) return status;
    printf("%-28s %.*s\n", "endpoint", STR_ARGS(endpoint_url(f)));
    print_values(f, answer);
    return EXIT_DONE;
}

int run_clock(struct front *f) {
    str verb = argument(f, 0), answer;
    i64 by_ms;
    int status;
    if (!verb.p || (str_eq(verb, S("show")) && f->arguments.n == 1)) {
        status = remote_call(f, "GET", "clock", S(""), 0, &answer);
    } else if (str_eq(verb, S("advance")) && f->arguments.n == 2) {
        if (!duration_parse(argument(f, 1), &by_ms))
            return complain(EXIT_USAGE, "'%s' is not a duration: write 90d, 3h, 15m, 10s or 1d12h, up to 10000d.", f->arguments.v[1]);
        str query = arena_format(f->arena, "by_ms=%lld%s", (long long)by_ms, f->config.coalesce ? "&coalesce=true" : "");
        status = remote_call(f, "POST", "clock", query, ADVANCE_TIMEOUT_MS, &answer);
    } else {
        return wrong_usage(f);
    }
    if (status == EXIT_DONE) print_values(f, answer);
    return status;
}

/* ---- usage ---- */

static bool print_usage_row(struct front *f, struct json_reader *r) {
    str key, account = {0}, service = {0}, usage = {0}, quantity = {0};
    if (!json_read_object(r)) return false;
    while (json_read_key(r, &key)) {
        str *field = str_eq(key, S("account")) ? &account : str_eq(key, S("service")) ? &service : str_eq(key, S("usage")) ? &usage : NULL;
        bool read = field ? json_read_string(r, field) : json_read_number(r, &quantity);
        if (!read) return false;
    }
    printf("%-14.*s %-10.*s %-44.*s %.*s\n", STR_ARGS(account), STR_ARGS(service), STR_ARGS(usage), STR_ARGS(quantity));
    return true;
}

int run_usage(struct front *f) {
    str answer;
    int status = remote_call(f, "GET", "usage", S(""), 0, &answer);
    if (status != EXIT_DONE) return status;
    struct json_reader r = json_reader_new(f->arena, answer, (struct json_limits){USAGE_BYTES_MAX, 4});
    if (!json_read_array(&r)) return complain(EXIT_REFUSED, "the server's answer is not one that this brume understands: are both of one version?");
    printf("%-14s %-10s %-44s %s\n", "ACCOUNT", "SERVICE", "USAGE TYPE", "QUANTITY");
    while (json_read_item(&r))
        if (!print_usage_row(f, &r)) break;
    return json_done(&r) ? EXIT_DONE : complain(EXIT_REFUSED, "the server's answer broke off: %s.", r.problem ? r.problem : "unknown");
}

/* ---- outbox ---- */

int run_outbox(struct front *f) {
    str answer, line;
    if (str_eq(argument(f, 0), S("stop")) && f->arguments.n == 4) {
        static const char *const names[] = {"number", "account", "region"};
        struct buf query = buf_new(f->arena, 1024);
        for (u32 i = 0; i < LENGTH(names); i++) form_write(&query, str_of(names[i]), argument(f, i + 1));
        return remote_call(f, "POST", "outbox/stop", buf_str(&query), 0, &answer);
    }
    if (f->arguments.n) return wrong_usage(f);
    int status = remote_call(f, "GET", "outbox", S(""), 0, &answer);
    if (status != EXIT_DONE) return status;
    struct json_reader r = json_reader_new(f->arena, answer, (struct json_limits){USAGE_BYTES_MAX, 16});
    if (!json_read_array(&r)) return complain(EXIT_REFUSED, "the server's answer is not one that this brume understands: are both of one version?");
    while (json_read_item(&r) && json_read_raw(&r, &line)) printf("%.*s\n", STR_ARGS(line));
    return json_done(&r) ? EXIT_DONE : complain(EXIT_REFUSED, "the server's answer broke off: %s.", r.problem ? r.problem : "unknown");
}

int run_webhook(struct front *f) {
    static const char *const names[] = {"account", "region", "name", "secret"};
    struct buf query = buf_new(f->arena, 4096);
    str answer;
    if (f->arguments.n < 3 || f->arguments.n > 4) return wrong_usage(f);
    for (int i = 0; i < f->arguments.n; i++) form_write(&query, str_of(names[i]), argument(f, i));
    int status = remote_call(f, "POST", "webhooks", buf_str(&query), 0, &answer);
    if (status == EXIT_DONE) print_values(f, answer);
    return status;
}

/* "zone 2 down"; "zone" alone shows them. */
static int zone_fault(struct front *f) {
    str zone = argument(f, 1), state = argument(f, 2), answer;
    if (f->arguments.n > 3 || (zone.p && !state.p)) return wrong_usage(f);
    str query = zone.p ? arena_format(f->arena, "zone=%.*s&state=%.*s", STR_ARGS(percent_encode(f->arena, zone, false)),
                                      STR_ARGS(percent_encode(f->arena, state, false))) : S("");
    int status = remote_call(f, zone.p ? "POST" : "GET", "fault", query, 0, &answer);
    if (status == EXIT_DONE) print_values(f, answer);
    return status;
}

/* "link us-east-1 eu-west-1 down"; "link" alone shows what is cut. */
static int link_fault(struct front *f) {
    str one = argument(f, 1), other = argument(f, 2), state = argument(f, 3), answer;
    if (f->arguments.n > 4 || (one.p && !state.p)) return wrong_usage(f);
    str query = one.p ? arena_format(f->arena, "link=%.*s,%.*s&state=%.*s", STR_ARGS(percent_encode(f->arena, one, false)),
                                     STR_ARGS(percent_encode(f->arena, other, false)), STR_ARGS(percent_encode(f->arena, state, false))) : S("");
    int status = remote_call(f, one.p ? "POST" : "GET", "links", query, 0, &answer);
    if (status == EXIT_DONE) print_values(f, answer);
    return status;
}

int run_scrub(struct front *f) {
    str answer;
    int status = remote_call(f, "POST", "scrub", S(""), ADVANCE_TIMEOUT_MS, &answer);
    if (status == EXIT_DONE) print_values(f, answer);
    return status;
}

/* ---- faults: what a row lacks is said, not played ---- */

static const struct fault {
    const char *name, *what;
    int (*run)(struct front *f);
    const char *missing;
} faults[] = {
    {"zone", "an availability zone goes away and comes back", zone_fault, NULL},
    {"link", "the network between two regions is cut: replication waits and catches up", link_fault, NULL},
    {"engine", "the process behind a managed engine dies or stalls", NULL, "no linked service runs engines"},
};

static int list_faults(void) {
    for (size_t i = 0; i < LENGTH(faults); i++) {
        printf("%-8s %s\n", faults[i].name, faults[i].what);
        if (faults[i].missing) printf("         not in this brume: %s\n", faults[i].missing);
    }
    return EXIT_DONE;
}

int run_fault(struct front *f) {
    str name = argument(f, 0);
    if (!name.p) return list_faults();
    for (size_t i = 0; i < LENGTH(faults); i++) {
        if (!str_eq(str_of(faults[i].name), name)) continue;
        if (faults[i].run) return faults[i].run(f);
        return complain(EXIT_REFUSED, "nothing was broken: %s.", faults[i].missing);
    }
    return wrong_usage(f);
}
