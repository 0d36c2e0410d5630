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

// What names the mount through which a file is reached, as no other since the machine started (Linux 6.8); 0 if known.
static inline int countermark_file_mount(int file, unsigned long long *mount) {
    struct statx status = {0};
    const int empty_path = 0x1000;
    const unsigned int unique = 0x4000;  // STATX_MNT_ID_UNIQUE
    if (syscall(SYS_statx, file, "", empty_path, unique, &status) != 0) return -1;
    if ((status.stx_mask & unique) == 0) return 1;
    *mount = status.stx_mnt_id;
    return 0;
}

// Seconds since the machine started, sleep included: a clock that nobody sets.
#include <time.h>
static inline long long countermark_uptime(void) {
    struct timespec time = {0};
    clock_gettime(7 /* CLOCK_BOOTTIME */, &time);
    return time.tv_sec;
}
