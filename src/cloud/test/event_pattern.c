/* Event patterns: matches from EventBridge's and SNS's documentation, refusals as AWS was seen to word them. */
#include "cloud/event_pattern.h"
#include "unit.h"

static struct arena a;

static bool matches(const char *pattern, const char *event) {
    str problem;
    const struct event_pattern *p = event_pattern_compile(str_of(pattern), EVENT_PATTERN_EVENTS, &a, &problem);
    if (!p) CHECK_STR(problem, str_of(pattern));
    const struct json_node *tree = json_tree(&a, str_of(event), json_default_limits, NULL, NULL);
    CHECK(tree != NULL);
    return p && tree && event_pattern_matches(p, tree);
}

struct example {
    const char *pattern, *event;
    bool matches;
};

static void check(const struct example *examples, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (matches(examples[i].pattern, examples[i].event) != examples[i].matches)
            CHECK_STR(str_of(examples[i].event), str_of(examples[i].pattern));
}

/* EventBridge user guide, "Comparison operators" and "Creating event patterns". */
static void operators(void) {
    static const struct example examples[] = {
        {"{\"source\":[\"aws.ec2\",\"aws.fargate\"]}", "{\"source\":\"aws.fargate\",\"x\":1}", true},
        {"{\"source\":[\"aws.ec2\"]}", "{\"source\":\"aws.s3\"}", false},
        {"{\"a\":[\"1\"]}", "{\"a\":1}", false},
        {"{\"a\":[1]}", "{\"a\":1.0}", true},
        {"{\"a\":[null]}", "{\"a\":null}", true},
        {"{\"a\":[null]}", "{}", false},
        {"{\"a\":[true]}", "{\"a\":false}", false},
        {"{\"a\":[\"\"]}", "{\"a\":\"\"}", true},
        {"{\"time\":[{\"prefix\":\"2017-10-02\"}]}", "{\"time\":\"2017-10-02T18:43:48Z\"}", true},
        {"{\"s\":[{\"prefix\":{\"equals-ignore-case\":\"EventB\"}}]}", "{\"s\":\"eventBridge\"}", true},
        {"{\"f\":[{\"suffix\":\".png\"}]}", "{\"f\":\"cat.png\"}", true},
        {"{\"f\":[{\"suffix\":\".png\"}]}", "{\"f\":\"png\"}", false},
        {"{\"f\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"f\":\"cat.pnG\"}", true},
        {"{\"t\":[{\"equals-ignore-case\":\"ec2 Instance\"}]}", "{\"t\":\"EC2 INSTANCE\"}", true},
        {"{\"p\":[{\"wildcard\":\"dir/*.png\"}]}", "{\"p\":\"dir/a/b.png\"}", true},
        {"{\"p\":[{\"wildcard\":\"*a*b\"}]}", "{\"p\":\"xaxxab\"}", true},
        {"{\"p\":[{\"wildcard\":\"*a*b\"}]}", "{\"p\":\"xaxxabc\"}", false},
        {"{\"p\":[{\"wildcard\":\"5\\\\*3\"}]}", "{\"p\":\"5*3\"}", true},
        {"{\"p\":[{\"wildcard\":\"5\\\\*3\"}]}", "{\"p\":\"513\"}", false},
        {"{\"n\":[{\"numeric\":[\"=\",3.018e2]}]}", "{\"n\":301.8}", true},
        {"{\"n\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"n\":5}", true},
        {"{\"n\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"n\":0}", false},
        {"{\"n\":[{\"numeric\":[\"<\",-1]}]}", "{\"n\":-1.5}", true},
        {"{\"ip\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"ip\":\"10.0.0.255\"}", true},
        {"{\"ip\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"ip\":\"10.0.1.0\"}", false},
        {"{\"ip\":[{\"cidr\":\"2001:db8::/32\"}]}", "{\"ip\":\"2001:db8:1::1\"}", true},
        {"{\"ip\":[{\"cidr\":\"10.0.0.1\"}]}", "{\"ip\":\"10.0.0.1\"}", true},
        {"{\"d\":{\"state\":[{\"anything-but\":\"init\"}]}}", "{\"d\":{\"state\":\"run\"}}", true},
        {"{\"d\":{\"state\":[{\"anything-but\":\"init\"}]}}", "{\"d\":{}}", false},
        {"{\"d\":[{\"anything-but\":[\"a\",\"b\"]}]}", "{\"d\":\"b\"}", false},
        {"{\"d\":[{\"anything-but\":[100,200]}]}", "{\"d\":300}", true},
        {"{\"d\":[{\"anything-but\":{\"prefix\":\"init\"}}]}", "{\"d\":\"initial\"}", false},
        {"{\"d\":[{\"anything-but\":{\"suffix\":[\".txt\",\".png\"]}}]}", "{\"d\":\"a.jpg\"}", true},
        {"{\"d\":[{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}]}", "{\"d\":\"a/lib/b\"}", false},
        {"{\"d\":[{\"anything-but\":{\"equals-ignore-case\":[\"X\",\"y\"]}}]}", "{\"d\":\"Y\"}", false},
    };
    check(examples, LENGTH(examples));
}

