"""Sensor series (NAB): windows and points by several annotators, a cleaned and an aligned channel."""

import json

import pandas

import samples
from company import OEM, TIER, expect, network, record, same, shared
from dispute import Dispute, find

MACHINE = "realKnownCause/machine_temperature_system_failure.csv"
NETWORK = "realAWSCloudwatch/ec2_network_in_5abac7.csv"
PROCESSOR = "realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv"
TRAFFIC = "realTraffic/speed_7578.csv"
PEOPLE = {"AL": 8, "CB": 6, "SA": 7}


def epoch(stamp):
    return (pandas.Timestamp(stamp) - pandas.Timestamp("1970-01-01")) / pandas.Timedelta(seconds=1)


def clean(source, path):
    """The series without the rows whose stamp was there already, as a file of its own."""
    frame = pandas.read_csv(source, parse_dates=["timestamp"])
    kept = frame.drop_duplicates("timestamp")
    kept.to_csv(path, index=False)
    return len(frame) - len(kept)


def bring_series(oem, net, data):
    """The series, one cleaned channel and how it came about, and which series are kept."""
    report = oem.run("items", "add", net.dataset, str(data / "data"), "--group-by", "^([^/]+)/")
    same(report["added"], 6, "the README's series")
    cleaned = net.path / "clean" / TRAFFIC.replace(".csv", ".clean.csv")
    cleaned.parent.mkdir(parents=True)
    dropped = clean(data / "data" / TRAFFIC, cleaned)
    oem.run("items", "add", net.dataset, str(net.path / "clean"), "--group-by", "^([^/]+)/")
    key = str(cleaned.relative_to(net.path / "clean"))
    oem.run("stage", "set", net.dataset, key, "--stage", "clean", "--state", "done", "--from", TRAFFIC,
            "--how", f"{dropped} rows left out whose stamp was there already")
    oem.run("stage", "set", net.dataset, MACHINE, "--stage", "filter", "--state", "kept")
    return key


def bring_labels(oem, tier, net, labels):
    """Each company has the labels of its own people; both import at once."""
    merged = (oem, "combined_windows.json", 17, ["--author", "merged"])
    raw = [(oem, "AL"), (tier, "CB"), (tier, "SA")]
    for company, name, count, options in [merged] + [
            (c, f"raw/{person}_labels_v1.0.json", PEOPLE[person], []) for c, person in raw]:
        # People mark the same stamps at times; each of these marks is a label.
        same(company.bring(net.dataset, labels / name, "nab", *options)["added"], count, f"labels of {name}")
        again = company.bring(net.dataset, labels / name, "nab", *options)
        same((again["unchanged"], again["changesets"]), (count, 0), f"{name} again changes nothing")


def align(oem, net):
    """Two clocks: what the network saw at one time, the processor saw at another."""
    def end(key, first, last, role):
        place = {"kind": "interval", "start": epoch(first), "end": epoch(last), "channels": ["value"]}
        return {"item": key, "role": role, "selector": place}
    pair = {"kind": "relation", "relation": "aligned",
            "from": [end(NETWORK, "2014-03-01 17:36:00", "2014-03-01 18:36:00", "reference")],
            "to": [end(PROCESSOR, "2014-02-14 14:27:00", "2014-02-14 15:27:00", "shifted")]}
    path = samples.jsonl(net.path / "aligned.jsonl", [samples.label(NETWORK, "aligned", pair)])
    same(oem.bring(net.dataset, path, "jsonl")["added"], 1, "an alignment is a label of its own")


def check_windows(path, data, moved):
    """Every window as NAB's user applies it, against the file that came in."""
    found, wanted = json.loads(path.read_text()), json.loads((data / "labels/combined_windows.json").read_text())
    wanted[MACHINE][0] = moved
    same({k: [list(map(pandas.Timestamp, w)) for w in v] for k, v in found.items() if v},
         {k: [list(map(pandas.Timestamp, w)) for w in v] for k, v in wanted.items() if v}, "every window")
    for key, windows in found.items():
        stamps = pandas.read_csv(data / "data" / key, parse_dates=["timestamp"]).timestamp
        for first, last in windows:
            first, last = pandas.Timestamp(first), pandas.Timestamp(last)
            expect({first, last} <= set(stamps), f"{key}: {first} and {last} are stamps of rows")
            rows, rule = stamps.between(first, last).sum(), len(stamps) / 10 / len(windows)
            expect(first == pandas.Timestamp(moved[0]) or abs(rows - rule) <= 2,
                   f"{key}: {rows} rows from {first} are a tenth of the series divided by its windows")
    return len(found), sum(map(len, found.values()))


def main():
    data = shared("sensor-nab")
    with network("pump") as net:
        oem, tier = net.companies
        cleaned = bring_series(oem, net, data)
        net.sync()
        bring_labels(oem, tier, net, data / "labels")
        align(oem, net)
        net.sync()
        same(net.agree()["annotations"], 17 + sum(PEOPLE.values()) + 1, "labels of both on every node")

        first = find(oem, net.dataset, externalID=f"{MACHINE}#1")
        second = find(oem, net.dataset, externalID=f"{MACHINE}#2")
        dispute, moved = Dispute(net), ["2013-12-15 08:00:00", "2013-12-17 07:00:00"]
        place = {"kind": "interval", "start": epoch(moved[0]), "end": epoch(moved[1]) + 1e-6, "channels": []}
        dispute.contest(second, "class", "anomaly", "planned-stop")
        dispute.contest(second, "cause", "bearing", "maintenance")
        dispute.contest_stage(NETWORK, "filter", {"state": "excluded", "why": "no machine"}, {"state": "kept"})
        tier.run("set", first, f"selector={json.dumps(place)}")
        dispute.agree()
        dispute.settle(NETWORK, "stage.filter", tier, OEM)
        dispute.settle(second, "class", tier, OEM)
        dispute.settle(second, "cause", oem, TIER)

        for company in net.companies:
            items, story = company.items(net.dataset), company.run("show", cleaned, "--dataset", net.dataset)
            same(items[NETWORK]["stage.filter"]["state"], "excluded", "a series left out")
            same(story["derivedFrom"], TRAFFIC, "what a cleaned channel comes from")
            same(items[cleaned]["group"], "realTraffic", "which road it belongs to")
        for person, count in PEOPLE.items():
            path = tier.export(net.dataset, "nab", net.path / f"{person}.json", "--author", person)
            found = json.loads(path.read_text())
            points = {k: [first for first, _ in v] for k, v in found.items() if v}
            same(points, json.loads((data / f"labels/raw/{person}_labels_v1.0.json").read_text()),
                 f"what {person} marked, as {person} wrote it")
        path = oem.export(net.dataset, "nab", net.path / "combined_windows.json", "--author", "merged")
        series, count = check_windows(path, data, moved)
        same((series, count, oem.report["contested"]), (6, 17, 0), "the README's series and windows")
        record("nab", "pandas", items=series, labels=count, tolerance=0)


main()
