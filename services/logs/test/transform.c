/* Transformers: the examples of the user guide, processor by processor, and what is refused. */
#include "../date_pattern.h"
#include "../grok.h"
#include "../transform.h"

#include "text/tree.h"
#include "unit.h"

/* ---- grok ---- */

/* "name=value|..." of the fields, or why not. */
static str grokked(struct arena *a, const char *match, const char *text) {
    str problem;
    struct grok_field fields[40];
    struct grok *g = grok_compile(a, str_of(match), &problem);
    if (!g) return S("refused");
    i32 n = grok_match(g, str_of(text), fields, LENGTH(fields));
    if (n < 0) return S("no");
    struct buf out = buf_new(a, 4096);
    for (i32 i = 0; i < n; i++) buf_format(&out, "%s%.*s=%.*s", i ? "|" : "", STR_ARGS(fields[i].path), STR_ARGS(fields[i].value));
    return out.n ? buf_str(&out) : S("");
}
#define GROK(match, text, fields)                     \
    do {                                              \
        struct arena a = {0};                         \
        CHECK_STR(grokked(&a, match, text), S(fields)); \
        arena_free(&a);                               \
    } while (0)

/* One pattern that takes the whole text. */
static void one_pattern(const char *name, const char *text) {
    struct arena a = {0};
    str match = arena_format(&a, "%%{%s:it}", name), fields = grokked(&a, arena_c_string(&a, match), text), wanted = arena_format(&a, "it=%s", text);
    CHECK_STR(str_starts(fields, wanted) ? wanted : fields, wanted); /* some name fields of their own behind it */
    arena_free(&a);
}

static void grok_patterns_of_the_guide(void) {
    static const char *const examples[][2] = {
        {"USERNAME", "user123.name-TEST"}, {"INT", "-456"}, {"BASE10NUM", "-0.67"}, {"BASE16NUM", "+0xA1B2"}, {"POSINT", "123"}, {"NONNEGINT", "007"}, {"WORD", "user_123"},
        {"NOTSPACE", "hello_world123"}, {"SPACE", " "}, {"GREEDYDATA_MULTILINE", "abc\ndef\nghi"}, {"UUID", "550e8400-e29b-41d4-a716-446655440000"},
        {"URN", "urn:isbn:0451450523"}, {"ARN", "arn:aws:iam:us-east-1:123456789012:user/johndoe"}, {"CISCOMAC", "0123.4567.89AB"}, {"WINDOWSMAC", "01-23-45-67-89-AB"},
        {"COMMONMAC", "01:23:45:67:89:AB"}, {"MAC", "01:23:45:67:89:AB"}, {"IPV6", "2001:db8:3333:4444:5555:6666:7777:8888"}, {"IPV6", "::1"}, {"IPV6", "fe80::1:2"},
        {"IPV6", "::ffff:192.0.2.1"}, {"IPV6", "2001:db8::"}, {"IPV4", "192.168.0.1"}, {"IP", "192.168.0.1"}, {"HOST", "server-01.internal-network.local"},
        {"IPORHOST", "2001:db8:3333:4444:5555:6666:7777:8888"}, {"HOSTPORT", "192.168.1.1:8080"}, {"UNIXPATH", "/search?q=regex"}, {"WINPATH", "C:\\Users\\John\\Documents\\file.txt"},
        {"PATH", "/search?q=regex"}, {"TTY", "/dev/tty1"}, {"URIPROTO", "web+transformer"}, {"URIPATH", "/category/sub-category/product_name"},
        {"URIPARAM", "?param1=value1&param2=value2"}, {"URIPATHPARAM", "/category/sub-category/product?id=12345&color=red"},
        {"URI", "https://user:password@example.com/path/to/resource?param1=value1&param2=value2"}, {"MONTH", "Jan"}, {"MONTH", "January"}, {"MONTHNUM", "5"}, {"MONTHNUM", "05"},
        {"MONTHNUM2", "05"}, {"MONTHDAY", "31"}, {"YEAR", "2024"}, {"YEAR", "24"}, {"DAY", "Tuesday"}, {"HOUR", "22"}, {"MINUTE", "59"}, {"SECOND", "3"}, {"SECOND", "30.5"},
        {"SECOND", "30:5"}, {"TIME", "09:45:32"}, {"DATE_US", "11/23/2024"}, {"DATE_US", "1-01-24"}, {"DATE_EU", "23/11/2024"}, {"DATE_EU", "1.01.24"},
        {"ISO8601_TIMEZONE", "+05:30"}, {"ISO8601_TIMEZONE", "-530"}, {"ISO8601_TIMEZONE", "Z"}, {"ISO8601_SECOND", "60"}, {"TIMESTAMP_ISO8601", "2023-05-15T14:30:00+05:30"},
        {"TIMESTAMP_ISO8601", "23-5-1T1:25+5:30"}, {"TIMESTAMP_ISO8601", "23-5-1T1:25Z"}, {"DATE", "11/29/2024"}, {"DATE", "29.11.2024"}, {"DATESTAMP", "29-11-2024 14:30:00"},
        {"TZ", "PDT"}, {"DATESTAMP_RFC822", "Monday Jan 5 23 1:30:00 CDT"}, {"DATESTAMP_RFC822", "Mon January 15 2023 14:30:00 PST"},
        {"DATESTAMP_RFC2822", "Mon, 15 May 2023 14:30:00 +0530"}, {"DATESTAMP_RFC2822", "Monday, 15 Jan 23 14:30:00 Z"}, {"DATESTAMP_OTHER", "Mon May 15 14:30:00 PST 2023"},
        {"DATESTAMP_EVENTLOG", "20230515143000"}, {"LOGLEVEL", "INFO"}, {"LOGLEVEL", "Warning"}, {"HTTPDATE", "23/Nov/2024:14:30:00 +0640"}, {"SYSLOGTIMESTAMP", "Nov 29 14:30:00"},
        {"PROG", "user.profile/settings-page"}, {"SYSLOGPROG", "user.profile/settings-page[1234]"}, {"SYSLOGHOST", "2001:db8:3333:4444:5555:6666:7777:8888"},
        {"SYSLOGFACILITY", "<13.6>"},
    };
    for (size_t i = 0; i < LENGTH(examples); i++) one_pattern(examples[i][0], examples[i][1]);
    GROK("%{DATA:x} %{DATA:y}", "abc def ghi", "x=abc|y=def ghi");
    GROK("%{GREEDYDATA:x} %{GREEDYDATA:y}", "abc def ghi", "x=abc def|y=ghi");
    GROK("%{QUOTEDSTRING:msg}", "\"Hello, world!\"", "msg=Hello, world!");
    GROK("%{HOSTPORT:ip}", "192.168.1.1:8080", "ip=192.168.1.1:8080|PORT=8080");
    GROK("%{URIHOST:host} %{URIHOST:ip}", "example.com:443 10.0.0.1", "host=example.com:443|port=443|ip=10.0.0.1");
    GROK("%{SYSLOGPROG:programWithId}", "a/b-c[1234]", "programWithId=a/b-c[1234]|program=a/b-c|pid=1234");
    GROK("%{SYSLOGFACILITY:syslog}", "<13.6>", "syslog=<13.6>|facility=13|priority=6");
}

