#!/usr/bin/env python3
"""Several nodes of one company on one PostgreSQL: nothing acknowledged is lost, and nothing is signed twice.

    Tests/Store/nodes.py --program PROGRAM [--rounds N] [--seed S]

`--rounds` is how often processes are killed and stopped; 200 are for running by hand (Docs/Scale.md).
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Examples" / "three-companies"), str(pathlib.Path(__file__).resolve().parent)]

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402
from postgres import Cluster  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
NODES = 4
WRITES = 5


def check(holds, what, got=""):
    if not holds:
        sys.exit(f"FAILED: {what}" + (f"\n         got: {str(got)[:2000]}" if got != "" else ""))
    print(f"ok: {what}", flush=True)


class Node(Company):
    """A node of the manufacturer: a home of its own, with the keys of all."""

    def __init__(self, program, folder, name):
        super().__init__(program, folder, OEM)
        self.name, self.home, self.port = name, folder / name, free_port()

    def start(self, *words):
        """A command that is under way."""
        command = [self.program, *words, "--home", str(self.home), "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def annotate(self, item):
        return self.start(*label(item))

    def write(self, item):
        return self.run(*label(item))["id"]

    def code(self, *words):
        """What a command that cannot work says, and how long it took."""
        begun = time.monotonic()
        done = self.attempt(*words)
        check(done.returncode != 0 and done.stderr.startswith("{"), f"{words[0]} on {self.name} fails in words",
              done.stdout + done.stderr)
        self.took = time.monotonic() - begun
        return json.loads(done.stderr)["error"]["code"]

    def state(self):
        """The own log's size and root, and the digest."""
        found = self.run("status", DATASET)["datasets"][0]
        log = next(log for log in found["logs"] if log["origin"] == OEM)
        return log["size"], log["root"], found["digest"]


def label(item):
    return ["annotate", DATASET, item, "--class", "spur", "--box", "1,2,3,4"]


def labels(company):
    """The items of all labels: each has one, so one that is there twice shows."""
    found, after = [], []
    while True:
        page = company.run("list", DATASET, "--limit", "1000", *after)
        found += [(one["id"], one["item"]) for one in page["annotations"]]
        if page.get("next") is None:
            return found
        after = ["--after", page["next"]]


class Books:
    """What was acknowledged: id and item."""

    def __init__(self):
        self.acknowledged, self.lock = {}, threading.Lock()

    def take(self, process, item):
        """Waits for a command; what it acknowledged is written down. Returns what it said otherwise."""
        out, err = process.communicate(timeout=patience.bound(patience.HANG_SECONDS))
        if process.returncode == 0:
            with self.lock:
                self.acknowledged[json.loads(out)["id"]] = item
            return None
        return err

    def require(self, companies, what):
        """All that was acknowledged is on all nodes once, under one history and one digest."""
        for company in companies:
            found = labels(company)
            items = [item for _, item in found]
            check(len(items) == len(set(items)), f"{what}: nothing is on {company.home.name} twice",
                  sorted(item for item in set(items) if items.count(item) > 1))
            lost = {id_: item for id_, item in self.acknowledged.items() if (id_, item) not in set(found)}
            check(not lost, f"{what}: all {len(self.acknowledged)} acknowledged labels are on {company.home.name}", lost)
        states = {company.home.name: company.state() for company in companies if isinstance(company, Node)}
        check(len(set(states.values())) == 1, f"{what}: one history, one digest", states)


