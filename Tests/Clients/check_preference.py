"""Training data, opened with Hugging Face's datasets: the columns and types that trainers document."""

from collections import Counter
import json

from datasets import disable_progress_bars, load_dataset

import samples
from company import expect, home, record, round_trips, same

QUESTION = "How do I reset E42? 🔧"
CHAT = [{"role": "user", "content": "Der Ofen zeigt E42."}, {"role": "assistant", "content": "Seit wann?"},
        {"role": "user", "content": "Seit heute."}]
CALLS = [{"role": "assistant", "content": "Moment."}, {"role": "tool", "content": "E42: Fühler"},
         {"role": "assistant", "content": "Der Fühler ist defekt."}]
# As an import keeps a response of several messages.
SEVERAL = json.dumps(CALLS, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
MEMBERS = {"item", "rater", "confidence", "attributes", "class"}


def preference(*groups):
    return {"kind": "preference", "groups": [list(group) for group in groups]}


def written(key, prompt, first, second):
    """What two raters say of two responses to one prompt."""
    yield {"kind": "item", "item": key, "fields": {"prompt": prompt}}
    yield samples.label(key, "preference", preference([first], [second]), author="ann", confidence=0.75)
    yield samples.label(key, "preference", preference([second], [first]), author="ben")
    yield samples.label(key, "desirable", preference([first]), author="ann")
    yield samples.label(key, "undesirable", preference([second]), author="ann")
    yield samples.label(key, "answer", preference([first]))


def more():
    yield samples.label("text", "ranking", preference(["a"], ["b", "c"], ["d"]), author="ann")
    yield samples.label("text", "rating", preference(["a"]), author="ben",
                        attributes={"rating.helpful": 4, "rating.true": 0.5})


def is_messages(value):
    return isinstance(value, list) and all(set(m) == {"role", "content"} for m in value)


def load(path):
    return [{k: v for k, v in row.items() if v is not None and k not in MEMBERS}
            for row in load_dataset("json", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))]


def check_shapes(rows, prompts, texts):
    """A text goes on with texts and a conversation with messages, as TRL documents its dataset types."""
    for row in rows:
        expect(row["prompt"] in prompts, f"the prompt is one of the items': {row['prompt']}")
        for name in texts:
            fits = isinstance if isinstance(row["prompt"], str) else None
            expect(fits(row[name], str) if fits else is_messages(row[name]),
                   f"{name} has the shape of its prompt: {row[name]}")


def by_kind(company, folder, prompt, first, second):
    """Pairs, judgements and answers of one kind of prompt, each in its own format."""
    said = (lambda text: text) if isinstance(prompt, str) else (
        lambda text: CALLS if text.startswith("[") else [{"role": "assistant", "content": text}])
    path = company.export("labels", "dpo", folder / "dpo.jsonl")
    pairs = load(path)
    check_shapes(pairs, [prompt], ["chosen", "rejected"])
    same([(p["chosen"], p["rejected"]) for p in pairs],
         [(said(first), said(second)), (said(second), said(first))], "the pairs, both raters'")
    path = company.export("labels", "kto", folder / "kto.jsonl")
    judged = load(path)
    check_shapes(judged, [prompt], ["completion"])
    same([(j["completion"], j["label"]) for j in judged],
         [(said(first), True), (said(second), False)], "the judgements")
    path = company.export("labels", "alpaca", folder / "alpaca.jsonl")
    answers = load(path) if path.stat().st_size else []
    if isinstance(prompt, str):
        same(answers, [{"instruction": prompt, "input": "", "output": first}], "the answer")
    else:
        same(answers, [], "alpaca has no conversations")
    return {"dpo": len(pairs), "kto": len(judged), "alpaca": len(answers)}


def read_all(path, labels):
    """Every record in the shape that suits it."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    columns = Counter(frozenset(set(row) - MEMBERS) for row in rows)
    same(columns, Counter({
        frozenset({"prompt", "chosen", "rejected"}): 2, frozenset({"prompt", "completion", "label"}): 2,
        frozenset({"prompt", "output"}): 1, frozenset({"prompt", "responses", "ranking"}): 1,
        frozenset({"prompt", "completion", "ratings"}): 1}), "the shapes")
    ranking, = [r for r in rows if "ranking" in r]
    same((ranking["responses"], ranking["ranking"]), (["a", "b", "c", "d"], [1, 2, 2, 3]), "ties share a rank")
    loaded = load(path)
    same(len(loaded), len(labels), "datasets loads all of them as one table")
    same([r["ratings"] for r in loaded if "ratings" in r], [{"helpful": 4, "true": 0.5}], "the ratings")
    return len(loaded)


CARRIED = {"dpo": {"preference"}, "kto": {"desirable", "undesirable"}, "alpaca": {"answer"}}


def there_and_back(form, prompt, first, second):
    """Whether what the format carries comes back as it left."""
    records = [r for r in written("text", prompt, first, second) if r.get("class") in CARRIED[form] | {None}]
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        return round_trips(company, "labels", form, f"{form}.jsonl")


def main():
    disable_progress_bars()
    counts, cases = Counter(), [(QUESTION, "Hold the button 5 s.", "Unplug it."), (CHAT, SEVERAL, "Kaufen Sie neu.")]
    for prompt, first, second in cases:
        with home() as (company, folder):
            path = samples.jsonl(folder / "in.jsonl", written("text", prompt, first, second))
            company.bring("labels", path, "jsonl")
            counts.update(by_kind(company, folder, prompt, first, second))
    for form in ("dpo", "kto", "alpaca"):
        fitting = cases if form != "alpaca" else cases[:1]
        answers = [there_and_back(form, *case) for case in fitting]
        record(form, "datasets", items=len(fitting), labels=counts[form], tolerance=0,
               lossless={kind: all(a[kind] for a in answers) for kind in ("plain", "sidecar")})
    with home() as (company, folder):
        path = samples.jsonl(folder / "in.jsonl", written("text", QUESTION, "Hold the button.", "Unplug it."))
        company.bring("labels", path, "jsonl")
        company.bring("labels", samples.jsonl(folder / "more.jsonl", more()), "jsonl")
        path = company.export("labels", "preference", folder / "preference.jsonl")
        record("preference", "datasets", items=1, labels=read_all(path, company.labels("labels")), tolerance=0,
               lossless=round_trips(company, "labels", "preference", "preference.jsonl"))


main()
