#include "store/journal.h"
#include "store/test/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>

struct seen {
    int n;
    i64 last;
    bool ordered;
    u64 bytes, sum;
    int stop_after;
};
static bool look(void *context, i64 time_ms, str record) {
    struct seen *s = context;
    s->ordered &= time_ms >= s->last;
    s->last = time_ms;
    s->n++;
    s->bytes += record.n;
    s->sum += str_hash(record);
    return s->n != s->stop_after;
}
static struct seen read_all(struct journal *j, i64 from, i64 to) {
    struct seen s = {.ordered = true, .last = INT64_MIN};
    journal_read(j, from, to, look, &s);
    return s;
}
static void add(struct journal *j, i64 time_ms, size_t n) {
    char record[400];
    ASSERT(n < sizeof record);
    int head = snprintf(record, sizeof record, "{\"eventTime\":%lld,\"eventName\":\"GetObject\",\"n\":", (long long)time_ms);
    for (size_t i = (size_t)head; i < n; i++) record[i] = (char)('0' + (time_ms * 31 + (i64)i * 7) % 10);
    journal_add(j, time_ms, (str){record, MAX((size_t)head, n)});
}

/* Files of the journal, by ending; the path of the last. */
static int files(struct place *p, const char *ending, char *path) {
    char directory[200];
    int n = 0;
    snprintf(directory, sizeof directory, "%s/journal/trail", p->path);
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!str_ends(str_of(e->d_name), str_of(ending))) continue;
        n++;
        if (path) snprintf(path, 512, "%s/%s", directory, e->d_name);
    }
    if (d) closedir(d);
    return n;
}

static void nothing_at_rest_is_readable(void) {
    struct place p;
    char path[512], bytes[65536];
    size_t n = 0;
    int fd;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    for (int i = 0; i < 20; i++) add(j, 1000 + i, 120);
    CHECK(journal_flush(j));
    ASSERT(files(&p, ".log", path) == 1 && file_open(path, O_RDWR, 0, &fd) == 0);
    ASSERT(file_read_at(fd, bytes, sizeof bytes, 0, &n) == 0);
    CHECK(n > 20 * 120 && !memmem(bytes, n, "eventName", 9));
    bytes[n / 2] ^= 1; /* and what was changed is not believed */
    ASSERT(file_write_at(fd, bytes, n, 0) == 0);
    close(fd);
    log_set_level(LOG_ERROR - 1);
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 0);
    log_set_level(LOG_INFO);
    place_drop(&p);
}

static void times_and_order(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    CHECK_INT(read_all(j, 0, INT64_MAX).n, 0);
    for (int i = 0; i < 1000; i++) {
        add(j, 1000 + i, 120);
        if (i % 10 == 9) CHECK(journal_flush(j));
    }
    add(j, 5000, 120); /* not flushed: not there */
    struct seen s = read_all(j, INT64_MIN, INT64_MAX);
    CHECK_INT(s.n, 1000);
    CHECK(s.ordered);
    CHECK_INT(read_all(j, 1100, 1105).n, 5);
    CHECK_INT(read_all(j, 1999, 2000).n, 1);
    CHECK_INT(read_all(j, 2000, 9000).n, 0);
    CHECK(journal_flush(j) && journal_flush(j));
    CHECK_INT(read_all(j, 2000, 9000).n, 1);
    struct seen some = {.stop_after = 7};
    journal_read(j, 0, INT64_MAX, look, &some);
    CHECK_INT(some.n, 7);
    place_close(&p);
    place_open(&p);
    j = journal_open(p.store, &p.boot, "trail");
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 1001);
    add(j, 6000, 120);
    CHECK(journal_flush(j));
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 1002);
    CHECK_INT(files(&p, ".log", NULL), 1);
    place_drop(&p);
}

