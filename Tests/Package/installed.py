#!/usr/bin/env python3
"""Uses the package that is installed in a root: two homes, a service with the unit's settings, sync between them.

    installed.py --root ROOT            as root; the state folder is left with a home in it
    installed.py --root ROOT --plain    without the unit's settings: a root that has no unit, of an image for instance
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import free_port  # noqa: E402

STATE, OTHER = "/var/lib/countermark", "/var/lib/countermark-supplier"
OEM, TIER = "oem.example", "tier1.example"
DATASET = f"{OEM}/boards"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


class Installed:
    """A root in which the program is."""

    def __init__(self, root):
        self.root, self.program = root, "/usr/bin/countermark"

    def user(self):
        """The numbers of the user of the service, as the root has them."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == "countermark":
                return int(fields[2]), int(fields[3])
        sys.exit("FAILED: the root has no user countermark")

    def run(self, home, *words):
        uid, gid = self.user()
        command = ["chroot", f"--userspec={uid}:{gid}", str(self.root), self.program, *words, "--home", home, "--json"]
        done = patience.run(command, env=ENVIRONMENT)
        if done.returncode != 0:
            sys.exit(f"FAILED: {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def folder(self, path):
        """A folder of the user's."""
        made = self.root / path[1:]
        made.mkdir(mode=0o700)
        os.chown(made, *self.user())


class Manager:
    """What waits for the node's notices."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path.unlink(missing_ok=True)
        self.socket.bind(str(path))
        path.chmod(0o666)

    def wait(self, wanted):
        limit = patience.Patience()
        while limit.left() > 0:
            self.socket.settimeout(max(limit.left(), 0.1))
            if wanted in self.socket.recv(65536).decode().split("\n"):
                return
        sys.exit(f"FAILED: waited in vain for {wanted}")


def served(installed, unit, port, log):
    """The node, as the unit starts it where there is one."""
    environment = dict(ENVIRONMENT, NOTIFY_SOCKET="/run/countermark-notify", WATCHDOG_USEC="2000000",
                       COUNTERMARK_HOME=STATE)
    words = ["serve", "--peer", f"127.0.0.1:{port}"]
    if unit is None:
        uid, gid = installed.user()
        command = ["chroot", f"--userspec={uid}:{gid}", str(installed.root), installed.program, *words]
    else:
        environment["PATH"] = os.environ["PATH"]
        start = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
        typed = shlex.split(start.removeprefix("ExecStart="))
        check(typed == ["/usr/bin/countermark", "serve", "$COUNTERMARK_SERVE"], "the unit starts the program")
        command = ["unshare", "--mount", "/usr/bin/python3", str(HERE / "confined.py"), "--unit", str(unit),
                   "--root", str(installed.root), typed[0], *words]
    return subprocess.Popen(command, env=environment, stderr=open(log, "w"))


def sync(installed, port):
    """The supplier and the manufacturer have the same labels after each has written one."""
    found = installed.run(OTHER, "sync")["partners"]
    check(all(partner["state"] == "ok" for partner in found), "the supplier syncs with the service")
    installed.run(OTHER, "dataset", "join", DATASET)
    installed.run(OTHER, "annotate", DATASET, "board-1.png", "--class", "short", "--box", "5,6,7,8")
    installed.run(OTHER, "sync")
    # While it serves: the command and the service share the home.
    installed.run(STATE, "annotate", DATASET, "board-1.png", "--class", "open", "--box", "9,6,7,8")
    installed.run(OTHER, "sync")

    def digests():
        found = [installed.run(home, "status", DATASET)["datasets"][0]["digest"] for home in (STATE, OTHER)]
        return found[0] == found[1]

    patience.until(digests, "both homes have one digest")
    counts = [len(installed.run(home, "list", DATASET)["annotations"]) for home in (STATE, OTHER)]
    check(counts == [3, 3], "labels of both are in both homes, with one digest")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, type=pathlib.Path)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    installed = Installed(options.root)
    unit = None if options.plain else options.root / "lib/systemd/system/countermark.service"
    state = (options.root / STATE[1:]).stat()
    check((state.st_mode & 0o7777, state.st_uid) == (0o700, installed.user()[0]), "the state folder is the user's alone")
    installed.folder(OTHER)
    port = free_port()
    for home, org in [(STATE, OEM), (OTHER, TIER)]:
        installed.run(home, "init", "--org", org, "--name", org)
        (options.root / f"tmp/{org}.pem").write_text(installed.run(home, "key", "show")["root"])
    installed.run(STATE, "partner", "add", TIER, "--root", f"/tmp/{TIER}.pem")
    installed.run(OTHER, "partner", "add", OEM, "--root", f"/tmp/{OEM}.pem", "--url", f"https://127.0.0.1:{port}")
    installed.run(STATE, "dataset", "create", "boards", "--title", "Boards")
    installed.run(STATE, "member", "set", "boards", TIER, "--role", "annotator")
    installed.run(STATE, "annotate", DATASET, "board-1.png", "--class", "spur", "--box", "1,2,3,4")

    notices = Manager(options.root / "run/countermark-notify")
    log = options.root / "run/countermark.log"
    node = served(installed, unit, port, log)
    try:
        notices.wait("READY=1")
        check(node.poll() is None, "the service says that it is ready" + ("" if unit is None else
              ", with a read-only root, without capabilities, and with the unit's system calls alone"))
        sync(installed, port)
        notices.wait("WATCHDOG=1")
        check(True, "it gives signs of life")
    finally:
        status = patience.ended(node, "the service")
    check(status == 0, "told to end, it ends well")
    notices.wait("STOPPING=1")
    said = [line for line in log.read_text().splitlines() if " error " in line or " critical " in line]
    check(not said, f"its log has no error{'' if not said else ': ' + said[0]}")
    for home in (STATE, OTHER):
        check(installed.run(home, "verify")["ok"], f"{home} is what its logs say")
    shutil.rmtree(options.root / OTHER[1:])


if __name__ == "__main__":
    main()