static void grok_together(void) {
    GROK("%{NUMBER:timestamp} [%{NUMBER:db} %{IP:client_ip}:%{NUMBER:client_port}] %{GREEDYDATA:data}", "1629860738.123456 [0 127.0.0.1:6379] \"SET\" \"key1\" \"value1\"",
         "timestamp=1629860738.123456|db=0|client_ip=127.0.0.1|client_port=6379|data=\"SET\" \"key1\" \"value1\"");
    GROK("%{NUMBER:version} %{HOSTNAME:hostname} %{NOTSPACE:status} %{QUOTEDSTRING:logMsg}", "293750 server-01.internal-network.local OK \"[Thread-000] token generated\"",
         "version=293750|hostname=server-01.internal-network.local|status=OK|logMsg=[Thread-000] token generated");
    GROK("\\[%{WORD:level}\\]\\s+%{NUMBER}", "[INFO]   7", "level=INFO");
    GROK("%{WORD:a}", "two words", "no"); /* it is about the whole text */
    GROK("%{WORD:a}", "", "no");
}

static void grok_refused(void) {
    GROK("plain", "", "refused");
    GROK("%{NOSUCH:a}", "", "refused");
    GROK("%{WORD:a", "", "refused");
    GROK("%{WORD:}", "", "refused");
    GROK("%{WORD:a.b.c.d}", "", "refused");
    GROK("%{NUMBER:a:int}", "", "refused");
    GROK("(%{WORD:a})", "", "refused"); /* groups of one's own */
    GROK("%{WORD:a}(?:", "", "refused");
    GROK("%{ARN}%{ARN}%{ARN}%{ARN}%{ARN}%{ARN}", "", "refused");
    GROK("%{DATA}%{DATA}%{SPACE}%{SPACE}%{URI}%{URI}", "", "refused");
    GROK("%{GREEDYDATA_MULTILINE}%{GREEDYDATA_MULTILINE}", "", "refused");
    GROK("%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}%{INT}", "", "refused");
    GROK("%{APACHE_ACCESS_LOG} %{SYSLOG5424}", "", "refused");
    GROK("%{NGINX_ACCESS_LOG} %{NUMBER:num}", "", "refused");
    GROK("%{GREEDYDATA:logMsg} %{SYSLOG5424}", "", "refused");
    GROK("%{SYSLOG5424}%{DATA:a}%{DATA:b}", "", "refused");
    GROK("%{NGINX_ACCESS_LOG} %{DATA}", "x", "no");
    GROK("%{APACHE_ACCESS_LOG} %{GREEDYDATA:logMsg}", "127.0.0.1 - - [03/Aug/2023:12:34:56 +0000] \"GET / HTTP/1.1\" 304 - and more",
         "remote_host=127.0.0.1|timestamp=03/Aug/2023:12:34:56 +0000|http_method=GET|request=/|http_version=1.1|status_code=304|logMsg=and more");
}

