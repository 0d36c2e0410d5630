// Conflicts one at a time: both sides beside each other, who said it and what each had seen; one key decides and the next
// is there. It is meant for a hundred of them in ten minutes, so the next ones are read before they are needed. It is
// long because the queue, its keys and its writes belong together.

import { el, fill, button, calm, inert, link, data } from "../core/dom.js";
import { t, time } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to } from "../core/router.js";
import { media } from "../core/media.js";
import { openDataset, classes } from "../core/dataset.js";
import { may } from "../core/session.js";
import { Writes } from "../core/writes.js";
import { showProblem, notice, askText } from "../core/notice.js";
import { shortcuts } from "../core/keys.js";
import { chip, fieldName, valueText } from "../core/parts.js";
import { quoted } from "../core/story.js";
import { ink } from "../core/colour.js";
import { viewerFor } from "../view/choose.js";
import { readLabels } from "../core/labels.js";

const LETTERS = "abcdefgh";
const AHEAD = 3;
const SIDES_MAX = 4;

/** Shows the queue. */
export async function show(host, place, signal) {
  await new ConflictScreen(host, place, signal).open();
}

function keyOf(conflict) {
  return `${conflict.annotation ?? ""}\n${conflict.item}\n${conflict.field}\n${conflict.kind}`;
}

class ConflictScreen {
  constructor(host, place, signal) {
    Object.assign(this, { host, place, signal, dataset: place.dataset, queue: [], at: 0, settled: 0, history: [], read: new Map(), viewers: [] });
    this.writes = new Writes(this.dataset);
  }

  async open() {
    const { dataset, signal } = this;
    const [known, document] = await Promise.all([openDataset(dataset, signal), get(inDataset(dataset, "conflicts"), {}, signal)]);
    this.known = known;
    this.classes = new Map(classes(known).map((each) => [each.name, each]));
    this.queue = document.conflicts;
    const wanted = this.queue.findIndex((each) => each.annotation === this.place.query.label);
    this.at = Math.max(0, wanted);
    listen("dataset", calm((event) => { if (event.id === dataset) this.refresh(); }, 150), signal);
    signal.addEventListener("abort", () => this.endViewers());
    this.keys();
    await this.draw();
  }

  get current() {
    return this.queue[this.at] ?? null;
  }

  endViewers() {
    this.viewers.forEach((each) => each.end());
    this.viewers = [];
  }

  // MARK: Reading

  // All that a conflict is shown with: the label's story, its item, the other labels and the file.
  load(conflict) {
    const key = keyOf(conflict);
    if (!this.read.has(key)) {
      const { dataset, signal } = this;
      const loading = Promise.all([
        conflict.annotation ? get(inDataset(dataset, "labels", conflict.annotation), {}, signal) : get(inDataset(dataset, "item"), { key: conflict.item }, signal),
        get(inDataset(dataset, "item"), { key: conflict.item }, signal),
        readLabels(dataset, conflict.item, signal),
        media(dataset, conflict.item, signal).catch(() => null),
      ]).then(([story, item, labels, file]) => ({ story, item, labels, file }));
      loading.catch(() => this.read.delete(key));
      this.read.set(key, loading);
      if (this.read.size > 24) this.read.delete(this.read.keys().next().value);
    }
    return this.read.get(key);
  }

  async refresh() {
    if (this.writes.pending) return;
    try {
      const document = await get(inDataset(this.dataset, "conflicts"), {}, this.signal);
      if (this.writes.pending) return;
      const current = this.current;
      // Those that were opened again here are no conflicts on the node, and stay until they are decided.
      const next = [...document.conflicts];
      this.queue.forEach((each, index) => { if (each.isReopened) next.splice(Math.min(index, next.length), 0, each); });
      const stays = current && next.some((each) => keyOf(each) === keyOf(current));
      const wasThere = this.queue.length;
      this.read.clear();
      this.queue = next;
      this.at = stays ? next.findIndex((each) => keyOf(each) === keyOf(current)) : Math.min(this.at, Math.max(0, next.length - 1));
      if (current && !stays && wasThere) notice(t("conflicts.elsewhere"), { kind: "note" });
      // What the reader looks at is not drawn anew under his hands unless it has changed.
      if (!stays || JSON.stringify(this.current.candidates) !== JSON.stringify(current.candidates)) await this.draw();
      else this.drawQuestion();
    } catch (error) {
      showProblem(error);
    }
  }

