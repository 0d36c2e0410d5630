// Stops a program at a chosen system call that touches a chosen folder.
//
// Preloaded, it stands between the program and the C library. Every call that names a path within the folder, or a
// file or directory opened there, is a point and has a number, from 1 on. The plan says at which point what happens:
//
//     STOP_FOLDER   the folder, absolute; several are separated by ':'
//     STOP_PLAN     NUMBER WHAT, where WHAT is one of
//                   killbefore killafter   SIGKILL, before or after the call was made
//                   eio eacces             the call fails with this error
//                   enospc                 the disk is full: this call and all later ones that need space fail
//                   dead                   the disk has died: this call and all later ones fail with EIO
//                   short                  a read or write moves half of its bytes
//                   none                   nothing, but points are counted
//     STOP_REPORT   a file of struct report, which holds what happened
//     STOP_TRACE    a file that gets a line for each point; left out, none
//
// With STOP_SERVER set to a descriptor, the program waits in the first call that touches the folder, and each request
// that comes there goes on from that call in a process of its own: loading costs more than most commands do. A request
// is a 32-bit length and so many bytes of texts that end with NUL: plan, file for standard output, file for standard
// error, folders, trace ("" for none). The answers are the process's 32-bit number at once, and the 32-bit status of
// waitpid when it has ended.
//
// With STOP_WARM set beside it, the program first runs once to its end, says so with one 32-bit number, and begins anew
// in the same process: what a process does once only (symbols, types, tables of libraries) is then done before each run.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

enum what { NONE, KILL_BEFORE, KILL_AFTER, EIO_, EACCES_, ENOSPC_, DEAD_, SHORT_ };

// What a call can suffer beside death and EIO.
enum able { NAMES = 1, NEEDS_SPACE = 2, MOVES_BYTES = 4 };

struct report {
    uint64_t points;   // how many calls touched the folder
    uint64_t failures; // how many calls were made to fail
    char call[32];     // the call at which the plan took hold
    char path[472];
};

#define FILES 65536
static int has_warmed;   // whether the program has run once before
static int channel = -1; // where requests come from, while the program waits for its first touch
static void serve_requests(void);
static _Atomic(unsigned char) inside[FILES]; // descriptors of what was opened in the folder
static DIR *_Atomic directories[64];
static char folders[4][512];
static int folder_count;
static uint64_t target;
static enum what what;
static atomic_bool full, dead;
static struct report own, *report = &own;
static int trace = -1;
static atomic_bool ready;

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int touches(const char *path) {
    if (!path || !ready) return 0;
    for (int i = 0; i < folder_count; i++) {
        size_t length = strlen(folders[i]);
        // What is made beside it, to get its name in the end, is called as it is with something behind.
        if (strncmp(path, folders[i], length) || !strchr("/.", path[length])) continue;
        if (channel >= 0) serve_requests();
        return 1;
    }
    return 0;
}

static int touches_at(int folder, const char *path) {
    if (path && path[0] == '/') return touches(path);
    return ready && folder >= 0 && folder < FILES && inside[folder];
}

static int touches_file(int file) { return ready && file >= 0 && file < FILES && inside[file]; }

static void keep(int file, int is_inside) {
    if (file >= 0 && file < FILES) inside[file] = is_inside != 0;
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

// Where a point has no path, the descriptor's.
static void name_of(int file, char *into, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t count = syscall(SYS_readlink, link, into, size - 1);
    into[count > 0 ? count : 0] = 0;
}

// Counts a point. Returns the error that the call shall fail with, 0 to go on, -1 to go on and die after it, -2 to
// move half of the bytes.
static int point(const char *call, const char *path, int file, unsigned able) {
    uint64_t number = __atomic_add_fetch(&report->points, 1, __ATOMIC_RELAXED);
    if (trace >= 0) {
        char name[512], line[640];
        if (path) snprintf(name, sizeof name, "%s", path);
        else name_of(file, name, sizeof name);
        int length = snprintf(line, sizeof line, "%lu %u %s %s\n", (unsigned long)number, able, call, name);
        if (length > (int)sizeof line - 1) length = sizeof line - 1;
        syscall(SYS_write, trace, line, length);
    }
    if (number != target) {
        if (dead) {
            __atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED);
            return EIO;
        }
        if (full && (able & NEEDS_SPACE)) {
            __atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED);
            return ENOSPC;
        }
        return 0;
    }
    int result = 0;
    switch (what) {
    case NONE: return 0;
    case KILL_BEFORE: case KILL_AFTER: result = -1; break;
    case EIO_: result = EIO; break;
    case EACCES_: result = able & NAMES ? EACCES : 0; break;
    case ENOSPC_: full = 1; result = able & NEEDS_SPACE ? ENOSPC : 0; break;
    case DEAD_: dead = 1; result = EIO; break;
    case SHORT_: result = able & MOVES_BYTES ? -2 : 0; break;
    }
    if (result) __atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED);
    snprintf(report->call, sizeof report->call, "%s", call);
    if (path) snprintf(report->path, sizeof report->path, "%s", path);
    else name_of(file, report->path, sizeof report->path);
    if (what == KILL_BEFORE) die();
    return result;
}

