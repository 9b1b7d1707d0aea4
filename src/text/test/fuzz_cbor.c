#include "text/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct cbor_reader r = cbor_reader_new(&a, (str){(const char *)bytes, n}, cbor_default_limits);
    cbor_skip(&r);
    ASSERT(cbor_done(&r) || r.problem);
    ASSERT(cbor_offset(&r) <= n);
    arena_free(&a);
    return 0;
}
