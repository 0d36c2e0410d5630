// When a file was made: glibc declares statx only under a macro that Swift's own modules do not set.
#pragma once
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The inode and the time of birth of an open file; 0 where the file system knows both.
static inline int countermark_file_birth(
    int file, unsigned long long *inode, long long *seconds, unsigned int *nanoseconds) {
    struct statx status = {0};
    const int empty_path = 0x1000;
    if (syscall(SYS_statx, file, "", empty_path, STATX_INO | STATX_BTIME, &status) != 0) return -1;
    if ((status.stx_mask & STATX_BTIME) == 0) return 1;
    *inode = status.stx_ino;
    *seconds = status.stx_btime.tv_sec;
    *nanoseconds = status.stx_btime.tv_nsec;
    return 0;
}

// Seconds since the machine started, sleep included: a clock that nobody sets.
#include <time.h>
static inline long long countermark_uptime(void) {
    struct timespec time = {0};
    clock_gettime(7 /* CLOCK_BOOTTIME */, &time);
    return time.tv_sec;
}
