#!/usr/bin/env python3
"""Two nodes of one company on a PostgreSQL that Patroni fails over: nothing acknowledged is lost.

    Tests/Store/failover.py --program PROGRAM [--rounds N] [--members N] [--strict] [--crash]
                               [--flight] [--below DIR] [--seed S]

For running by hand: it needs Debian's `patroni`, `etcd-server` and `python3-etcd`, and takes half a minute for each
round (Docs/Scale.md). In each round the leader is killed while both nodes write. Then, with two members, standbys
that are behind take the place.
"""

import argparse
import atexit
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import nodes  # noqa: F401  It says where the modules below are.
import patience
from company import free_port
from nodes import DATASET, OEM, Books, Node, check, label, labels
from postgres import Cluster, as_user, children, programs, server_folder, server_user, sql

# A failover takes some seconds with these; Patroni wants ttl >= loop_wait + 2 * retry_timeout.
SETTINGS = {"ttl": 8, "loop_wait": 1, "retry_timeout": 3}
PAUSE_SECONDS = 0.3


def ask(url, body=None):
    """What somebody answers over HTTP; none where nobody does."""
    request = urllib.request.Request(url, method="PATCH" if body else "GET", data=body and json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or "null")
    except (OSError, ValueError):
        return None


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Member:
    """One Patroni and its server."""

    def __init__(self, group, name):
        self.group, self.name = group, name
        self.port, self.rest = free_port(), free_port()
        self.data = group.folder / name
        self.process = None
        login = {"username": "owner"}
        self.file = group.folder / f"{name}.json"
        self.file.write_text(json.dumps({
            "scope": "labels", "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"hosts": [f"127.0.0.1:{group.etcd_port}"]},
            "bootstrap": {
                "dcs": {
                    **SETTINGS, "synchronous_mode": True, "synchronous_mode_strict": group.strict,
                    "postgresql": {"use_pg_rewind": True, "use_slots": True,
                                   "parameters": {"max_connections": 100, "wal_keep_size": "128MB"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"]},
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data), "bin_dir": str(programs()), "pgpass": str(group.folder / f"{name}.pass"),
                "authentication": {"superuser": login, "rewind": login,
                                   "replication": {"username": "copier", "password": "copier"}},
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust",
                           "host replication all 127.0.0.1/32 trust"],
                "parameters": {"unix_socket_directories": str(group.folder), "fsync": "on"},
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True}}))

    def start(self):
        log = open(self.group.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(as_user(self.group.user, "patroni", self.file), stdout=log, stderr=log, cwd="/")

    def server(self):
        """The server's processes, the postmaster first."""
        try:
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
            if f"{self.data}" not in pathlib.Path(f"/proc/{postmaster}/cmdline").read_text():
                return []
        except (OSError, IndexError, ValueError):
            return []
        return [postmaster, *children(postmaster)]

    def patroni(self):
        return [self.process.pid, *children(self.process.pid)] if self.process else []

    def kill(self):
        """As a machine goes: Patroni and its server at once."""
        send([pid for pid in [*self.patroni(), *self.server()]], signal.SIGKILL)
        self.process.wait()
        # What the postmaster began at that moment.
        patience.until(lambda: not self.server(), f"{self.name} is gone")

    def receiver(self):
        """The process that takes what the leader sends."""
        for pid in self.server()[1:]:
            if "walreceiver" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    def sql(self, text, database="postgres"):
        return sql(self.port, text, database)


class Group:
    """Servers of which one leads, under Patroni and one etcd."""

    def __init__(self, count, strict, below):
        self.strict, self.user = strict, server_user()
        self.folder = server_folder(self.user, below)
        self.etcd_port, peer = free_port(), free_port()
        atexit.register(self.remove)
        log = open(self.folder / "etcd.log", "ab")
        here, there = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{peer}"
        self.etcd = subprocess.Popen(
            as_user(self.user, "etcd", "--data-dir", self.folder / "etcd", "--name", "one",
                    "--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", there,
                    "--initial-advertise-peer-urls", there, "--initial-cluster", f"one={there}"),
            stdout=log, stderr=log, cwd="/")
        patience.answers(self.etcd_port, self.etcd, "etcd")
        self.members = [Member(self, f"pg{number}") for number in range(1, count + 1)]
        for member in self.members:
            member.start()
        self.wait_whole()

    def said(self):
        """What the members are, by name, as one of them says."""
        for member in self.members:
            found = member.process and ask(f"http://127.0.0.1:{member.rest}/cluster")
            if found:
                return {one["name"]: one for one in found["members"]}
        return {}

    def leader(self):
        for member in self.members:
            if self.said().get(member.name, {}).get("role") == "leader":
                return member
        return None

    def wait_whole(self, synchronous=True):
        """Until one leads and all the others follow it, one of them synchronously."""
        def whole():
            said = self.said()
            roles = sorted(one["role"] for one in said.values())
            others = ["replica"] * (len(self.members) - 1)
            if synchronous:
                others[-1] = "sync_standby"
            if roles != ["leader", *others] or any(one["state"] not in ("running", "streaming")
                                                   for one in said.values()):
                return False
            leader = self.leader()
            counted = leader.sql(
                "SELECT count(*) FILTER (WHERE state = 'streaming'), count(*) FILTER (WHERE sync_state IN "
                "('sync', 'quorum')) FROM pg_stat_replication WHERE application_name LIKE 'pg%'")
            return counted == f"{len(others)}|{1 if synchronous else 0}"
        patience.until(whole, f"all servers are there ({self.folder})", 180)

    def wait_leader(self, former):
        def found():
            leader = self.leader()
            return leader if leader is not former else None
        return patience.until(found, f"somebody takes the place of {former.name}")

    def set(self, **values):
        check(ask(f"http://127.0.0.1:{self.leader().rest}/config", values), "Patroni takes settings", values)
        synchronous = values["synchronous_mode"]
        patience.until(lambda: bool(self.leader().sql("SHOW synchronous_standby_names")) == synchronous,
                       f"the leader's server goes by {values}")

    def address(self):
        """All servers, whichever leads."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"postgresql://owner@{hosts}/labels?target_session_attrs=read-write"

    def remove(self):
        for member in getattr(self, "members", []):
            send([*member.patroni(), *member.server()], signal.SIGCONT)
            if member.process:
                member.kill()
        self.etcd.kill()
        self.etcd.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Writers:
    """Both nodes write all the time, each a label after the other."""

    def __init__(self, company, books):
        self.company, self.books = company, books
        self.times, self.codes, self.said, self.unsure = [], collections.Counter(), {}, []
        self.stopped, self.number = threading.Event(), 0

    def start(self):
        self.stopped.clear()
        self.threads = [threading.Thread(target=self.write, args=[node], daemon=True) for node in self.company]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def write(self, node):
        while not self.stopped.is_set():
            with self.books.lock:
                self.number += 1
                item = f"{node.name}-{self.number}.png"
            error = self.books.take(node.annotate(item), item)
            if error is None:
                self.times.append(time.monotonic())
            else:
                code = code_of(error)
                self.codes[code] += 1
                self.said.setdefault(code, error.strip()[:600])
                if code == "store-unconfirmed":
                    self.unsure.append(item)
            time.sleep(PAUSE_SECONDS)

    def silence_after(self, moment):
        """When the longest time without an acknowledged write ended that began with a failover."""
        times = sorted(self.times)
        first = max((index for index, time_ in enumerate(times) if time_ <= moment), default=0)
        times = times[first:]
        gaps = [(later - earlier, later) for earlier, later in zip(times, times[1:])]
        return max(gaps)[1] - moment if gaps else None


def code_of(error):
    try:
        return json.loads(error[error.index("{"):])["error"]["code"]
    except (ValueError, KeyError):
        return f"no code: {error.strip()[:200]}"


def make(program, folder, address):
    first = Node(program, folder, "node-1")
    first.run("init", "--org", OEM, "--name", OEM)
    first.run("dataset", "create", "boards", "--title", "Boards")
    first.write("before.png")
    first.run("store", "move", "--to", address)
    first.run("backup", str(folder / "copy"))
    second = Node(program, folder, "node-2")
    second.run("restore", str(folder / "copy"))
    # A node that has never seen the store's server does not see that another one took its place.
    second.run("sync")
    return [first, second]


def settle(company, books, what):
    for node in company * 2:
        node.run("sync")
    books.require(company, what)
    for node in company:
        check(node.run("verify")["ok"] and not node.run("evidence")["evidence"], f"{what}: {node.name} verifies")


def kill_leaders(company, books, group, rounds, chance):
    """The leader goes at a random moment while both write."""
    writers, took = Writers(company, books), []
    writers.start()
    for number in range(rounds):
        group.wait_whole()
        patience.until(lambda: writers.times and time.monotonic() - writers.times[-1] < 2, "writes go on")
        time.sleep(chance.uniform(0.5, 3))
        victim, moment = group.leader(), time.monotonic()
        victim.kill()
        group.wait_leader(victim)
        led = time.monotonic() - moment
        after = len(writers.times)
        patience.until(lambda: len(writers.times) > after, "a write is acknowledged after the failover")
        victim.start()
        group.wait_whole()
        took.append(writers.silence_after(moment))
        print(f"round {number + 1}: {victim.name} killed; another leads after {led:.1f} s, a write is acknowledged "
              f"after {took[-1]:.1f} s; {len(books.acknowledged)} acknowledged, errors {dict(writers.codes)}",
              flush=True)
    writers.stop()
    for code, said in sorted(writers.said.items()):
        print(f"the first {code}: {said}")
    for node in company:
        log = (node.home.parent / f"{node.name}.log").read_text()
        check("the store is well again" in log, f"{node.name}, which serves, says when the store is back", log[-2000:])
        words = ["cannot be reached", "another node has written", "is another one than before", "is well again"]
        print(f"its log says: {({word: log.count(word) for word in words})}")
    settle(company, books, "leaders were killed")
    there = {item for _, item in labels(company[0])}
    print(f"rounds {rounds}; acknowledged {len(books.acknowledged)}, lost 0; until the next acknowledged write median "
          f"{statistics.median(took):.1f} s, worst {max(took):.1f} s; errors {dict(sorted(writers.codes.items()))}; of "
          f"{len(writers.unsure)} unconfirmed {len(there & set(writers.unsure))} are there", flush=True)


def behind(group):
    """The leader and a standby whose receiver stands still."""
    leader = group.leader()
    standby = next(member for member in group.members if member is not leader)
    receiver = standby.receiver()
    send([receiver], signal.SIGSTOP)
    return leader, standby, receiver


def promote_behind(group, leader, receiver):
    """Kills the leader; the receiver ends without reading what is still on its way to it."""
    leader.kill()
    send([receiver], signal.SIGTERM)
    send([receiver], signal.SIGCONT)
    return group.wait_leader(leader)


def fail_over_behind(company, books, group):
    """An asynchronous standby that lacks two acknowledged writes takes the place: who has them gives them back."""
    one, other = company
    group.set(synchronous_mode=False)
    group.wait_whole(synchronous=False)
    leader, _, receiver = behind(group)
    for number in range(2):
        found = books.take(one.annotate(f"behind-{number}.png"), f"behind-{number}.png")
        check(found is None, "a write is acknowledged that the standby has not got", found)
    # A write waits before it gives anything back, so the one that has the entries serves.
    one.serve(one.port, one.home.parent / "one.log")
    promote_behind(group, leader, receiver)
    early = other.annotate("early.png")
    found = books.take(early, "early.png")
    one.stop()
    check(found is None, "the node that lacks them waited, and goes on behind them", found)
    said = (one.home.parent / "one.log").read_text()
    check("had lost entries" in said, "the node that has them gave them back, and says so", said[-2000:])
    leader.start()
    group.wait_whole(synchronous=False)
    settle(company, books, "an asynchronous standby was promoted")


def acknowledge_alone(company, books, group):
    """A server that starts again after a crash shows what its synchronous standby never got: no node may take that for
    confirmed."""
    one = company[0]
    group.set(synchronous_mode=True)
    group.wait_whole()
    leader, _, receiver = behind(group)
    # A Patroni that stands still does not see that the standby is gone.
    send(leader.patroni(), signal.SIGSTOP)
    process = one.annotate("alone.png")
    waiting = ("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'countermark' "
               "LIMIT 1")
    backend = patience.until(lambda: leader.sql(waiting), "the write waits for the standby")
    send([int(backend)], signal.SIGKILL)
    try:
        process.wait(SETTINGS["ttl"] - 2)
    except subprocess.TimeoutExpired:
        pass
    acknowledged = process.poll() == 0
    new = promote_behind(group, leader, receiver)
    error = books.take(process, "alone.png")
    size = new.sql(f"SELECT size FROM countermark.log WHERE log = '{OEM}/{DATASET}'", "labels")
    print(f"before the leader was killed the write was {'' if acknowledged else 'not '}acknowledged"
          f"{error and ', ' + code_of(error) or ''}; the new leader has {size} entries, the node's home "
          f"{one.state()[0]}", flush=True)
    done = one.attempt(*label("after-alone.png"))
    check(done.returncode == 0, "the node goes on", done.stderr)
    print(f"it said: {done.stderr.strip()}")
    books.acknowledged[json.loads(done.stdout)["id"]] = "after-alone.png"
    leader.start()
    group.wait_whole()
    settle(company, books, "a leader crashed, came back and was killed")
    check(not acknowledged, "what no standby has got is not acknowledged")


def fork(company, books, group):
    """The node that lacks what was lost writes first, as nobody gives it back in time: nobody signs on."""
    one, other = company
    group.set(synchronous_mode=False)
    group.wait_whole(synchronous=False)
    leader, _, receiver = behind(group)
    found = books.take(one.annotate("theirs.png"), "theirs.png")
    check(found is None, "a write is acknowledged that the standby has not got", found)
    promote_behind(group, leader, receiver)
    begun = time.monotonic()
    other.write("fork.png")
    print(f"the node that lacks it wrote {time.monotonic() - begun:.1f} s after it began")
    done = one.attempt(*label("more.png"))
    check(done.returncode == 1 and code_of(done.stderr) == "own-log-differs",
          "the node that has it refuses to sign: own-log-differs", done.stderr)
    done = one.attempt("store", "check")
    check(done.returncode == 1 and "another history" in done.stdout, "and store check says so", done.stdout)


def in_flight(program, folder):
    """A write that is under way while a server that is behind takes the place waits as others do, though it had looked
    at the store before. Without Patroni: what the node does has to fall into its ten seconds."""
    folder.mkdir()
    cluster = Cluster()
    one, other = make(program, folder, cluster.database("labels"))
    cluster.keep()
    other.run("sync")
    one.serve(one.port, folder / "one.log")
    holder = subprocess.Popen(
        [cluster.bin / "psql", "-qX", cluster.address("labels"), "-c",
         "SET application_name = 'holder'; BEGIN; SELECT 1 FROM countermark.log FOR UPDATE; SELECT pg_sleep(60)"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    held = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    patience.until(lambda: cluster.sql(held), "the row is held")
    process = other.annotate("flight.png")
    backend = patience.until(
        lambda: cluster.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
                            "'UPDATE countermark.log%'"), "a write waits for the row")
    process.send_signal(signal.SIGSTOP)
    cluster.sql(f"SELECT pg_terminate_backend({backend}); SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'holder'")
    holder.wait()
    one.write("theirs.png")
    cluster.go_back(promoted=True)
    begun = time.monotonic()
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate()
    print(f"the write that was under way ended after {time.monotonic() - begun:.2f} s: {out.strip()}{err.strip()}")
    done = one.attempt(*label("more.png"))
    one.stop()
    check(done.returncode == 0, "the node that has what the server lost gave it back first", done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--strict", action="store_true", help="no write without a standby: wants three members")
    parser.add_argument("--crash", action="store_true", help="also a leader that crashes and is back for a moment")
    parser.add_argument("--flight", action="store_true", help="also a write that is under way at a failover")
    parser.add_argument("--below", default="/tmp", help="where the servers' data lie")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    chance = random.Random(options.seed)
    for word in ["patroni", "etcd"]:
        if not shutil.which(word):
            sys.exit(f"{word} is not installed: apt-get install patroni etcd-server python3-etcd")
    program = str(pathlib.Path(options.program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-failover-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    group = Group(options.members, options.strict, options.below)
    group.leader().sql("CREATE DATABASE labels")
    company = make(program, folder, group.address())
    books = Books()
    if options.rounds:
        for node in company:
            node.serve(node.port, folder / f"{node.name}.log")
        try:
            kill_leaders(company, books, group, options.rounds, chance)
        finally:
            for node in company:
                node.stop()
    if options.members == 2:
        # With more, Patroni would promote one that is not behind.
        fail_over_behind(company, books, group)
        if options.crash:
            acknowledge_alone(company, books, group)
        fork(company, books, group)
    if options.flight:
        in_flight(program, folder / "flight")
    print("failovers hold")


if __name__ == "__main__":
    main()
