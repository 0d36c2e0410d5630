#!/usr/bin/env python3
"""A serving node tells the service manager that started it when it answers, how it does, that it lives, and its end.

    notify.py --program PROGRAM
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


class Manager:
    """A service manager: a datagram socket at a path or an abstract name, and a node that it starts."""

    def __init__(self, home, log, name):
        self.home, self.log, self.name = home, log, name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def start(self, program, *words, address=None, **environment):
        self.log.write_text("")
        self.node = subprocess.Popen(
            [program, "serve", "--home", str(self.home), *words], stderr=open(self.log, "w"),
            env=dict(os.environ, NOTIFY_SOCKET=address or self.name, **environment))

    def notice(self, wanted):
        """The next datagram with a line that begins so, and how many came before."""
        wait = patience.Patience()
        others = 0
        while wait.left() > 0:
            self.socket.settimeout(max(wait.left(), 0.1))
            lines = self.socket.recv(65536).decode().split("\n")
            if any(line.startswith(wanted) for line in lines):
                return lines, others
            others += 1
        sys.exit(f"FAILED: waited in vain for {wanted}")

    def silent(self):
        """Whether nothing more lies there."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(65536)
            return False
        except BlockingIOError:
            return True

    def end(self):
        patience.ended(self.node, "the node")
        return self.node.returncode


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def lives(program, home, log, folder):
    """From the start to the end, with signs of life, by the page's address, too."""
    manager = Manager(home, log, f"{folder}/notify")
    peer, page = free_port(), free_port()
    manager.start(program, "--peer", f"127.0.0.1:{peer}", "--ui", f"127.0.0.1:{page}", WATCHDOG_USEC="300000")
    lines, _ = manager.notice("READY=1")
    check(listens(peer) and listens(page), "who is told that the node is ready is answered, on both addresses")
    status = [line for line in lines if line.startswith("STATUS=")]
    check(len(lines) == 2 and status == [f"STATUS=answers partners on 127.0.0.1:{peer}"], "with one line about it")
    began = time.monotonic()
    for _ in range(4):
        manager.notice("WATCHDOG=1")
    check(time.monotonic() - began >= 0.3, "signs of life come at half of the time that is waited for them")
    check(manager.end() == 0, "told to end, it ends well")
    manager.notice("STOPPING=1")
    check(True, "and says so")
    check("service manager" not in log.read_text(), "the log has nothing of it")


def says_little(program, home, log):
    """Of an abstract name, without signs of life that are another process's; and nothing where it cannot answer."""
    manager = Manager(home, log, f"@countermark-notify-{os.getpid()}")
    port = free_port()
    manager.start(program, "--peer", f"127.0.0.1:{port}", WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    manager.notice("READY=1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        second = Manager(home, log.with_suffix(".taken"), f"@countermark-taken-{os.getpid()}")
        second.start(program, "--peer", f"127.0.0.1:{other.getsockname()[1]}")
        check(second.node.wait(patience.bound(60)) != 0, "an address that is taken ends the node")
        check(second.silent(), "which never said that it is ready")
    check(manager.end() == 0, "an abstract name is told, too")
    _, others = manager.notice("STOPPING=1")
    check(others == 0, "signs of life that another process owes are not given")


def goes_on(program, home, log, folder):
    """What cannot be told stops nothing and is said once."""
    manager = Manager(home, log, f"{folder}/gone")
    for address, why in [
        (f"{folder}/nobody", "it is not there"),
        ("nowhere", "NOTIFY_SOCKET is no socket's path"),
        ("/" + "x" * 200, "NOTIFY_SOCKET is no socket's path"),
    ]:
        port = free_port()
        manager.start(program, "--peer", f"127.0.0.1:{port}", address=address, WATCHDOG_USEC="100000")
        patience.answers(port, manager.node, "the node")
        patience.until(lambda: "service manager" in log.read_text(), "the log says that nobody could be told")
        time.sleep(0.3)
        check(manager.end() == 0, f"a node that cannot tell anybody serves and ends well ({address[:20]})")
        said = [line for line in log.read_text().splitlines() if "service manager" in line]
        check(len(said) == 1 and why in said[0], "and says so once")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-notify-"))
    company = Company(program, folder, "oem.example")
    company.run("init", "--org", company.origin, "--name", "The manufacturer")
    company.run("dataset", "create", "boards", "--title", "Boards")
    log = folder / "log"
    lives(program, company.home, log, folder)
    says_little(program, company.home, log)
    goes_on(program, company.home, log, folder)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
