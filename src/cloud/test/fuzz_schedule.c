/* Schedule expressions: any text is none, or times that come one after the other. */
#include "cloud/schedule.h"

static void goes_forward(const struct schedule *s, i64 at) {
    for (int i = 0; i < 4; i++) {
        i64 next = schedule_next(s, at);
        if (next == -1) return;
        ASSERT(next > at);
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static const i64 moments[] = {0, 951782400000 /* a leap day */, 1794000000000, 7258118400000 /* 2200 */};
    struct schedule s;
    if (!schedule_parse((str){(const char *)data, size}, &s)) return 0;
    for (size_t i = 0; i < LENGTH(moments); i++) goes_forward(&s, moments[i]);
    return 0;
}