// A call that gives an integer, below zero where it fails.
#define POINT(is_touching, name, path, file, able, expression) \
    int verdict = (is_touching) ? point(name, path, file, able) : 0; \
    if (verdict > 0) { errno = verdict; return -1; } \
    __typeof__(expression) result = (expression); \
    int error = errno; \
    if (verdict == -1) die(); \
    errno = error

static unsigned opening(int flags) { return NAMES | (flags & O_CREAT ? NEEDS_SPACE : 0); }

#define OPEN(symbol) \
    int symbol(const char *path, int flags, ...) { \
        REAL(int, symbol, const char *, int, ...); \
        va_list more; va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        int is = touches(path); \
        POINT(is, "open", path, -1, opening(flags), real(path, flags, mode)); \
        keep(result, is); \
        return result; \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(symbol) \
    int symbol(int folder, const char *path, int flags, ...) { \
        REAL(int, symbol, int, const char *, int, ...); \
        va_list more; va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        int is = touches_at(folder, path); \
        POINT(is, "openat", path, -1, opening(flags), real(folder, path, flags, mode)); \
        keep(result, is); \
        return result; \
    }
OPENAT(openat)
OPENAT(openat64)

#define MKSTEMP(symbol, parameters, types, arguments) \
    int symbol parameters { \
        static int (*real) types; \
        if (!real) real = (int (*) types)dlsym(RTLD_NEXT, #symbol); \
        int is = touches(path); \
        POINT(is, #symbol, path, -1, NAMES | NEEDS_SPACE, real arguments); \
        keep(result, is); \
        return result; \
    }
MKSTEMP(mkstemp, (char *path), (char *), (path))
MKSTEMP(mkstemp64, (char *path), (char *), (path))
MKSTEMP(mkostemp, (char *path, int flags), (char *, int), (path, flags))

int close(int file) {
    REAL(int, close, int);
    int is = touches_file(file);
    int verdict = is ? point("close", 0, file, 0) : 0;
    keep(file, 0);
    int result = real(file);
    int error = errno;
    if (verdict == -1) die();
    // The descriptor is gone, whatever close says.
    if (verdict > 0) { errno = verdict; return -1; }
    errno = error;
    return result;
}

int dup(int file) {
    REAL(int, dup, int);
    int result = real(file);
    if (touches_file(file)) keep(result, 1);
    return result;
}

#define READ(symbol, name, parameters, types, whole, half) \
    ssize_t symbol parameters { \
        static ssize_t (*real) types; \
        if (!real) real = (ssize_t (*) types)dlsym(RTLD_NEXT, #symbol); \
        int is = touches_file(file); \
        int verdict = is ? point(name, 0, file, MOVES_BYTES) : 0; \
        if (verdict > 0) { errno = verdict; return -1; } \
        ssize_t result = verdict == -2 && count > 1 ? real half : real whole; \
        int error = errno; \
        if (verdict == -1) die(); \
        errno = error; \
        return result; \
    }
READ(read, "read", (int file, void *to, size_t count), (int, void *, size_t), (file, to, count), (file, to, count / 2))
READ(pread, "pread", (int file, void *to, size_t count, off_t at), (int, void *, size_t, off_t),
     (file, to, count, at), (file, to, count / 2, at))
READ(pread64, "pread", (int file, void *to, size_t count, off64_t at), (int, void *, size_t, off64_t),
     (file, to, count, at), (file, to, count / 2, at))

#define WRITE(symbol, name, parameters, types, whole, half) \
    ssize_t symbol parameters { \
        static ssize_t (*real) types; \
        if (!real) real = (ssize_t (*) types)dlsym(RTLD_NEXT, #symbol); \
        int is = touches_file(file); \
        int verdict = is ? point(name, 0, file, NEEDS_SPACE | MOVES_BYTES) : 0; \
        if (verdict > 0) { errno = verdict; return -1; } \
        ssize_t result = verdict == -2 && count > 1 ? real half : real whole; \
        int error = errno; \
        if (verdict == -1) die(); \
        errno = error; \
        return result; \
    }
WRITE(write, "write", (int file, const void *from, size_t count), (int, const void *, size_t), (file, from, count),
      (file, from, count / 2))
WRITE(pwrite, "pwrite", (int file, const void *from, size_t count, off_t at), (int, const void *, size_t, off_t),
      (file, from, count, at), (file, from, count / 2, at))
WRITE(pwrite64, "pwrite", (int file, const void *from, size_t count, off64_t at), (int, const void *, size_t, off64_t),
      (file, from, count, at), (file, from, count / 2, at))
WRITE(writev, "writev", (int file, const struct iovec *from, int count), (int, const struct iovec *, int),
      (file, from, count), (file, from, count / 2))
WRITE(sendfile, "sendfile", (int file, int source, off_t *at, size_t count), (int, int, off_t *, size_t),
      (file, source, at, count), (file, source, at, count / 2))
WRITE(sendfile64, "sendfile", (int file, int source, off64_t *at, size_t count), (int, int, off64_t *, size_t),
      (file, source, at, count), (file, source, at, count / 2))

// Calls on a descriptor and on paths, all of the same shape.
#define ON_FILE(symbol, able, parameters, types, arguments) \
    int symbol parameters { \
        static int (*real) types; \
        if (!real) real = (int (*) types)dlsym(RTLD_NEXT, #symbol); \
        POINT(touches_file(file), #symbol, 0, file, able, real arguments); \
        return result; \
    }
#define ON_PATH(symbol, able, is, parameters, types, arguments) \
    int symbol parameters { \
        static int (*real) types; \
        if (!real) real = (int (*) types)dlsym(RTLD_NEXT, #symbol); \
        POINT(is, #symbol, path, -1, able, real arguments); \
        return result; \
    }
ON_FILE(fsync, NEEDS_SPACE, (int file), (int), (file))
ON_FILE(fdatasync, NEEDS_SPACE, (int file), (int), (file))
ON_FILE(ftruncate, NEEDS_SPACE, (int file, off_t size), (int, off_t), (file, size))
ON_FILE(ftruncate64, NEEDS_SPACE, (int file, off64_t size), (int, off64_t), (file, size))
ON_FILE(fallocate, NEEDS_SPACE, (int file, int mode, off_t at, off_t size), (int, int, off_t, off_t),
        (file, mode, at, size))
ON_FILE(flock, 0, (int file, int how), (int, int), (file, how))
ON_FILE(fstat, 0, (int file, struct stat *into), (int, struct stat *), (file, into))
ON_FILE(fstat64, 0, (int file, struct stat64 *into), (int, struct stat64 *), (file, into))
ON_FILE(fchmod, 0, (int file, mode_t mode), (int, mode_t), (file, mode))
ON_FILE(fchown, 0, (int file, uid_t user, gid_t group), (int, uid_t, gid_t), (file, user, group))
ON_FILE(futimens, 0, (int file, const struct timespec *times), (int, const struct timespec *), (file, times))
ON_PATH(stat, NAMES, touches(path), (const char *path, struct stat *into), (const char *, struct stat *), (path, into))
ON_PATH(stat64, NAMES, touches(path), (const char *path, struct stat64 *into), (const char *, struct stat64 *),
        (path, into))
ON_PATH(lstat, NAMES, touches(path), (const char *path, struct stat *into), (const char *, struct stat *), (path, into))
ON_PATH(lstat64, NAMES, touches(path), (const char *path, struct stat64 *into), (const char *, struct stat64 *),
        (path, into))
ON_PATH(fstatat, NAMES, touches_at(folder, path), (int folder, const char *path, struct stat *into, int flags),
        (int, const char *, struct stat *, int), (folder, path, into, flags))
ON_PATH(access, NAMES, touches(path), (const char *path, int mode), (const char *, int), (path, mode))
ON_PATH(chmod, NAMES, touches(path), (const char *path, mode_t mode), (const char *, mode_t), (path, mode))
ON_PATH(chown, NAMES, touches(path), (const char *path, uid_t user, gid_t group), (const char *, uid_t, gid_t),
        (path, user, group))
ON_PATH(utime, NAMES, touches(path), (const char *path, const struct utimbuf *times),
        (const char *, const struct utimbuf *), (path, times))
ON_PATH(mkdir, NAMES | NEEDS_SPACE, touches(path), (const char *path, mode_t mode), (const char *, mode_t), (path, mode))
ON_PATH(mkdirat, NAMES | NEEDS_SPACE, touches_at(folder, path), (int folder, const char *path, mode_t mode),
        (int, const char *, mode_t), (folder, path, mode))
ON_PATH(rmdir, NAMES, touches(path), (const char *path), (const char *), (path))
ON_PATH(unlink, NAMES, touches(path), (const char *path), (const char *), (path))
ON_PATH(unlinkat, NAMES, touches_at(folder, path), (int folder, const char *path, int flags), (int, const char *, int),
        (folder, path, flags))
ON_PATH(remove, NAMES, touches(path), (const char *path), (const char *), (path))
ON_PATH(rename, NAMES | NEEDS_SPACE, touches(from) || touches(path), (const char *from, const char *path),
        (const char *, const char *), (from, path))
ON_PATH(renameat, NAMES | NEEDS_SPACE, touches_at(old, from) || touches_at(folder, path),
        (int old, const char *from, int folder, const char *path), (int, const char *, int, const char *),
        (old, from, folder, path))
ON_PATH(link, NAMES | NEEDS_SPACE, touches(from) || touches(path), (const char *from, const char *path),
        (const char *, const char *), (from, path))
ON_PATH(linkat, NAMES | NEEDS_SPACE, touches_at(old, from) || touches_at(folder, path),
        (int old, const char *from, int folder, const char *path, int flags),
        (int, const char *, int, const char *, int), (old, from, folder, path, flags))
ON_PATH(symlink, NAMES | NEEDS_SPACE, touches(path), (const char *from, const char *path), (const char *, const char *),
        (from, path))

// Locks are the only use of fcntl that touches the folder.
#define FCNTL(symbol) \
    int symbol(int file, int command, ...) { \
        REAL(int, symbol, int, int, ...); \
        va_list more; va_start(more, command); \
        void *argument = va_arg(more, void *); \
        va_end(more); \
        int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK; \
        POINT(locks && touches_file(file), "fcntl", 0, file, 0, real(file, command, argument)); \
        if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && touches_file(file)) keep(result, 1); \
        return result; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(symbol) \
    void *symbol(void *at, size_t size, int protection, int flags, int file, off_t from) { \
        int verdict = file >= 0 && touches_file(file) ? point("mmap", 0, file, 0) : 0; \
        if (verdict > 0) { errno = ENOMEM; return MAP_FAILED; } \
        void *result = (void *)syscall(SYS_mmap, at, size, protection, flags, file, from); \
        if (verdict == -1) die(); \
        return result; \
    }
MMAP(mmap)
MMAP(mmap64)

DIR *opendir(const char *path) {
    REAL(DIR *, opendir, const char *);
    int is = touches(path);
    int verdict = is ? point("opendir", path, -1, NAMES) : 0;
    if (verdict > 0) { errno = verdict; return 0; }
    DIR *result = real(path);
    int error = errno;
    if (verdict == -1) die();
    for (int i = 0; is && result && i < 64; i++) {
        DIR *none = 0;
        if (atomic_compare_exchange_strong(&directories[i], &none, result)) break;
    }
    errno = error;
    return result;
}

static int touches_directory(DIR *directory) {
    for (int i = 0; ready && i < 64; i++) if (directories[i] == directory) return i + 1;
    return 0;
}

// One point for a directory that is read: its names come with few system calls.
#define READDIR(symbol, type) \
    struct type *symbol(DIR *directory) { \
        REAL(struct type *, symbol, DIR *); \
        static _Thread_local DIR *last; \
        int is = last != directory && touches_directory(directory); \
        last = directory; \
        int verdict = is ? point("readdir", 0, dirfd(directory), 0) : 0; \
        if (verdict > 0) { errno = verdict; last = 0; return 0; } \
        struct type *result = real(directory); \
        if (verdict == -1) die(); \
        if (!result) last = 0; \
        return result; \
    }
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)

int closedir(DIR *directory) {
    REAL(int, closedir, DIR *);
    int index = touches_directory(directory);
    if (index) directories[index - 1] = 0;
    return real(directory);
}

// What a process begins with.
static void set_plan(const char *plan, const char *where, const char *trace_file) {
    static const char *names[] = {"none", "killbefore", "killafter", "eio", "eacces", "enospc", "dead", "short"};
    char word[32] = "none";
    unsigned long number = 0;
    sscanf(plan, "%lu %31s", &number, word);
    target = number;
    for (int i = 0; i < 8; i++) if (!strcmp(word, names[i])) what = i;
    folder_count = 0;
    while (*where && folder_count < 4) {
        size_t length = strcspn(where, ":");
        snprintf(folders[folder_count++], sizeof folders[0], "%.*s", (int)length, where);
        where += length + (where[length] == ':');
    }
    if (trace_file && *trace_file)
        trace = syscall(SYS_openat, AT_FDCWD, trace_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    memset(report, 0, sizeof *report);
    ready = folder_count > 0;
}

static void map_report(void) {
    const char *path = getenv("STOP_REPORT");
    if (!path) return;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || syscall(SYS_ftruncate, file, sizeof own)) _exit(97);
    void *shared = (void *)syscall(SYS_mmap, 0, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) _exit(97);
    report = shared;
    syscall(SYS_close, file);
}

static int read_whole(int file, void *into, size_t count) {
    char *to = into;
    while (count) {
        ssize_t got = syscall(SYS_read, file, to, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        to += got;
        count -= got;
    }
    return 1;
}

static void redirect(const char *path, int to) {
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) _exit(97);
    dup2(file, to);
    syscall(SYS_close, file);
}

// Answers requests for ever; returns in each process that is to run one.
static void serve_requests(void) {
    uint32_t size;
    int from = channel;
    channel = -1;
    struct stat tasks;
    // Only a process of one thread can be forked whole; its folder in /proc has two links more than it has threads.
    // What a run that is over has left of threads is idle: it has put down what it no longer needs.
    if (!has_warmed && (syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &tasks, 0) || tasks.st_nlink != 3)) _exit(98);
    while (read_whole(from, &size, sizeof size)) {
        char *request = malloc(size + 1);
        if (!request || !read_whole(from, request, size)) break;
        request[size] = 0;
        pid_t child = fork();
        if (child == 0) {
            syscall(SYS_close, from);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            char *fields[5], *at = request;
            for (int i = 0; i < 5; i++, at += strlen(at) + 1) fields[i] = at;
            redirect(fields[1], 1);
            redirect(fields[2], 2);
            set_plan(fields[0], fields[3], fields[4]);
            return;
        }
        int status = -1;
        if (syscall(SYS_write, from, &child, sizeof child) != sizeof child) break;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        free(request);
        if (syscall(SYS_write, from, &status, sizeof status) != sizeof status) break;
    }
    _exit(0);
}

typedef int (*main_function)(int, char **, char **);

// The program's own beginning, and whether it is still in the run that only warms it.
static main_function program;
static int argument_count;
static char **argument_values;
static pid_t warming;
static int channel_after;

static void begin_anew(void) {
    static char **environment;
    environment = __environ;
    fflush(NULL);
    warming = 0;
    has_warmed = 1;
    usleep(100000); // until its threads are idle
    memset((void *)inside, 0, sizeof inside);
    int32_t done = 0;
    if (syscall(SYS_write, channel_after, &done, sizeof done) != sizeof done) _exit(96);
    channel = channel_after;
    exit(program(argument_count, argument_values, environment));
}

void exit(int status) {
    REAL(void, exit, int);
    if (warming && warming == getpid()) begin_anew();
    real(status);
    for (;;) pause();
}

static int warmed(int count, char **arguments, char **environment) {
    argument_count = count;
    argument_values = arguments;
    warming = getpid();
    exit(program(count, arguments, environment));
}

int __libc_start_main(main_function main, int count, char **arguments, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
    REAL(int, __libc_start_main, main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    unsetenv("LD_PRELOAD");
    map_report();
    const char *where = getenv("STOP_FOLDER");
    if (getenv("STOP_PLAN")) set_plan(getenv("STOP_PLAN"), where ? where : "", getenv("STOP_TRACE"));
    if (getenv("STOP_SERVER")) channel = atoi(getenv("STOP_SERVER"));
    if (channel >= 0 && getenv("STOP_WARM")) {
        channel_after = channel;
        channel = -1;
        program = main;
        main = warmed;
    }
    return real(main, count, arguments, init, fini, rtld_fini, stack_end);
}
