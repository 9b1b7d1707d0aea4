/* S3's form upload (POST Object): a browser's multipart/form-data becomes a PutObject. The fields before
 * the file are the headers and the signature, the file is the body; then the call goes its usual way. */
#ifndef BRUME_CLOUD_FORM_H
#define BRUME_CLOUD_FORM_H

#include "cloud/flight.h"

bool form_upload_owns(const struct flight *f);
enum step form_upload_start(struct flight *f); /* instead of collect and operation */
void form_upload_bytes(struct flight *f, str bytes);
void form_upload_end(struct flight *f);
enum step form_upload_identify(struct flight *f, str secret); /* the policy's signature, then the policy */
/* The request as PutObject's codec reads it. */
void form_upload_message(struct flight *f, struct wire_message *m);
err form_upload_check_length(struct flight *f, u64 length);
/* True if the form asked for another answer than PutObject's; then it was given. */
bool form_upload_answer(struct flight *f, const struct wire_message *m, const struct http_header *headers, size_t n);

#endif
