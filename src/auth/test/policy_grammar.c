/* Documents that IAM refuses, with the sentence it gives, and documents that it takes. The cases are those
 * that the tests of moto (Apache-2.0) recorded against IAM, further ones from the IAM user guide. */
#include "auth/policy.h"
#include "unit.h"

static const char *problem_of(struct arena *a, const char *json, enum policy_kind kind) {
    str problem;
    const struct policy *p = policy_compile(str_of(json), kind, a, &problem);
    ASSERT((p == NULL) == (problem.p != NULL));
    return p ? "" : arena_c_string(a, problem);
}

static const char syntax[] = "Syntax errors in policy.";
static const char version[] = "Policy document must be version 2012-10-17 or greater.";
static const char legacy[] = "The policy failed legacy parsing";
static const char no_actions[] = "Policy statement must contain actions.";
static const char no_resources[] = "Policy statement must contain resources.";
static const char no_vendor[] = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
static const char iam_path[] = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, "
                               "server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.";

#define WHOLE(statement) "{\"Version\":\"2012-10-17\",\"Statement\":" statement "}"
#define LIST "\"Action\":\"s3:ListBucket\""
#define BUCKET "\"Resource\":\"arn:aws:s3:::example_bucket\""
#define RESOURCE(r) WHOLE("{\"Effect\":\"Allow\"," LIST ",\"Resource\":\"" r "\"}")
#define ACTION(x) WHOLE("{\"Effect\":\"Allow\",\"Action\":\"" x "\"," BUCKET "}")
#define CONDITION(c) WHOLE("{\"Effect\":\"Allow\"," LIST "," BUCKET ",\"Condition\":" c "}")

