/* Lines of a batch job's manifest, of every count of columns. */
#include "services/s3/batch.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static str names[] = {{"Bucket", 6}, {"Key", 3}, {"VersionId", 9}, {"Ignore", 6}};
    struct arena a = {0};
    str rest = {(const char *)data, size};
    while (rest.n) {
        str line = str_cut(&rest, '\n');
        for (u32 n = 2; n <= LENGTH(names); n++) {
            struct s3control_job_manifest_spec spec = {.fields = {.v = names, .n = n, .set = true}};
            struct batch_item item;
            if (!batch_item_read(&a, &spec, line, &item)) continue;
            ASSERT(item.bucket.n <= line.n && item.key.n <= line.n && item.version_id.n <= line.n);
        }
    }
    arena_free(&a);
    return 0;
}