def make(program, folder, cluster):
    """Four nodes of one company and a partner."""
    first = Node(program, folder, "node-1")
    tier = Company(program, folder, TIER)
    for company in [first, tier]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    first.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
    tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"), "--url", f"https://127.0.0.1:{first.port}")
    first.run("dataset", "create", "boards", "--title", "Boards")
    first.run("member", "set", "boards", TIER, "--role", "reviewer")
    first.write("before.png")
    before = first.state()
    address = cluster.database("labels")
    moved = first.run("store", "move", "--to", address)
    check(moved["changed"] and moved["store"] == address, "the logs are moved into the store", moved)
    check(first.state() == before, "with the same root and the same digest")
    check(first.run("store", "move", "--to", address)["changed"] is False, "a second time nothing is moved")
    nodes = [first]
    first.run("backup", str(folder / "copy"))
    for number in range(2, NODES + 1):
        node = Node(program, folder, f"node-{number}")
        node.run("restore", str(folder / "copy"))
        nodes.append(node)
    return nodes, tier, address


def wrong_uses(nodes, tier, folder, cluster, address):
    """What must not work says so, and changes nothing."""
    secret = address.replace("owner@", "owner:hunter2@")
    done = tier.attempt("store", "move", "--to", secret)
    check(done.returncode == 2 and "bad-store" in done.stderr and "hunter2" not in done.stdout + done.stderr,
          "a password in the address is refused, and not repeated", done.stderr)
    for company, what in [(tier, "another company"), (Node(tier.program, folder, "twin"), "a namesake")]:
        if company is not tier:
            company.run("init", "--org", OEM, "--name", "Twin")
        done = company.attempt("store", "move", "--to", address)
        check(done.returncode == 1 and "other-store" in done.stderr, f"{what} gets nothing of the store", done.stderr)
    done = tier.attempt("init", "--org", "third.example", "--name", "x", "--store", address)
    check(done.returncode != 0, "a new home is not made over others' logs", done.stdout)
    old = nodes[0].attempt("store", "move", "--to", address.replace("labels", "others"))
    check(old.returncode == 2 and "has-store" in old.stderr, "a home has one store", old.stderr)
    config = json.loads((nodes[0].home / "config.json").read_text())
    check(config["version"] == 2, "an earlier program would not open the home, and write past the store")


def write_at_once(nodes, tier, books):
    """All nodes write while a partner syncs and writes."""
    stderr = []

    def writes(node):
        for number in range(WRITES):
            item = f"{node.name}-{number}.png"
            found = books.take(node.annotate(item), item)
            if found:
                stderr.append(found)

    threads = [threading.Thread(target=writes, args=[node]) for node in nodes]
    for thread in threads:
        thread.start()
    rounds = 0
    while any(thread.is_alive() for thread in threads):
        done = tier.attempt("sync")
        if rounds < WRITES:
            tier.run(*label(f"tier-{rounds}.png"))
        rounds += 1
        # A node that is pushed to what another one has just received says where to go on.
        check(done.returncode in (0, 4), "the partner syncs meanwhile", done.stdout + done.stderr)
    for thread in threads:
        thread.join()
    check(not stderr, "nobody was refused", stderr[:3])
    settle(nodes, tier)
    books.require([*nodes, tier], f"{NODES} nodes write at once")


def settle(nodes, tier):
    """Until all have everything: the partner by syncing, the nodes by themselves, as they serve."""
    def one():
        tier.attempt("sync")
        seen = [company.run("status", DATASET)["datasets"][0]["digest"] for company in [*nodes, tier]]
        return len(set(seen)) == 1
    patience.until(one, "all nodes and the partner have one digest")


def long_beside_short(nodes, folder, books):
    """A write that takes long comes to its turn, though another node writes all the time."""
    one, other = nodes[:2]
    file = folder / "long.csv"
    rows = [f'annotation,long-{number}.png,spur,"{{""kind"":""wholeItem""}}",e{number}' for number in range(1500)]
    file.write_text("\n".join(["kind,item,class,selector,external_id", *rows]) + "\n")
    long = one.start("import", DATASET, str(file), "--format", "csv")
    count = 0
    while long.poll() is None or count < 3:
        found = books.take(other.annotate(f"short-{count}.png"), f"short-{count}.png")
        check(found is None, "a short write beside a long one", found)
        count += 1
    out, err = long.communicate()
    check(long.returncode == 0 and json.loads(out)["added"] == 1500, "and the long one is done, whole", out + err)


