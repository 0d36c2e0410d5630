"""What several attacks do: honest work around an attack, and entries that are judged."""

import time

from toolkit import *


def everybody_goes_on(t, world, tier1, tier9=None):
    """All write and sync; then a company joins and writes. The honest nodes by name.

    Afterwards tier1 has 4 labels, the steward 4 and tier9 2.
    """
    for number in range(3):
        world.annotate(tier1, f"img/t{number}")
        world.sync(tier1)
        world.annotate(world.oem, f"img/o{number}")
        world.sync(tier1)
    if tier9:
        world.join(tier9)
    else:
        tier9 = world.honest("tier9.example")
    t.works(world.annotate(tier9, "img/9", check=False), "the newcomer", "it may label")
    world.sync(tier9, tier1, tier9, check=False)
    homes = {"oem": world.oem, "tier1": tier1, "tier9": tier9}
    one_more(t, world, homes, "more")
    return homes


def one_more(t, world, homes, tag):
    """Each node writes a further label, and all hear of it."""
    for name, home in homes.items():
        t.works(
            world.annotate(home, f"img/{tag}-{name}", check=False), f"{name} ({tag})", "honest members go on writing"
        )
    world.sync(*[home for name, home in homes.items() if name != "oem"], rounds=2, check=False)


HONEST = {"tier1.example": 4, STEWARD: 4, "tier9.example": 2}
ONE_MORE = {origin: number + 1 for origin, number in HONEST.items()}


def judged(t, world, log, changes, what, counts, home=None):
    """Sends one entry that is well formed and must be stored; it counts or is quarantined, as `counts` says."""
    t.send(log, changes, what)
    index = log.size - 1
    found = [
        entry
        for entry in world.quarantined(home or world.oem)
        if entry["log"] == log.origin and entry["index"] == index
    ]
    if counts:
        t.check(not found, f"{what} is quarantined: {one_line(found)}", "it counts")
    else:
        t.check(found, f"{what} is not quarantined", "it does not count, and `quarantine` says why")


# MARK: Costs


def cost(world, work, quiet=0.0):
    """CPU seconds of the steward's node during some work.

    quiet: seconds without work that end it, for what the node does afterwards.
    """
    before = world.server.cpu()
    work()
    if quiet:
        last, end = world.server.cpu(), time.monotonic() + patience(15)
        while time.monotonic() < end:
            time.sleep(quiet)
            now = world.server.cpu()
            if now - last < 0.02:
                break
            last = now
    return world.server.cpu() - before


def status_cost(home, times=3):
    return min(cm("status", home=home).cpu for _ in range(times))
