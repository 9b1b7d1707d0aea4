/* The queries of AWS's documentation and what they answer: each case is a query, events and the rows, written
 * `name=value, name=value / ...`; @ptr is left out but where a case is about it. */
#include "../insights.h"
#include "unit.h"

enum { MINUTE = 60000 };
#define T0 1700000000000LL /* 2023-11-14 22:13:20.000 */

struct given {
    i64 after_ms;
    const char *message;
};
struct log {
    const char *group;
    struct given v[12];
};

static str pointer(const struct insights_event *e, struct arena *a) { return arena_format(a, "p%lld", (long long)(e->timestamp_ms - T0)); }

static struct insights_answer run_over(struct arena *a, struct insights_query *q, const struct log *log, u32 rows) {
    struct insights_config config = {.rows = rows, .now_ms = T0 + 1500, .pointer = pointer};
    struct insights_run *run = insights_start(a, q, &config);
    for (size_t i = 0; i < LENGTH(log->v) && log->v[i].message; i++) {
        struct insights_event e = {T0 + log->v[i].after_ms, T0 + log->v[i].after_ms + 500, str_of(log->v[i].message), S("stream-1"), arena_format(a, "123456789012:%s", log->group), NULL};
        CHECK(insights_feed(run, &e));
    }
    struct insights_answer found;
    CHECK(insights_finish(run, &found));
    return found;
}

/* What SOURCE names in a query within the query. */
static const struct log sources[] = {
    {"/aws/lambda/database-service", {{0, "{\"requestId\": \"r1\", \"errorType\": \"DatabaseConnectionTimeout\"}"}, {1, "{\"requestId\": \"r2\", \"errorType\": \"Other\"}"},
                                      {2, "{\"requestId\": \"r3\", \"errorType\": \"DatabaseConnectionTimeout\"}"}}},
    {"/aws/lambda/payment-processor", {{0, "{\"requestId\": \"r1\", \"status\": \"FAILED\"}"}, {1, "{\"requestId\": \"r2\", \"status\": \"FAILED\"}"}, {2, "{\"requestId\": \"r2\", \"status\": \"FAILED\"}"},
                                       {3, "{\"requestId\": \"r2\", \"status\": \"FAILED\"}"}, {4, "{\"requestId\": \"r2\", \"status\": \"FAILED\"}"}, {5, "{\"requestId\": \"r1\", \"status\": \"OK\"}"}}},
    {"/aws/lambda/my-function", {{0, "{\"requestId\": \"r1\", \"duration\": 9, \"memoryUsed\": 64}"}, {1, "{\"requestId\": \"r3\", \"duration\": 100, \"memoryUsed\": 128}"},
                                 {2, "{\"requestId\": \"r3\", \"duration\": 20.5, \"memoryUsed\": 128}"}}},
};

static void run_inner(struct arena *a, struct insights_query *q) {
    struct insights_query *inner;
    str group;
    for (u32 i = 0; (inner = insights_inner(q, i, &group)); i++)
        for (size_t s = 0; s < LENGTH(sources); s++)
            if (str_eq(group, str_of(sources[s].group))) {
                struct insights_answer found = run_over(a, inner, &sources[s], INSIGHTS_INNER_ROWS);
                insights_inner_give(q, i, &found);
            }
}

static str answer(struct arena *a, const char *text, const struct log *log, u32 rows, bool pointers) {
    struct insights_problem problem = {0};
    struct insights_query *q = insights_compile(a, str_of(text), &problem);
    if (!q) return arena_format(a, "%zu-%zu %.*s", problem.start, problem.end, STR_ARGS(problem.message));
    run_inner(a, q);
    struct insights_answer found = run_over(a, q, log, rows);
    struct buf b = buf_new(a, 1 << 16);
    for (const struct insights_result *r = found.first; r; r = r->next) {
        if (r != found.first) buf_add(&b, S(" / "));
        for (u32 i = 0, n = 0; i < r->n; i++)
            if (pointers || !str_eq(r->fields[i].name, S("@ptr")))
                buf_format(&b, "%s%.*s=%.*s", n++ ? ", " : "", STR_ARGS(r->fields[i].name), STR_ARGS(r->fields[i].value));
    }
    return b.n ? buf_str(&b) : S("");
}

struct expected {
    const char *query, *rows;
};
static void check(const struct log *log, const struct expected *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        str got = answer(&a, cases[i].query, log, 10000, false);
        if (!str_eq(got, str_of(cases[i].rows))) printf("# %s\n", cases[i].query);
        CHECK_STR(got, str_of(cases[i].rows));
        arena_free(&a);
    }
}

