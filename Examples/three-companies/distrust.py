"""What happens when a partner does not keep its word: it backdates a label after it was cut."""

import sys
import time

from company import DATASET, OEM, say


def check(holds, what):
    """Ends the run where something is not as it has to be."""
    if not holds:
        sys.exit(f"not as expected: {what}")


def digests_agree(*companies):
    digests = {company.run("status", DATASET)["datasets"][0]["digest"] for company in companies}
    check(len(digests) == 1, "the honest companies hold one label set")
    return digests.pop()


def annotate(company, item, *options, clock=None):
    words = ["annotate", DATASET, item, "--class", "open", "--box", "5,6,7,8", *options]
    return company.run(*words, clock=clock)["id"]


def leave(oem, leaver, item):
    """The manufacturer cuts a supplier, which then labels with its clock set back."""
    say(f"{leaver.origin} is cut, and backdates a label")
    before = digests_agree(oem, leaver)
    time.sleep(1)
    oem.run("member", "cut", DATASET, leaver.origin)
    after = oem.run("status", DATASET)["datasets"][0]["digest"]
    label = annotate(leaver, item, clock="-90s")
    newest = {}
    for origin in [OEM, leaver.origin]:
        entries = leaver.run("history", DATASET, "--org", origin)["entries"]
        newest[origin] = max(entries, key=lambda entry: entry["index"])["time"]
    check(newest[leaver.origin] < newest[OEM], "the label claims to be older than it is")
    report = leaver.run("sync")["partners"][0]
    check(report["state"] == "cut", "the supplier is told that it was cut")
    print(*report["notes"], sep="\n")
    entry = oem.run("quarantine", DATASET)["entries"][-1]
    story = oem.run("show", label)
    print(f"{OEM} stores it and does not count it: {entry['log']} {entry['index']}: {entry['why']}")
    check(label.startswith(f"{entry['log']}:{entry['index']}."), "the label is in quarantine")
    check(story["status"] == "not-counted", "it shows as not counted")
    check(before == after == digests_agree(oem), "the label set has not moved")
