"""What happens when partners do not keep their word: one forks its log, one backdates after it was cut."""

import json
import shutil
import sys

from company import DATASET, OEM, Company, free_port, say


def check(holds, what):
    """Ends the run where something is not as it has to be."""
    if not holds:
        sys.exit(f"not as expected: {what}")


def digests_agree(*companies):
    digests = {company.run("status", DATASET)["datasets"][0]["digest"] for company in companies}
    check(len(digests) == 1, "the honest companies hold one label set")
    return digests.pop()


def annotate(company, item, *options, box="5,6,7,8", clock=None):
    words = ["annotate", DATASET, item, "--class", "open", "--box", box, *options]
    return company.run(*words, clock=clock)["id"]


def fork(oem, forger, witness, item, folder):
    """A supplier shows the manufacturer one history of its log and the other supplier another one."""
    say(f"{forger.origin} forks its log")
    double = Company(oem.program, folder / "double", forger.origin)
    shutil.copytree(forger.home, double.home)
    shown = annotate(forger, item)
    forger.run("sync")
    # The copy talks to the other supplier alone, who cannot reach the manufacturer at that time.
    port = free_port()
    pinned = next(p for p in witness.run("partner", "list")["partners"] if p["org"] == OEM)
    roots = {name: str(folder / f"{name}.pem") for name in [OEM, witness.origin, forger.origin]}
    url = f"https://127.0.0.1:{port}"
    double.run("partner", "remove", OEM)
    double.run("partner", "add", witness.origin, "--root", roots[witness.origin], "--url", url)
    witness.run("partner", "remove", OEM)
    witness.run("partner", "add", forger.origin, "--root", roots[forger.origin])
    # The program notices that this home is a copy; only who insists gets further.
    refused = double.attempt("annotate", DATASET, item, "--class", "open", "--box", "1,1,1,1")
    check("not-checked" in refused.stderr, "a copied home does not write by itself")
    hidden = annotate(double, item, "--offline", box="50,60,7,8")
    witness.serve(port, folder / f"{witness.origin}.log")
    double.run("sync")
    witness.stop()
    witness.run("partner", "add", OEM, "--root", roots[OEM], "--url", pinned["url"])
    print(f"{OEM} holds {shown}, and {witness.origin} another entry under the same number: {hidden}")
    check(shown == hidden, "both histories have an entry in that place")
    witness.attempt("sync")
    for company in [oem, witness]:
        found = company.run("evidence")["evidence"]
        check(len(found) == 1 and found[0]["ok"], f"{company.origin} holds evidence")
        alarms = company.run("status", DATASET)["alarms"]
        check(any(alarm["kind"] == "equivocation" for alarm in alarms), "an alarm is raised")
        label = company.run("show", shown)
        check(label["status"] == "not-counted", "neither half of the fork counts")
        print(f"{company.origin:20} evidence against {found[0]['log']}; {shown}: {label['why']}")
    digests_agree(oem, witness)


def leave(oem, leaver, item):
    """The manufacturer cuts a supplier, which then labels with its clock set back."""
    say(f"{leaver.origin} is cut, and backdates a label")
    before = digests_agree(oem, leaver)
    oem.run("member", "cut", DATASET, leaver.origin)
    after = oem.run("status", DATASET)["datasets"][0]["digest"]
    # Its node notices that the clock was set; a liar answers for it.
    label = annotate(leaver, item, "--clock-is-right", clock="-90s")
    newest = {}
    for origin in [OEM, leaver.origin]:
        entries = leaver.run("history", DATASET, "--org", origin)["entries"]
        newest[origin] = max(entries, key=lambda entry: entry["index"])["time"]
    check(newest[leaver.origin] < newest[OEM], "the label claims to be older than it is")
    told = leaver.attempt("sync")
    check(told.returncode == 1, "the supplier's sync says that its label is for nothing")
    report = json.loads(told.stdout)["partners"][0]
    check(report["state"] == "cut", "the supplier is told that it was cut")
    print(*report["notes"], sep="\n")
    entry = oem.run("quarantine", DATASET)["entries"][-1]
    story = oem.run("show", label)
    print(f"{OEM} stores it and does not count it: {entry['log']} {entry['index']}: {entry['why']}")
    check(label.startswith(f"{entry['log']}:{entry['index']}."), "the label is in quarantine")
    check(story["status"] == "not-counted", "it shows as not counted")
    check(before == after == digests_agree(oem), "the label set has not moved")