static const struct log plain = {"app", {{0, "one Exception"}, {MINUTE, "two fine"}, {2 * MINUTE, "three exception"}}};

static const struct log requests = {"api", {{0, "{\"requestId\": \"r1\", \"status\": 500, \"latency\": 30}"}, {1, "{\"requestId\": \"r2\", \"status\": 502, \"latency\": 7}"},
                                           {2, "{\"requestId\": \"r3\", \"status\": 503, \"latency\": 120}"}, {3, "{\"requestId\": \"r4\", \"status\": 200, \"latency\": 1}"}}};

static void queries_within(void) {
    static const struct expected cases[] = {
        {"filter requestId in (SOURCE '/aws/lambda/database-service' | filter errorType = \"DatabaseConnectionTimeout\" | fields requestId) | fields requestId | sort @timestamp desc",
         "requestId=r3 / requestId=r1"},
        {"filter requestId in (SOURCE '/aws/lambda/payment-processor' | filter status = \"FAILED\" | stats count(*) as failureCount by requestId | filter failureCount > 3 | fields requestId)"
         " | fields requestId, latency | sort @timestamp asc",
         "requestId=r2, latency=7"},
        {"filter requestId not in (SOURCE '/aws/lambda/database-service') | fields requestId", "requestId=r4"},
        {"filter status < 503 and requestId in (SOURCE '/aws/lambda/my-function') | fields requestId", "requestId=r1"},
        {"filter requestId in (SOURCE '/aws/lambda/my-function' | stats max(duration) by requestId as id) | fields requestId", "requestId=r3 / requestId=r1"},
        {"stats count(*) as n by requestId | filter requestId in (SOURCE '/aws/lambda/database-service' | limit 1) | fields requestId, n", "requestId=r3, n=1"},
        {"filter requestId in (SOURCE '/aws/lambda/my-function' | filter requestId in (SOURCE 'x')) ", "77-83 nested subqueries are not supported"},
        {"filter requestId in (SOURCE 'a' | fields requestId", "50-50 unexpected end of query at line 1 and position 50"},
        {"filter requestId in (fields requestId)", "21-27 unexpected symbol found fields at line 1 and position 21"},
    };
    check(&requests, cases, LENGTH(cases));
}

static void joins(void) {
    static const struct expected cases[] = {
        {"filter status >= 500 | join type=inner left=api right=lambda where api.requestId=lambda.requestId (SOURCE '/aws/lambda/my-function')"
         " | fields api.requestId, api.status, api.latency, lambda.duration, lambda.memoryUsed | sort api.latency desc, lambda.duration desc",
         "api.requestId=r3, api.status=503, api.latency=120, lambda.duration=100, lambda.memoryUsed=128 / "
         "api.requestId=r3, api.status=503, api.latency=120, lambda.duration=20.5, lambda.memoryUsed=128 / "
         "api.requestId=r1, api.status=500, api.latency=30, lambda.duration=9, lambda.memoryUsed=64"},
        {"join type=left left=a right=b where b.requestId = a.requestId (SOURCE '/aws/lambda/my-function' | filter memoryUsed < 100) | fields requestId, b.duration | sort requestId",
         "requestId=r1, b.duration=9 / requestId=r2 / requestId=r3 / requestId=r4"},
        {"join left=a right=b where a.requestId=b.requestId (SOURCE '/aws/lambda/my-function') | filter b.duration > 15 | stats sum(b.duration) as total, max(a.latency) as most by a.requestId",
         "a.requestId=r3, total=120.5, most=120"},
        {"join left=a right=b where a.requestId=b.requestId (SOURCE '/aws/lambda/my-function' | stats avg(duration) as mean by requestId) | fields requestId, b.mean, b.duration | sort requestId",
         "requestId=r1, b.mean=9 / requestId=r3, b.mean=60.25"},
        {"stats max(latency) as l by requestId | join left=a right=b where a.requestId=b.requestId (SOURCE '/aws/lambda/my-function' | filter duration < 50) | fields a.l, b.duration | sort a.l",
         "requestId=r1, l=30, a.l=30, b.duration=9 / requestId=r3, l=120, a.l=120, b.duration=20.5"},
        {"stats max(latency) as l by requestId | join left=a right=b where a.status=b.status (SOURCE 'x')", "65-73 Unknown symbols found in or after stats: a.status"},
        {"join type=outer left=a right=b where a.x=b.x (SOURCE 'x')", "4-30 unknown type of join: outer"},
        {"join left=a right=b where a.x=a.y (SOURCE 'x')", "30-33 unexpected symbol found a.y at line 1 and position 30"},
        {"join left=a where a.x=b.x (SOURCE 'x')", "12-17 unexpected symbol found where at line 1 and position 12"},
    };
    check(&requests, cases, LENGTH(cases));
}

