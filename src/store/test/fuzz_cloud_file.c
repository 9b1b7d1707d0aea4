/* Any bytes as a saved cloud: refused with a reason, and the directory is empty again. */
#include "store/blob.h"

#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char directory[] = "/tmp/brume-fuzz-XXXXXX";
    static bool made;
    struct arena a = {0};
    char path[64];
    str problem = {0};
    if (!made) ASSERT(mkdtemp(directory));
    made = true;
    int fd = memfd_create("cloud", 0);
    ASSERT(fd >= 0 && file_write_at(fd, data, size, 0) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ASSERT(store_snapshot_load(directory, path, &problem, &a) && problem.n);
    ASSERT(rmdir(directory) == 0 && mkdir(directory, 0700) == 0);
    close(fd);
    arena_free(&a);
    return 0;
}