static const struct {
    const char *json, *problem;
} refusals[] = {
    {"This is not a json document", syntax},
    {"", syntax},
    {"[]", syntax},
    {"{\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}", version},
    {"{\"Version\":\"2008-10-17\",\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}", version},
    {"{\"Version\":\"2013-10-17\",\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}", syntax},
    {"{\"Version\":\"2012-10-17\"}", syntax},
    {WHOLE("[\"afd\"]"), syntax},
    {WHOLE("[]"), syntax},
    {"{\"Version\":\"2012-10-17\",\"Extra field\":\"value\",\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}", syntax},
    {WHOLE("{\"Effect\":\"Allow\"," LIST "," BUCKET ",\"Extra field\":\"value\"}"), syntax},
    {"{\"Version\":\"2012-10-17\",\"Id\":[\"cd3a\"],\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}", syntax},
    {WHOLE("{\"Effect\":\"invalid\"," LIST "," BUCKET "}"), syntax},
    {WHOLE("{" LIST "," BUCKET "}"), syntax},
    {WHOLE("{\"Sid\":{},\"Effect\":\"Allow\"," LIST "," BUCKET "}"), syntax},
    {WHOLE("{\"Effect\":\"Allow\",\"NotAction\":\"s3:ListBucket\",\"Action\":[]," BUCKET "}"), syntax},
    {WHOLE("{\"Effect\":\"Allow\"," LIST "," BUCKET ",\"NotResource\":\"*\"}"), syntax},
    {WHOLE("{\"Effect\":\"Deny\",\"Action\":[[]]," BUCKET "}"), syntax},
    {WHOLE("{\"Effect\":\"Allow\"," LIST ",\"Resource\":{\"a\":\"arn:aws:s3:::b\"}}"), syntax},
    {WHOLE("{\"Effect\":\"Allow\"," LIST "," LIST "," BUCKET "}"), syntax},
    {ACTION("invalid"), no_vendor},
    {ACTION(""), no_vendor},
    {ACTION("a a:ListBucket"), "Vendor a a is not valid"},
    {ACTION(":GetObject"), "Vendor  is not valid"},
    {ACTION("s3*:GetObject"), "Vendor s3* is not valid"},
    {ACTION("s3:List:Bucket"), "Actions/Condition can contain only one colon."},
    {RESOURCE("invalid resource"), "Resource invalid resource must be in ARN format or \"*\"."},
    {RESOURCE(""), "Resource  must be in ARN format or \"*\"."},
    {WHOLE("{\"Effect\":\"Allow\",\"Action\":\"s:3:ListBucket\",\"Resource\":\"sdfsadf\"}"), "Resource sdfsadf must be in ARN format or \"*\"."},
    {RESOURCE("a:bsdfdsafsad"), "Partition \"bsdfdsafsad\" is not valid for resource \"arn:bsdfdsafsad:*:*:*:*\"."},
    {RESOURCE("a:b:cadfsdf"), "Partition \"b\" is not valid for resource \"arn:b:cadfsdf:*:*:*\"."},
    {RESOURCE("a:b:c:d:e:f:g:h"), "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."},
    {RESOURCE("aws:s3:::example_bucket"), "Partition \"s3\" is not valid for resource \"arn:s3:::example_bucket:*\"."},
    {RESOURCE("arn:error:s3:::example_bucket"), "Partition \"error\" is not valid for resource \"arn:error:s3:::example_bucket\"."},
    {WHOLE("{\"Effect\":\"Allow\"," LIST "}"), no_resources},
    {WHOLE("{\"Effect\":\"Allow\"," LIST ",\"Resource\":[]}"), no_resources},
    {WHOLE("{\"Effect\":\"Allow\",\"Action\":\"invalid\"}"), no_resources},
    {WHOLE("{\"Effect\":\"Allow\"," BUCKET "}"), no_actions},
    {WHOLE("{\"Effect\":\"Allow\",\"Action\":[]," BUCKET "}"), no_actions},
    {WHOLE("[{\"Effect\":\"Deny\"},{\"Effect\":\"Allow\"," LIST "," BUCKET "}]"), no_actions},
    {RESOURCE("arn:aws:iam:::example_bucket"), iam_path},
    {RESOURCE("arn:aws:s3::example_bucket"), legacy},
    {RESOURCE("arn:aws::fdsasf"), legacy},
    {RESOURCE("arn:aws::::example_bucket"), legacy},
    {RESOURCE("arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."},
    {WHOLE("{\"Effect\":\"denY\"," LIST "," BUCKET "}"), legacy},
    {WHOLE("{\"Effect\":\"Allow\"," BUCKET ",\"Condition\":{\"DateGreaterThan\":{\"a\":\"sdfdsf\"}}}"), legacy},
    {"{\"Statement\":{\"Effect\":\"denY\"," LIST "," BUCKET "}}", version},
    {CONDITION("[]"), syntax},
    {CONDITION("\"a\""), syntax},
    {CONDITION("{\"a\":\"b\"}"), syntax},
    {CONDITION("{\"DateGreaterThan\":\"b\"}"), syntax},
    {CONDITION("{\"DateGreaterThan\":{\"a\":{}}}"), syntax},
    {CONDITION("{\"x\":{\"a\":\"1\"}}"), syntax},
    {CONDITION("{\"ForAnyValue::StringEqualsIfExists\":{\"a\":\"asf\"}}"), syntax},
    {CONDITION("{\"NullIfExists\":{\"a\":\"true\"}}"), syntax},
    {CONDITION("{\"DateGreaterThan\":{\"a\":\"sdfdsf\"}}"), legacy},
    {CONDITION("{\"DateLessThanEquals\":{\"a\":\"234-13\"}}"), legacy},
    {CONDITION("{\"DateLessThanEquals\":{\"a\":\"2016-12-13t2:00:00.593194+1\"}}"), legacy},
    {CONDITION("{\"DateLessThanEquals\":{\"a\":\"2016-12-13t2:00:00.1999999999+10:59\"}}"), legacy},
    {CONDITION("{\"DateLessThan\":{\"a\":\"9223372036854775808\"}}"), legacy},
    {RESOURCE("arn:aws:iam:us-east-1::example_bucket"), "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information."},
    {RESOURCE("arn:aws:s3:us-east-1::example_bucket"), "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information."},
    {WHOLE("[{\"Sid\":\"sdf\",\"Effect\":\"Allow\"," LIST "," BUCKET "},{\"Sid\":\"sdf\",\"Effect\":\"Allow\"}]"),
     "Statement IDs (SID) in a single policy must be unique."},
    {WHOLE("{\"Sid\":\"a-b\",\"Effect\":\"Allow\"," LIST "," BUCKET "}"),
     "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
    {WHOLE("{\"Effect\":\"Allow\",\"Principal\":\"*\"," LIST "," BUCKET "}"), "Policy document should not specify a principal."},
};

static void identity_policies_are_refused_in_iam_s_words(void) {
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(refusals); i++) {
        const char *problem = problem_of(&a, refusals[i].json, POLICY_IDENTITY);
        if (strcmp(problem, refusals[i].problem) != 0) printf("# %s\n", refusals[i].json);
        CHECK_STR(str_of(problem), str_of(refusals[i].problem));
    }
    arena_free(&a);
}

static void what_iam_takes_is_taken(void) {
    static const char *const documents[] = {
        RESOURCE("*"),
        ACTION("*"),
        ACTION("iam: asdf safdsf af "),
        ACTION("aaaaaadsfdsafsadfsadfaaaaa:ListBucket"),
        ACTION("s3-s:ListBucket"),
        ACTION("s3.s:ListBucket"),
        RESOURCE("arn:aws:iam:::user/example_bucket"),
        RESOURCE("arn:aws:iam::*:mfa/${aws:username}"),
        RESOURCE("arn:aws:iam::*:*"),
        RESOURCE("arn:aws:s33:::example_bucket"),
        RESOURCE("arn:aws:fdsasf"),
        RESOURCE("arn:*:s3:::example_bucket"),
        RESOURCE("arn:aws:cloudwatch:us-east-1::example_bucket"),
        RESOURCE("arn:aws:invalid-service:us-east-1::example_bucket"),
        WHOLE("{\"Effect\":\"Allow\",\"NotAction\":\"s3:ListBucket\",\"NotResource\":\"*\"}"),
        "{\"Version\":\"2012-10-17\",\"Id\":\"sdfsdfsdf\",\"Statement\":{\"Effect\":\"Allow\"," LIST "," BUCKET "}}",
        CONDITION("{}"),
        CONDITION("{\"a\":{}}"),
        CONDITION("{\"x\":{},\"y\":{}}"),
        CONDITION("{\"DateGreaterThan\":{}}"),
        CONDITION("{\"DateGreaterThan\":{\"a\":[]}}"),
        CONDITION("{\"DateGreaterThan\":{\"a\":\"01T\"}}"),
        CONDITION("{\"DateLessThanEquals\":{\"a\":\"2019-07-01T13:20:15Z\"}}"),
        CONDITION("{\"DateLessThanEquals\":{\"a\":\"2016-12-13T21:20:37.593194+00:00\"}}"),
        CONDITION("{\"DateLessThanEquals\":{\"a\":\"2016-12-13t2:00:00.593194+23\"}}"),
        CONDITION("{\"DateLessThan\":{\"a\":\"-292275054\"}}"),
        CONDITION("{\"StringEqualsIfExists\":{\"a\":\"asf\"}}"),
        CONDITION("{\"ForAnyValue:StringEqualsIfExists\":{\"a\":\"asf\"}}"),
        CONDITION("{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"Department\"}}"),
        CONDITION("{\"Bool\":{\"aws:SecureTransport\":true},\"NumericLessThan\":{\"aws:MultiFactorAuthAge\":3600}}"),
    };
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(documents); i++) CHECK_STR(str_of(problem_of(&a, documents[i], POLICY_IDENTITY)), S(""));
    arena_free(&a);
}

