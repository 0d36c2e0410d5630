#!/usr/bin/env python3
"""A PostgreSQL of a test's own: in a folder of its own, on a port of its own, gone with the test.

    Tests/Store/postgres.py with COMMAND...    runs a command with its address in COUNTERMARK_TEST_STORE
"""

import atexit
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def programs():
    """The folder of the newest PostgreSQL that is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    if not found:
        sys.exit("PostgreSQL's server is not installed: bash Tests/setup.sh postgresql")
    return pathlib.Path(found[-1]).parent


def server_user():
    """Who runs the server, which refuses to be root; none where we are somebody else already."""
    if os.getuid() != 0:
        return None
    import pwd
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def as_user(user, *words):
    """A command as such a user."""
    words = [str(word) for word in words]
    if user is None:
        return words
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *words]


def server_folder(user, below="/tmp"):
    """A folder for servers: a socket's path has 107 bytes, and another user has to come to it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-pg-", dir=below))
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def children(pid):
    """A process's own."""
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in out.stdout.split()]


def sql(port, text, database="postgres"):
    # Whatever the database is set to.
    environment = {**os.environ, "PGOPTIONS": "-c default_transaction_read_only=off"}
    done = subprocess.run([programs() / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port),
                           "-U", "owner", "-d", database, "-c", text],
                          capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{text} failed:\n{done.stderr}")
    return done.stdout.strip()


class Cluster:
    def __init__(self, settings=()):
        self.bin, self.settings = programs(), settings
        self.user = server_user()
        self.folder = server_folder(self.user)
        self.data = self.folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        atexit.register(self.remove)
        self.run(self.bin / "initdb", "-D", self.data, "-U", "owner", "--auth=trust", "--encoding=UTF8", "--no-sync",
                 "--locale=C.UTF-8")
        self.start()

    def command(self, *words):
        return as_user(self.user, *words)

    def run(self, *words, **more):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, cwd="/", **more)
        if done.returncode != 0:
            sys.exit(f"{words[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        words = [self.bin / "postgres", "-D", self.data, "-p", self.port, "-k", self.folder, "-h", "127.0.0.1",
                 "-c", "max_connections=200"]
        for setting in self.settings:
            words += ["-c", setting]
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.command(*words), stdout=log, stderr=log, cwd="/")
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"PostgreSQL has not started:\n{(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, how=signal.SIGINT):
        """SIGINT ends all sessions at once and stops cleanly; SIGQUIT does not write its data any more."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(120)

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def all_processes(self):
        """The server's processes."""
        return [self.process.pid, *children(self.process.pid)]

    def signal_all(self, number):
        for pid in self.all_processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def keep(self):
        """A copy of the data as they are now, with the server stopped for it."""
        self.stop()
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        self.run("cp", "-a", self.data, kept)
        self.start()

    def go_back(self, promoted=False):
        """Takes the copy for the data: what was written since is lost. As a standby would that was behind, or as a disk."""
        self.stop()
        shutil.rmtree(self.data)
        self.run("cp", "-a", self.folder / "kept", self.data)
        if promoted:
            self.run("touch", self.data / "standby.signal")
        self.start()
        if promoted:
            self.sql("SELECT pg_promote(true, 60)")

    def sql(self, text, database="postgres"):
        return sql(self.port, text, database)

    def database(self, name):
        self.sql(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, database="postgres", user="owner"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if sys.argv[1:2] != ["with"] or len(sys.argv) < 3:
        sys.exit(__doc__)
    cluster = Cluster()
    environment = {**os.environ, "COUNTERMARK_TEST_STORE": cluster.address()}
    sys.exit(subprocess.run(sys.argv[2:], env=environment).returncode)


if __name__ == "__main__":
    main()