/* ---- whole transformers ---- */

static str apply(struct arena *a, const struct logs_processor *steps, u32 n, str message, bool *done) {
    struct logs_processors list = {NEW_ARRAY(a, struct logs_processor, n), n, true};
    str problem, result;
    memcpy(list.v, steps, n * sizeof *steps);
    *done = false;
    struct log_transform *t = log_transform_compile(a, &list, &problem);
    if (!t) return problem;
    struct log_origin origin = {S("012345678912"), S("us-east-1"), S("myLogGroupName"), S("myLogStreamName")};
    *done = log_transform_event(t, a, &origin, message, &result);
    return result;
}
/* The steps make `wanted` of the event; or they fail, saying so. */
#define MAKES(message, wanted, ...)                                                           \
    do {                                                                                      \
        struct arena a = {0};                                                                 \
        bool done;                                                                            \
        const struct logs_processor steps[] = {__VA_ARGS__};                                  \
        CHECK_STR(apply(&a, steps, LENGTH(steps), str_of(message), &done), str_of(wanted)); \
        arena_free(&a);                                                                       \
    } while (0)

#define LIST(T, ...) {(T[]){__VA_ARGS__}, (u32)(sizeof((T[]){__VA_ARGS__}) / sizeof(T)), true}
#define PARSE_JSON {.parse_json = &(struct logs_parse_json){.source = {0}}}
#define GROKS(pattern) {.grok = &(struct logs_grok){.match = S(pattern)}}