static void commands(void) {
    static const struct expected cases[] = {
        {"fields @message", "@message=three exception / @message=two fine / @message=one Exception"},
        {"", "@timestamp=2023-11-14 22:15:20.000, @message=three exception / @timestamp=2023-11-14 22:14:20.000, @message=two fine / "
             "@timestamp=2023-11-14 22:13:20.000, @message=one Exception"},
        {"fields @timestamp, @message | sort @timestamp desc | limit 1", "@timestamp=2023-11-14 22:15:20.000, @message=three exception"},
        {"fields @message | sort @timestamp asc | limit 2", "@message=one Exception / @message=two fine"},
        {"fields @message | limit 2", "@message=three exception / @message=two fine"},
        {"FIELDS @message | HEAD 1", "@message=three exception"},
        {"SOURCE logGroups(namePrefix: ['a', \"b\"], class: ['STANDARD']) | fields @message | limit 1", "@message=three exception"},
        {"fields @message | tail 1", "@message=one Exception"},
        {"fields @message | filter @message like /Exception/", "@message=one Exception"},
        {"fields @message | filter @message =~ /Exception/", "@message=one Exception"},
        {"fields @message | filter @message like \"Exception\"", "@message=one Exception"},
        {"fields @message | filter @message like /(?i)Exception/", "@message=three exception / @message=one Exception"},
        {"fields @message | filter @message not like /(?i)exception/", "@message=two fine"},
        {"filter @message like /two/ | display @message", "@message=two fine"},
        {"# a comment\nfields @message # here, too | limit 3\n| limit 1", "@message=three exception"},
        {"fields @log, @logStream, @ingestionTime | limit 1", "@log=123456789012:app, @logStream=stream-1, @ingestionTime=2023-11-14 22:15:20.500"},
        {"filter @message like /Exception/ | stats count(*) as exceptionCount by bin(1h) | sort exceptionCount desc", "bin(1h)=2023-11-14 22:00:00.000, exceptionCount=1"},
        {"stats count(*) by bin(1m)", "bin(1m)=2023-11-14 22:15:00.000, count(*)=1 / bin(1m)=2023-11-14 22:14:00.000, count(*)=1 / bin(1m)=2023-11-14 22:13:00.000, count(*)=1"},
        {"stats count(*) as n by bin(60s) as t | sort t | limit 1", "t=2023-11-14 22:13:00.000, n=1"},
        {"stats count(*) by bin(300s) | sort bin(300s) | limit 1", "bin(300s)=2023-11-14 22:13:00.000, count(*)=1"}, /* the cap: 60 */
        {"filter @message like 'none' | stats count(*)", "count(*)=0"},
        {"filter @message like 'none' | stats count(*) by @message", ""},
        {"stats count() as n | filter n > 5", ""},
        {"fields strlen(@message) as n | sort n desc, @timestamp | display n", "n=15 / n=13 / n=8"},
        {"fields @message | sort by_nobody desc | limit 1", "@message=three exception"},
        {"stats max(@timestamp) as last, min(@timestamp) as first", "last=2023-11-14 22:15:20.000, first=2023-11-14 22:13:20.000"},
        {"fields @message | filter @timestamp > 1700000060000 - 1 and @timestamp < '2023-11-14 22:15:00.000'", "@message=two fine"},
    };
    check(&plain, cases, LENGTH(cases));
}

