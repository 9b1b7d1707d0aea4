#include "sys/sys.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char root[] = "/tmp/brume-sys-XXXXXX";
static char path[128];

static void directories_are_made_once_and_again(void) {
    CHECK(mkdtemp(root));
    snprintf(path, sizeof path, "%s/a/b/c", root);
    CHECK_INT(file_make_directories(path, 0700), 0);
    CHECK_INT(file_make_directories(path, 0700), 0);
    CHECK_INT(file_make_directories("", 0700), ENOENT);
    snprintf(path, sizeof path, "%s/a/b/c/file", root);
    int fd;
    CHECK_INT(file_open(path, O_RDWR | O_CREAT, 0600, &fd), 0);
    CHECK_INT(file_make_directories(path, 0700), ENOTDIR);
    close(fd);
}

static void writes_are_read_back(void) {
    int fd;
    size_t got;
    char bytes[16];
    CHECK_INT(file_open(path, O_RDWR, 0, &fd), 0);
    CHECK_INT(file_write_at(fd, "hello", 5, 3), 0);
    CHECK_INT(file_sync_data(fd), 0);
    CHECK_INT(file_sync_directory(root), 0);
    CHECK_INT(file_read_at(fd, bytes, sizeof bytes, 3, &got), 0);
    CHECK_STR(((str){bytes, got}), S("hello"));
    close(fd);
    CHECK_INT(file_open("/nonexistent/x", O_RDONLY, 0, &fd), ENOENT);
}

static void the_nth_call_fails(void) {
    int fd;
    CHECK_INT(file_open(path, O_RDWR, 0, &fd), 0);
    file_fault_arm(FAULT_WRITE, 3, false, ENOSPC);
    CHECK_INT(file_write_at(fd, "x", 1, 0), 0);
    CHECK_INT(file_sync_data(fd), 0);
    CHECK_INT(file_write_at(fd, "x", 1, 0), 0);
    CHECK_INT(file_write_at(fd, "x", 1, 0), ENOSPC);
    CHECK_INT(file_write_at(fd, "x", 1, 0), 0);
    file_fault_arm(FAULT_SYNC, 2, true, EIO);
    CHECK_INT(file_sync_data(fd), 0);
    CHECK_INT(file_sync_data(fd), EIO);
    CHECK_INT(file_sync_data(fd), EIO);
    file_fault_arm(FAULT_NONE, 0, false, 0);
    CHECK_INT(file_sync_data(fd), 0);
    close(fd);
}

static void files_move_and_go(void) {
    char to[128];
    snprintf(to, sizeof to, "%s/a/moved", root);
    CHECK_INT(file_rename(path, to), 0);
    CHECK_INT(file_remove(path), ENOENT);
    CHECK_INT(file_remove(to), 0);
    const char *const left[] = {"a/b/c", "a/b", "a", ""};
    for (size_t i = 0; i < LENGTH(left); i++) {
        snprintf(to, sizeof to, "%s/%s", root, left[i]);
        CHECK(rmdir(to) == 0);
    }
}

static void clocks_move_forward(void) {
    i64 before = sys_monotonic_us();
    usleep(2000);
    CHECK(sys_monotonic_us() - before >= 2000);
    CHECK(sys_wall_ms() > 1600000000000);
}

UNIT_MAIN(UNIT(directories_are_made_once_and_again), UNIT(writes_are_read_back),
          UNIT(the_nth_call_fails), UNIT(files_move_and_go), UNIT(clocks_move_forward))
