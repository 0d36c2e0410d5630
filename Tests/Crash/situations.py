"""What the program is doing when it is stopped: one row for each command that touches a home.

A row that needs a command which the program does not have is left out, and says so.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket

import homes
from program import patience

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = str(ROOT / "Examples" / "schema" / "board-defects.json")
OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
NEXT = ["annotate", DATASET, "next.png", "--class", "spur"]
# One full tile and the beginning of the next.
TILE = homes.TILE_WIDTH


class Stage:
    """Companies whose homes lie beside each other, as a situation needs them."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir()
        self.backup, self.stick = self.folder / "backup", self.folder / "stick"
        self.snapshots, self.daemons = {}, {}
        with socket.socket() as one, socket.socket() as other:
            self.ports = {}
            for org, probe in ((OEM, one), (TIER, other)):
                probe.bind(("127.0.0.1", 0))
                self.ports[org] = probe.getsockname()[1]

    def home(self, org):
        return self.folder / org

    def run(self, org, *words, plan="0 none", trace=""):
        home = self.home(org)
        return self.program.run(
            *words, "--home", home, "--json", touching=f"{home}:{self.backup}:{self.stick}", plan=plan, trace=trace)

    def must(self, org, *words):
        done = self.run(org, *words)
        if done.status != 0:
            raise Wrong(f"{org}: {done}")
        return done.document

    def serve(self, org, plan="0 none", trace=""):
        """Starts a company's node; false if it ended before it answered."""
        loaded = self.daemon(org)
        loaded.begin(plan, trace)
        self.daemons[org] = loaded
        wait = patience.Patience()
        while not loaded.has_ended():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[org])) == 0:
                    return True
            if wait.left() <= 0:
                raise Wrong(f"{org} does not listen: {loaded.error.read_text()}")
        return False

    def daemon(self, org):
        home, place = self.home(org), f"127.0.0.1:{self.ports[org]}"
        return self.program.load("serve", "--peer", place, "--home", home, touching=home)

    def stop(self, org):
        """Ends a company's node as an operator would, if it has not ended, and returns how it did."""
        loaded = self.daemons.pop(org)
        if not loaded.has_ended():
            os.kill(loaded.pid, signal.SIGTERM)
        return loaded.end()

    def keep(self):
        """Keeps all homes as they are now."""
        self.snapshots = {
            org: homes.Snapshot(self.home(org)) for org in (OEM, TIER) if org == OEM or self.home(org).exists()}
        self.whole = {org: homes.histories(self.home(org)) for org in self.snapshots}
        self.beside = [homes.Snapshot(self.backup), homes.Snapshot(self.stick)]

    def put_back(self):
        for org in list(self.daemons):
            self.stop(org)
        for left in self.folder.glob("*.restoring"):
            shutil.rmtree(left)
        for snapshot in [*self.snapshots.values(), *self.beside]:
            snapshot.put_back()


class Wrong(Exception):
    """Something that must not be."""


# MARK: Preparing

def single(stage):
    """One company with one dataset and a few labels."""
    stage.must(OEM, "init", "--org", OEM, "--name", "OEM")
    stage.must(OEM, "dataset", "create", "boards", "--title", "Boards")
    for index in range(3):
        stage.must(OEM, "annotate", DATASET, f"{index}.png", "--class", "spur")


def empty(stage):
    """Nothing at all."""


def homed(stage):
    """A home with no dataset."""
    stage.must(OEM, "init", "--org", OEM, "--name", "OEM")


def at_tile(stage):
    """The next entry fills a tile."""
    single(stage)
    while homes.size(own_log(stage)) < TILE - 1:
        stage.must(OEM, "annotate", DATASET, "tile.png", "--class", "spur")


def crashed(stage):
    """An import was killed when all of it lay beyond the checkpoint."""
    single(stage)
    trace = stage.folder / "trace"
    stage.keep()
    stage.run(OEM, *importing(stage), trace=trace)
    stage.put_back()
    lines = [line.split(" ", 3) for line in trace.read_text().splitlines()]
    point = next(line[0] for line in lines if line[2] == "rename" and line[3].endswith("/checkpoint"))
    stage.run(OEM, *importing(stage), plan=f"{point} killbefore")


def behind(stage):
    """The label table is older than the log."""
    single(stage)
    table = stage.home(OEM) / "state.sqlite"
    kept = table.read_bytes()
    stage.must(OEM, *importing(stage))
    table.write_bytes(kept)


def table_gone(stage):
    """There is no label table."""
    behind(stage)
    (stage.home(OEM) / "state.sqlite").unlink()