def receive_at_once(nodes, tier, folder, books):
    """Two nodes are brought the same entries of a partner at one moment: both have them, and the store has them once."""
    tier.run("sync")
    item = "carried.png"
    books.acknowledged[tier.run(*label(item))["id"]] = item
    tier.run("carry", "out", DATASET, str(folder / "stick"))
    takers = [node.start("carry", "in", str(folder / "stick")) for node in nodes[:3]]
    ends = [taker.communicate()[0] for taker in takers]
    # Where the store was a moment faster, the node has the entries from there.
    check(all(taker.returncode == 0 or "entries here" in out for taker, out in zip(takers, ends)),
          "three nodes are brought the same entries", ends)
    settle_nodes(nodes)
    books.require(nodes, "entries came to several nodes at once")


def stop_and_go(nodes, books, rounds, chance):
    """A node that stood still while others wrote never signs what would be a second history."""
    for number in range(rounds):
        sleeper, *others = chance.sample(nodes, NODES)
        item = f"slept-{number}.png"
        process = sleeper.annotate(item)
        time.sleep(chance.uniform(0.005, 0.25))
        process.send_signal(signal.SIGSTOP)
        for other in others[:2]:
            beside = f"slept-{number}-{other.name}.png"
            found = books.take(other.annotate(beside), beside)
            check(found is None, f"{other.name} writes while {sleeper.name} stands still", found)
        process.send_signal(signal.SIGCONT)
        found = books.take(process, item)
        check(found is None, f"{sleeper.name} goes on behind them", found)
    settle_nodes(nodes)
    books.require(nodes, "nodes stood still")


def kill(nodes, books, rounds, chance):
    """Processes end at any moment; what they had acknowledged is there, and the others go on."""
    for number in range(rounds):
        victim, other = chance.sample(nodes, 2)
        item = f"killed-{number}.png"
        process = victim.annotate(item)
        time.sleep(chance.uniform(0.005, 0.25))
        process.kill()
        books.take(process, item)
        beside = f"killed-{number}-{other.name}.png"
        found = books.take(other.annotate(beside), beside)
        check(found is None, f"{other.name} writes after {victim.name} was killed", found)
        # The home opens as it is.
        again = f"killed-{number}-again.png"
        check(books.take(victim.annotate(again), again) is None, f"{victim.name} writes again")
    settle_nodes(nodes)
    books.require(nodes, "processes were killed")


def settle_nodes(nodes):
    patience.until(lambda: len({node.state() for node in nodes}) == 1, "all nodes have one state")


def partners(node):
    return {partner["org"] for partner in node.run("partner", "list")["partners"]}


def server_ends(nodes, books, cluster, folder):
    """PostgreSQL goes and comes: nothing is acknowledged meanwhile, and all goes on by itself."""
    one, other = nodes[:2]
    for how in [signal.SIGINT, signal.SIGQUIT]:
        process = one.annotate(f"restart-{how}.png")
        cluster.restart(how)
        found = books.take(process, f"restart-{how}.png")
        check(found is None or "store-un" in found, "a restart in the midst of a write", found)
        found = books.take(other.annotate(f"after-{how}.png"), f"after-{how}.png")
        check(found is None, "and the next write works", found)
    before = one.state()
    root = ["--root", str(folder / f"{TIER}.pem")]
    one.run("partner", "add", "gone.example", *root)
    patience.until(lambda: "gone.example" in partners(other), "another node knows a partner that one was told of")
    cluster.stop()
    removal, late = one.start("partner", "remove", "gone.example"), other.start("partner", "add", "late.example", *root)
    check(one.code(*label("gone.png")) == "store-unreachable", "without PostgreSQL nothing is acknowledged")
    check(one.took < patience.bound(40), "and that is said soon", one.took)
    check(one.run("list", DATASET)["annotations"], "what is here can be read")
    out, err = removal.communicate()
    check(removal.returncode == 0 and "cannot be reached" in err, "who is shut out is shut out here, with a warning", err)
    check(one.run("store", "show")["untold"] == ["partner/gone.example"], "which store show knows of")
    out, err = late.communicate()
    check(late.returncode == 4 and "store-unreachable" in err and "late.example" not in partners(other),
          "nobody is let in", out + err)
    cluster.start()
    patience.until(lambda: "gone.example" not in partners(other) and not one.run("store", "show")["untold"],
                   "and the others learn who was shut out when it is back")
    cluster.signal_all(signal.SIGSTOP)
    found = one.code(*label("still.png"))
    cluster.signal_all(signal.SIGCONT)
    check(found in ("store-unreachable", "store-unconfirmed"), "nor where it stands still", found)
    check("gone.png" not in {item for _, item in labels(one)}, "what was refused is nowhere")
    found = books.take(one.annotate("back.png"), "back.png")
    check(found is None and one.state()[0] > before[0], "all goes on by itself", found)


