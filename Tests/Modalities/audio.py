"""Recordings: overlapping speaker turns (AMI), words and phones (Praat), spoken digits (FSDD)."""

from collections import Counter
import html

from praatio import textgrid
from pyannote.core import Segment
from pyannote.database.util import load_rttm, load_uem
import soundfile
import webvtt

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find


def open_grid(path):
    return textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")


def merged(data, path):
    """Words and phones of one recording in one grid, as Praat's merge makes it."""
    words, phones = (open_grid(data / f"praat/bobby_{kind}.TextGrid") for kind in ("words", "phones"))
    for tier in phones.tiers:
        if tier.name not in words.tierNames:
            words.addTier(tier, reportingMode="silence")
    words.save(str(path), format="long_textgrid", includeBlankSpaces=True,
               reportingMode="silence")
    return {name: [e for e in words.getTier(name).entries if e[-1]] for name in words.tierNames}


def digits(data):
    for path in sorted((data / "fsdd").glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        yield samples.label(f"fsdd/{path.name}", f"digit-{digit}", {"kind": "wholeItem"}, author="fsdd",
                            externalID=path.stem, attributes={"speaker": speaker})


def heard(turns):
    """What the second company heard: the words of two turns, and a door that nobody labelled."""
    for start, end, speaker, words in turns:
        place = {"kind": "interval", "start": start, "end": end, "channels": []}
        yield samples.label("ami/dev00.wav", "speech", place, author="kim",
                            attributes={"speaker": speaker, "transcript": words})
    door = {"kind": "interval", "start": 15.25, "end": 15.75, "channels": ["1"]}
    yield samples.label("ami/dev00.wav", "door", door, author="kim")


def check_turns(path, data, settled):
    """Turns, speech and overlap as pyannote measures them."""
    found, count = load_rttm(str(path)), 0
    for name in ("dev00", "trn01"):
        wanted = load_rttm(str(data / f"ami/{name}.rttm"))[name]
        if name == "dev00":
            track = next(iter(wanted.get_tracks(settled[0])))
            speaker = wanted[settled[0], track]
            del wanted[settled[0], track]
            wanted[settled[1], track] = speaker
        own = found[f"ami/{name}"]
        rows = [sorted((s.start, s.end, who) for s, _, who in a.itertracks(yield_label=True)) for a in (own, wanted)]
        same([r[2] for r in rows[0]], [r[2] for r in rows[1]], f"{name}: who speaks")
        close([t for r in rows[0] for t in r[:2]], [t for r in rows[1] for t in r[:2]], 1e-9, f"{name}: when")
        extent, = load_uem(str(data / f"ami/{name}.uem"))[name]
        close([extent.end - extent.start], [30], 1e-9, f"{name}: the README's 30 s")
        speech = [a.get_timeline().support().duration() for a in (own, wanted)]
        overlap = [a.get_overlap().duration() for a in (own, wanted)]
        close(speech[:1], speech[1:], 1e-9, f"{name}: speech")
        close(overlap[:1], overlap[1:], 1e-9, f"{name}: overlap")
        expect(name != "dev00" or overlap[0] > 0, "turns overlap")
        count += len(rows[0])
    return count


def check_grid(path, entries):
    grid = open_grid(path)
    for name, wanted in entries.items():
        found = [e for e in grid.getTier(name).entries if e[-1]]
        same([e[-1] for e in found], [e[-1] for e in wanted], f"{name}: texts")
        close([t for e in found for t in e[:-1]], [t for e in wanted for t in e[:-1]], 1e-6, f"{name}: times")
    return sum(map(len, entries.values()))


def bring(net, data):
    oem, tier = net.companies
    report = oem.run("items", "add", net.dataset, str(data), "--group-by", "^(ami|praat|fsdd)/.*[.]wav$")
    expect(report["added"] >= 24, "22 of README's recordings and two of Praat's")
    for key, fields in oem.items(net.dataset).items():
        if key.endswith(".wav"):
            heard = soundfile.info(str(data / key))
            close([fields["duration"]], [heard.duration], 1e-9, f"the duration of {key}")
            same(fields["channels"], heard.channels, f"the channels of {key}")
    # The file of labels stands below its folder as the recording does.
    grid = net.path / "marks" / "praat" / "bobby.TextGrid"
    grid.parent.mkdir(parents=True)
    entries = merged(data, grid)
    net.sync()
    return entries, net.path / "marks"


def main():
    data = shared("audio")
    with network("talks") as net:
        oem, tier = net.companies
        entries, grids = bring(net, data)
        turns = sum(len((data / f"ami/{n}.rttm").read_text().splitlines()) for n in ("dev00", "trn01"))
        first = load_rttm(str(data / "ami/dev00.rttm"))["dev00"]
        segment, _, speaker = next(first.itertracks(yield_label=True))
        words = samples.jsonl(net.path / "words.jsonl", heard([(segment.start, segment.end, speaker, "Okay & gut")]))
        for company, path, form, count in [
                (oem, data, "rttm", turns), (oem, grids, "textgrid", sum(map(len, entries.values()))),
                (tier, samples.jsonl(net.path / "digits.jsonl", digits(data)), "jsonl", 20), (tier, words, "jsonl", 2)]:
            same(company.bring(net.dataset, path, form)["added"], count, f"{form}: every label")
            same(company.bring(net.dataset, path, form)["changesets"], 0, f"{form}: again changes nothing")
        net.sync()
        same(net.agree()["annotations"], turns + sum(map(len, entries.values())) + 22, "labels of both on every node")

        dispute, moved = Dispute(net), segment.end - 0.5
        turn, digit = (find(tier, net.dataset, externalID=i) for i in ("dev00#1", "7_theo_1"))
        places = [{"kind": "interval", "start": segment.start, "end": end, "channels": ["1"]}
                  for end in (segment.end + 0.25, moved)]
        dispute.contest(turn, "selector", *places)
        dispute.contest(digit, "class", "digit-1", "digit-4")
        dispute.agree()
        dispute.settle(turn, "selector", oem, TIER)
        dispute.settle(digit, "class", tier, OEM)

        names = [word for name in ("speech", *entries) for word in ("--class", name)]
        path = oem.export(net.dataset, "rttm", net.path / "turns.rttm", "--view", f"org:{OEM}", *names[:2])
        settled = (segment, Segment(segment.start, moved))
        record("rttm", "pyannote.database", items=2, labels=check_turns(path, data, settled), tolerance=1e-9)
        path = tier.export(net.dataset, "textgrid", net.path / "grids", *names[2:])
        record("textgrid", "praatio", items=1, tolerance=1e-6,
               labels=check_grid(path / "praat" / "bobby.TextGrid", entries))
        path = tier.export(net.dataset, "webvtt", net.path / "vtt", "--author", "kim")
        cues = [(c.voice, html.unescape(c.text)) for c in webvtt.read(str(path / "ami" / "dev00.vtt"))]
        same([c for c in cues if not c[1].startswith("{")], [(speaker, "Okay & gut")], "the words of a turn")
        same(len(cues), 2, "and a door")
        record("webvtt", "webvtt-py", items=1, labels=2, tolerance=0.0005)
        digit_names = Counter(r["class"] for r in oem.labels(net.dataset) if r["class"].startswith("digit-"))
        same(sorted(digit_names.values()), [1, 2, 2, 2, 2, 2, 2, 2, 2, 3], "two speakers a digit, one heard otherwise")


main()
