/* A time zone's file: whatever its bytes, reading ends well, and so does asking what was read. */
#include "cloud/zone.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static const i64 moments[] = {0, -5000000000000, 1794000000000, 9000000000000};
    struct arena a = {0};
    const struct zone *z = zone_read(&a, (str){(const char *)data, size});
    i64 utc;
    for (size_t i = 0; z && i < LENGTH(moments); i++) {
        (void)zone_local(z, moments[i]);
        (void)zone_moment(z, moments[i], &utc);
    }
    arena_free(&a);
    return 0;
}
