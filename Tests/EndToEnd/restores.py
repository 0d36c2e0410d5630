#!/usr/bin/env python3
"""Whatever comes back from a backup, is lost or is damaged: no log forks, no damage is believed, and it can be mended.

Each story is told of a company that dials and of the steward, which is only dialled."""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


class Stage:
    """Two companies: the steward serves, the supplier dials."""

    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-restores-"))
        self.oem = Company(program, self.folder, OEM)
        self.tier = Company(program, self.folder, TIER)
        self.port = free_port()
        for company in [self.oem, self.tier]:
            company.run("init", "--org", company.origin, "--name", company.origin)
            pem = company.run("key", "show")["root"]
            (self.folder / f"{company.origin}.pem").write_text(pem)
        url = f"https://127.0.0.1:{self.port}"
        self.oem.run("partner", "add", TIER, "--root", self.pem(TIER))
        self.tier.run("partner", "add", OEM, "--root", self.pem(OEM), "--url", url)
        self.oem.run("dataset", "create", "boards", "--title", "Boards")
        self.oem.run("member", "set", "boards", TIER, "--role", "reviewer")
        self.serve()
        self.tier.run("dataset", "join", DATASET)

    def pem(self, origin):
        return str(self.folder / f"{origin}.pem")

    def serve(self):
        self.oem.serve(self.port, self.folder / "oem.log")

    def end(self):
        self.oem.stop()
        shutil.rmtree(self.folder)

    def sync(self):
        return self.tier.attempt("sync")

    def no_fork(self, what):
        for company in [self.oem, self.tier]:
            check(company.run("evidence")["evidence"] == [], f"{what}: no fork at {company.origin}")


def add(company, item, *options):
    return company.attempt(
        "annotate", DATASET, item, "--class", "open", "--box", "1,2,3,4", *options)


def items(company):
    return sorted(label["item"] for label in company.run("list", DATASET, "--limit", "1000")["annotations"])


def own_log(company):
    return company.home / "logs" / company.origin / OEM / "boards"


# ---- what comes back, and how

def into_what_is_there(company, copy):
    """As `cp -a copy/. home/` does it."""
    for path in sorted(copy.rglob("*")):
        target = company.home / path.relative_to(copy)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "rb") as source, open(target, "wb") as made:
                shutil.copyfileobj(source, made)
            shutil.copystat(path, target)


def by_tar(company, copy):
    """Over what is there."""
    subprocess.run(f"tar -C {copy} -c . | tar -C {company.home} -x", shell=True, check=True)


def like_rsync(company, copy):
    """Leaves what has the same size and second, replaces the rest, deletes what is more."""
    for path in sorted(copy.rglob("*")):
        target = company.home / path.relative_to(copy)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if target.exists():
            old, new = target.stat(), path.stat()
            if old.st_size == new.st_size and int(old.st_mtime) == int(new.st_mtime):
                continue
        shutil.copy2(path, f"{target}.rs")
        pathlib.Path(f"{target}.rs").rename(target)
    for path in company.home.rglob("*"):
        if path.is_file() and not (copy / path.relative_to(company.home)).exists():
            path.unlink()


def in_the_place(company, copy):
    shutil.rmtree(company.home)
    shutil.copytree(copy, company.home)


def logs_alone(company, copy):
    shutil.rmtree(company.home / "logs")
    shutil.copytree(copy / "logs", company.home / "logs")


def own_log_alone(company, copy):
    source = copy / own_log(company).relative_to(company.home)
    shutil.rmtree(own_log(company))
    shutil.copytree(source, own_log(company))


def all_but_the_anchor(company, copy):
    """What a home looks like of which everything but one small file is old."""
    into_what_is_there(company, copy)
    for path in list(company.home.rglob("*")):
        known = path.relative_to(company.home)
        if path.is_file() and known.name != "anchor" and not (copy / known).exists():
            path.unlink()


def checkpoint_alone(company, copy):
    source = copy / own_log(company).relative_to(company.home)
    shutil.copy2(source / "checkpoint", own_log(company) / "checkpoint")