static void functions(void) {
    static const struct expected cases[] = {
        {"fields 2 ^ 3 as a, 10 % 3 as b, 7 / 2 as c, -(1 + 2) * 3 as d, 1 / 3 as e, 1 / 0 as f | limit 1", "a=8, b=1, c=3.5, d=-9, e=0.3333"},
        {"fields abs(-2) as a, ceil(1.2) as b, floor(-1.2) as c, greatest(1, 5, 3) as d, least(4, 2) as e, sqrt(16) as f, floor(log(100)) as g | limit 1",
         "a=2, b=2, c=-2, d=5, e=2, f=4, g=4"},
        {"fields ltrim(\"xyZfooxyZ\",\"xyZ\") as a, rtrim(\"xyZfooxyZ\",\"xyZ\") as b, trim(\"xyZfooxyZ\",\"xyZ\") as c, substr(\"xyZfooxyZ\",3, 3) as d, "
         "replace(\"foo\",\"o\",\"0\") as e | limit 1", "a=fooxyZ, b=xyZfoo, c=foo, d=foo, e=f00"},
        {"fields concat('a', 1, nothing, 'b') as a, strlen('h\xc3\xa9') as b, toupper('ab1') as c, tolower('AB') as d, strcontains('abc', 'bc') as e, substr('abc', 1) as f | limit 1",
         "a=a1b, b=2, c=AB1, d=ab, e=1, f=bc"},
        {"fields isempty('') as a, isempty(nothing) as b, isblank(' \t') as c, isblank('x') as d, ispresent(nothing) as e, coalesce(nothing, 'x', 'y') as f | limit 1",
         "a=1, b=1, c=1, d=0, e=0, f=x"},
        {"fields datefloor(@timestamp, 1h) as a, dateceil(@timestamp, 1h) as b, fromMillis(0) as c, toMillis(@timestamp) as d, now() as e | limit 1",
         "a=2023-11-14 22:00:00.000, b=2023-11-14 23:00:00.000, c=1970-01-01 00:00:00.000, d=1700000120000, e=1700000001"},
        {"fields datefloor(@timestamp, 1mo) as a, dateceil(@timestamp, 1q) as b, datefloor(@timestamp, 1y) as c, datefloor(@timestamp, 1w) as d, datefloor(@timestamp, 2d) as e | limit 1",
         "a=2023-11-01 00:00:00.000, b=2024-01-01 00:00:00.000, c=2023-01-01 00:00:00.000, d=2023-11-13 00:00:00.000, e=2023-11-13 00:00:00.000"},
        {"fields isValidIp('10.0.0.1') as a, isValidIpv6('::1') as b, isValidIpv4('10.0.0.256') as c, isIpv4InSubnet('10.1.2.3', '10.0.0.0/8') as d, "
         "isIpInSubnet('fe80::1', 'fe80::/10') as e, isIpv6InSubnet('::1', 'fe80::/10') as f | limit 1", "a=1, b=1, c=0, d=1, e=1, f=0"},
        {"fields if(strcontains(@message, 'two'), 'yes', 'no') as a", "a=no / a=yes / a=no"},
        {"filter @message in ['two fine', 'other'] | display @message", "@message=two fine"},
        {"filter @message not in ['two fine'] and not (@message like /one/) | display @message", "@message=three exception"},
    };
    check(&plain, cases, LENGTH(cases));
}

static const struct log json = {"app",
    {{0, "{\"level\":\"ERROR\",\"ms\":12.5,\"user\":{\"id\":7,\"name\":\"Ann\",\"ok\":true},\"tags\":[\"a\",\"b\"],\"@m\":\"own\",\"a-b\":1,\"none\":null}"},
     {1, "{\"level\":\"INFO\",\"ms\":3,\"user\":{\"id\":8,\"name\":\"Bob\",\"ok\":false},\"tags\":[]}"},
     {2, "{\"level\":\"INFO\",\"ms\":4.25,\"user\":{\"id\":7,\"name\":\"A\\u006en\"}}"},
     {3, "no JSON"}}};

