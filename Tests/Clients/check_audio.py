"""Stretches of recordings, opened with praatio, webvtt-py, pyannote.database and crowsetta."""

import html
import json

import crowsetta
from praatio import textgrid
from pyannote.database.util import load_rttm
import webvtt

import samples
from company import close, home, record, round_trips, same

TURNS = [  # recording, start, end, speaker, transcript; turns overlap, "talk-2" is held on channel 2
    ("talk-1.wav", 0.25, 3.5, "Ann", 'Sie sagt "läuft heiß" & geht'),
    ("talk-1.wav", 3.0, 4.125, "Bob", "<laut> 🔥 a < b"),
    ("talk-1.wav", 60.001, 3725.5, "Ann", "über eine Stunde"),
    ("talk-2.wav", 0.0, 1.5, "Zoë", "Anfang"),
]
NOISES = [  # recording, start, end, class, frequencies
    ("talk-1.wav", 3.125, 4.5, "bearing-noise", (120.5, 4000.0)),
    ("talk-1.wav", 10.0, 10.5, "whistle", (2500.0, 2750.25)),
    ("talk-2.wav", 0.5, 0.75, "bearing-noise", (80.0, 90.0)),
]


def stretch(start, end, channels=()):
    return {"kind": "interval", "start": start, "end": end, "channels": list(channels)}


def turns(with_speaker=True):
    for key, start, end, speaker, said in TURNS:
        more = {"speaker": speaker} if with_speaker else {}
        yield samples.label(key, "speech", stretch(start, end), attributes={"transcript": said, **more})


def noises(with_frequencies):
    for key, start, end, name, (low, high) in NOISES:
        more = {"attributes": {"lowHz": low, "highHz": high}} if with_frequencies else {}
        yield samples.label(key, name, stretch(start, end), **more)


def filled(records):
    """A home with recordings and labels."""
    durations = {"talk-1.wav": 4000.0, "talk-2.wav": 1.5}
    items = [{"kind": "item", "item": key, "fields": {"duration": d}} for key, d in durations.items()]
    return [*items, *records]


def compare(found, wanted, tolerance, what):
    """Rows of texts and two times at the end: texts are equal, times close."""
    found, wanted = sorted(found), sorted(wanted)
    same([row[:-2] for row in found], [row[:-2] for row in wanted], what)
    for a, b in zip(found, wanted):
        close(a[-2:], b[-2:], tolerance, f"{what}: {b}")
    return len(found)


def read_webvtt(folder):
    """Captions by voice, and metadata cues for what is no speech."""
    said, metadata = [], []
    for path in sorted(folder.rglob("*.vtt")):
        for cue in webvtt.read(str(path)):
            times = (cue.start_in_seconds + cue.start_time.milliseconds / 1000,
                     cue.end_in_seconds + cue.end_time.milliseconds / 1000)
            if cue.raw_text.startswith("{"):
                metadata.append((path.stem, json.loads(cue.raw_text)["class"], *times))
            else:
                # webvtt-py leaves character references as they stand.
                said.append((path.stem, cue.voice, html.unescape(cue.text), *times))
    wanted = [(key[:-4], speaker, text, start, end) for key, start, end, speaker, text in TURNS]
    count = compare(said, wanted, 0.0005, "captions")
    return count + compare(metadata, [(k[:-4], n, s, e) for k, s, e, n, _ in NOISES], 0.0005, "metadata")


def read_rttm(path):
    found = [(key, name, segment.start, segment.end) for key, annotation in load_rttm(str(path)).items()
             for segment, _, name in annotation.itertracks(yield_label=True)]
    return compare(found, [(k[:-4], w, s, e) for k, s, e, w, _ in TURNS], 1e-9, "turns by speaker")


def read_textgrid(folder):
    """Tiers tile the recording; overlapping stretches stand in two tiers of one name."""
    found = []
    for path in sorted(folder.rglob("*.TextGrid")):
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, duplicateNamesMode="rename")
        for tier in grid.tiers:
            ends = [e.end for e in tier.entries]
            same([e.start for e in tier.entries], [0.0, *ends[:-1]], f"{tier.name} has no gaps")
            same(ends[-1], grid.maxTimestamp, f"{tier.name} ends with the recording")
            found += [(path.stem, tier.name.split("_")[0], e.label, e.start, e.end)
                      for e in tier.entries if e.label]
    wanted = [(k[:-4], "speech", text, s, e) for k, s, e, _, text in TURNS]
    wanted += [(k[:-4], name, name, s, e) for k, s, e, name, _ in NOISES]
    return compare(found, wanted, 1e-9, "tiers")


def read_audacity(folder):
    """Plain label tracks by crowsetta's reader of them."""
    found = []
    for path in sorted(folder.rglob("*.txt")):
        track = crowsetta.formats.seq.AudSeq.from_file(path)
        rows = zip(track.labels, track.start_times, track.end_times)
        found += [(path.stem, label, float(s), float(e)) for label, s, e in rows]
    wanted = [(k[:-4], f"speech | {text}", s, e) for k, s, e, _, text in TURNS]
    wanted += [(k[:-4], name, s, e) for k, s, e, name, _ in NOISES]
    return compare(found, wanted, 1e-6, "label tracks")


def read_frequencies(folder):
    """Label tracks with frequencies, which crowsetta reads as boxes in time and frequency."""
    found = []
    for path in sorted(folder.rglob("*.txt")):
        boxes = crowsetta.formats.bbox.AudBBox.from_file(path).to_bbox()
        found += [(path.stem, b.label, str(b.low_freq), str(b.high_freq), b.onset, b.offset) for b in boxes]
    wanted = [(k[:-4], name, str(low), str(high), s, e) for k, s, e, name, (low, high) in NOISES]
    return compare(found, wanted, 1e-6, "label tracks with frequencies")


def opened(form, name, client, read, records, tolerance, items=2):
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", filled(records)), "jsonl")
        path = company.export("labels", form, folder / name)
        count = read(path)
        same(count, len(company.labels("labels")), f"{form}: how many labels")
        record(form, client, items=items, labels=count, tolerance=tolerance,
               lossless=round_trips(company, "labels", form, name))


def main():
    speech = list(turns())
    opened("webvtt", "vtt", "webvtt-py", read_webvtt, speech + list(noises(True)), 0.0005)
    opened("rttm", "turns.rttm", "pyannote.database", read_rttm, speech, 1e-9)
    opened("textgrid", "grids", "praatio", read_textgrid, speech + list(noises(False)), 1e-9)
    opened("audacity", "tracks", "crowsetta", read_audacity,
           list(turns(False)) + list(noises(False)), 1e-6)
    opened("audacity", "tracks", "crowsetta", read_frequencies, list(noises(True)), 1e-6)


main()
