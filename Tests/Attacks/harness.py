"""Runs attacks: each in a process and a fresh temporary folder of its own, one line of result for each.

An attack is a function of one argument, `t` (class Attack), under `@attack(...)`. It notes with `t.check`
whatever is not as it must be, and goes on; `t.need` ends it. It asserts values that the program gives,
never one particular way of defence.
"""

import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from toolkit import Wrong, close_all, cm, one_line, patience

ATTACKS = []
LIMIT = 150  # seconds an attack may take on a machine of ordinary speed


def attack(name, who, does, holds):
    """who: the role of the member that attacks, or outsider, server, nobody; does, holds: for the table."""

    def add(function):
        ATTACKS.append(Listed(name, who, does, holds, function))
        return function

    return add


class Listed:
    """One attack of the list."""

    def __init__(self, name, who, does, holds, run):
        self.name, self.who, self.does, self.holds, self.run = name, who, does, holds, run
        self.file = Path(run.__code__.co_filename).stem


class Attack:
    """What an attack checks with."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.faults, self.notes = [], []
        self.seconds = self.cpu = 0.0

    # MARK: Checks

    def check(self, holds, happened, must):
        if not holds:
            self.faults.append((happened, must))
        return bool(holds)

    def need(self, holds, happened, must):
        if not holds:
            raise Wrong(happened, must)

    def note(self, text):
        """A measured value, shown with --verbose."""
        self.notes.append(text)

    def alive(self, world, after):
        status = world.server.process.poll()
        return self.check(
            status is None,
            f"the node's process ended with status {status} after {after}",
            "nothing a peer sends ends the process",
        )

    def works(self, result, when, must="the command works"):
        return self.check(result.status == 0, f"{when}: {result.said()}", must)

    def stored(self, log, what):
        """An entry that has to be kept for the attack to be one."""
        self.need(log.stored, f"{what} was answered with {log.said()}", "it is well formed, and stored")

    def send(self, log, changes, what="a well-formed entry", **signing):
        """Sends an entry that must be kept, whether or not it counts: else the attack is none."""
        log.send(changes, **signing)
        self.stored(log, what)

    def refused(self, log, what):
        """A push was refused with a 4xx, and nothing of it was kept."""
        self.check(
            400 <= log.status < 500 and not log.stored,
            f"{what} was answered with {log.said()}{', and is stored' if log.stored else ''}",
            "it is refused with a 4xx and not kept",
        )

    def truthful(self, log, what):
        """An answer other than 200 means that nothing was kept."""
        self.check(
            log.status == 200 or not log.stored,
            f"{what} was answered with {log.said()}, and is stored",
            "what is refused is not kept",
        )

    # MARK: Honest nodes

    def counted(self, world, expected, homes, when):
        """Every honest label is in the set of every node; expected: {origin: number of labels}."""
        for name, home in homes.items():
            try:
                have = self._numbers(world, home, expected)
            except Wrong as error:
                self.check(False, f"{when}, at {name}: {error.happened}", "honest labels are counted")
                continue
            short = [
                f"{origin} {have.get(origin, 0)} of {number}"
                for origin, number in expected.items()
                if have.get(origin, 0) < number
            ]
            self.check(
                not short,
                f"{when}, {name} counts of {', '.join(short)}",
                "every honest label is counted on every honest node",
            )

    def _numbers(self, world, home, expected):
        if not world.is_large:
            return {origin: len(items) for origin, items in world.labels(home).items()}
        return {origin: len(world.labels(home, of=origin).get(origin, [])) for origin in expected}

    def same(self, world, homes, when="at the end"):
        """Equal digests on all honest nodes, once none has a rebuild before it that a member has asked for."""
        digests = self._digests(world, homes, when)
        self.check(
            len(set(digests.values())) == 1, f"{when} the digests differ: {_brief(digests)}", "all honest nodes agree"
        )
        return digests

    def agree(self, world, homes, when="at the end", verify=True):
        """Equal digests on all honest nodes, before and after a rebuild of each; `verify` holds."""
        merged = self.same(world, homes, when)
        for name, home in homes.items():
            if verify:
                self.works(
                    cm("verify", home=home, check=False), f"{when}, at {name}", "`verify` holds on an honest node"
                )
            self.works(cm("rebuild", home=home, check=False), f"{when}, at {name}", "`rebuild` works")
        rebuilt = self._digests(world, homes, when)
        moved = [
            f"{name} {merged[name][:8]} as merged, {rebuilt[name][:8]} rebuilt"
            for name in homes
            if merged[name] != rebuilt[name]
        ]
        self.check(
            not moved,
            f"{when} a rebuild decides otherwise: " + "; ".join(moved),
            "a rebuild gives the digest that was merged",
        )
        self.check(
            len(set(rebuilt.values())) == 1 or len(set(merged.values())) != 1,
            f"{when} the digests differ after a rebuild: {_brief(rebuilt)}",
            "all honest nodes agree",
        )

    def _digests(self, world, homes, when):
        digests = {}
        for name, home in homes.items():
            try:
                digests[name] = _settled(world, home)["digest"]
            except Wrong as error:
                digests[name] = f"({error.happened})"
                self.check(False, f"{when}, at {name}: {error.happened}", "`status` works")
        return digests


def _settled(world, home):
    """`status` of a dataset that has no rebuild before it: members ask for one, and it comes in its turn."""
    end = time.monotonic() + patience(60)
    while (status := world.status(home)).get("rebuild") and time.monotonic() < end:
        time.sleep(0.5)
    return status


def _brief(digests):
    return ", ".join(f"{name} {digest[:8]}" for name, digest in digests.items())


# MARK: Running


def run_here(listed, keep=None):
    """Runs one attack in this process; `keep` is a folder in which its own folder stays."""
    folder = Path(tempfile.mkdtemp(prefix="attack-", dir=keep))
    t = Attack(listed.name, str(folder))
    limit = int(patience(LIMIT))

    def out_of_time(*_):
        raise Wrong(f"the attack did not end within {limit} s", "the node answers in bounded time")

    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(limit)
    begun = time.monotonic()
    try:
        listed.run(t)
    except Wrong as error:
        t.faults.append((error.happened, error.must))
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(at.filename).name}:{at.lineno}"
        t.faults.append(
            (
                f"the attack could not go on: {type(error).__name__}: {one_line(error)} ({place})",
                "the node answers as documented",
            )
        )
    finally:
        signal.alarm(0)
        close_all()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    t.seconds = time.monotonic() - begun
    return t


class Worker:
    """One attack in a process of its own: its alarms, its children and its files are its own."""

    def __init__(self, listed, keep=None):
        self.listed, self.keep = listed, keep
        self.result, writing = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._attack(writing)
        os.close(writing)

    def _attack(self, writing):
        status = 1
        try:
            os.close(self.result)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, _stopped)
            t = run_here(self.listed, self.keep)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump((t.faults, t.notes, t.seconds), pipe)
            status = 0
        except KeyboardInterrupt:
            pass
        finally:
            os._exit(status)

    def end(self):
        """What the attack found; a fault where its process ended without a word."""
        t = Attack(self.listed.name, None)
        with os.fdopen(self.result, "rb") as pipe:
            data = pipe.read()
        used = os.wait4(self.pid, 0)[2]
        t.cpu = used.ru_utime + used.ru_stime
        if data:
            t.faults, t.notes, t.seconds = pickle.loads(data)
        else:
            t.faults = [("the attack's process ended without a result", "an attack ends with one")]
        return t

    def stop(self):
        """Lets the attack end what it has started."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def _stopped(*_):
    raise KeyboardInterrupt