static void discovered_fields(void) {
    static const struct expected cases[] = {
        {"fields level, ms, user.id, user.name, user.ok, tags.1, @@m, `a-b`, none | sort @timestamp | limit 2",
         "level=ERROR, ms=12.5, user.id=7, user.name=Ann, user.ok=1, tags.1=b, @@m=own, a-b=1 / level=INFO, ms=3, user.id=8, user.name=Bob, user.ok=0"},
        {"filter user.name = 'Ann' | sort ms | fields ms", "ms=4.25 / ms=12.5"}, /* one of them escaped */
        {"filter level = \"ERROR\" | fields user.name", "user.name=Ann"},
        {"filter level != \"ERROR\" and ispresent(level) | stats count(*) as n", "n=2"},
        {"filter user.ok = 1 | fields ms", "ms=12.5"},
        {"filter user.ok = 'true' | fields ms", "ms=12.5"},
        {"filter ms >= 4.25 | stats count(ms) as a, sum(ms) as b, avg(ms) as c, min(ms) as d, max(ms) as e", "a=2, b=16.75, c=8.375, d=4.25, e=12.5"},
        {"stats avg(ms), count(*) by level | sort level", "level=ERROR, avg(ms)=12.5, count(*)=1 / level=INFO, avg(ms)=3.625, count(*)=2 / count(*)=1"},
        {"stats count_distinct(user.id) as a, pct(ms, 50) as b, median(ms) as c, stddev(ms) as d, pct(ms, 100) as e", "a=2, b=4.25, c=4.25, d=4.2147, e=12.5"},
        {"stats earliest(ms) as a, latest(ms) as b, sortsFirst(user.name) as c, sortsLast(user.name) as d", "a=12.5, b=4.25, c=Ann, d=Bob"},
        {"stats max(ms) as most, min(ms) as least, most - least as range, max(ms) / 2 as half", "most=12.5, least=3, range=9.5, half=6.25"},
        {"stats sum(ms) as s by user.id, level | stats max(s) as top, count(*) by user.id | sort user.id", "user.id=7, top=12.5, count(*)=2 / user.id=8, top=3, count(*)=1 / count(*)=1"},
        {"stats count(*) by level | filter count(*) > 1", "level=INFO, count(*)=2"},
        {"fields jsonParse(@message) as j | fields j.user.name as n, j.tags[0] as t, jsonStringify(j.user) as u | sort @timestamp | limit 1 | display n, t, u",
         "n=Ann, t=a, u={\"id\":7,\"name\":\"Ann\",\"ok\":true}"},
        {"fields jsonParse(@message) as j | unnest j.tags into tag | display tag, level | sort tag desc", "tag=b, level=ERROR / tag=a, level=ERROR"},
        {"fields level | sort @timestamp desc | dedup level", " / level=INFO / level=ERROR"},
        {"fields level, ms | sort ms desc | dedup level | limit 2", "level=ERROR, ms=12.5 / level=INFO, ms=4.25"},
    };
    check(&json, cases, LENGTH(cases));
    static const struct log events = {"app", {{0, "{ \"events\": [ { \"name\": \"exception\" }, { \"name\": \"user action\" } ] }"}, {1, "{\"accounts\":[{\"droppedSpans\":3,\"accountId\":\"x\"},{\"droppedSpans\":4,\"accountId\":\"x\"}]}"}}};
    static const struct expected lists[] = {
        {"fields jsonParse(@message) as json_message | unnest json_message.events into event | display event.name", "event.name=user action / event.name=exception"},
        {"fields jsonParse(@message) as js | unnest js.accounts into account | stats sum(account.droppedSpans) as n by account.accountId | sort n desc | limit 10", "account.accountId=x, n=7"},
    };
    check(&events, lists, LENGTH(lists));
}

static void parse(void) {
    static const struct log log = {"app", {{0, "user=ann, method:GET, latency := 12\n"}, {1, "user=bob, method:PUT, latency := 30"}, {2, "user=ann, method:GET, latency := 20"}, {3, "1234567890.123 x TCP_MISS/200 example.com:443"}}};
    static const struct expected cases[] = {
        {"parse @message \"user=*, method:*, latency := *\" as @user, @method, @latency | stats avg(@latency) by @method, @user | sort @user",
         "@method=GET, @user=ann, avg(@latency)=16 / @method=PUT, @user=bob, avg(@latency)=30 / "},
        {"parse @message /(?<time>[0-9]{10}\\.[0-9]{1,3}) .* (?<code>[A-Z_]+\\/[0-9]{3}) (?<url>[a-zA-Z.]+:[0-9]{1,5})/ | display time, code, url | limit 1",
         "time=1234567890.123, code=TCP_MISS/200, url=example.com:443"},
        {"fields @timestamp | parse 'user=*,' as u | filter ispresent(u) | sort u, @timestamp | limit 1", "@timestamp=2023-11-14 22:13:20.000, u=ann"},
        {"parse @message /latency := (\\d+)/ as l | filter l > 15 | stats count(*) as n", "n=2"},
        {"parse @message 'user=*, method:*,' as u, m | fields concat(u, '-', m) as um | limit 1", ""},
    };
    check(&log, cases, LENGTH(cases) - 1);
}

