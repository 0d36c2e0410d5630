"""How long to wait on this machine before a wait counts as a hang.

No verdict may come from how fast a machine is. So waits poll for what they wait for, and give up only after a
bound that is far above what a quiet two-core machine needs and grows with the measured slowness of this one.
Where a bound is reached, the machine is measured again: other programs may have become busy meanwhile.
"""

import contextlib
import hashlib
import socket
import subprocess
import sys
import time

# What _work takes on a quiet machine with two slow cores.
REFERENCE_SECONDS = 0.25
# A slower measurement is no speed, it is a machine that was suspended.
SLOWNESS_MAX = 60.0
POLL_SECONDS = 0.05
# Longer than anything that is waited for takes on a quiet machine, by far.
HANG_SECONDS = 120

_slowness = None


def _work():
    """A fixed amount of arithmetic and SHA-256, long enough to share a processor with whoever else runs."""
    value = 0
    for number in range(1_000_000):
        value = (value * 31 + number) & 0xFFFFFFFF
    block = hashlib.sha256(bytes(32 << 20)).digest()
    return value, block


def measure():
    """How many times slower than the reference this machine is now; never below 1."""
    start = time.monotonic()
    _work()
    return min(max((time.monotonic() - start) / REFERENCE_SECONDS, 1.0), SLOWNESS_MAX)


def slowness():
    """The slowest that this process has measured; the first call measures."""
    global _slowness
    if _slowness is None:
        _slowness = measure()
    return _slowness


def bound(seconds):
    """A number of seconds of the reference machine, as seconds of this one."""
    return seconds * slowness()


class Patience:
    """A wait that ends only when this machine, as slow as it has been, should long be done."""

    def __init__(self, seconds=HANG_SECONDS):
        self.seconds, self.start = seconds, time.monotonic()

    def left(self):
        """Seconds that are left; at none the machine is measured anew. Zero or less is a hang."""
        global _slowness
        left = self.start + bound(self.seconds) - time.monotonic()
        if left <= 0:
            _slowness = max(slowness(), measure())
            left = self.start + bound(self.seconds) - time.monotonic()
        return left


def until(holds, what, seconds=HANG_SECONDS):
    """Polls until something holds and returns it; what never holds ends the run."""
    patience = Patience(seconds)
    while True:
        found = holds()
        if found:
            return found
        if patience.left() <= 0:
            sys.exit(f"FAILED: waited {time.monotonic() - patience.start:.0f} s in vain: {what}")
        time.sleep(POLL_SECONDS)


def run(command, seconds=HANG_SECONDS, input=None, **options):
    """As subprocess.run with captured text; a command that hangs is killed, and ends the run."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    patience = Patience(seconds)
    while True:
        try:
            output, error = process.communicate(input, timeout=max(patience.left(), 0.1))
            return subprocess.CompletedProcess(command, process.returncode, output, error)
        except subprocess.TimeoutExpired:
            input = None  # It is on its way; a second call goes on with it.
            if patience.left() <= 0:
                process.kill()
                output, error = process.communicate()
                sys.exit(f"FAILED: hangs: {' '.join(map(str, command))}\n{output}{error}")


def answers(port, process, what):
    """Waits until somebody listens on a local port, or ends the run where its process has ended."""
    def listens():
        if process.poll() is not None:
            sys.exit(f"FAILED: {what} has ended with {process.returncode}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, f"{what} listens on port {port}")


def ended(process, what, seconds=HANG_SECONDS):
    """Asks a process to end and waits until it has; one that does not is killed, and ends the run."""
    process.terminate()
    patience = Patience(seconds)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(max(patience.left(), 0.1))
        if patience.left() <= 0:
            process.kill()
            process.wait()
            sys.exit(f"FAILED: {what} does not end")


if __name__ == "__main__":
    print(f"{measure():.1f}")
