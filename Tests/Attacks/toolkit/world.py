"""A small world: the steward's node, which serves, honest members and hostile ones."""

import os
import time

from .changesets import SET_MEMBER, Head
from .company import Company
from .log import Log, read_entry
from .program import COMMAND_LIMIT, Server, Wrong, cm, free_port, patience

STEWARD = "oem.example"


class World:
    """The steward's home with the dataset `oem.example/boards`, served.

    Honest members are homes of the program, which dial the steward; hostile ones are companies that
    write their messages by hand.
    """

    def __init__(self, folder):
        self.folder = str(folder)
        self.oem = self.folder + "/oem"
        self.dataset = f"{STEWARD}/boards"
        self.homes = {STEWARD: self.oem}
        self.is_large = False  # too many labels to list them all again and again
        self.port = free_port()
        cm("init", "--org", STEWARD, "--name", "OEM", home=self.oem)
        self.create("boards")
        self.server = Server(self.oem, self.port)

    def create(self, name):
        """A further dataset of the steward."""
        cm("dataset", "create", name, "--title", name, home=self.oem)
        return f"{STEWARD}/{name}"

    # MARK: Companies

    def root(self, origin):
        """The file with the root certificate of an honest company."""
        path = f"{self.folder}/{origin}.root.pem"
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write(cm("key", "show", "--json", home=self.homes[origin]).json["root"])
        return path

    def hostile(self, origin="evil.example", role="annotator", named=False):
        """A company that writes by hand, and its role; with `named` the steward knows its log key at once.

        Else the steward's node names the key as soon as it holds the log's first entries.
        """
        company = Company(origin, f"{self.folder}/{origin}.org")
        self.pin(company, *(["--vkey", company.verifier_key(self.dataset)] if named else []))
        if role:
            self.member(origin, role)
        return company

    def pin(self, company, *settings):
        """Makes a company known to the steward's node by its root."""
        cm("partner", "add", company.origin, "--root", company.root_pem, *settings, home=self.oem)

    def honest(self, origin="tier1.example", role="annotator"):
        """A home that has joined and dials the steward."""
        home = self.invited(origin, role)
        self.join(home)
        return home

    def invited(self, origin, role="annotator"):
        """The home of a member that has not come yet."""
        home = self.homes[origin] = f"{self.folder}/{origin}"
        cm("init", "--org", origin, "--name", origin, home=home)
        cm("partner", "add", origin, "--root", self.root(origin), home=self.oem)
        self.member(origin, role)
        return home

    def join(self, home, sync=True):
        """Lets an invited company dial the steward and take part."""
        cm(
            "partner",
            "add",
            STEWARD,
            "--root",
            self.root(STEWARD),
            "--url",
            f"https://127.0.0.1:{self.port}",
            home=home,
        )
        # A node that serves looks at its pins once a second.
        end = time.monotonic() + patience(5)
        while True:
            joined = cm("dataset", "join", self.dataset, home=home, check=False)
            if joined.status == 0 or time.monotonic() > end:
                break
            time.sleep(0.2)
        if joined.status != 0:
            raise Wrong(joined.said(), "a member may join")
        if sync:
            cm("sync", home=home)

    def log_of(self, company, dataset=None):
        """An empty log of a company in the dataset."""
        return Log(company, dataset or self.dataset, self.port)

    def member(self, origin, role, dataset=None):
        return cm("member", "set", dataset or self.dataset, origin, "--role", role, home=self.oem)

    def cut(self, origin, *at, check=True):
        return cm("member", "cut", self.dataset, origin, *at, home=self.oem, check=check)

    # MARK: Heads

    def true_head(self, origin, reader, merged=None, dataset=None):
        """The head of a log as the steward's node serves it to a company, with the log's own signature."""
        dataset = dataset or self.dataset
        found = reader.checkpoint(self.port, f"{origin}/{dataset}")
        if not found:
            raise Wrong(f"{reader.origin} is not served the checkpoint of {origin}", "a member is served it")
        return Head(origin, found.size if merged is None else merged, found.size, found.root, found.signature)

    def named_keys(self, reader):
        """{origin: log key} as the steward's log names them, read as a member reads it."""
        name = f"{STEWARD}/{self.dataset}"
        size = reader.checkpoint(self.port, name).size
        keys = {}
        for entry in reader.entries(self.port, name, size) or []:
            for act in read_entry(entry)[4]:
                if act[0] == SET_MEMBER and act[4]:
                    keys[act[1]] = act[4]
        return keys

    def named(self, company, reader=None):
        """Waits until the steward's log names a company's key, so that its log can be cited."""
        end, reader = time.monotonic() + patience(10), reader or company
        while company.origin not in self.named_keys(reader):
            if time.monotonic() > end:
                raise Wrong(
                    f"the steward's log does not name the log key of {company.origin}",
                    "it does as soon as its node holds the log's first entries",
                )
            time.sleep(0.1)

    def context(self, reader, *heads):
        """Heads to cite together: the steward's log as it is now, which names the members' keys, and these."""
        return [self.true_head(STEWARD, reader), *heads]

    # MARK: Work at a home

    def annotate(self, home, item, class_name="c", check=True, dataset=None, limit=COMMAND_LIMIT):
        return cm(
            "annotate",
            dataset or self.dataset,
            item,
            "--class",
            class_name,
            "--box",
            "1,2,3,4",
            "--json",
            home=home,
            check=check,
            limit=limit,
        )

    def sync(self, *homes, rounds=1, check=True):
        """Syncs each home with the steward; the last result."""
        result = None
        for _ in range(rounds):
            for home in homes:
                result = cm("sync", home=home, check=check)
        return result

    def status(self, home, dataset=None):
        """What `status` says of the dataset."""
        datasets = cm("status", "--json", home=home).json["datasets"]
        return next(each for each in datasets if each["id"] == (dataset or self.dataset))

    def waiting(self, home):
        """Who waits for whom, as `status` says: [{"log", "index", "for": {"log", "size"}, …}]."""
        return self.status(home).get("waiting") or []

    def digest(self, home, dataset=None):
        return self.status(home, dataset)["digest"]

    def log(self, home, origin, dataset=None):
        """The line of one log in `status`; None if there is none."""
        logs = self.status(home, dataset)["logs"]
        return next((each for each in logs if each["origin"] == origin), None)

    def size(self, home, origin, dataset=None):
        """How many entries of a log a home holds."""
        line = self.log(home, origin, dataset)
        return line["size"] if line else 0

    def rows(self, home, dataset=None, *chosen):
        """All labels, retracted ones too; `chosen` are further options of `list`."""
        rows, after = [], []
        while True:
            page = cm("list", dataset or self.dataset, "--json", "--limit", "1000", *chosen, *after, home=home).json
            rows += page["annotations"]
            if not page.get("next"):
                return rows
            after = ["--after", page["next"]]

    def row(self, home, label_id):
        """One label; None if it is not listed."""
        return next((row for row in self.rows(home) if row["id"] == label_id), None)

    def labels(self, home, dataset=None, of=None):
        """{origin: [item…]} of all active labels, or of one origin's."""
        found = {}
        for row in self.rows(home, dataset, *(["--org", of] if of else [])):
            if row["status"] == "active":
                found.setdefault(row["org"], []).append(row["item"])
        return found

    def quarantined(self, home, dataset=None):
        return cm("quarantine", dataset or self.dataset, "--json", home=home).json["entries"]