static void a_torn_tail_costs_only_itself(void) {
    for (int cut = 1; cut < 200; cut += 33) {
        struct place p;
        char path[512];
        struct stat st;
        place_make(&p);
        place_open(&p);
        struct journal *j = journal_open(p.store, &p.boot, "trail");
        for (int i = 0; i < 50; i++) {
            add(j, i, 150);
            CHECK(journal_flush(j));
        }
        place_close(&p);
        CHECK_INT(files(&p, ".log", path), 1);
        CHECK(stat(path, &st) == 0 && truncate(path, st.st_size - cut) == 0);
        place_open(&p);
        j = journal_open(p.store, &p.boot, "trail");
        int left = cut <= 202 ? 49 : 48;
        CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, left);
        add(j, 100, 150);
        CHECK(journal_flush(j));
        CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, left + 1);
        place_close(&p);
        /* Garbage behind the tail, as unsynced pages leave it. */
        int fd = open(path, O_WRONLY | O_APPEND);
        CHECK(write(fd, path, 300) == 300);
        close(fd);
        place_open(&p);
        j = journal_open(p.store, &p.boot, "trail");
        add(j, 101, 150);
        CHECK(journal_flush(j));
        CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, left + 2);
        place_drop(&p);
    }
}

static void flip(const char *path, u64 offset) {
    u8 byte;
    size_t n;
    int fd;
    ASSERT(file_open(path, O_RDWR, 0, &fd) == 0 && file_read_at(fd, &byte, 1, offset, &n) == 0);
    byte ^= 1;
    ASSERT(file_write_at(fd, &byte, 1, offset) == 0);
    close(fd);
}

static void damage_costs_only_itself(void) {
    struct place p;
    char path[512];
    struct stat st;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    for (int i = 0; i < 50; i++) {
        add(j, i, 150);
        CHECK(journal_flush(j));
    }
    place_close(&p);
    ASSERT(files(&p, ".log", path) == 1 && stat(path, &st) == 0);
    flip(path, (u64)st.st_size / 50 * 20 + 100); /* the 21st */
    flip(path, (u64)st.st_size - 1);             /* and the last: gone on from there */
    log_set_level(LOG_ERROR - 1);
    place_open(&p);
    j = journal_open(p.store, &p.boot, "trail");
    add(j, 100, 150);
    CHECK(journal_flush(j));
    CHECK(stat(path, &st) == 0 && st.st_size / 50 * 50 == st.st_size);
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 49);
    CHECK_INT(read_all(j, 20, 21).n, 0);
    CHECK_INT(read_all(j, 49, 1000).n, 1);
    log_set_level(LOG_INFO);
    place_drop(&p);
}

/* Raw segments that a former run left: all their records are there, and compressed they have their times again. */
static void what_a_former_run_left_raw(void) {
    struct place p;
    place_make(&p);
    for (int run = 0; run < 2; run++) {
        place_open(&p);
        struct journal *j = journal_open(p.store, &p.boot, "trail");
        for (int i = run * 60000; i < (run + 1) * 60000; i++) {
            add(j, i, 100);
            if (i % 100 == 99) CHECK(journal_flush(j));
        }
        place_close(&p); /* most often before the keeper came to it */
    }
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    struct seen s = read_all(j, INT64_MIN, INT64_MAX);
    CHECK_INT(s.n, 120000);
    CHECK(s.ordered);
    CHECK_INT(read_all(j, 50000, 70000).n, 20000);
    journal_trim(j, 0);
    CHECK_INT(read_all(j, 1, 119999).n, 119998);
    place_drop(&p);
}

/* The keeper compresses what a former run left, but not the segment that the next write goes on with: what was written
 * meanwhile would go with the raw file. */