def pair(stage):
    """Two companies; each has a label that the other has not."""
    for org in (OEM, TIER):
        stage.must(org, "init", "--org", org, "--name", org)
        (stage.folder / f"{org}.pem").write_text(stage.must(org, "key", "show")["root"])
    for org, other in ((OEM, TIER), (TIER, OEM)):
        stage.must(
            org, "partner", "add", other, "--root", stage.folder / f"{other}.pem", "--url",
            f"https://127.0.0.1:{stage.ports[other]}")
    stage.must(OEM, "dataset", "create", "boards", "--title", "Boards")
    stage.must(OEM, "member", "set", "boards", TIER, "--role", "reviewer")
    stage.serve(OEM)
    stage.must(TIER, "dataset", "join", DATASET)
    for org in (OEM, TIER):
        stage.must(org, "annotate", DATASET, "both.png", "--class", "spur")
    stage.must(TIER, "sync")
    stage.stop(OEM)
    for org in (OEM, TIER):
        stage.must(org, "annotate", DATASET, f"{org}.png", "--class", "spur")


def carried(stage):
    """A partner's entries have come on a stick."""
    pair(stage)
    stage.must(TIER, "carry", "out", DATASET, stage.stick, "--for", OEM)


def backed_up(stage):
    """There is a backup, and the home has gone on since."""
    single(stage)
    stage.must(OEM, "backup", stage.backup)
    stage.must(OEM, *importing(stage))
    stage.must(OEM, "key", "rotate")


def lost(stage):
    """The home is gone, its backup is there."""
    backed_up(stage)
    stage.must(OEM, "backup", stage.backup)
    shutil.rmtree(stage.home(OEM))