  // MARK: Showing

  async draw() {
    const conflict = this.current;
    document.documentElement.dataset.conflicts = String(this.queue.length);
    this.editing = null;
    if (!conflict) {
      this.endViewers();
      fill(this.host, el("div", { class: "empty" }, el("h1", {}, t("tab.conflicts")), el("p", {}, this.settled ? t("conflicts.done", { n: this.settled }) : t("conflicts.none")),
        this.history.length ? button(t("do.undo"), () => this.undo(), { title: "U" }) : null, link(t("tab.items"), to(this.dataset, "items"), { class: "button" })));
      return;
    }
    const drawn = this.drawing = keyOf(conflict) + this.at;
    let read;
    try {
      read = await this.load(conflict);
    } catch (error) {
      showProblem(error);
      return;
    }
    if (this.drawing !== drawn || this.signal.aborted) return;
    this.endViewers();
    this.question = el("div", { class: "question" });
    this.sides = el("div", { class: "sides" });
    const shown = conflict.candidates.slice(0, SIDES_MAX);
    this.sides.style.gridTemplateColumns = `repeat(${shown.length}, minmax(0, 1fr))`;
    fill(this.host, this.question, el("div", { class: "conflict" }, this.sides, this.moreBar(conflict, read)));
    shown.forEach((candidate, index) => this.drawSide(conflict, candidate, index, read));
    for (const one of this.viewers) one.onView = (view) => this.viewers.forEach((each) => { if (each !== one) each.setView?.(view); });
    this.drawQuestion();
    document.documentElement.dataset.conflict = conflict.annotation ?? conflict.item;
    for (const next of this.queue.slice(this.at + 1, this.at + 1 + AHEAD)) this.load(next).catch(() => {});
  }

  drawQuestion() {
    const conflict = this.current;
    fill(this.question,
      el("h1", {}, t("conflicts.title", { at: this.at + 1, n: this.queue.length })),
      el("span", {}, el("strong", {}, fieldName(conflict.field)), " · ", t(`conflicts.${conflict.kind}`), " · ", link(data(conflict.item), `${to(this.dataset, "item", conflict.item)}${conflict.annotation ? `?label=${encodeURIComponent(conflict.annotation)}` : ""}`), conflict.annotation ? [" · ", link(el("span", { class: "mono" }, inert(conflict.annotation)), to(this.dataset, "label", conflict.annotation))] : null),
      el("div", { class: "grow" }), this.settled ? el("span", { class: "tag ok" }, t("conflicts.settled", { n: this.settled })) : null,
      conflict.isReopened ? el("span", { class: "tag warn" }, t("conflicts.reopened")) : null);
  }

  moreBar(conflict, read) {
    const can = may("reviewer");
    const value = read.story.fields[conflict.field]?.value;
    return el("div", { class: "more" },
      button(t("conflicts.edit"), () => this.edit(), { title: "E", disabled: !can }), button(t("key.comment"), () => this.comment(), { title: "C", disabled: !may("annotator") }),
      button(t("do.undo"), () => this.undo(), { title: "U", disabled: !this.history.length }), button(t("conflicts.skip"), () => this.move(1), { title: "→" }),
      el("span", { class: "muted" }, t("conflicts.now", { value: valueText(value, conflict.field) })), el("div", { class: "grow" }),
      el("span", { class: "muted" }, can ? t("conflicts.hint") : t("conflicts.mayNot")));
  }