static void the_last_segment_of_a_former_run_stays_open(void) {
    struct place p;
    char path[512];
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    for (int i = 0; i < 10; i++) add(j, i, 100);
    CHECK(journal_flush(j));
    place_close(&p);
    ASSERT(files(&p, ".log", path) == 1);
    char *digit = strstr(path, "1.log");
    ASSERT(digit);
    *digit = '2';
    int fd;
    ASSERT(file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600, &fd) == 0);
    close(fd);
    place_open(&p);
    j = journal_open(p.store, &p.boot, "trail");
    for (int i = 0; i < 3000 && !files(&p, ".zst", NULL); i++) usleep(10000);
    CHECK_INT(files(&p, ".zst", NULL), 1);
    usleep(200000); /* it would come to the second at once */
    CHECK_INT(files(&p, ".log", NULL), 1);
    add(j, 10, 100);
    CHECK(journal_flush(j));
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 11);
    place_drop(&p);
}

static void segments_compress_and_trim(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    int n = 60000;
    u64 sum = 0;
    for (int i = 0; i < n; i++) {
        add(j, i, 300);
        if (i % 100 == 99) CHECK(journal_flush(j));
        if (i == n / 2) sum = read_all(j, 0, 20000).sum;
    }
    for (int i = 0; i < 200 && files(&p, ".log", NULL) > 1; i++) usleep(20000);
    CHECK_INT(files(&p, ".log", NULL), 1);
    CHECK(files(&p, ".zst", NULL) >= 3);
    struct seen s = read_all(j, INT64_MIN, INT64_MAX);
    CHECK_INT(s.n, n);
    CHECK(s.ordered);
    CHECK(read_all(j, 0, 20000).sum == sum);
    CHECK_INT(read_all(j, 31000, 31010).n, 10);
    place_close(&p);
    place_open(&p);
    j = journal_open(p.store, &p.boot, "trail");
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, n);
    int before = files(&p, ".zst", NULL);
    journal_trim(j, 40000);
    CHECK(files(&p, ".zst", NULL) < before);
    CHECK_INT(read_all(j, 40000, INT64_MAX).n, n - 40000);
    CHECK(read_all(j, 0, 40000).n < 40000);
    journal_trim(j, n);
    CHECK_INT(files(&p, ".zst", NULL) + files(&p, ".log", NULL), 0);
    add(j, n, 100);
    CHECK(journal_flush(j));
    CHECK_INT(read_all(j, INT64_MIN, INT64_MAX).n, 1);
    place_drop(&p);
}

struct side {
    struct journal *j;
    i64 at;
};
static void *adds_many(void *context) {
    struct side *s = context;
    for (int i = 0; i < 20000; i++) {
        add(s->j, s->at, 100);
        if (i % 50 == 0) CHECK(journal_flush(s->j));
    }
    return NULL; /* what is left is flushed as the thread ends */
}

static void many_threads(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    pthread_t thread[4];
    struct side side[4];
    for (int i = 0; i < 4; i++) {
        side[i] = (struct side){j, i};
        pthread_create(&thread[i], NULL, adds_many, &side[i]);
    }
    for (int i = 0; i < 20; i++) CHECK(read_all(j, 0, 10).n <= 80000);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++) CHECK_INT(read_all(j, i, i + 1).n, 20000);
    place_drop(&p);
}

static void a_failed_write_is_said_and_forgotten(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    struct journal *j = journal_open(p.store, &p.boot, "trail");
    add(j, 1, 100);
    CHECK(journal_flush(j));
    add(j, 2, 100);
    log_set_level(LOG_ERROR - 1);
    file_fault_arm(FAULT_WRITE, 1, false, 28);
    CHECK(!journal_flush(j));
    file_fault_arm(FAULT_NONE, 0, false, 0);
    log_set_level(LOG_INFO);
    add(j, 3, 100);
    CHECK(journal_flush(j));
    CHECK_INT(read_all(j, 0, 10).n, 2);
    place_drop(&p);
}

UNIT_MAIN(UNIT(nothing_at_rest_is_readable), UNIT(times_and_order), UNIT(a_torn_tail_costs_only_itself), UNIT(damage_costs_only_itself),
          UNIT(what_a_former_run_left_raw), UNIT(the_last_segment_of_a_former_run_stays_open), UNIT(segments_compress_and_trim),
          UNIT(many_threads), UNIT(a_failed_write_is_said_and_forgotten))