def damaged(stage):
    """Of both companies' logs in one home entries are damaged, and of the own one the checkpoint is lost."""
    pair(stage)
    stage.serve(OEM)
    stage.must(TIER, "sync")
    stage.stop(OEM)
    stage.truth = homes.histories(stage.home(OEM))
    for log in homes.log_folders(stage.home(OEM)):
        bundle = next(path for path in sorted(log.glob("tile/entries/*.p/*")))
        content = bytearray(bundle.read_bytes())
        content[len(content) // 2] ^= 1
        bundle.write_bytes(content)
    (own_log(stage) / "checkpoint").unlink()


def importing(stage):
    table = stage.folder / "labels.csv"
    if not table.exists():
        box = '"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,""height"":4}"'
        rows = [f"annotation,board-{index % 20}.png,spur,{box % index},{index}" for index in range(200)]
        table.write_text("\n".join(["kind,item,class,selector,external_id", *rows]) + "\n")
    return ["import", DATASET, table, "--format", "csv"]


def own_log(stage, org=OEM):
    return stage.home(org) / "logs" / org / DATASET


# MARK: The table

@dataclasses.dataclass
class Situation:
    """A command that is stopped, in which state, and what has to work after it."""

    name: str
    words: list  # of the command; a function where it needs the stage
    prepare: object = single
    after: list = dataclasses.field(default_factory=list)  # commands that have to work then
    mayrepeat: tuple = ()  # codes that a second attempt may end with, since the first was through
    kind: str = "command"  # or sync: it dials a partner that serves; or serve: it serves and is dialled
    status: int = 0  # how it ends when nothing is in its way
    heals: str = ""  # the home is damaged before, and whole after this: by the command, or by a sync beyond it
    leaves: object = None  # a function that looks at what a stop has left beside the home

    def command(self, stage):
        return self.words(stage) if callable(self.words) else self.words


ANNOTATE = ["annotate", DATASET, "stopped.png", "--class", "spur"]
REPEAT = ["--repeat--"]  # the command itself, again
BACKUP = lambda stage: ["backup", stage.backup]  # noqa: E731
RESTORE = lambda stage: ["restore", stage.backup]  # noqa: E731


def backup_is_whole_or_none(stage, ended_well):
    """What `restore` makes of a backup now: a home with all that the backup promised, or nothing at all."""
    scratch = stage.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    list_file = stage.backup / "backup.json"
    is_listed = list_file.exists()
    missing = json.loads(list_file.read_text()).get("missing", {}) if is_listed else {}
    # Loaded at the first touch of the backup: what it makes of that is to be seen anew each time.
    done = stage.program.run(
        "restore", stage.backup, "--home", scratch, "--json", touching=f"{stage.backup}:{scratch}")
    if not is_listed:
        if done.status == 0 or scratch.exists():
            raise Wrong(f"a backup without its list was restored: {done}")
        if ended_well:
            raise Wrong("the backup ended well and has no list")
        return
    told = {check["name"] for check in done.document["checks"] if not check["ok"]} if done.status in (0, 1) else ()
    if done.status != (1 if missing else 0) or not set(missing) <= set(told):
        raise Wrong(f"the backup has its list, without {sorted(missing)}, and restores so: {done}")
    ours, theirs = homes.histories(stage.home(OEM)), homes.histories(scratch)
    for log, leaves in ours.items():
        name = log.removeprefix("logs/")
        if not leaves.startswith(theirs.get(log, b"")) or log not in theirs and name not in missing:
            raise Wrong(f"{log} was restored as another log, or not at all")
        if ended_well and theirs[log] != leaves:
            raise Wrong(f"{log} is not whole in the backup")
    if missing:
        return
    again = stage.program.run("verify", "--home", scratch, "--json", touching=scratch)
    if again.status != 0:
        raise Wrong(f"what was restored does not verify: {again}")
    if ended_well:
        for file in ("keys/node.key", "keys/log.key", "trust/own.pem", "config.json"):
            if (scratch / file).read_bytes() != (stage.home(OEM) / file).read_bytes():
                raise Wrong(f"{file} was restored as another one")


def restored_or_none(stage, ended_well):
    """What `restore` left: the whole home, or none, and in the end nothing beside it."""
    if not stage.home(OEM).exists():
        if ended_well:
            raise Wrong("restore ended well, and no home is there")
        return
    if not (stage.home(OEM) / "config.json").exists():
        raise Wrong("half a home is there")
    if ended_well and list(stage.folder.glob("*.restoring")):
        raise Wrong("a restore that ended well left what others have left")

SITUATIONS = [
    Situation("annotate", ANNOTATE),
    Situation("annotate-tile", ANNOTATE, at_tile),
    Situation("annotate-crashed", ANNOTATE, crashed),
    Situation("import", importing, after=[REPEAT]),
    Situation("merge", ["list", DATASET], behind),
    Situation("merge-all", ["list", DATASET], table_gone),
    Situation("rebuild", ["rebuild", DATASET], after=[REPEAT]),
    Situation("rotate", ["key", "rotate"], after=[REPEAT]),
    Situation("sync", ["sync"], pair, kind="sync"),
    Situation("serve", [], pair, kind="serve"),
    Situation("carry-in", lambda stage: ["carry", "in", stage.stick], carried, after=[REPEAT]),
    Situation("carry-out", lambda stage: ["carry", "out", DATASET, stage.stick], after=[REPEAT]),
    Situation(
        "init", ["init", "--org", OEM, "--name", "OEM"], empty, mayrepeat=("home-exists",),
        after=[REPEAT, ["dataset", "create", "boards", "--title", "Boards"]]),
    Situation(
        "dataset-create", ["dataset", "create", "boards", "--title", "Boards"], homed, after=[REPEAT],
        mayrepeat=("dataset-exists",)),
    Situation(
        "partner-add", lambda stage: ["partner", "add", TIER, "--root", stage.home(OEM) / "trust" / "ca.pem"],
        after=[REPEAT, ["partner", "remove", TIER]]),
    Situation(
        "invite", ["invite", DATASET, "--role", "reviewer", "--url", "https://127.0.0.1:7443"],
        after=[REPEAT, ["invite", "list", DATASET]]),
    Situation("backup-first", BACKUP, after=[REPEAT], leaves=backup_is_whole_or_none),
    Situation("backup-again", BACKUP, backed_up, after=[REPEAT], leaves=backup_is_whole_or_none),
    Situation(
        "restore", RESTORE, lost, after=[REPEAT], mayrepeat=("home-exists",), leaves=restored_or_none),
    Situation("repair", ["repair"], damaged, after=[REPEAT], kind="sync", heals="itself"),
    Situation(
        "repair-aside", ["repair", "--set-aside"], damaged, after=[REPEAT], status=1, heals="partner"),
    Situation("schema-set", ["schema", "set", DATASET, SCHEMA], after=[REPEAT]),
]


def available(help_text):
    """The rows whose command the program has, and the names of the others."""
    commands = {line.split()[0] for line in help_text.splitlines() if line.startswith("  ") and line.split()}
    # Words that need a stage are not known before there is one; the name of the row begins with the command's.
    def has(row):
        first = row.words[0] if isinstance(row.words, list) and row.words else row.name.split("-")[0]
        return row.kind != "command" or first in commands or row.name.split("-")[0] in ("merge", "rotate")
    rows = [row for row in SITUATIONS if has(row)]
    return rows, [row.name for row in SITUATIONS if row not in rows]
