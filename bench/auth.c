/* What a signature check and the digests cost: CPU time, on one thread. Printed, never judged.
 *
 *     build/bench/auth */
#include "auth/sigv4.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <time.h>

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void bench_check(bool cached) {
    struct arena setup = {0};
    struct auth_header h[] = {
        {S("Host"), S("localhost:4566")},
        {S("Accept-Encoding"), S("identity")},
        {S("User-Agent"), S("Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7")},
        {S("Content-Type"), S("application/x-amz-json-1.0")},
        {S("X-Amz-Target"), S("AmazonSQS.SendMessage")},
        {S("X-Amz-Date"), S("20261122T010203Z")},
        {S("amz-sdk-invocation-id"), S("5b6f0a8e-6c6a-4c34-9f38-6f7f3a2f4b11")},
        {S("amz-sdk-request"), S("attempt=1")},
        {S("Content-Length"), S("300")},
        {S("Authorization"), S("")},
    };
    struct auth_header signed_ones[] = {h[0], h[3], h[4], h[5]};
    struct auth_request r = {S("POST"), S("/"), {0}, signed_ones, LENGTH(signed_ones)};
    str hash = S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    h[9].value = sigv4_authorization(&r, S("AKIDEXAMPLE"), S("secret"), S("us-east-1"), S("sqs"),
                                     S("20261122T010203Z"), hash, false, &setup);
    r.headers = h;
    r.header_count = LENGTH(h);

    struct sigv4_cache *cache = sigv4_cache_new(&setup, 64);
    struct arena a = {0};
    arena_alloc(&a, 8192, 8); /* the first chunk stays */
    struct arena_mark mark = arena_mark(&a);
    int n = 200000;
    double start = cpu_s();
    for (int i = 0; i < n; i++) {
        struct auth_claim c = auth_read(&r, &a);
        const struct sigv4_key *key = sigv4_cache_get(cache, cached ? 0 : (u64)i, c.access_key, S("secret"), c.date,
                                                      c.region, c.service);
        str canonical, to_sign;
        ASSERT(sigv4_check(&r, &c, false, key, hash, &a, &canonical, &to_sign));
        arena_rewind(&a, mark);
    }
    printf("signature check, %-12s %6.2f us\n", cached ? "key cached" : "key derived", (cpu_s() - start) / n * 1e6);
    arena_free(&a);
    arena_free(&setup);
}

static void bench_digests(void) {
    static const char *const names[DIGEST_KINDS] = {"MD5",   "SHA1",      "SHA256",   "SHA512",  "CRC32",
                                                    "CRC32C", "CRC64NVME", "XXHASH64", "XXHASH3", "XXHASH128"};
    static u8 bytes[1 << 18];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (u8)(i * 31);
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        struct digest d;
        digest_init(&d, (enum digest_kind)kind);
        u64 total = 0;
        double start = cpu_s();
        while (cpu_s() - start < 0.2) {
            for (int i = 0; i < 16; i++) digest_add(&d, bytes, sizeof bytes);
            total += 16 * sizeof bytes;
        }
        double s = cpu_s() - start;
        u8 out[DIGEST_MAX];
        digest_end(&d, out);
        printf("%-12s %8.2f GiB/s\n", names[kind], (double)total / s / (1 << 30));
    }
}

int main(void) {
    bench_check(true);
    bench_check(false);
    bench_digests();
    return 0;
}