  drawSide(conflict, candidate, index, read) {
    const letter = LETTERS[index].toUpperCase();
    const writes = read.story.fields[candidate.field]?.writes ?? [];
    const write = writes.find((each) => each.op === candidate.op);
    // What stood in the writer's eyes, as the signed heads of the write say.
    const seen = writes.filter((each) => write?.replaces?.includes(each.op));
    const others = conflict.candidates.filter((each) => each !== candidate).map((each) => inert(each.org));
    const pane = el("div", { class: "pane" });
    this.sides.append(el("section", { class: "candidate", "aria-label": t("conflicts.side", { letter, org: inert(candidate.org) }), style: { "--ink": ink(candidate.org) } },
      el("header", {},
        el("div", { class: "pick" }, button([el("kbd", {}, letter), " ", t("conflicts.take")], () => this.take(index), { class: "main", disabled: !may("reviewer") }), chip(candidate.org), write?.author ? el("span", { class: "muted" }, data(write.author)) : null, el("span", { class: "grow" }), el("span", { class: "muted" }, write ? time(write.time) : "")),
        el("p", { class: "said" }, candidate.field === conflict.field ? valueText(candidate.value, conflict.field) : `${fieldName(candidate.field)}: ${valueText(candidate.value, candidate.field)}`),
        el("p", { class: "muted" }, seen.length ? t("conflicts.seen", { values: seen.map((each) => quoted(each, candidate.field)).join(t("list.comma")) }) : t("conflicts.seenNothing"), " ", t("conflicts.notSeen", { orgs: others.join(t("list.comma")) }))),
      pane));
    if (!conflict.annotation) return;
    const label = read.labels.find((each) => each.id === conflict.annotation);
    if (!label) return;
    const mine = { ...label, org: candidate.org, contested: true, status: "active", ...candidate.field === "class" ? { class: candidate.value } : {}, ...candidate.field === "selector" ? { selector: candidate.value } : {} };
    const faint = read.labels.filter((each) => each.id !== label.id && each.status !== "retracted");
    const fields = read.item.fields;
    const Viewer = viewerFor({ mediaType: fields.mediaType?.value, key: conflict.item, labels: [mine], fields });
    const viewer = new Viewer(pane, {
      item: conflict.item, dataset: this.dataset, signal: this.signal, below: el("div"), story: read.item, onSelect: () => {}, onStep: () => {},
      onDraw: () => {}, onChange: (changed, selector) => { this.editing = { selector }; notice(t("conflicts.drawn"), { kind: "note", seconds: 3 }); }, onFrame: () => {},
      canEdit: () => Boolean(this.isEditing), classOf: (each) => this.classes.get(each.class), caption: (each) => inert(each.class), showNames: () => false, field: (name) => fields[name]?.value ?? null, labels: () => read.labels, className: () => null,
    });
    viewer.setLabels([...faint.slice(0, 3000), mine]);
    viewer.load(read.file, { width: fields.width?.value, height: fields.height?.value, labels: [mine, ...faint], field: (name) => fields[name]?.value ?? null })
      .catch(() => {}).then(() => { viewer.select(mine.id); viewer.focusOn?.(mine.id); });
    this.viewers.push(viewer);
  }

  move(step) {
    if (!this.queue.length) return false;
    this.at = (this.at + step + this.queue.length) % this.queue.length;
    this.isEditing = false;
    this.draw();
    return true;
  }

  // MARK: Deciding

  take(index) {
    const conflict = this.current;
    const candidate = conflict?.candidates[index];
    if (!candidate || !may("reviewer")) return false;
    // Where one company has two of them, and for what was edited beside a retraction, the value says which is meant.
    if (conflict.kind === "edited-while-retracted") {
      const isRetraction = candidate.field === "status" && candidate.value === 1;
      this.settle(conflict, { field: "status", value: isRetraction ? "retracted" : "active" }, valueText(isRetraction ? 1 : 0, "status"));
      return true;
    }
    const alone = conflict.candidates.filter((each) => each.org === candidate.org).length === 1 && !conflict.isReopened;
    this.settle(conflict, alone ? { field: conflict.field, take: candidate.org } : { field: conflict.field, value: candidate.value }, valueText(candidate.value, conflict.field));
    return true;
  }

  // The next one is shown at once; the write goes on behind it.
  async settle(conflict, decision, text) {
    const read = await this.load(conflict).catch(() => null);
    const before = read?.story.fields[conflict.field]?.value ?? null;
    const at = this.queue.indexOf(conflict);
    this.queue = this.queue.filter((each) => each !== conflict);
    this.at = Math.min(at, Math.max(0, this.queue.length - 1));
    this.settled += 1;
    this.isEditing = false;
    const target = conflict.annotation ? { label: conflict.annotation } : { item: conflict.item };
    const entry = { conflict, target, before, field: decision.field };
    this.history.push(entry);
    const drawn = this.draw();
    const answer = await this.writes.run("resolve", { ...target, ...decision });
    if (answer) notice(t("conflicts.took", { value: text }), { seconds: 2.5 });
    else {
      this.history.splice(this.history.indexOf(entry), 1);
      this.settled -= 1;
      this.queue.splice(Math.min(this.at, this.queue.length), 0, conflict);
      await drawn;
      await this.draw();
    }
  }