static void known_logs(void) {
    static const struct log lambda = {"/aws/lambda/f", {
        {0, "START RequestId: 8f5a0c2e-0000-4000-8000-000000000001 Version: $LATEST\n"},
        {1, "2023-11-14T22:13:20.001Z\t8f5a0c2e-0000-4000-8000-000000000001\tINFO\t{\"order\":5}\n"},
        {2, "REPORT RequestId: 8f5a0c2e-0000-4000-8000-000000000001\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\tMax Memory Used: 55 MB\tInit Duration: 200.5 ms\t\n"}}};
    static const struct expected reports[] = {
        {"filter @type = \"REPORT\" | stats max(@memorySize / 1024 / 1024) as provisonedMemoryMB, min(@maxMemoryUsed / 1024 / 1024) as smallestMemoryRequestMB, "
         "avg(@maxMemoryUsed / 1024 / 1024) as avgMemoryUsedMB, max(@maxMemoryUsed / 1024 / 1024) as maxMemoryUsedMB, provisonedMemoryMB - maxMemoryUsedMB as overProvisionedMB",
         "provisonedMemoryMB=122.0703, smallestMemoryRequestMB=52.4521, avgMemoryUsedMB=52.4521, maxMemoryUsedMB=52.4521, overProvisionedMB=69.6182"},
        {"filter @type = \"REPORT\" | stats avg(@duration), max(@duration), min(@duration) by bin(5m)", "bin(5m)=2023-11-14 22:10:00.000, avg(@duration)=102.25, max(@duration)=102.25, min(@duration)=102.25"},
        {"filter ispresent(order) | fields order, @requestId", "order=5, @requestId=8f5a0c2e-0000-4000-8000-000000000001"},
        {"stats count(*) by @requestId", "@requestId=8f5a0c2e-0000-4000-8000-000000000001, count(*)=3"},
        {"filter @type = 'REPORT' | fields @billedDuration, @initDuration", "@billedDuration=103, @initDuration=200.5"},
    };
    check(&lambda, reports, LENGTH(reports));
    static const struct log flow = {"vpc", {
        {0, "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"},
        {1, "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 17 10 4249 1418530010 1418530070 REJECT OK"}}};
    static const struct expected hosts[] = {
        {"stats sum(packets) as packetsTransferred by srcAddr, dstAddr | sort packetsTransferred desc | limit 1", "srcAddr=172.31.16.139, dstAddr=172.31.16.21, packetsTransferred=20"},
        {"filter protocol=17 | stats count(*) by srcAddr", "srcAddr=172.31.9.69, count(*)=1"},
        {"filter isIpv4InSubnet(srcAddr, '172.31.16.0/24') | fields action, dstPort", "action=ACCEPT, dstPort=22"},
    };
    check(&flow, hosts, LENGTH(hosts));
    static const struct log dns = {"dns", {{0, "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A SERVFAIL UDP FRA6 192.168.1.1 -"}}};
    static const struct expected names[] = {
        {"filter responseCode=\"SERVFAIL\" | stats count(*) by queryName", "queryName=example.com, count(*)=1"},
        {"stats count(*) as numRequests by resolverIp | sort numRequests desc | limit 10", "resolverIp=192.168.1.1, numRequests=1"},
    };
    check(&dns, names, LENGTH(names));
    static const struct log trail = {"trail", {{0, "{\"eventName\":\"StartInstances\",\"eventSource\":\"ec2.amazonaws.com\",\"awsRegion\":\"us-east-2\",\"requestParameters\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-abcde123\"}]}}}"}}};
    static const struct expected calls[] = {
        {"stats count(*) by eventSource, eventName, awsRegion", "eventSource=ec2.amazonaws.com, eventName=StartInstances, awsRegion=us-east-2, count(*)=1"},
        {"filter (eventName=\"StartInstances\" or eventName=\"StopInstances\") and awsRegion=\"us-east-2\" | fields requestParameters.instancesSet.items.0.instanceId",
         "requestParameters.instancesSet.items.0.instanceId=i-abcde123"},
        {"filter eventName=\"UpdateTrail\" and ispresent(errorCode) | stats count(*) by errorCode, errorMessage", ""},
    };
    check(&trail, calls, LENGTH(calls));
}

static void patterns(void) {
    static const struct log log = {"app", {{0, "INFO took 12 ms for Ann from 10.0.0.1"}, {1, "INFO took 15 ms for Bob from 10.0.0.2"}, {2, "ERROR disk full"}, {3, "INFO took 9 ms for Cid from 10.1.0.1"}}};
    static const struct expected cases[] = {
        {"pattern @message", "@pattern=INFO took <Number-1> ms for <Token-2> from <IP-3>, @ratio=0.75, @sampleCount=3, @severityLabel=Info / "
                             "@pattern=ERROR disk full, @ratio=0.25, @sampleCount=1, @severityLabel=Error"},
        {"filter @message like /ERROR/ | pattern @message | fields @sampleCount", "@pattern=ERROR disk full, @ratio=1, @sampleCount=1, @severityLabel=Error"},
    };
    check(&log, cases, LENGTH(cases));
}

