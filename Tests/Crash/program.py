"""Runs the program with a fault in it: a process that is stopped at a chosen system call.

`stop.c` is compiled here and preloaded. A program is loaded once for each command line and waits at its first touch of
the home; each run goes on from there in a process of its own that is forked from it, because loading costs more than
most commands do. What a run does to the home, and every kill, is real.
"""

import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Examples" / "three-companies"))

import patience  # noqa: E402

REPORT = struct.Struct("=QQ32s472s")
# What no command takes on a quiet machine, by far.
HANG_SECONDS = 60
# Programs that are kept loaded; the one that was used longest ago goes.
LOADED_MAX = 24
# With this the preloaded library ends a command that cannot wait at its first touch.
THREADS = 98


def compiled(folder):
    """Compiles the library that is preloaded, and returns its path."""
    library = pathlib.Path(folder) / "stop.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, HERE / "stop.c", "-ldl"], check=True)
    return library


def in_processes(count, calls):
    """What the calls return, each made in one of `count` processes.

    The first call that raises, or whose process ends, ends the rest: nobody waits for what will not come.
    """
    with concurrent.futures.ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
        waiting = [pool.submit(*call) for call in calls]
        try:
            return [result.result() for result in waiting]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@dataclasses.dataclass
class Done:
    """How a command ended, and where the plan took hold."""

    words: list
    status: int  # the exit status; below zero the signal
    output: str
    error: str
    points: int
    failures: int
    call: str
    path: str

    @property
    def document(self):
        return json.loads(self.output)

    @property
    def was_killed(self):
        return self.status == -signal.SIGKILL

    def __str__(self):
        return f"`{' '.join(self.words)}` ended with {self.status}: {self.output}{self.error}".rstrip()


def text(field):
    return field.split(b"\0", 1)[0].decode(errors="replace")


@contextlib.contextmanager
def copied(folders):
    """Folders are copies of themselves for a while: what happens to them is forgotten."""
    folders = [pathlib.Path(folder) for folder in folders]
    aside = {folder: folder.with_name(f"{folder.name}.aside") for folder in folders if folder.exists()}
    for folder, kept in aside.items():
        folder.rename(kept)
        shutil.copytree(kept, folder, symlinks=True)
    try:
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            if folder in aside:
                aside[folder].rename(folder)


class Loaded:
    """The program with one command line, loaded and not yet run.

    A command that has several threads by its first touch cannot wait there; such a one is loaded for each run.
    With `warmed` it has run once, on what is only a copy.
    """

    def __init__(self, program, library, folder, words, touching, environment, warmed=False):
        folder.mkdir()
        self.words, self.touching, self.program = words, str(touching), program
        self.report, self.output, self.error = folder / "report", folder / "output", folder / "error"
        self.environment = {
            **os.environ, **environment, "LD_PRELOAD": str(library), "LD_BIND_NOW": "1",
            "STOP_REPORT": str(self.report), "STOP_FOLDER": self.touching}
        self.pid, self.plain = None, None
        ours, theirs = socket.socketpair()
        self.channel, self.plan = ours, "0 none"
        self.channel.settimeout(patience.bound(HANG_SECONDS))
        with copied(self.touching.split(":")) if warmed else contextlib.nullcontext():
            self.process = subprocess.Popen(
                [program, *words], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if warmed else None,
                env={
                    **self.environment, "STOP_SERVER": str(theirs.fileno()), "STOP_PLAN": "0 none",
                    **({"STOP_WARM": "1"} if warmed else {})})
            theirs.close()
            if warmed and self.answer() is None:
                sys.exit(f"FAILED: {' '.join(words)} ended before it began anew")

    def answer(self):
        """The next number that the loaded program says; none where it has ended."""
        try:
            bytes = self.channel.recv(4, socket.MSG_WAITALL)
        except TimeoutError:
            self.hangs()
        except ConnectionResetError:
            return None
        return struct.unpack("=i", bytes)[0] if len(bytes) == 4 else None

    def hangs(self):
        sys.exit(f"FAILED: hangs: {' '.join(self.words)}, stopped at {self.plan}: {self.held()}")

    def begin(self, plan, trace=""):
        """Starts a run, which `end` waits for."""
        self.plan, self.pid = plan, None
        if self.process.poll() is None:
            fields = [plan, self.output, self.error, self.touching, trace]
            request = b"".join(os.fsencode(str(field)) + b"\0" for field in fields)
            with contextlib.suppress(BrokenPipeError):
                self.channel.sendall(struct.pack("=I", len(request)) + request)
            self.pid = self.answer()
        if self.pid is None:
            if self.process.wait() != THREADS:
                sys.exit(f"FAILED: {' '.join(self.words)} ended before it touched {self.touching}")
            self.report.write_bytes(b"")
            with open(self.output, "w") as output, open(self.error, "w") as error:
                self.plain = subprocess.Popen(
                    [self.program, *self.words], stdin=subprocess.DEVNULL, stdout=output, stderr=error,
                    env={**self.environment, "STOP_PLAN": plan, "STOP_TRACE": str(trace)})
            self.pid = self.plain.pid

    def has_ended(self):
        if self.plain:
            return self.plain.poll() is not None
        # A child of the loaded program, which waits for it: it is gone when its number is.
        return not pathlib.Path(f"/proc/{self.pid}").exists()

    def end(self):
        """Waits for the run's end."""
        if self.plain:
            try:
                status = self.plain.wait(patience.bound(HANG_SECONDS))
            except subprocess.TimeoutExpired:
                self.plain.kill()
                self.hangs()
            self.plain = None
        else:
            answer = self.answer()
            if answer is None:
                sys.exit(f"FAILED: {' '.join(self.words)}: what was loaded has ended")
            status = os.waitstatus_to_exitcode(answer)
        self.pid = None
        return Done(
            self.words, status, self.output.read_text(errors="replace"),
            self.error.read_text(errors="replace"), *self.held())

    def held(self):
        """Points, failures, and the call and path at which the plan took hold."""
        points, failures, call, path = REPORT.unpack(self.report.read_bytes()[:REPORT.size])
        return points, failures, text(call), text(path)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        if self.plain:
            self.plain.wait()
        self.channel.close()
        self.process.wait()


class Program:
    """The program, whose command lines stay loaded; with `warmed` each has run once before."""

    def __init__(self, program, library, folder, environment=None):
        self.warmed = False
        self.program, self.library = str(pathlib.Path(program).resolve()), library
        self.folder, self.environment = pathlib.Path(folder), environment or {}
        self.loaded, self.count = {}, 0

    def load(self, *words, touching):
        words = [str(word) for word in words]
        key = (*words, str(touching))
        found = self.loaded.pop(key, None)
        if found is None:
            self.count += 1
            found = Loaded(
                self.program, self.library, self.folder / f"loaded-{self.count}", words, touching, self.environment,
                self.warmed)
            idle = [other for other, loaded in self.loaded.items() if not loaded.pid]
            if len(self.loaded) >= LOADED_MAX and idle:
                self.loaded.pop(idle[0]).close()
        self.loaded[key] = found
        return found

    def run(self, *words, touching, plan="0 none", trace=""):
        """Runs a command to its end, whatever that is."""
        loaded = self.load(*words, touching=touching)
        loaded.begin(plan, trace)
        return loaded.end()

    def close(self):
        for loaded in self.loaded.values():
            loaded.close()
        self.loaded = {}