  /** Takes the last decision back: a new write of the value that was shown before, and the conflict is shown again. */
  async undo() {
    const last = this.history.pop();
    if (!last) {
      notice(t("write.nothing"), { kind: "note" });
      return;
    }
    const value = last.field === "status" ? (last.before === 1 ? "retracted" : "active") : last.before;
    const answer = await this.writes.run("resolve", { ...last.target, field: last.field, value }, { text: t("conflicts.undone") });
    if (!answer) return;
    this.settled -= 1;
    this.read.delete(keyOf(last.conflict));
    this.queue.splice(this.at, 0, { ...last.conflict, isReopened: true });
    await this.draw();
  }

  async edit() {
    const conflict = this.current;
    if (!conflict || !may("reviewer")) return;
    if (conflict.field === "selector") {
      this.isEditing = true;
      this.viewers.forEach((each) => { each.redrawTop?.(); });
      this.viewers[0]?.top?.focus();
      notice(t("conflicts.drag"), { kind: "note", seconds: 6 });
      return;
    }
    const read = await this.load(conflict);
    const value = await askText(t("conflicts.editField", { field: fieldName(conflict.field) }), { value: valueText(read.story.fields[conflict.field]?.value, conflict.field), list: conflict.field === "class" ? [...this.classes.keys()] : null });
    if (value === null || !value.trim()) return;
    this.settle(conflict, { field: conflict.field, value: typed(value, conflict.candidates) }, value);
  }

  confirmEdit() {
    if (!this.editing) return false;
    this.settle(this.current, { field: "selector", value: this.editing.selector }, valueText(this.editing.selector));
    return true;
  }

  async comment() {
    const conflict = this.current;
    const text = conflict && await askText(t(conflict.annotation ? "item.commentLabel" : "item.commentItem"), { long: true });
    if (!text?.trim()) return;
    await this.writes.run("comment", conflict.annotation ? { label: conflict.annotation, text } : { item: conflict.item, text }, { text: t("write.commented") });
  }

  keys() {
    shortcuts("keys.conflicts", [
      ...[0, 1, 2, 3].map((index) => ({ keys: [LETTERS[index] === "c" ? "3" : LETTERS[index] === "d" ? "4" : LETTERS[index], String(index + 1)].filter((key, at, all) => all.indexOf(key) === at), text: index < 2 ? `conflicts.take${index + 1}` : null, run: () => this.take(index) })),
      { keys: ["e"], text: "conflicts.edit", run: () => { this.edit(); } },
      { keys: ["Enter"], text: "conflicts.confirm", run: () => this.confirmEdit() },
      { keys: ["c"], text: "key.comment", run: () => { if (may("annotator")) this.comment(); } },
      { keys: ["u", "Ctrl+z"], text: "do.undo", run: () => { this.undo(); } },
      { keys: ["ArrowRight", "f", "s"], text: "conflicts.skip", run: () => this.move(1) },
      { keys: ["ArrowLeft", "d"], text: "key.previous", run: () => this.move(-1) },
      { keys: ["+", "="], text: "key.zoomIn", run: () => { this.viewers[0]?.zoom?.(1.3); } },
      { keys: ["-"], text: "key.zoomOut", run: () => { this.viewers[0]?.zoom?.(1 / 1.3); } },
      { keys: ["0"], text: "key.fit", run: () => { this.viewers.forEach((each) => each.fit?.()); } },
      { keys: ["Escape"], text: "key.cancel", run: () => { this.isEditing = false; if (this.editing) this.draw(); } },
    ], this.signal);
  }
}

// What was typed, as the kind of value that the sides have.
function typed(text, candidates) {
  const kinds = new Set(candidates.map((each) => typeof each.value));
  if (kinds.has("number") && Number.isFinite(Number(text))) return Number(text);
  if (kinds.has("boolean") && ["true", "false"].includes(text)) return text === "true";
  return text;
}