def server_refuses(nodes, books, cluster, folder):
    """A server that is read-only, full, of another version, or not ours."""
    one = nodes[0]

    def tried(set_, undo, code, what):
        cluster.sql(set_, "labels")
        found = one.code(*label("refused.png"))
        cluster.sql(undo, "labels")
        check(found == code, f"{what}: {code}", found)

    tried("ALTER DATABASE labels SET default_transaction_read_only = on",
          "ALTER DATABASE labels RESET default_transaction_read_only",
          "store-refuses", "a server that takes no writes")
    tried("CREATE FUNCTION full_() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full' USING ERRCODE = "
          "'53100'; END $$; CREATE TRIGGER full_ BEFORE INSERT ON countermark.part EXECUTE FUNCTION full_()",
          "DROP FUNCTION full_ CASCADE", "store-refuses", "a full disk")
    tried("UPDATE countermark.store SET version = 9", "UPDATE countermark.store SET version = 1", "other-store",
          "tables of a later version")
    tried("ALTER SCHEMA countermark RENAME TO elsewhere", "ALTER SCHEMA elsewhere RENAME TO countermark",
          "other-store", "no tables")
    found = books.take(one.annotate("well.png"), "well.png")
    check(found is None, "and then all is well again", found)
    done = one.attempt("store", "check")
    check(done.returncode == 0 and json.loads(done.stdout)["ok"], "store check finds all well", done.stdout)
    late = Node(one.program, folder, "late")
    late.run("restore", str(folder / "copy"))
    cluster.sql("CREATE TABLE kept AS TABLE countermark.part; UPDATE countermark.part SET bytes = sha256(bytes) "
                "WHERE first_index = 2", "labels")
    check(late.code("sync") == "store-damaged", "bytes that are not what was put there are not taken")
    cluster.sql("UPDATE countermark.part p SET bytes = k.bytes FROM kept k WHERE p.log = k.log AND p.first_index = "
                "k.first_index; DROP TABLE kept", "labels")
    late.run("sync")
    check(late.state() == one.state(), "and where they are, a new node has all of it")