static void what_is_no_query(void) {
    static const struct expected cases[] = {
        {"bogus command", "0-5 unexpected symbol found bogus at line 1 and position 0"},
        {"fields @message | count()", "18-23 unexpected symbol found count at line 1 and position 18"},
        {"fields @message |\n filter", "25-25 unexpected end of query at line 2 and position 7"},
        {"filter (a = 1", "13-13 unexpected end of query at line 1 and position 13"},
        {"filter a like /(/", "13-17 invalid regular expression: missing closing parenthesis near index 1"},
        {"stats count(*) by a | fields b", "29-30 Unknown symbols found in or after stats: b"},
        {"stats a, count(*)", "6-7 Unknown symbols found in or after stats: a"},
        {"fields nosuch(a)", "7-13 unknown function nosuch"},
        {"fields strlen(a, b)", "7-19 invalid number of arguments for function strlen: 2"},
        {"fields max(a)", "7-10 aggregation function max is only allowed in stats"},
        {"parse @message 'x=*,*' as a", "26-27 parse has fewer fields than the pattern has captures"},
        {"parse @message 'x=*' as a, b", "27-28 parse has more fields than the pattern has captures"},
        {"fields a as b | fields c as b", "28-29 Ephemeral field is already defined: b"},
        {"limit 0", "6-7 limit must be a number from 1 to 100000"},
        {"fields 'open", "7-12 unexpected symbol found 'open at line 1 and position 7"},
        {"fields a,", "9-9 unexpected end of query at line 1 and position 9"},
        {"SOURCE logGroups(color: ['a'])", "17-22 unexpected symbol found color at line 1 and position 17"},
        {"anomaly", "0-7 unexpected symbol found anomaly at line 1 and position 0"},
    };
    check(&plain, cases, LENGTH(cases));
}

static void rows_and_pointers(void) {
    struct arena a = {0};
    CHECK_STR(answer(&a, "fields @message | filter @message like /two/", &plain, 10000, true), S("@message=two fine, @ptr=p60000"));
    CHECK_STR(answer(&a, "fields @message", &plain, 1, true), S("@message=three exception, @ptr=p120000"));
    CHECK_STR(answer(&a, "stats count(*)", &plain, 10000, true), S("count(*)=3"));
    arena_free(&a);
}

/* Many events: kept rows stay as few as they may be, and estimates are near. */
static void many_events(void) {
    struct arena a = {0};
    struct insights_problem problem;
    struct insights_query *q = insights_compile(&a, S("stats count_distinct(n) as d, pct(n, 95) as p, count(*) as c, median(n) as m"), &problem);
    struct insights_query *top = insights_compile(&a, S("fields n | sort n desc | limit 3"), &problem);
    struct insights_config config = {.rows = 10000, .memory = 4 << 20};
    struct insights_run *run = insights_start(&a, q, &config), *second = insights_start(&a, top, &config);
    for (int i = 1; i <= 50000; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"n\":%d}", i);
        struct insights_event e = {T0 + i, T0 + i, {text, (size_t)n}, S("s"), S("1:g"), NULL};
        CHECK(insights_feed(run, &e));
        CHECK(insights_feed(second, &e));
    }
    struct insights_answer found;
    CHECK(insights_finish(run, &found));
    double d = 0, p = 0, c = 0, m = 0;
    CHECK(found.rows == 1 && str_to_f64(found.first->fields[0].value, &d) && str_to_f64(found.first->fields[1].value, &p) &&
          str_to_f64(found.first->fields[2].value, &c) && str_to_f64(found.first->fields[3].value, &m));
    CHECK(d > 50000 * 0.95 && d < 50000 * 1.05);
    CHECK(p > 47500 * 0.99 && p < 47500 * 1.01);
    CHECK(m > 25000 * 0.99 && m < 25000 * 1.01);
    CHECK(c == 50000);
    CHECK(insights_finish(second, &found));
    CHECK_INT(found.rows, 3);
    CHECK_STR(found.first->fields[0].value, S("50000"));
    CHECK_INT(found.matched, 50000);
    arena_free(&a);
}

static void memory_has_an_end(void) {
    struct arena a = {0};
    struct insights_problem problem;
    struct insights_run *run = insights_start(&a, insights_compile(&a, S("stats count(*) by n"), &problem), &(struct insights_config){.rows = 10, .memory = 1 << 20});
    bool more = true;
    for (int i = 0; more && i < 200000; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"n\":%d}", i);
        more = insights_feed(run, &(struct insights_event){T0 + i, T0 + i, {text, (size_t)n}, S("s"), S("1:g"), NULL});
    }
    struct insights_answer found;
    CHECK(!more);
    CHECK(!insights_finish(run, &found));
    arena_free(&a);
}