static void each_kind_has_its_elements(void) {
    struct arena a = {0};
    static const char trust[] = WHOLE("{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}");
    CHECK_STR(str_of(problem_of(&a, trust, POLICY_TRUST)), S(""));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\"}"), POLICY_TRUST)), S("Missing required field Principal"));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\",\"Resource\":\"*\"}"), POLICY_TRUST)),
              S("Has prohibited field Resource"));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\"}"), POLICY_TRUST)),
              S("AssumeRole policy may only specify STS AssumeRole actions."));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"nobody\"},\"Action\":\"sts:AssumeRole\"}"), POLICY_TRUST)),
              S("Invalid principal in policy: \"AWS\":\"nobody\""));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Principal\":{\"Nobody\":\"x\"},\"Action\":\"sts:AssumeRole\"}"), POLICY_TRUST)), S("Syntax errors in policy."));
    /* Resource policies may be of the old version, and name the resource themselves or not at all. */
    CHECK_STR(str_of(problem_of(&a, "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"SQS:*\"}}", POLICY_RESOURCE)), S(""));
    static const char twice[] = "{\"Statement\":[{\"Sid\":\"x\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\"},"
                                "{\"Sid\":\"x\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:Sign\"}]}";
    CHECK_STR(str_of(problem_of(&a, twice, POLICY_RESOURCE)), S("Statement IDs (SID) in a single policy must be unique."));
    CHECK_STR(str_of(problem_of(&a, twice, POLICY_RESOURCE_ANY_SID)), S(""));
    CHECK_STR(str_of(problem_of(&a, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"SQS:*\",\"Resource\":\"*\"}}", POLICY_RESOURCE)), S("Missing required field Principal"));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}"), POLICY_SERVICE_CONTROL)),
              S("Policy document should not specify a principal."));
    CHECK_STR(str_of(problem_of(&a, WHOLE("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}"), POLICY_RESOURCE_CONTROL)), S(""));
    arena_free(&a);
}

UNIT_MAIN(UNIT(identity_policies_are_refused_in_iam_s_words), UNIT(what_iam_takes_is_taken), UNIT(each_kind_has_its_elements))
