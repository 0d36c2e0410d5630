// Opening a file below a folder, whatever links and dots its name has.
#pragma once

// For handles that cannot be read; Glibc's headers name it only for programs that ask for all of GNU.
#define CM_O_PATH 010000000

// A handle of what lies below the folder under this name, which cannot be read yet; -1 where the name leads out of
// the folder, or to nothing. Where the kernel does not know openat2 (before Linux 5.6), or a filter keeps it away, the
// error is ENOSYS or EPERM.
int cm_find_beneath(int folder, const char *name);
