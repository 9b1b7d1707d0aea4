#include "services/s3/errors.h"

err s3_fail_argument(struct call *c, const char *name, str value, const char *message) {
    fail_detail(c, S("ArgumentName"), str_of(name));
    if (value.p) fail_detail(c, S("ArgumentValue"), value);
    return fail(c, &s3_invalid_argument, "%s", message);
}

err s3_fail_no_bucket(struct call *c, str bucket) {
    fail_detail(c, S("BucketName"), bucket);
    return fail(c, &s3_no_such_bucket, "The specified bucket does not exist");
}

err s3_fail_precondition(struct call *c, const char *condition) {
    fail_detail(c, S("Condition"), str_of(condition));
    return fail(c, &s3_precondition_failed,
                "At least one of the pre-conditions you specified did not hold");
}

err s3_fail_no_upload(struct call *c, str upload_id) {
    fail_detail(c, S("UploadId"), upload_id);
    return fail(c, &s3_no_such_upload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may "
                "have been aborted or completed.");
}

err s3_fail_header_not_implemented(struct call *c, const char *header, const char *more) {
    fail_detail(c, S("Header"), str_of(header));
    if (more) fail_detail(c, S("additionalMessage"), str_of(more));
    return fail(c, &s3_not_implemented,
                "A header you provided implies functionality that is not implemented");
}

err s3_fail_malformed(struct call *c) {
    return fail(c, &s3_malformed_xml,
                "The XML you provided was not well-formed or did not validate against our published "
                "schema");
}