def checkpoint_lost(company, _):
    (own_log(company) / "checkpoint").unlink()


def checkpoint_and_record_lost(company, _):
    (own_log(company) / "checkpoint").unlink()
    shutil.rmtree(company.home / "signed")


def record_lost_and_logs_old(company, copy):
    shutil.rmtree(company.home / "signed")
    logs_alone(company, copy)


def own_log_gone(company, _):
    shutil.rmtree(own_log(company))


def all_logs_gone(company, _):
    shutil.rmtree(company.home / "logs")


def table_and_logs_old(company, copy):
    logs_alone(company, copy)
    for path in company.home.glob("state.sqlite*"):
        path.unlink()
    for path in copy.glob("state.sqlite*"):
        shutil.copy2(path, company.home / path.name)


RESTORES = [
    into_what_is_there, by_tar, like_rsync, in_the_place, logs_alone, own_log_alone,
    all_but_the_anchor, checkpoint_alone, checkpoint_lost, checkpoint_and_record_lost,
    record_lost_and_logs_old, own_log_gone, all_logs_gone, table_and_logs_old,
]


def restored(stage, company, restore):
    """Backs up, writes what the partner gets, restores, writes, syncs: nothing forks, and it goes on."""
    name = f"{restore.__name__} at {company.origin}"
    number = restored.count = getattr(restored, "count", 0) + 1
    is_steward = company is stage.oem
    check(add(company, f"{number}-before.png").returncode == 0, f"{name}: it writes")
    stage.tier.run("sync")
    if is_steward:
        company.stop()
    copy = stage.folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(company.home, copy)
    if is_steward:
        stage.serve()
    late = f"{number}-late.png"
    check(add(company, late).returncode == 0, f"{name}: it writes after the backup")
    stage.tier.run("sync")
    if is_steward:
        company.stop()
    restore(company, copy)
    if is_steward:
        stage.serve()
    at_once = add(company, f"{number}-once.png")
    if at_once.returncode:
        check("sync" in at_once.stderr or "repair" in at_once.stderr, f"{name}: refused, with a way out")
    for _ in range(3):
        stage.sync()
    if add(company, f"{number}-probe.png").returncode:
        # Where the files alone do not say enough, the operator lets the partner bring all of it.
        company.attempt("repair")
        company.attempt("repair", "--set-aside")
        for _ in range(3):
            stage.sync()
    again = add(company, f"{number}-again.png")
    check(again.returncode == 0, f"{name}: it goes on after the contact {again.stderr}")
    stage.tier.run("sync")
    stage.no_fork(name)
    wanted = {late, f"{number}-again.png"}
    if at_once.returncode == 0:
        wanted.add(f"{number}-once.png")
    for other in [stage.oem, stage.tier]:
        check(wanted <= set(items(other)), f"{name}: all that was acknowledged is at {other.origin}")
        done = other.attempt("verify")
        check(done.returncode == 0, f"{name}: {other.origin} verifies {done.stdout}{done.stderr}")


# ---- absent and lying partners, moves

def absent(stage):
    """With nobody to ask nothing is written; who insists is warned."""
    tier = stage.tier
    copy = stage.folder / "absent"
    shutil.copytree(tier.home, copy)
    stage.oem.stop()
    in_the_place(tier, copy)
    for _ in range(2):
        check(add(tier, "absent.png").returncode == 1, "absent: with nobody to ask it does not write")
        stage.sync()
    stage.serve()
    stage.tier.run("sync")
    check(add(tier, "absent.png").returncode == 0, "absent: after the first contact it writes")
    stage.tier.run("sync")
    shutil.rmtree(copy)
    stage.no_fork("absent")


def insisting(stage):
    """--offline does not sign what is known to be a second history."""
    tier = stage.tier
    copy = stage.folder / "insisting"
    shutil.copytree(tier.home, copy)
    check(add(tier, "insisting.png").returncode == 0, "insisting: it writes")
    stage.tier.run("sync")
    logs_alone(tier, copy)
    refused = add(tier, "other.png", "--offline")
    check(refused.returncode == 1, "insisting: what a partner has seen is not signed over")
    for _ in range(2):
        stage.tier.run("sync")
    stage.no_fork("insisting")
    shutil.rmtree(copy)


