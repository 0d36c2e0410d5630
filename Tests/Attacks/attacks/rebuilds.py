"""Acts and evidence that make a node make its label set anew, again and again."""

import json
import os
import time

from harness import attack
from stories import cost
from toolkit import *


def large(t, count):
    """A world in which the steward has so many labels, and an attacker with 50 comments."""
    world = World(t.folder)
    world.is_large = True
    home, log = world.honest(), world.log_of(world.hostile())
    path = os.path.join(t.folder, "labels.csv")
    with open(path, "w") as file:
        file.write("item,class,selector\n")
        for number in range(count):
            box = f'{{""kind"":""box"",""x"":{number % 100},""y"":2,""width"":3,""height"":4}}'
            file.write(f'img/{number // 10},c,"{box}"\n')
    cm("import", world.dataset, path, "--format", "csv", home=world.oem, limit=120)
    return world, home, log


LABELS = 30_000  # enough that a rebuild costs many times what a comment does


@attack(
    "retirements",
    "annotator",
    "retires its own spare key 24 times, at an ever smaller index, one entry each, in a dataset of"
    f" {LABELS:,} honest labels",
    "all 24 together cost the node at most 6 rebuilds by hand, and 20 times a plain comment; equal digests",
)
def retirements(t):
    world, home, log = large(t, LABELS)
    _, spare = log.company.issue(common_name="second")
    log.append(Changeset().add_key(der(spare)))
    for _ in range(50):
        log.append(comment())
    t.need(log.hand_over(), f"its first entries were answered with {log.said()}", "an annotator may comment")
    rebuild = cm("rebuild", home=world.oem).cpu
    plain = cost(world, lambda: t.send(log, comment()), 0.5)

    def retire():
        for number in range(24):
            log.send(Changeset().retire_key(fingerprint(spare), 40 - number))
            t.truthful(log, "a retirement")
            time.sleep(0.15)

    total = cost(world, retire, 0.5)
    t.note(f"rebuild {rebuild:.2f}, comment {plain:.2f}, 24 retirements {total:.2f} CPU s ({log.said()})")
    t.check(
        total <= 6 * rebuild + 20 * plain,
        f"24 retirements cost {total:.2f} CPU s; a rebuild by hand {rebuild:.2f}, a comment {plain:.2f}",
        "no more than 6 rebuilds and 20 comments",
    )
    t.alive(world, "the retirements")
    world.sync(home)
    t.same(world, {"oem": world.oem, "tier1": home})


@attack(
    "live-retirements",
    "annotator",
    "as `retirements`, but the keys that it retires have signed labels, so that each act"
    " changes what counts: 20 keys, each retired at the index of its own label",
    "all together cost the node at most 6 rebuilds by hand, and 20 times a plain label; an honest label written"
    " meanwhile is counted; equal digests",
)
def live_retirements(t):
    world, home, log = large(t, LABELS)
    keys = [log.company.issue(common_name=f"k{number}") for number in range(20)]
    first = Changeset()
    for _, certificate in keys:
        first.add_key(der(certificate))
    log.append(first)
    for number, (key, certificate) in enumerate(keys):
        log.append(label(f"img/k{number}"), key=key, certificate=certificate)
    t.need(log.hand_over(), f"its first entries were answered with {log.said()}", "an annotator may label")
    rebuild = cm("rebuild", home=world.oem).cpu
    plain = cost(world, lambda: t.send(log, label("img/x")), 0.5)

    def retire():
        for number, (_, certificate) in enumerate(keys):
            log.send(Changeset().retire_key(fingerprint(certificate), number + 1))
            t.truthful(log, "a retirement")
            time.sleep(0.15)

    total = cost(world, retire, 0.5)
    t.note(f"rebuild {rebuild:.2f}, label {plain:.2f}, 20 retirements {total:.2f} CPU s ({log.said()})")
    t.check(
        total <= 6 * rebuild + 20 * plain,
        f"20 retirements cost {total:.2f} CPU s; a rebuild by hand {rebuild:.2f}, a label {plain:.2f}",
        "no more than 6 rebuilds and 20 labels",
    )
    world.annotate(home, "img/t")
    world.sync(home)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": 1}, homes, "after the retirements")
    t.agree(world, homes, verify=False)


@attack(
    "falling-forks",
    "annotator",
    "has signed other histories of its log, and shows the evidence of 20 of them, each of a"
    f" smaller common prefix than the one before, in a dataset of {LABELS:,} honest labels",
    "all together cost the node at most 6 rebuilds by hand, and 20 times a plain comment; what the histories share"
    " counts, on both nodes; equal digests",
)
def falling_forks(t):
    world, home, log = large(t, LABELS)
    for number in range(22):
        log.append(label(f"img/k{number}"))
    t.need(log.hand_over(), f"its first entries were answered with {log.said()}", "an annotator may label")
    rebuild = cm("rebuild", home=world.oem).cpu
    plain = cost(world, lambda: t.send(log, comment()), 0.5)
    files = [log.fork_evidence(prefix) for prefix in range(21, 1, -1)]

    def show():
        for file in files:
            body = json.dumps({"evidence": [file]}).encode()
            status, answer = log.company.call(world.port, "POST", "/v1/evidence", body)
            t.check(
                status == 200,
                f"evidence was answered with {status} {one_line(answer)}",
                "a proof is taken from anybody",
            )
            time.sleep(0.15)

    total = cost(world, show, 0.5)
    t.note(f"rebuild {rebuild:.2f}, comment {plain:.2f}, 20 files {total:.2f} CPU s")
    t.check(
        total <= 6 * rebuild + 20 * plain,
        f"20 files of evidence cost {total:.2f} CPU s; a rebuild by hand {rebuild:.2f}",
        "no more than 6 rebuilds and 20 comments",
    )
    world.annotate(home, "img/t")
    world.sync(home, rounds=2)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": 1, "evil.example": 2}, homes, "after the evidence")
    t.agree(world, homes, verify=False)
