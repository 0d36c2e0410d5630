#!/usr/bin/python3
"""Runs a program in a root as the unit's settings would have it, where no systemd is process 1.

    unshare --mount confined.py --unit UNIT --root ROOT PROGRAM [WORD...]

What is taken from the unit: the user, the capabilities that are taken away, the read-only root with the state folder
in it, a /tmp of its own, and as one filter the system calls, address families, name spaces and memory that may not be
written and run. As systemd has it: https://www.freedesktop.org/software/systemd/man/systemd.exec.html. Needs Debian's
Python for python3-seccomp.
"""

import argparse
import ctypes
import errno
import os
import pwd
import socket
import subprocess

import seccomp

PROT_WRITE, PROT_EXEC = 2, 4
CLONE_NEWNS_AND_ALL_OTHERS = 0x7E020080
PR_CAPBSET_DROP, CAPABILITIES = 24, 41


def settings(unit):
    """Each setting with its values, in order."""
    found = {}
    for line in open(unit):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def sets():
    """The sets of system calls that this systemd knows."""
    said = subprocess.run(["systemd-analyze", "syscall-filter"], check=True, capture_output=True, text=True).stdout
    found, current = {}, None
    for line in said.splitlines():
        if line.startswith("@"):
            current = found.setdefault(line.strip(), [])
        elif line.startswith(" ") and not line.strip().startswith("#"):
            current.append(line.strip())
    return found


def members(name, known):
    if not name.startswith("@"):
        return {name}
    return set().union(*(members(below, known) for below in known[name]))


def allowed(unit):
    known, calls = sets(), set()
    for value in unit["SystemCallFilter"]:
        names = set().union(*(members(name, known) for name in value.removeprefix("~").split()))
        calls = calls - names if value.startswith("~") else calls | names
    # What systemd itself needs to start a program: always granted by it.
    return calls | members("@default", known)


def masked(argument, mask, value):
    return seccomp.Arg(argument, seccomp.MASKED_EQ, mask, value)


def filtered(unit):
    refused = getattr(errno, unit["SystemCallErrorNumber"][0])
    made = seccomp.SyscallFilter(seccomp.ERRNO(refused))
    both = PROT_WRITE | PROT_EXEC
    families = [getattr(socket, name) for name in unit["RestrictAddressFamilies"][0].split()]
    conditions = {
        "mmap": [[masked(2, both, each)] for each in (0, PROT_WRITE, PROT_EXEC)],
        "mprotect": [[masked(2, PROT_EXEC, 0)]],
        "pkey_mprotect": [[masked(2, PROT_EXEC, 0)]],
        "socket": [[seccomp.Arg(0, seccomp.EQ, family)] for family in families],
        "clone": [[masked(0, CLONE_NEWNS_AND_ALL_OTHERS, 0)]],
        "unshare": [],
        "setns": [],
    }
    if unit["MemoryDenyWriteExecute"] != ["yes"] or unit["RestrictNamespaces"] != ["yes"]:
        raise SystemExit("FAILED: the unit lets memory be written and run, or name spaces be made")
    for call in sorted(allowed(unit) - {"clone3"}):
        try:
            for rule in conditions.get(call, [[]]):
                made.add_rule(seccomp.ALLOW, call, *rule)
        except (ValueError, RuntimeError, OSError):
            pass  # One that this library or this processor does not know.
    # Its flags lie in memory, where a filter cannot look: C libraries fall back to clone.
    made.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    return made


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unit", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    unit, root = settings(options.unit), options.root
    state = f"{root}/var/lib/{unit['StateDirectory'][0]}"
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("--bind", state, state)
    mount("-o", "remount,ro,bind", root)
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{root}/tmp")
    # As ProtectProc=invisible and ProcSubset=pid leave it; Swift reads its own arguments there.
    mount("-t", "proc", "-o", "hidepid=invisible,subset=pid", "proc", f"{root}/proc")
    made = filtered(unit)
    os.chroot(root)
    os.chdir("/")
    user = pwd.getpwnam(unit["User"][0])
    for capability in range(CAPABILITIES):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(int(unit["UMask"][0], 8))
    made.load()
    os.execvp(options.words[0], options.words)


if __name__ == "__main__":
    main()