static void parsers(void) {
    MAKES("{\"outer_key\": {\"inner_key\": \"inner_value\"}}", "{\"new_key\":{\"outer_key\":{\"inner_key\":\"inner_value\"}}}",
          {.parse_json = &(struct logs_parse_json){.destination = S("new_key")}});
    MAKES("plain", "parseJSON: the text is no JSON object.", PARSE_JSON);
    MAKES("[1]", "parseJSON: the text is no JSON object.", PARSE_JSON);
    MAKES("{\"a\":1.50,\"b\":[true,null,\"x\"],\"c\":\"\\u00e4\"}", "{\"a\":1.50,\"b\":[true,null,\"x\"],\"c\":\"\xc3\xa4\"}", PARSE_JSON);
    MAKES("{\"logMsg\": \"GET /page.html HTTP/1.1\"}", "{\"logMsg\":\"GET /page.html HTTP/1.1\",\"http_method\":\"GET\",\"request\":\"/page.html\",\"http_version\":\"1.1\"}", PARSE_JSON,
          {.grok = &(struct logs_grok){.source = S("logMsg"), .match = S("%{WORD:http_method} %{NOTSPACE:request} HTTP/%{NUMBER:http_version}")}});
    MAKES("192.168.1.1 GET 200", "{\"client\":{\"ip\":\"192.168.1.1\"},\"method\":\"GET\",\"response\":{\"status\":\"200\"}}",
          GROKS("%{IP:client.ip} %{WORD:method} %{NUMBER:response.status}"));
    MAKES("nothing", "grok: the text does not match.", GROKS("%{IP:client.ip}"));
    MAKES("'Akua Mansa':28:'New York: USA'", "{\"column_1\":\"Akua Mansa\",\"column_2\":\"28\",\"column_3\":\"New York: USA\"}",
          {.csv = &(struct logs_csv){.delimiter = S(":"), .quote_character = S("'")}});
    MAKES("{\"logMsg\": \"'Akua Mansa':28:'New York: USA'\"}",
          "{\"logMsg\":\"'Akua Mansa':28:'New York: USA'\",\"msg\":{\"name\":\"Akua Mansa\",\"age\":\"28\",\"location\":\"New York: USA\"}}", PARSE_JSON,
          {.csv = &(struct logs_csv){.source = S("logMsg"), .delimiter = S(":"), .quote_character = S("'"), .columns = LIST(str, S("name"), S("age"), S("location")),
                                     .destination = S("msg")}});
    MAKES("a,\"b \"\"c\"\", d\",,e", "{\"column_1\":\"a\",\"column_2\":\"b \\\"c\\\", d\",\"column_3\":\"\",\"column_4\":\"e\"}", {.csv = &(struct logs_csv){.source = {0}}});
    MAKES("a\tb", "{\"x\":\"a\",\"column_2\":\"b\"}", {.csv = &(struct logs_csv){.delimiter = S("\\t"), .columns = LIST(str, S("x"))}});
    MAKES("key1:value1!key2:value2!key3:value3!key4",
          "{\"new_key\":{\"parsed_key1\":\"value1\",\"parsed_key2\":\"value2\",\"parsed_key3\":\"value3\",\"parsed_key4\":\"defaultValue\"}}",
          {.parse_key_value = &(struct logs_parse_key_value){.destination = S("new_key"), .field_delimiter = S("!"), .key_value_delimiter = S(":"),
                                                             .non_match_value = S("defaultValue"), .key_prefix = S("parsed_")}});
    MAKES("a=1&b&a=2", "{\"a\":\"1\",\"b\":null}", {.parse_key_value = &(struct logs_parse_key_value){.source = {0}}});
    MAKES("a=1&a=2", "{\"a\":\"2\"}", {.parse_key_value = &(struct logs_parse_key_value){.overwrite_if_exists = SOME_BOOL(true)}});
}

static void whole_logs(void) {
    MAKES("127.0.0.1 - - [03/Aug/2023:12:34:56 +0000] \"GET /page.html HTTP/1.1\" 200 1234",
          "{\"remote_host\":\"127.0.0.1\",\"timestamp\":\"2023-08-03T12:34:56Z\",\"http_method\":\"GET\",\"request\":\"/page.html\",\"http_version\":\"1.1\",\"status_code\":200,"
          "\"response_size\":1234}",
          GROKS("%{APACHE_ACCESS_LOG}"));
    MAKES("192.168.1.100 - Foo [03/Aug/2023:14:34:56 +0200] \"GET /account/login.html HTTP/1.1\" 200 42 \"https://www.amazon.com/\" \"Mozilla/5.0 (Windows NT 10.0)\"",
          "{\"remote_host\":\"192.168.1.100\",\"auth_user\":\"Foo\",\"timestamp\":\"2023-08-03T12:34:56Z\",\"http_method\":\"GET\",\"request\":\"/account/login.html\","
          "\"http_version\":\"1.1\",\"status_code\":200,\"response_size\":42,\"referrer\":\"https://www.amazon.com/\",\"agent\":\"Mozilla/5.0 (Windows NT 10.0)\"}",
          GROKS("%{NGINX_ACCESS_LOG}"));
    MAKES("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\"][examplePriority@32473 class=\"high\"]",
          "{\"pri\":165,\"version\":1,\"timestamp\":\"2003-10-11T22:14:15.003Z\",\"hostname\":\"mymachine.example.com\",\"app\":\"evntslog\",\"msg_id\":\"ID47\","
          "\"structured_data\":\"exampleSDID@32473 iut=\\\"3\\\"\",\"message\":\"[examplePriority@32473 class=\\\"high\\\"]\"}",
          GROKS("%{SYSLOG5424}"));
}