def server_goes_back(nodes, books, cluster, folder):
    """The server comes back as it was some time ago: who has the entries gives them back before anything is signed."""
    settle_nodes(nodes)
    cluster.keep()
    one, other = nodes[:2]
    for number in range(2):
        found = books.take(one.annotate(f"lost-{number}.png"), f"lost-{number}.png")
        check(found is None, "a write is acknowledged", found)
    cluster.go_back(promoted=True)
    done = one.attempt("store", "check")
    check(done.returncode == 1 and "has lost 2 entries" in done.stdout, "store check names what is lost", done.stdout)
    # The one that has nothing of it is faster, and waits; the one that has it serves.
    early = other.annotate("early.png")
    one.serve(one.port, folder / "one.log")
    found = books.take(early, "early.png")
    check(found is None, "a node that lacks what was lost waits for those who have it", found)
    one.stop()
    check("had lost entries" in (folder / "one.log").read_text(), "who has it gives it back, and says so")
    for node in nodes:
        node.attempt("sync")
    books.require(nodes, "the server went back before a serving node")
    cluster.keep()
    found = books.take(one.annotate("lost-2.png"), "lost-2.png")
    check(found is None, "a write is acknowledged", found)
    cluster.go_back()
    process = one.annotate("afterwards.png")
    out, err = process.communicate()
    check(process.returncode == 0 and "had lost entries" in err, "the node gives them back first, and says so", err)
    books.acknowledged[json.loads(out)["id"]] = "afterwards.png"
    found = books.take(other.annotate("other.png"), "other.png")
    check(found is None, "another node goes on behind them", found)
    for node in nodes:
        node.attempt("sync")
    books.require(nodes, "the server went back")


def server_forks(nodes, books, cluster):
    """A node that has nothing of what the server lost writes before it is given back: nobody signs on."""
    one, other = nodes[:2]
    cluster.keep()
    found = books.take(one.annotate("theirs.png"), "theirs.png")
    check(found is None, "a write is acknowledged", found)
    cluster.go_back()
    other.write("fork.png")
    check(one.code(*label("more.png")) == "own-log-differs", "a store that went on without what it lost is refused")
    done = one.attempt("store", "check")
    check(done.returncode == 1 and "another history" in done.stdout, "and store check says so", done.stdout)


def back_to_a_folder(nodes, books, address):
    one, other = nodes[:2]
    before = one.state()
    moved = one.run("store", "move", "--to", "folder")
    check(moved["changed"] and moved["store"] == "folder", "the logs are moved back into a folder", moved)
    check(one.state() == before, "with the same root and the same digest")
    check(other.code(*label("late.png")) == "other-store", "no other node writes any more")
    found = books.take(one.annotate("alone.png"), "alone.png")
    check(found is None, "the home goes on alone", found)
    check(one.run("verify")["ok"], "and all verifies")
    check(other.code("store", "move", "--to", "folder") == "other-store", "nor takes the logs out a second time")
    one.run("store", "move", "--to", address)
    found = books.take(other.annotate("together.png"), "together.png")
    check(found is None, "back in the store, the others go on", found)
    done = one.run("sync")
    check(done["partners"] == [], "a node that dials nobody syncs with the store")
    books.require([one, other], "out of the store and back")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    program = str(pathlib.Path(options.program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-nodes-"))
    cluster = Cluster()
    nodes, tier, address = make(program, folder, cluster)
    books = Books()
    try:
        wrong_uses(nodes, tier, folder, cluster, address)
        for node in nodes:
            node.serve(node.port, folder / f"{node.name}.log")
        tier.run("dataset", "join", DATASET)
        write_at_once(nodes, tier, books)
        receive_at_once(nodes, tier, folder, books)
        long_beside_short(nodes, folder, books)
        stop_and_go(nodes, books, options.rounds, chance)
        kill(nodes, books, options.rounds, chance)
        server_ends(nodes, books, cluster, folder)
        settle_nodes(nodes)
        books.require(nodes, "the server went and came")
        log = (folder / "node-2.log").read_text()
        check("the store is well again" in log, "a serving node says when the store is back", log[-2000:])
        server_refuses(nodes, books, cluster, folder)
        settle(nodes, tier)
        books.require([*nodes, tier], "in the end")
        for company in [nodes[0], tier]:
            check(company.run("verify")["ok"] and not company.run("evidence")["evidence"],
                  f"{company.home.name} verifies all it holds, and nobody signed twice")
    finally:
        for node in nodes:
            node.stop()
    server_goes_back(nodes, books, cluster, folder)
    back_to_a_folder(nodes, books, address)
    server_forks(nodes, books, cluster)
    shutil.rmtree(folder)
    print("several nodes hold")


if __name__ == "__main__":
    main()