def moved(stage, company):
    """A home that lost nothing is free after the first contact, whoever dials."""
    name = f"moved {company.origin}"
    is_steward = company is stage.oem
    if is_steward:
        company.stop()
    target = stage.folder / "elsewhere" / company.origin
    target.parent.mkdir(exist_ok=True)
    shutil.copytree(company.home, target)
    old = company.home
    shutil.rmtree(old)
    company.home = target
    if is_steward:
        stage.serve()
    check(add(company, f"{name}.png").returncode == 1, f"{name}: it asks first")
    stage.tier.run("sync")
    check(add(company, f"{name}.png").returncode == 0, f"{name}: and is free then")
    stage.tier.run("sync")
    stage.no_fork(name)


# ---- damage

def bundle(company):
    return next(p for p in sorted((own_log(company) / "tile" / "entries").rglob("*")) if p.is_file())


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def swapped_class(path):
    data = path.read_bytes()
    check(b"open" in data, "the class lies in the entries")
    path.write_bytes(data.replace(b"open", b"oben"))


def one_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def gone(path):
    path.unlink()


def damaged(stage, company, harm):
    """Damage is named, not believed, and mended from a partner or a backup; nothing else is touched."""
    name = f"{harm.__name__} at {company.origin}"
    whole = {p: p.read_bytes() for p in own_log(company).rglob("*")
             if p.is_file() and "lock" not in p.name}
    path = bundle(company)
    harm(path)
    verified = company.attempt("verify")
    check(verified.returncode == 1 and company.origin in verified.stdout + verified.stderr,
          f"{name}: verify names the log")
    rebuilt = company.attempt("rebuild")
    check(rebuilt.returncode == 1, f"{name}: rebuild does not believe it")
    listed = company.attempt("list", DATASET)
    check("oben" not in listed.stdout, f"{name}: nor does the list")
    check(listed.returncode == 0 or "countermark repair" in listed.stdout + listed.stderr,
          f"{name}: which says what to do where it cannot go on")
    if company is stage.tier:
        done = company.attempt("repair")
    else:
        done = company.attempt("repair", "--from", str(stage.folder / "kept"))
    check(done.returncode == 0, f"{name}: repair puts it back {done.stdout}{done.stderr}")
    now = {p: p.read_bytes() for p in whole}
    check(now == whole, f"{name}: byte for byte")
    check(company.attempt("verify").returncode == 0, f"{name}: verify holds again")
    aside = [p for p in (company.home / "damaged").rglob("*") if p.is_file()]
    check(aside or harm is gone, f"{name}: what was damaged is kept")
    shutil.rmtree(company.home / "damaged", ignore_errors=True)


def evidence(stage):
    """A file of evidence that cannot be read keeps nothing from anybody."""
    tier = stage.tier
    for content in [b"", b"garbage"]:
        (tier.home / "evidence" / "x.equivocation").write_bytes(content)
        check(stage.sync().returncode == 0, "evidence: a sync goes on beside a damaged file")
        check(add(tier, f"evidence{len(content)}.png").returncode == 0, "evidence: so does a write")
    check(tier.attempt("repair").returncode == 0, "evidence: repair moves it aside")
    check(not list((tier.home / "evidence").iterdir()), "evidence: and nothing else")


# ---- backups