static void logs_of_services(void) {
    MAKES("{\"httpRequest\":{\"clientIp\":\"1.1.1.1\",\"headers\":[{\"name\":\"Host\",\"value\":\"localhost:1989\"},{\"name\":\"Accept\",\"value\":\"*/*\"}]},\"labels\":[{\"name\":\"value\"}]}",
          "{\"httpRequest\":{\"clientIp\":\"1.1.1.1\",\"headers\":{\"Host\":\"localhost:1989\",\"Accept\":\"*/*\"}},\"labels\":{\"name\":\"value\"}}",
          {.parse_waf = &(struct logs_parse_waf){.source = {0}}});
    MAKES("2019-03-10 03:54:59 UTC:10.0.0.123(52834):postgres@logtestdb:[20175]:ERROR: column \"wrong_column_name\" does not exist at character 8",
          "{\"logTime\":\"2019-03-10 03:54:59 UTC\",\"srcIp\":\"10.0.0.123(52834)\",\"userName\":\"postgres\",\"dbName\":\"logtestdb\",\"processId\":\"20175\",\"logLevel\":\"ERROR\"}",
          {.parse_postgres = &(struct logs_parse_postgres){.source = {0}}});
    MAKES("1.0 2017-12-13T08:15:50.235Z Z123412341234 example.com AAAA NOERROR TCP IAD12 192.0.2.0 198.51.100.0/24",
          "{\"version\":1.0,\"queryTimestamp\":\"2017-12-13T08:15:50.235Z\",\"hostZoneId\":\"Z123412341234\",\"queryName\":\"example.com\",\"queryType\":\"AAAA\","
          "\"responseCode\":\"NOERROR\",\"protocol\":\"TCP\",\"edgeLocation\":\"IAD12\",\"resolverIp\":\"192.0.2.0\",\"ednsClientSubnet\":\"198.51.100.0/24\"}",
          {.parse_route53 = &(struct logs_parse_route53){.source = {0}}});
    MAKES("2 123456789010 eni-abc123de 192.0.2.0 192.0.2.24 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
          "{\"version\":2,\"accountId\":\"123456789010\",\"interfaceId\":\"eni-abc123de\",\"srcAddr\":\"192.0.2.0\",\"dstAddr\":\"192.0.2.24\",\"srcPort\":20641,\"dstPort\":22,"
          "\"protocol\":6,\"packets\":20,\"bytes\":4249,\"start\":1418530010,\"end\":1418530070,\"action\":\"ACCEPT\",\"logStatus\":\"OK\"}",
          {.parse_vpc = &(struct logs_parse_vpc){.source = {0}}});
    MAKES("2 - eni-1 OK", "parseVPC: the log event has 4 fields where there are 14.", {.parse_vpc = &(struct logs_parse_vpc){.source = {0}}});
    MAKES("2019-12-04  21:02:31   LAX1   392    192.0.2.24    GET    d111111abcdef8.cloudfront.net  /index.html    200    -  Mozilla/5.0%20(Windows%20NT%2010.0)  -  -  Hit  "
          "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==   d111111abcdef8.cloudfront.net  https  23 0.001  -  TLSv1.2    ECDHE-RSA-AES128-GCM-SHA256    Hit    HTTP/2.0  "
          " -  -  11040  0.001  Hit    text/html  78 -  -",
          "{\"date\":\"2019-12-04\",\"time\":\"21:02:31\",\"x-edge-location\":\"LAX1\",\"sc-bytes\":392,\"c-ip\":\"192.0.2.24\",\"cs-method\":\"GET\","
          "\"cs(Host)\":\"d111111abcdef8.cloudfront.net\",\"cs-uri-stem\":\"/index.html\",\"sc-status\":200,\"cs(Referer)\":\"-\",\"cs(User-Agent)\":\"Mozilla/5.0 (Windows NT 10.0)\","
          "\"cs-uri-query\":\"-\",\"cs(Cookie)\":\"-\",\"x-edge-result-type\":\"Hit\",\"x-edge-request-id\":\"SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\","
          "\"x-host-header\":\"d111111abcdef8.cloudfront.net\",\"cs-protocol\":\"https\",\"cs-bytes\":23,\"time-taken\":0.001,\"x-forwarded-for\":\"-\",\"ssl-protocol\":\"TLSv1.2\","
          "\"ssl-cipher\":\"ECDHE-RSA-AES128-GCM-SHA256\",\"x-edge-response-result-type\":\"Hit\",\"cs-protocol-version\":\"HTTP/2.0\",\"fle-status\":\"-\","
          "\"fle-encrypted-fields\":\"-\",\"c-port\":11040,\"time-to-first-byte\":0.001,\"x-edge-detailed-result-type\":\"Hit\",\"sc-content-type\":\"text/html\","
          "\"sc-content-len\":78,\"sc-range-start\":\"-\",\"sc-range-end\":\"-\"}",
          {.parse_cloudfront = &(struct logs_parse_cloudfront){.source = {0}}});
}