static bool may_hold(struct arena *a, str index, const char *query) {
    struct insights_problem problem;
    struct insights_query *q = insights_compile(a, str_of(query), &problem);
    CHECK(q);
    return q && insights_index_may_hold(q, index);
}

static str index_of(struct arena *a, struct insights_indexer *x, const char *const *messages, u32 n) {
    for (u32 i = 0; i < n; i++) insights_index_add(x, &(struct insights_event){T0 + i, T0 + i, str_of(messages[i]), S("s"), S("1:g"), NULL});
    return insights_index_end(x, a);
}

/* An index never says no to what is there. */
static void indexes(void) {
    struct arena a = {0};
    static const char *const messages[] = {"{\"id\":\"a-1\",\"n\":7,\"on\":true}", "{\"id\":\"b-2\",\"user\":{\"age\":\"30\"}}", "no fields", "{\"n\":0.50}"}, *const others[] = {"{\"id\":\"c-3\"}"};
    str names[] = {S("id"), S("n"), S("on"), S("user.age"), S("id"), S("@message")};
    struct insights_indexer *x = insights_indexer_new(&a, names, LENGTH(names));
    str index = index_of(&a, x, messages, LENGTH(messages)), other = index_of(&a, x, others, LENGTH(others));
    static const char *const there[] = {"filter id = 'a-1'", "filter 'b-2' = id and n = 7", "filter id in ['x', 'a-1']", "filter n = '7'", "filter n = 7.0", "filter n = 0.5 or id = 'x'", "filter on = 1",
                                        "filter on = 'true'", "filter user.age = 30", "filter id like 'zzz'", "filter id != 'zzz'", "filter not id = 'zzz'", "filter free = 'zzz'",
                                        "filter @message = 'zzz'", "fields n as id2 | filter id2 = 'zzz'", "stats count(*) as id | filter id = 99", "parse @message '*' as id | filter id = 'zzz'"};
    static const char *const absent[] = {"filter id = 'zzz'", "filter id in ['zzz', 'c-3']", "filter n = 99", "fields @message | filter n = 7 | filter user.age = 31", "filterIndex id = 'zzz'"};
    for (size_t i = 0; i < LENGTH(there); i++) CHECK(may_hold(&a, index, there[i]));
    for (size_t i = 0; i < LENGTH(absent); i++) CHECK(!may_hold(&a, index, absent[i]));
    CHECK(may_hold(&a, other, "filter id = 'c-3'") && !may_hold(&a, other, "filter id = 'a-1'"));
    CHECK(may_hold(&a, S(""), absent[0]) && may_hold(&a, S("\x05" "abc"), absent[0]));
    CHECK_STR(insights_indexed(x, 0)->name, S("id"));
    CHECK(insights_indexed(x, 0)->first_ms == T0 && insights_indexed(x, 0)->last_ms == T0 + 1 && insights_indexed(x, 3)->found && !insights_indexed(x, 4));
    CHECK(str_hash(S("requestId")) == 0xd951865166cf674e); /* stands on disks */
    arena_free(&a);
}

static void an_index_of_many(void) {
    struct arena a = {0};
    char text[64];
    u32 wrong = 0;
    str names[] = {S("n")};
    struct insights_indexer *x = insights_indexer_new(&a, names, 1);
    for (int i = 0; i < 5000; i++) {
        int n = snprintf(text, sizeof text, "{\"n\":\"v%d\"}", i);
        insights_index_add(x, &(struct insights_event){T0 + i, T0 + i, {text, (size_t)n}, S("s"), S("1:g"), NULL});
    }
    str index = insights_index_end(x, &a);
    CHECK(index.n < 7000);
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "filter n = 'v%d'", i * 2);
        CHECK(may_hold(&a, index, text) || i * 2 >= 5000);
        snprintf(text, sizeof text, "filter n = 'w%d'", i);
        wrong += may_hold(&a, index, text);
    }
    CHECK(wrong < 60);
    arena_free(&a);
}

UNIT_MAIN(UNIT(commands), UNIT(queries_within), UNIT(joins), UNIT(functions), UNIT(discovered_fields), UNIT(parse), UNIT(known_logs), UNIT(patterns), UNIT(what_is_no_query), UNIT(rows_and_pointers),
          UNIT(many_events), UNIT(memory_has_an_end), UNIT(indexes), UNIT(an_index_of_many))