def backups(stage):
    """A backup beside a serving node, again for what is new, and a home made of it."""
    oem, tier = stage.oem, stage.tier
    kept = stage.folder / "kept"
    first = oem.run("backup", str(kept))
    check(first["ok"] and first["new"] == first["entries"] > 0, "backup: while it serves")
    check(add(oem, "kept.png").returncode == 0, "backup: it goes on writing")
    check(oem.run("backup", str(kept))["new"] == 1, "backup: again, only what is new")
    check(kept.stat().st_mode & 0o77 == 0, "backup: closed to others")
    check(oem.attempt("backup", str(oem.home / "x")).returncode == 1, "backup: not into the home")
    check(oem.attempt("backup", str(tier.home)).returncode == 1, "backup: not over another home")
    check(add(oem, "newer.png").returncode == 0, "backup: one more label after it")
    stage.tier.run("sync")
    held = items(tier)
    oem.stop()
    check(oem.attempt("restore", str(kept)).returncode == 1, "restore: not over a home")
    oem.home.rename(stage.folder / "away")
    report = oem.run("restore", str(kept))
    check(report["ok"] and any(c["name"].startswith(OEM) for c in report["checks"]), "restore: checked")
    check(items(oem) == [i for i in held if i != "newer.png"], "restore: with its labels")
    stage.serve()
    check(add(oem, "early.png").returncode == 1, "restore: it asks before it writes")
    for _ in range(2):
        stage.tier.run("sync")
    check(items(oem) == held, "restore: what was newer comes back")
    check(add(oem, "after.png").returncode == 0, "restore: and it goes on")
    stage.tier.run("sync")
    stage.no_fork("restore")
    for path in [kept / "keys" / "node.key", next((kept / "logs").rglob("tile/entries/*.p/*"))]:
        data = path.read_bytes()
        one_bit(path)
        target = stage.folder / "nowhere"
        done = patience.run([oem.program, "restore", str(kept), "--home", str(target)], 120)
        check(done.returncode == 1 and not target.exists(), f"restore: a damaged {path.name} is found")
        path.write_bytes(data)
    oem.run("backup", str(kept))


def smallest(stage):
    """What Operations.md calls the smallest backup opens, folders that are absent are made."""
    tier = stage.tier
    copy = stage.folder / "smallest"
    copy.mkdir()
    for name in ["keys", "trust", "logs"]:
        shutil.copytree(tier.home / name, copy / name)
    shutil.copy2(tier.home / "config.json", copy)
    check(add(tier, "smallest.png").returncode == 0, "smallest: it writes")
    stage.tier.run("sync")
    shutil.rmtree(tier.home)
    copy.rename(tier.home)
    check(tier.attempt("status").returncode == 0, "smallest: status opens it")
    stage.tier.run("sync")
    check("smallest.png" in items(tier), "smallest: what was newer comes back")
    check(add(tier, "smallest2.png").returncode == 0, "smallest: and it goes on")
    stage.no_fork("smallest")


# ---- two at once

def at_once(stage):
    """Syncs, commands and a serving node beside one another do not disturb the home's small files."""
    tier, oem = stage.tier, stage.oem
    for number in range(4):
        runs = [
            subprocess.Popen([tier.program, "sync", "--home", str(tier.home), "--json"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        done = add(tier, f"once{number}.png")
        check(done.returncode == 0, f"at once: a command beside four syncs {done.stderr}")
        ends = [(run.wait(), run.stderr.read()) for run in runs]
        check(all(end[0] == 0 for end in ends), f"at once: four syncs {ends}")
    left = [str(p) for c in [tier, oem] for p in c.home.rglob("*.tmp")]
    check(not left, f"at once: nothing is left over {left}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--only", nargs="*", help="restores, damage, others")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    stage = Stage(program)
    try:
        if not options.only or "restores" in options.only:
            for restore in RESTORES:
                for company in [stage.tier, stage.oem]:
                    restored(stage, company, restore)
        if not options.only or "others" in options.only:
            absent(stage)
            insisting(stage)
            for company in [stage.tier, stage.oem]:
                moved(stage, company)
            smallest(stage)
            at_once(stage)
        if not options.only or "damage" in options.only:
            check(add(stage.oem, "damage.png").returncode == 0, "damage: the steward writes")
            check(add(stage.tier, "damage2.png").returncode == 0, "damage: the supplier writes")
            stage.tier.run("sync")
            backups(stage)
            for harm in [empty, cut, swapped_class, one_bit, gone]:
                for company in [stage.tier, stage.oem]:
                    damaged(stage, company, harm)
            evidence(stage)
    finally:
        if stage.oem.node:
            stage.oem.stop()
    stage.end()
    print("whatever is restored or damaged, no log forks and no damage is believed")


if __name__ == "__main__":
    main()