static void keys(void) {
    static const char one[] = "{\"outer_key\":{\"inner_key\":\"inner_value\"}}";
    MAKES(one, "{\"outer_key\":{\"inner_key\":\"inner_value\",\"new_key\":\"new_value\"}}", PARSE_JSON,
          {.add_keys = &(struct logs_add_keys){LIST(struct logs_add_key_entry, {S("outer_key.new_key"), S("new_value"), {0}}, {S("outer_key.inner_key"), S("not"), {0}})}});
    MAKES(one, "{\"outer_key\":{\"inner_key\":\"other\"}}", PARSE_JSON,
          {.add_keys = &(struct logs_add_keys){LIST(struct logs_add_key_entry, {S("outer_key.inner_key"), S("other"), SOME_BOOL(true)})}});
    MAKES(one, "{\"outer_key\":{}}", PARSE_JSON, {.delete_keys = &(struct logs_delete_keys){LIST(str, S("outer_key.inner_key"), S("absent"))}});
    MAKES("{\"outer_key1\":{\"inner_key1\":\"inner_value1\"},\"outer_key2\":{\"inner_key2\":\"inner_value2\"}}",
          "{\"outer_key1\":{},\"outer_key2\":{\"inner_key2\":\"inner_value2\",\"inner_key1\":\"inner_value1\"}}", PARSE_JSON,
          {.move_keys = &(struct logs_move_keys){LIST(struct logs_move_key_entry, {S("outer_key1.inner_key1"), S("outer_key2"), {0}})}});
    MAKES("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", PARSE_JSON, {.move_keys = &(struct logs_move_keys){LIST(struct logs_move_key_entry, {S("a"), S("b"), {0}})}});
    MAKES("{\"a\":{\"x\":1}}", "{\"a\":{\"b\":{\"x\":1}}}", PARSE_JSON, {.move_keys = &(struct logs_move_keys){LIST(struct logs_move_key_entry, {S("a"), S("a.b"), {0}})}});
    MAKES(one, "{\"new_key\":{\"inner_key\":\"inner_value\"}}", PARSE_JSON,
          {.rename_keys = &(struct logs_rename_keys){LIST(struct logs_rename_key_entry, {S("outer_key"), S("new_key"), {0}})}});
    MAKES("{\"a\":1,\"b\":2}", "{\"b\":1}", PARSE_JSON, {.rename_keys = &(struct logs_rename_keys){LIST(struct logs_rename_key_entry, {S("a"), S("b"), SOME_BOOL(true)})}});
    MAKES(one,
          "{\"outer_key\":{\"inner_key\":\"inner_value\"},\"new_key\":\"inner_value\",\"log_group_name\":\"myLogGroupName\",\"log_group_stream\":\"myLogStreamName\","
          "\"account_id\":\"012345678912\",\"region_name\":\"us-east-1\"}",
          PARSE_JSON,
          {.copy_value = &(struct logs_copy_value){LIST(struct logs_copy_value_entry, {S("outer_key.inner_key"), S("new_key"), {0}}, {S("@logGroupName"), S("log_group_name"), {0}},
                                                        {S("@logGroupStream"), S("log_group_stream"), {0}}, {S("@accountId"), S("account_id"), {0}},
                                                        {S("@regionName"), S("region_name"), {0}})}});
}

#define PAIRS "{\"k\":[{\"i\":\"a\",\"v\":\"val-a\"},{\"i\":\"b\",\"v\":\"val-b1\"},{\"i\":\"b\",\"v\":\"val-b2\"}]"

