"""The program under attack: one command, a command on a terminal, a node that serves.

Whatever is started is remembered in RUNNING and ended by `close_all`, by its process id.
"""

import json
import os
import pty
import resource
import select
import socket
import subprocess
import termios
import time

COMMAND_LIMIT = 60  # seconds a command may take on a machine of ordinary speed
os.environ.setdefault("SWIFT_BACKTRACE", "enable=no")  # a crash ends the process at once

RUNNING = []  # processes of this attack, and whatever else has a close()


class Setting:
    """What holds for the whole run; set by the runner."""

    program = os.environ.get("COUNTERMARK", "countermark")
    slowness = 1.0  # how many times slower than an ordinary machine this one was measured to be


class Wrong(Exception):
    """What happened, and what must hold."""

    def __init__(self, happened, must=""):
        super().__init__(happened)
        self.happened, self.must = happened, must


def patience(seconds):
    """Seconds to wait before something is called a hang; more on a slow or loaded machine."""
    return seconds * max(1.0, Setting.slowness)


def one_line(text, length=220):
    """Any output as one line that fits into a report."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length] + "…"


# MARK: One command


class Result:
    """How one command ended."""

    def __init__(self, arguments, status, out, err, seconds, cpu):
        self.arguments, self.status = arguments, status
        self.out, self.err = out, err
        self.seconds, self.cpu = seconds, cpu

    @property
    def text(self):
        return self.out + self.err

    @property
    def name(self):
        return " ".join(self.arguments[1:3])

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            printed = one_line(self.text) or "nothing"
            raise Wrong(f"`{self.name} --json` printed {printed}", "one JSON document") from None

    def said(self):
        return f"`{self.name}` ended with status {self.status}: {one_line(self.err or self.out)}"


def cm(*arguments, home=None, check=True, limit=COMMAND_LIMIT, env=None, cwd=None):
    """Runs one command. With check, a status other than 0 is Wrong."""
    words = [Setting.program, *map(str, arguments)] + (["--home", str(home)] if home else [])
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        ended = subprocess.run(
            words,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=patience(limit),
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
    except subprocess.TimeoutExpired:
        happened = f"`{' '.join(words[1:3])}` did not end within {patience(limit):.0f} s"
        raise Wrong(happened, "every command ends") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = Result(
        words,
        ended.returncode,
        ended.stdout.decode(errors="replace"),
        ended.stderr.decode(errors="replace"),
        time.monotonic() - begun,
        cpu,
    )
    if check and result.status != 0:
        raise Wrong(result.said(), "status 0")
    return result


def start(*arguments, home):
    """Starts one command that runs beside the attack; its output is its `stdout`."""
    process = subprocess.Popen(
        [Setting.program, *map(str, arguments), "--home", str(home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    RUNNING.append(process)
    return process


def on_terminal(*arguments, home, limit=COMMAND_LIMIT):
    """Runs one command with a terminal as its output; returns the bytes that the terminal would get.

    A bare root has no terminals (no /dev/pts): there a pipe takes their place, which is said.
    """
    try:
        ours, its = pty.openpty()
    except OSError as error:
        print(f"SKIPPED: a terminal, of which there is none ({error}); a pipe is looked at instead")
        ours, its = os.pipe()
        return _run_on(ours, its, arguments, home, limit)
    mode = termios.tcgetattr(its)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(its, termios.TCSANOW, mode)
    return _run_on(ours, its, arguments, home, limit)


def _run_on(ours, its, arguments, home, limit):
    process = subprocess.Popen(
        [Setting.program, *map(str, arguments), "--home", str(home)],
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"},
    )
    RUNNING.append(process)
    os.close(its)
    try:
        return _read_terminal(ours, arguments[0], patience(limit))
    finally:
        os.close(ours)
        end_process(process)
        RUNNING.remove(process)


def _read_terminal(terminal, name, limit):
    out, end = b"", time.monotonic() + limit
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side was closed
            return out
        if not piece:
            return out
        out += piece
    raise Wrong(f"`{name}` on a terminal did not end within {limit:.0f} s", "every command ends")


# MARK: Processes


def end_process(process, grace=10):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def close_all():
    """Ends what the attack has started."""
    while RUNNING:
        thing = RUNNING.pop()
        try:
            end_process(thing) if isinstance(thing, subprocess.Popen) else thing.close()
        except Exception:  # what is left must be closed too
            pass


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def disk(path):
    """Bytes of all files below a folder."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.path.getsize(os.path.join(folder, name))
            except OSError:
                pass
    return total


class Server:
    """`serve` of a home."""

    def __init__(self, home, port):
        self.home, self.port = str(home), port
        self.output = self.home + ".serve.txt"
        self.file = open(self.output, "ab")
        self.process = subprocess.Popen(
            [Setting.program, "serve", "--home", self.home, "--peer", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=self.file,
            stderr=self.file,
        )
        RUNNING.append(self)
        self._wait_until_it_listens()

    def _wait_until_it_listens(self):
        limit = patience(10)
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.process.poll() is not None:
                said = one_line(self.printed()[-300:])
                raise Wrong(f"`serve` ended with status {self.process.returncode}: {said}", "it serves")
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Wrong(f"`serve` does not listen after {limit:.0f} s", "it serves")

    def printed(self):
        with open(self.output, "rb") as file:
            return file.read()

    def _memory(self, what):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(what))

    def memory(self):
        """MiB in memory now."""
        return self._memory("VmRSS")

    def peak(self):
        """MiB in memory at most so far."""
        return self._memory("VmHWM")

    def cpu(self):
        """CPU seconds so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process.poll() is None

    def close(self):
        end_process(self.process)
        self.file.close()

    stop = close
