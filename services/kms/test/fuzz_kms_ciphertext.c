/* The head of a ciphertext, which clients send: it names an account, a key and a material, or it is none. */
#include "../kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct kms_ciphertext_head head;
    if (kms_ciphertext_head(&a, (str){(const char *)bytes, n}, &head)) {
        ASSERT(account_valid(head.account) && head.key_id.n == 36 && head.material_id.n == MATERIAL_ID);
        /* As names of rows they hold nothing that a key could not. */
        for (size_t i = 0; i < head.key_id.n; i++) ASSERT(str_find_char(S("0123456789abcdef-mrk"), head.key_id.p[i]) != STR_NONE);
        for (size_t i = 0; i < head.material_id.n; i++) ASSERT(str_find_char(S("0123456789abcdef"), head.material_id.p[i]) != STR_NONE);
    }
    arena_free(&a);
    return 0;
}