static void lists_to_maps(void) {
    MAKES(PAIRS "}", PAIRS ",\"a\":[\"val-a\"],\"b\":[\"val-b1\",\"val-b2\"]}", PARSE_JSON,
          {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i"), .value_key = S("v")}});
    MAKES(PAIRS "}", PAIRS ",\"a\":\"val-a\",\"b\":\"val-b1\"}", PARSE_JSON,
          {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i"), .value_key = S("v"), .flatten = SOME_BOOL(true), .flattened_element = S("first")}});
    MAKES(PAIRS "}", PAIRS ",\"t\":{\"a\":\"val-a\",\"b\":\"val-b2\"}}", PARSE_JSON,
          {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i"), .value_key = S("v"), .target = S("t"), .flatten = SOME_BOOL(true), .flattened_element = S("last")}});
    MAKES("{\"k\":[{\"i\":\"a\",\"v\":1}]}", "{\"k\":[{\"i\":\"a\",\"v\":1}],\"a\":[{\"i\":\"a\",\"v\":1}]}", PARSE_JSON,
          {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i")}});
    MAKES("{\"k\":1}", "listToMap: k is no list.", PARSE_JSON, {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i")}});
}

#define SUBSTITUTES(from, to) {.substitute_string = &(struct logs_substitute_string){LIST(struct logs_substitute_string_entry, {S("k"), S(from), S(to)})}}

static void strings(void) {
    MAKES("{\"k\":\"INNER_Value\"}", "{\"k\":\"inner_value\"}", PARSE_JSON, {.lower_case_string = &(struct logs_lower_case_string){LIST(str, S("k"))}});
    MAKES("{\"k\":\"inner_Value\"}", "{\"k\":\"INNER_VALUE\"}", PARSE_JSON, {.upper_case_string = &(struct logs_upper_case_string){LIST(str, S("k"), S("absent"))}});
    MAKES("{\"k\":\"   inner_value  \"}", "{\"k\":\"inner_value\"}", PARSE_JSON, {.trim_string = &(struct logs_trim_string){LIST(str, S("k"))}});
    MAKES("{\"k\":\"item1, item2, \"}", "{\"k\":[\"item1\",\"item2\",\"\"]}", PARSE_JSON,
          {.split_string = &(struct logs_split_string){LIST(struct logs_split_string_entry, {S("k"), S(", ")})}});
    MAKES("{\"k\":\"[]\"}", "{\"k\":\"value1\"}", PARSE_JSON, SUBSTITUTES("\\[\\]", "value1"));
    MAKES("{\"k\":\"A cat takes a catnap.\"}", "{\"k\":\"A dog takes a dognap.\"}", PARSE_JSON, SUBSTITUTES("cat", "dog"));
    MAKES("{\"k\":\"Tom, Dick, and Harry\"}", "{\"k\":\"Tom and Harry\"}", PARSE_JSON, SUBSTITUTES("(\\w+), (\\w+), and (\\w+)", "$1 and $3"));
    MAKES("{\"k\":\"arn:aws:sts::123456789012:assumed-role/Role/Session\"}", "{\"k\":\"123456789012:Role:Session\"}", PARSE_JSON,
          SUBSTITUTES("^arn:aws:sts::(?P<account_id>\\d{12}):assumed-role/(?P<role_name>[\\w+=,.@-]+)/(?P<session>[\\w+=,.@-]+)$", "${account_id}:${role_name}:${session}"));
    MAKES("{\"k\":\"aXb\"}", "{\"k\":\"-a-X-b-\"}", PARSE_JSON, SUBSTITUTES("x*", "-"));
    MAKES("{\"k\":\"aaa\"}", "{\"k\":\"baa\"}", PARSE_JSON, SUBSTITUTES("^a", "b")); /* the begin is there once */
    MAKES("{}", "The replacement of substituteString refers to a group that is not there.", PARSE_JSON, SUBSTITUTES("a", "$1"));
    MAKES("{}", "The replacement of substituteString has too many references.", PARSE_JSON, SUBSTITUTES("(a)", "$1$1$1"));
}

#define CONVERTS(kind) {.type_converter = &(struct logs_type_converter){LIST(struct logs_type_converter_entry, {S("k"), S(kind)})}}

static void types(void) {
    MAKES("{\"k\":\"200\"}", "{\"k\":200}", PARSE_JSON, CONVERTS("integer"));
    MAKES("{\"k\":12.9}", "{\"k\":12}", PARSE_JSON, CONVERTS("integer"));
    MAKES("{\"k\":\"0.5\"}", "{\"k\":0.5}", PARSE_JSON, CONVERTS("double"));
    MAKES("{\"k\":200}", "{\"k\":\"200\"}", PARSE_JSON, CONVERTS("string"));
    MAKES("{\"k\":\"True\"}", "{\"k\":true}", PARSE_JSON, CONVERTS("boolean"));
    MAKES("{\"k\":0}", "{\"k\":false}", PARSE_JSON, CONVERTS("boolean"));
    MAKES("{\"k\":null}", "{\"k\":null}", PARSE_JSON, CONVERTS("integer"));
    MAKES("{\"k\":\"many\"}", "typeConverter: the value of k is no integer.", PARSE_JSON, CONVERTS("integer"));
}

#define DATES(pattern, ...) {.date_time_converter = &(struct logs_date_time_converter){.source = S("k"), .target = S("t"), .match_patterns = LIST(str, S(pattern)), __VA_ARGS__}}

static void dates(void) {
    MAKES("{\"k\":\"Samstag 05. Dezember 1998 11:00:00\"}", "{\"k\":\"Samstag 05. Dezember 1998 11:00:00\",\"t\":\"1998-12-05T11:00:00 UTC\"}", PARSE_JSON,
          DATES("EEEE dd. MMMM yyyy HH:mm:ss", .locale = S("de"), .target_format = S("yyyy-MM-dd'T'HH:mm:ss z")));
    MAKES("{\"k\":\"03/Aug/2023 1:34 PM +0200\"}", "{\"k\":\"03/Aug/2023 1:34 PM +0200\",\"t\":\"2023-08-03T11:34:00.000Z\"}", PARSE_JSON,
          DATES("dd/MMM/yyyy h:mm a Z", .locale = S("en-US")));
    MAKES("{\"k\":\"2023-02-31\"}", "dateTimeConverter: the value of k matches none of the patterns.", PARSE_JSON, DATES("yyyy-MM-dd", .locale = S("en")));
    MAKES("{\"k\":\"x\"}", "The date pattern QQ is not valid: it has a letter that is not known.", PARSE_JSON, DATES("QQ", .locale = S("en")));
    MAKES("{\"k\":\"x\"}", "brume does not have the locale fr (yet).", PARSE_JSON, DATES("yyyy", .locale = S("fr")));
    MAKES("{\"k\":\"x\"}", "Mars/Olympus is no time zone.", PARSE_JSON, DATES("yyyy", .source_timezone = S("Mars/Olympus")));
}

static void rules(void) {
    MAKES("", "The first processor of a transformer must be a parser.", {.delete_keys = &(struct logs_delete_keys){LIST(str, S("a"))}});
    MAKES("", "Each entry of the transformer must be exactly one processor.", {.grok = NULL});
    MAKES("", "parseVPC must be the first processor of a transformer.", PARSE_JSON, {.parse_vpc = &(struct logs_parse_vpc){.source = {0}}});
    MAKES("", "A transformer has at most one grok processor.", GROKS("%{WORD}"), GROKS("%{WORD}"));
    MAKES("", "A transformer has at most 5 parsers.", PARSE_JSON, PARSE_JSON, PARSE_JSON, PARSE_JSON, PARSE_JSON, PARSE_JSON);
    MAKES("", "The source of parseJSON must be @message where it is the first processor.", {.parse_json = &(struct logs_parse_json){.source = S("a")}});
    MAKES("", "The source of parseWAF must be @message.", {.parse_waf = &(struct logs_parse_waf){.source = S("a")}});
    MAKES("", "The key a.b.c.d is nested deeper than 3.", PARSE_JSON, {.delete_keys = &(struct logs_delete_keys){LIST(str, S("a.b.c.d"))}});
    MAKES("", "The key a..b is not valid.", PARSE_JSON, {.delete_keys = &(struct logs_delete_keys){LIST(str, S("a..b"))}});
    MAKES("", "listToMap needs flattenedElement where flatten is true.", PARSE_JSON,
          {.list_to_map = &(struct logs_list_to_map){.source = S("k"), .key = S("i"), .flatten = SOME_BOOL(true)}});
}

/* At most 200 fields, and no event that is too large. */
static void limits(void) {
    struct arena a = {0};
    struct logs_processor step = PARSE_JSON;
    struct buf event = buf_new(&a, 1 << 20);
    bool done;
    for (int i = 0; i < 300; i++) buf_format(&event, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    buf_char(&event, '}');
    str made = apply(&a, &step, 1, buf_str(&event), &done);
    const struct json_node *tree = json_tree(&a, made, json_default_limits, NULL, NULL);
    CHECK(done && tree && tree->count == TRANSFORM_FIELDS_MAX);
    char *big = arena_alloc(&a, TRANSFORM_EVENT_MAX, 1);
    memset(big, 'x', TRANSFORM_EVENT_MAX);
    CHECK_STR(apply(&a, &step, 1, (str){big, TRANSFORM_EVENT_MAX}, &done), S("The log event is too large to be transformed."));
    arena_free(&a);
}

UNIT_MAIN(UNIT(grok_patterns_of_the_guide), UNIT(grok_together), UNIT(grok_refused), UNIT(parsers), UNIT(whole_logs), UNIT(logs_of_services), UNIT(keys), UNIT(lists_to_maps),
          UNIT(strings), UNIT(types), UNIT(dates), UNIT(rules), UNIT(limits))