static void structure(void) {
    static const struct example examples[] = {
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":\"\"}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":{\"b\":1}}", false}, /* leaves alone exist */
        {"{\"a\":[{\"exists\":false}]}", "{\"b\":1}", true},
        {"{\"a\":{\"b\":[{\"exists\":false}]}}", "{\"x\":1}", true},
        {"{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":\"x\"}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":[\"w\",\"x\"]}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":[[\"x\"]]}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":[]}", false},
        {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":2}]}", true},
        {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":3},{\"b\":3,\"c\":2}]}", false}, /* one element has to do */
        {"{\"$or\":[{\"c\":[{\"numeric\":[\">\",0]}]},{\"t\":[1]}],\"s\":[\"x\"]}", "{\"s\":\"x\",\"t\":1}", true},
        {"{\"$or\":[{\"c\":[{\"numeric\":[\">\",0]}]},{\"t\":[1]}],\"s\":[\"x\"]}", "{\"s\":\"x\",\"t\":2}", false},
        {"{\"$or\":[{\"c\":[1],\"$or\":[{\"a\":[1]},{\"b\":[1]}]},{\"t\":[1]}]}", "{\"c\":1,\"b\":1}", true},
        {"{\"a\":[1],\"a\":[2]}", "{\"a\":2}", true}, /* the last of a name counts */
    };
    check(examples, LENGTH(examples));
}

static void refused(enum event_pattern_dialect dialect, const char *pattern, const char *reason) {
    str problem = {0};
    CHECK(!event_pattern_compile(str_of(pattern), dialect, &a, &problem));
    CHECK_STR(problem, str_of(reason));
}

/* As AWS was recorded (tests of filter policies by LocalStack's snapshots). */
static void refusals(void) {
#define AT(pattern, line_column) "\n at [Source: (String)\"" pattern "\"; line: 1, column: " line_column "]"
#define REFUSED(pattern, reason, column) refused(EVENT_PATTERN_SNS_BODY, pattern, reason AT(pattern, column))
    REFUSED("{\"key\":[[\"value\"]]}", "Match value must be String, number, true, false, or null", "10");
    REFUSED("{\"key\":[{\"wrong-operator\":true}]}", "Unrecognized match type wrong-operator", "31");
    REFUSED("{\"key\":[{\"suffix\":\"value\",\"prefix\":\"value2\"}]}", "Only one key allowed in match expression", "37");
    REFUSED("{\"key\":[{\"exists\":null}]}", "exists match pattern must be either true or false.", "23");
    REFUSED("{\"key\":[{\"exists\":\"no\"}]}", "exists match pattern must be either true or false.", "20");
    REFUSED("{\"key\":[{\"anything-but\":{\"exists\":false}}]}", "Unsupported anything-but pattern: exists", "40");
    REFUSED("{\"key\":[{\"anything-but\":{\"prefix\":false}}]}", "prefix match pattern must be a string", "40");
    REFUSED("{\"key\":[{\"anything-but\":{\"suffix\":\"test\"}}]}", "Unsupported anything-but pattern: suffix", "36");
    REFUSED("{\"key\":[{\"anything-but\":{\"wrong-operator\":null}}]}", "Unsupported anything-but pattern: wrong-operator", "47");
    REFUSED("{\"key\":[{\"numeric\":[]}]}", "Invalid member in numeric match: ]", "22");
    REFUSED("{\"key\":[{\"numeric\":[\">\",20,30]}]}", "Bad value in numeric range: 30", "30");
    REFUSED("{\"key\":[{\"numeric\":[\">\",20,\"<=\"]}]}", "Value of <= must be numeric", "33");
    REFUSED("{\"key\":[{\"numeric\":[\">=\"]}]}", "Value of >= must be numeric", "26");
    REFUSED("{\"key\":[{\"numeric\":[1,\"<=\"]}]}", "Invalid member in numeric match: 1", "22");
    REFUSED("{\"key\":[{\"numeric\":[\">\",20,\"<\",30,\"<\",50]}]}", "Too many terms in numeric range expression", "36");
    REFUSED("{\"key\":[{\"numeric\":[\"=\",\"000\"]}]}", "Value of equals must be numeric", "26");
    REFUSED("{\"key\":[{\"numeric\":[\"operator\"]}]}", "Unrecognized numeric range operator: operator", "32");
    REFUSED("{\"key\":[{\"numeric\":[\">=\",1,\">\",2]}]}", "Bad numeric range operator: >", "31");
    REFUSED("{\"key\":[{\"numeric\":[\"<\",100,\">\",10]}]}", "Too many elements in numeric expression", "30");
    REFUSED("{\"key\":[{\"numeric\":[\">\",\"20\",\"<\",\"30\"]}]}", "Value of > must be numeric", "26");
    REFUSED("{\"key\":[{\"numeric\":[\">\",20,\"<\",\"30\"]}]}", "Value of < must be numeric", "33");
    REFUSED("{\"key\":[{\"numeric\":[\">\",20,\"test\"]}]}", "Bad numeric range operator: test", "34");
    REFUSED("{\"key\":[{\"numeric\":[\">\",3,\"<\",1]}]}", "Bottom must be less than top", "33");
    REFUSED("{\"key_a\":\"value_one\"}", "\"key_a\" must be an object or an array", "11");
    refused(EVENT_PATTERN_SNS_ATTRIBUTES, "{\"a\":{\"b\":[1]}}", "Filter policy scope MessageAttributes does not support nested filter policy");
    refused(EVENT_PATTERN_SNS_BODY, "{invalid}",
            "failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote to start field name\n at [Source: REDACTED "
            "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]");
}

/* SNS developer guide, "Filter policy constraints": four values three levels down, three values two down. */
/* Recorded of TestEventPattern, and of the library that AWS has published. */
static void refusals_of_rules(void) {
#define RULE_REFUSED(pattern, reason, column) refused(EVENT_PATTERN_EVENTS, pattern, reason AT(pattern, column))
    RULE_REFUSED("{\"detail\": {\"FileName\": [{\"anything-but\": {\"prefix\": \"\"}}]}}", "Null prefix/suffix not allowed", "56");
    RULE_REFUSED("{\"detail\": {\"FileName\": [{\"anything-but\": {\"suffix\": {\"equals-ignore-case\": \".png\"}}}]}}",
                 "Value of anything-but must be an array or single string/number value.", "55");
    RULE_REFUSED("{\"detail\":{\"y\":{\"y\":[{\"numeric\":[\">\",1]},{\"anything-but\":[\"a\",1]}],\"z\":[null]}}}",
                 "Inside anything but list, either all values are number or string, mixed type is not supported", "65");
    refused(EVENT_PATTERN_EVENTS, "{\"EventBusArn\": [{\"wildcard\": \"*:*:*:*:*:event-bus/*\"}]}",
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character");
}

static void paths_joined_by_dots(void) {
    static const struct example examples[] = {
        {"{\"d\":{\"state\":{\"status\":[\"on\"]}}}", "{\"d\":{\"state.status\":\"on\"}}", true},
        {"{\"d\":{\"state\":{\"status\":[\"on\"]}}}", "{\"d.state\":{\"status\":\"on\"}}", true},
        {"{\"d\":{\"state\":{\"status\":[\"on\"]}}}", "{\"d.state.status\":\"on\"}", true},
        {"{\"d\":{\"state\":{\"status\":[\"on\"]}}}", "{\"d\":{\"state.status\":{\"status\":\"on\"}}}", false},
        {"{\"d\":{\"state\":{\"status\":[\"on\"]}}}", "{\"d\":{\"xstate.status\":\"on\"}}", false},
        {"{\"d\":{\"state.status\":[\"on\"]}}", "{\"d\":{\"state\":{\"status\":\"on\"}}}", true},
        {"{\"d\":{\"state\":{\"status\":[{\"exists\":false}]}}}", "{\"d\":{\"state.status\":\"on\"}}", false},
    };
    check(examples, LENGTH(examples));
}

static void complexity(void) {
    str problem;
    const struct event_pattern *p = event_pattern_compile(
        S("{\"key_a\":{\"key_b\":{\"key_c\":[\"a\",\"b\",\"c\",\"d\"]}},\"key_d\":{\"key_e\":[\"a\",\"b\",\"c\"]}}"), EVENT_PATTERN_SNS_BODY, &a, &problem);
    CHECK(p != NULL);
    if (!p) return;
    CHECK_INT(p->leaves, 2);
    CHECK_INT(p->complexity, 4 * 3 * 3 * 2);
}

UNIT_MAIN(UNIT(operators), UNIT(structure), UNIT(refusals), UNIT(refusals_of_rules), UNIT(paths_joined_by_dots), UNIT(complexity))
