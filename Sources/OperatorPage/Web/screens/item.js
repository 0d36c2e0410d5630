// One item with what every company says of it. It is long because it holds the keys and writes of all viewers in one place.

import { el, fill, add, button, calm, inert, link } from "../core/dom.js";
import { t } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to, withQuery } from "../core/router.js";
import { media } from "../core/media.js";
import { openDataset, classes, memberNames } from "../core/dataset.js";
import { may, me } from "../core/session.js";
import { Writes } from "../core/writes.js";
import { showProblem, notice, askText } from "../core/notice.js";
import { shortcuts } from "../core/keys.js";
import { chip } from "../core/parts.js";
import { viewerFor, kindOf } from "../view/choose.js";
import { Panel } from "../core/panel.js";
import { adopt, readLabels } from "../core/labels.js";
import { Past } from "../core/past.js";

const EXAMINE = "x";
// Remembered from item to item: who works through a folder sets them once.
const kept = { hiddenOrgs: new Set(), mode: "over", className: null, tool: "select", names: true, retracted: false, relation: null };

/** Shows it. */
export async function show(host, place, signal) {
  const screen = new ItemScreen(host, place, signal);
  await screen.open();
}

class ItemScreen {
  constructor(host, place, signal) {
    Object.assign(this, { host, place, signal, dataset: place.dataset, key: place.key, selected: null, labels: [], viewers: [], isHiding: false });
    this.writes = new Writes(this.dataset);
  }

  async open() {
    const { dataset, key, signal } = this;
    const [some, whole] = this.readAll();
    const [known, story, labels] = await Promise.all([openDataset(dataset, signal), get(inDataset(dataset, "item"), { key }, signal), Promise.race([some, whole])]);
    Object.assign(this, { known, story, labels });
    this.classes = new Map(classes(known).map((each) => [each.name, each]));
    this.layout();
    this.showLabels();
    this.keys();
    listen("dataset", calm((event) => { if (event.id === dataset && !this.writes.pending) this.refresh(); }, labels.length > 2000 ? 1500 : 120), signal);
    await Promise.all([this.loadFile(), this.loadNeighbours(), this.loadGroup(), this.complete(whole)]);
    if (this.place.query.label) this.select(this.place.query.label, true);
  }

  // The first labels, and all of them.
  readAll() {
    let some;
    const first = new Promise((resolve) => { some = resolve; });
    const whole = readLabels(this.dataset, this.key, this.signal, some);
    whole.catch(() => {});
    return [first, whole];
  }

  async complete(whole) {
    const labels = await whole;
    if (labels.length <= this.labels.length) return;
    this.labels = [...labels, ...this.labels.filter((each) => each.id.startsWith("new-"))];
    this.drawBar();
    this.showLabels();
    this.select(this.selected, false, true);
  }

  field(name) {
    return this.story.fields[name]?.value ?? null;
  }

  layout() {
    this.bar = el("div", { class: "itembar" });
    this.legend = el("div", { class: "legend", role: "group", "aria-label": t("item.companies") });
    this.red = el("div", { class: "mediastate", role: "status" });
    this.stages = el("div", { class: "stages" });
    this.below = el("div", { class: "below" });
    this.strip = el("div", { class: "strip" });
    const side = el("aside", { class: "side", "aria-label": t("item.side") });
    this.panel = new Panel(side, this);
    fill(this.host, this.bar, this.red, el("p", { id: "view-help", class: "unseen" }, t("view.help")), el("div", { class: "work" }, el("div", { class: "middle" }, this.stages, this.below, this.strip), side));
    this.drawBar();
    this.buildViewers();
    this.signal.addEventListener("abort", () => { this.viewers.forEach((each) => each.end()); this.past?.end(); });
  }

  drawBar() {
    const orgs = this.orgs();
    fill(this.legend, orgs.map((org, index) => el("button", { type: "button", class: "company", "aria-pressed": String(!kept.hiddenOrgs.has(org)), title: `Alt+${index + 1}`, onclick: () => this.toggleOrg(org) }, chip(org))));
    const examined = this.story.fields[`examined/${me().org}`]?.value === true;
    fill(this.bar,
      link("←", this.back(), { class: "button quiet", "aria-label": t("item.back"), title: t("item.back") }),
      button("‹", () => this.step(-1), { "aria-label": t("key.previousItem"), title: `${t("key.previousItem")} (D)`, disabled: !this.previous }),
      button("›", () => this.step(1), { "aria-label": t("key.nextItem"), title: `${t("key.nextItem")} (F)`, disabled: !this.next }),
      el("h1", { class: "itemkey", title: inert(this.key) }, el("bdi", {}, inert(this.key))),
      this.legend, el("div", { class: "grow" }),
      this.toolButtons(),
      button(kept.mode === "side" ? t("item.over") : t("item.beside"), () => this.toggleMode(), { title: "V" }),
      button(t("item.past"), () => this.togglePast(), { "aria-pressed": String(Boolean(this.past)), title: "T" }),
      may("annotator") ? button(examined ? `✓ ${t("item.examined")}` : t("item.examine"), () => this.examine(), { class: examined ? "" : "main", "aria-pressed": examined ? "true" : null, title: "X" }) : null);
  }

  toolButtons() {
    const tools = this.viewers[0]?.constructor.tools ?? [];
    if (!tools.length || !may("annotator")) return null;
    return el("div", { class: "tools", role: "group", "aria-label": t("item.tools") }, ["select", ...tools].map((name) => button(t(`tool.${name}`), () => this.take(name), { "aria-pressed": String(this.tool === name), title: t(`tool.${name}.key`) })),
      el("select", { "aria-label": t("item.class"), title: "1–9", onchange: (event) => { kept.className = event.target.value; } }, this.classNames().map((name, index) => el("option", { value: name, selected: name === kept.className }, index < 9 ? `${index + 1} ${inert(name)}` : inert(name)))));
  }

  orgs() {
    const said = new Set(this.labels.map((each) => each.org));
    return [...memberNames(this.known).filter((org) => said.has(org)), ...[...said].filter((org) => !memberNames(this.known).includes(org))];
  }

  classNames() {
    const names = this.classes.size ? [...this.classes.keys()] : [...new Set([...this.labels.map((each) => each.class), ...JSON.parse(sessionStorage.getItem("countermark.classes") ?? "[]")].filter(Boolean))].sort();
    const text = JSON.stringify(names.slice(0, 200));
    if (sessionStorage.getItem("countermark.classes") !== text) sessionStorage.setItem("countermark.classes", text);
    if (!names.includes(kept.className)) kept.className = names[0] ?? null;
    return names;
  }

  buildViewers() {
    this.viewers.forEach((each) => each.end());
    this.stages.replaceChildren();
    const Viewer = viewerFor(this.kindOf());
    const sides = kept.mode === "side" && this.orgs().length > 1 ? this.orgs().slice(0, 4) : [null];
    this.viewers = sides.map((org) => {
      const pane = el("div", { class: "pane" }, org ? el("div", { class: "paneorg" }, chip(org)) : null);
      this.stages.append(pane);
      return new Viewer(pane, this.contextFor(), org);
    });
    for (const one of this.viewers) one.onView = (view) => this.viewers.forEach((each) => { if (each !== one) each.setView?.(view); });
    if (this.beside?.box) this.stages.append(this.beside.box);
    this.drawBar();
  }

  kindOf() {
    return { mediaType: this.field("mediaType"), key: this.key, labels: this.labels, fields: this.story.fields };
  }

  contextFor() {
    return {
      item: this.key, dataset: this.dataset, signal: this.signal, below: this.below, story: this.story,
      onSelect: (id) => this.select(id), onDraw: (selector) => this.draw(selector), onChange: (label, selector) => this.reshape(label, selector),
      onStep: (step) => this.stepLabel(step), canEdit: () => may("annotator") && !this.past, classOf: (label) => this.classes.get(label.class),
      caption: (label) => `${inert(label.class)}${label.contested ? " ≠" : ""}`, isShown: (label) => !kept.hiddenOrgs.has(label.org),
      showNames: () => kept.names, showRetracted: () => kept.retracted, field: (name) => this.field(name), labels: () => this.labels,
      onFrame: (frame) => this.viewers.forEach((each) => each.setFrame?.(frame)), className: () => kept.className,
    };
  }

  async loadFile() {
    let file = null;
    let problem = null;
    // What is whole in the item's fields has no file.
    const isInFields = ["text", "prompt", "sdf.molfile"].some((name) => this.field(name) !== null);
    if (!isInFields) try {
      file = await media(this.dataset, this.key, this.signal, this.viewers[0].constructor.wanted?.());
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!["no-media", "not-found", "too-large"].includes(error.code)) showProblem(error);
      problem = error;
    }
    this.file = file;
    const tooLarge = problem?.code === "too-large" || problem?.status === 413;
    this.red.className = `mediastate ${file?.state === "differs" || tooLarge ? "differs" : ""}`;
    this.red.textContent = tooLarge ? t("media.tooLarge") : file?.state === "differs" ? t("media.differs.long") : file?.state === "unregistered" ? t("media.unregistered") : file || isInFields ? "" : t("media.none");
    await this.loadViewers();
  }

  async loadViewers() {
    try {
      await Promise.all(this.viewers.map((each) => each.load(this.file, { width: this.field("width"), height: this.field("height"), labels: this.labels, field: (name) => this.field(name) })));
    } catch (error) {
      if (error.code === "too-large") {
        this.red.className = "mediastate differs";
        this.red.textContent = t("media.tooLarge");
      } else if (error.code === "not-a-picture") {
        this.red.textContent = t("media.unreadable");
      } else showProblem(error);
    }
    document.documentElement.dataset.loaded = this.key;
  }

  async loadNeighbours() {
    const { at, label, ...query } = this.place.query;
    if (at === undefined) return;
    const from = Math.max(0, Number(at) - 1);
    const { items } = await get(inDataset(this.dataset, "items"), { ...query, offset: from, limit: 3 }, this.signal);
    const here = items.findIndex((each) => each.key === this.key);
    if (here > 0) this.previous = { key: items[here - 1].key, at: from + here - 1 };
    if (here >= 0 && here + 1 < items.length) this.next = { key: items[here + 1].key, at: from + here + 1 };
    this.drawBar();
  }

  async loadGroup() {
    const group = this.field("group");
    if (!group) return;
    const { showGroup, relationsOf } = await import("../core/group.js");
    const items = await showGroup(this.strip, this.dataset, group, this.key, this.signal);
    if (items.length < 2) return;
    if (kindOf(this.kindOf()) === "cloud" && kept.mode === "over") {
      const { Beside } = await import("../view/beside.js");
      this.beside = new Beside(this.stages, this.dataset, items, group, this.signal);
    }
    this.panel.setRelations(await relationsOf(this.dataset, items, this.key, this.labels, this.signal));
  }

  back() {
    const { at, label, ...query } = this.place.query;
    return withQuery(to(this.dataset, "items"), { ...query, at });
  }

  step(direction) {
    const goal = direction > 0 ? this.next : this.previous;
    if (!goal) return false;
    const { label, ...query } = this.place.query;
    location.hash = withQuery(to(this.dataset, "item", goal.key), { ...query, at: String(goal.at) });
    return true;
  }

  // MARK: What is shown

  showLabels() {
    const labels = this.past ? this.past.labels() : this.labels;
    this.viewers.forEach((each) => each.setLabels(labels));
    this.panel.setLabels(labels.filter((each) => (each.status !== "retracted" || kept.retracted) && !kept.hiddenOrgs.has(each.org)));
  }

  async refresh() {
    try {
      const [story, labels] = await Promise.all([get(inDataset(this.dataset, "item"), { key: this.key }, this.signal), readLabels(this.dataset, this.key, this.signal)]);
      this.story = story;
      const isSame = adopt(this.labels, labels);
      if (!isSame) this.labels = labels;
      this.drawBar();
      if (!isSame || this.past) this.showLabels();
      else {
        this.viewers.forEach((each) => (each.relabel ?? each.redraw)?.call(each));
        this.panel.list.refresh();
      }
      this.select(this.selected, false, true);
      document.documentElement.dataset.refreshed = String(Number(document.documentElement.dataset.refreshed ?? 0) + 1);
    } catch (error) {
      showProblem(error);
    }
  }

  label(id = this.selected) {
    return (this.past ? this.past.labels() : this.labels).find((each) => each.id === id) ?? null;
  }

  select(id, reveal = false, again = false) {
    if (id === this.selected && !again && !reveal) return;
    this.selected = this.label(id) ? id : null;
    this.viewers.forEach((each) => { each.select(this.selected); if (reveal && this.selected) each.reveal?.(this.selected); });
    this.panel.select(this.selected);
  }

  stepLabel(step) {
    const list = this.panel.labels;
    if (!list.length) return false;
    const index = list.findIndex((each) => each.id === this.selected);
    const next = index < 0 ? (step > 0 ? 0 : list.length - 1) : (index + step + list.length) % list.length;
    this.select(list[next].id, true);
    return true;
  }

  toggleOrg(org) {
    if (!kept.hiddenOrgs.delete(org)) kept.hiddenOrgs.add(org);
    this.drawBar();
    this.showLabels();
  }

  hideAll() {
    this.isHiding = !this.isHiding;
    this.viewers.forEach((each) => each.hideAll?.(this.isHiding));
    document.documentElement.dataset.hiding = String(this.isHiding);
  }

  hideOne() {
    if (!this.selected) return false;
    for (const each of this.viewers) {
      if (!each.hidden) continue;
      if (!each.hidden.delete(this.selected)) each.hidden.add(this.selected);
      each.redraw();
    }
    return true;
  }

  toggleMode() {
    kept.mode = kept.mode === "side" ? "over" : "side";
    this.buildViewers();
    this.showLabels();
    this.loadViewers();
    this.select(this.selected, false, true);
  }

  togglePast() {
    if (this.past) {
      this.past.end();
      this.past = null;
      this.showLabels();
    } else {
      this.past = new Past(this.below, this.dataset, this.key, this.labels, this.signal, () => this.showLabels());
    }
    this.drawBar();
  }

  // The tool that was used last, where this viewer has it; a second time it is laid down.
  takeLast() {
    const tools = this.viewers[0].constructor.tools ?? [];
    if (!tools.length) return false;
    this.take(this.tool && this.tool !== "select" ? "select" : tools.includes(kept.tool) ? kept.tool : tools[0]);
    return true;
  }

  take(name) {
    if (name !== "select" && !(may("annotator") && !this.past)) return;
    // A span is made of what is marked already; nothing stays in hand.
    if (name === "textSpan") {
      this.viewers[0].tools?.take(name);
      return;
    }
    this.tool = name;
    const known = this.classes.get(kept.className);
    this.viewers.forEach((each) => each.tools?.take(name, known?.keypoints?.length ?? 0));
    if (name !== "select") kept.tool = name;
    this.drawBar();
  }

  // MARK: Writing

  async draw(drawn) {
    const selector = this.viewers[0].tracked?.(drawn) ?? drawn;
    const name = kept.className ?? await askText(t("item.newClass"), { list: this.classNames() });
    if (!name) return;
    kept.className = name;
    this.take("select");
    const local = { id: `new-${Date.now()}`, item: this.key, org: me().org, class: name, selector, status: "active", contested: false, fields: {}, author: me().person ?? "" };
    this.labels = [...this.labels, local];
    this.showLabels();
    this.select(local.id);
    const answer = await this.writes.run("annotate", { item: this.key, class: name, selector }, { undo: ({ id }) => ["retract", { label: id }], text: t("write.added", { class: inert(name) }) });
    if (answer?.id) {
      local.id = answer.id;
      this.selected = answer.id;
    } else this.labels = this.labels.filter((each) => each !== local);
    this.showLabels();
    this.select(answer?.id ?? null, false, true);
  }

  async change(label, fields, before, text) {
    const { id } = label;
    // Of one label that has changed not all are sorted and placed anew, unless it has moved.
    const drawn = () => {
      if (fields.selector) this.showLabels();
      else this.viewers.forEach((each) => (each.relabel ?? each.redraw)?.call(each));
      // Another one may be selected by now.
      this.select(this.selected, false, true);
    };
    apply(label, fields);
    drawn();
    const answer = await this.writes.run("set", { label: id, fields }, { undo: ({ changed }) => (changed === false ? null : ["set", { label: id, fields: before }]), text });
    // A suggestion changes nothing yet; a refusal never.
    if (answer && !answer.suggestion) return;
    apply(label, before);
    drawn();
  }

  /** Asks for the class, the place in numbers and the attributes of what is selected. */
  async edit() {
    const label = this.label();
    if (!label || !may("annotator") || this.past) return;
    const { askDetails } = await import("../core/edit.js");
    const fields = await askDetails(label, this.known, this.classNames());
    if (!fields) return;
    const before = Object.fromEntries(Object.keys(fields).map((name) => [name, name === "class" || name === "selector" ? label[name] : label.fields?.[name] ?? null]));
    await this.change(label, fields, before, t("write.changed"));
  }

  /** The first time it says where a relation begins, the second time where it ends: labels, or whole items of a group. */
  async relate() {
    if (!may("annotator") || this.past) return;
    const label = this.label();
    const end = label ? { annotation: label.id } : { item: this.key };
    const start = kept.relation?.dataset === this.dataset ? kept.relation : null;
    if (!start) {
      kept.relation = { dataset: this.dataset, end, name: label ? label.class : this.key };
      notice(t("relation.begins", { name: inert(kept.relation.name) }), { kind: "note", seconds: 8 });
      return;
    }
    kept.relation = null;
    if (JSON.stringify(start.end) === JSON.stringify(end)) {
      notice(t("relation.none"), { kind: "note" });
      return;
    }
    const known = [...new Set(this.labels.filter((each) => each.selector.kind === "relation").map((each) => each.selector.relation))];
    const name = await askText(t("relation.name", { from: inert(start.name), to: inert(label ? label.class : this.key) }), { list: known, value: known[0] ?? "" });
    if (!name?.trim()) return;
    await this.writes.run("annotate", { item: this.key, class: name.trim(), selector: { kind: "relation", relation: name.trim(), from: [start.end], to: [end] } }, { undo: ({ id }) => ["retract", { label: id }], text: t("write.added", { class: inert(name) }) });
    await this.refresh();
  }

  /** Of a track: from this frame on it is out of sight, or in sight again. */
  outside() {
    const label = this.label();
    const one = this.viewers[0];
    if (label?.selector.kind !== "track" || !may("annotator") || this.past) return false;
    const last = label.selector.keyframes.findLast((each) => each.time <= one.frame) ?? label.selector.keyframes[0];
    const shown = one.entries.find((each) => each.label.id === label.id)?.shape ?? last.selector;
    this.change(label, { selector: trackWith(label.selector, one.frame, shown, !last.outside) }, { selector: label.selector }, t("write.moved"));
    return true;
  }

  reshape(label, selector) {
    // Of a track the keyframe is moved, or made where there is none.
    const whole = label.selector.kind === "track" ? trackWith(label.selector, this.viewers[0].frame, selector) : selector;
    this.change(label, { selector: whole }, { selector: label.selector }, t("write.moved"));
  }

  setClass(name) {
    const label = this.label();
    kept.className = name;
    if (label && may("annotator") && !this.past && label.class !== name) this.change(label, { class: name }, { class: label.class }, t("write.class", { class: inert(name) }));
    else this.drawBar();
  }

  async toggleRetracted() {
    const label = this.label();
    if (!label || !may("annotator") || this.past) return;
    const isBack = label.status === "retracted";
    label.status = isBack ? "active" : "retracted";
    this.showLabels();
    this.select(kept.retracted || isBack ? label.id : null, false, true);
    const answer = await this.writes.run(isBack ? "restore" : "retract", { label: label.id }, { undo: () => [isBack ? "retract" : "restore", { label: label.id }], text: t(isBack ? "write.restored" : "write.retracted") });
    if (!answer) {
      label.status = isBack ? "retracted" : "active";
      this.showLabels();
    }
  }

  async comment() {
    const label = this.label();
    const text = await askText(label ? t("item.commentLabel") : t("item.commentItem"), { long: true });
    if (!text?.trim()) return;
    await this.writes.run("comment", label ? { label: label.id, text } : { item: this.key, text }, { text: t("write.commented") });
    await this.refresh();
  }

  async review(verdict, id = this.selected) {
    if (!id || !may("reviewer")) return;
    const reason = verdict === "accept" ? null : await askText(t(`verdict.${verdict}`), { label: t("item.reason") });
    if (reason === null && verdict !== "accept") return;
    await this.writes.run("review", { label: id, verdict, ...reason ? { reason } : {} }, { text: t("write.reviewed") });
    await this.refresh();
  }

  async examine() {
    if (!may("annotator")) return;
    await this.writes.run("examined", { item: this.key }, { text: t("write.examined") });
    await this.refresh();
  }

  async undo() {
    if (await this.writes.undo()) await this.refresh();
  }

  nudge(dx, dy) {
    const label = this.label();
    const one = this.viewers[0];
    if (!label || !one.nudge || !may("annotator") || this.past) return false;
    return one.nudge(label, dx, dy);
  }

  keys() {
    const view = (run) => () => { this.viewers.slice(0, 1).forEach(run); };
    shortcuts("keys.item", [
      { keys: ["f", "ArrowRight"], text: "key.nextItem", run: (event) => (event.key === "ArrowRight" && this.selected && this.nudge(1, 0)) || this.step(1) },
      { keys: ["d", "ArrowLeft"], text: "key.previousItem", run: (event) => (event.key === "ArrowLeft" && this.selected && this.nudge(-1, 0)) || this.step(-1) },
      { keys: ["ArrowUp"], text: "key.nudge", run: () => this.nudge(0, -1) },
      { keys: ["ArrowDown"], run: () => this.nudge(0, 1) },
      { keys: ["]", "j"], text: "key.nextLabel", run: () => this.stepLabel(1) },
      { keys: ["[", "k"], text: "key.previousLabel", run: () => this.stepLabel(-1) },
      { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], text: "key.class", run: (event) => { const name = this.classNames()[Number(event.key) - 1]; if (name) this.setClass(name); } },
      { keys: ["n"], text: "key.new", run: () => this.takeLast() },
      { keys: ["b"], text: "tool.box", run: () => this.take("box") },
      { keys: ["p"], text: "tool.polygon", run: () => this.take("polygon") },
      { keys: ["r"], text: "tool.rotatedBox", run: () => this.take("rotatedBox") },
      { keys: ["y"], text: "tool.keypoints", run: () => this.take("keypoints") },
      { keys: ["i"], text: "tool.polyline", run: () => this.take("polyline") },
      { keys: ["m"], text: "tool.mask", run: () => this.take("mask") },
      { keys: ["e"], text: "key.edit", run: () => { this.edit(); } },
      { keys: ["w"], text: "key.relate", run: () => { this.relate(); } },
      { keys: ["o"], text: "key.outside", run: () => this.outside() },
      { keys: ["Enter"], text: "key.finish", run: () => this.viewers[0].tools?.finish() ?? false },
      { keys: ["Backspace"], text: "key.back", run: () => { if (!this.viewers[0].tools?.points.length) return this.toggleRetracted(); return this.viewers[0].tools.back(); } },
      { keys: ["Delete"], text: "key.retract", run: () => { this.toggleRetracted(); } },
      { keys: ["h"], text: "key.hide", run: () => this.hideOne() },
      { keys: ["a", "Shift+h"], text: "key.hideAll", run: () => this.hideAll() },
      { keys: ["l"], text: "key.names", run: () => { kept.names = !kept.names; this.viewers.forEach((each) => each.redraw?.()); } },
      { keys: ["g"], text: "key.retracted", run: () => { kept.retracted = !kept.retracted; this.showLabels(); } },
      { keys: ["v"], text: "item.beside", run: () => this.toggleMode() },
      { keys: ["t"], text: "item.past", run: () => this.togglePast() },
      { keys: ["c"], text: "key.comment", run: () => { if (may("annotator")) this.comment(); } },
      { keys: ["Shift+a"], text: "verdict.accept", run: () => { this.review("accept"); } },
      { keys: ["Shift+r"], text: "verdict.reject", run: () => { this.review("reject"); } },
      { keys: [EXAMINE], text: "item.examine", run: () => { this.examine(); } },
      { keys: ["s"], text: "key.story", run: () => { if (this.selected) location.hash = to(this.dataset, "label", this.selected); } },
      { keys: ["u", "Ctrl+z"], text: "do.undo", run: () => { this.undo(); } },
      { keys: ["+", "="], text: "key.zoomIn", run: view((one) => one.zoom?.(1.3)) },
      { keys: ["-"], text: "key.zoomOut", run: view((one) => one.zoom?.(1 / 1.3)) },
      { keys: ["0"], text: "key.fit", run: view((one) => one.fit?.()) },
      { keys: ["."], text: "key.nextFrame", run: view((one) => one.stepFrame?.(1)) },
      { keys: [","], text: "key.previousFrame", run: view((one) => one.stepFrame?.(-1)) },
      { keys: ["Space"], text: "key.play", run: view((one) => one.play?.()) },
      ...Array.from({ length: 9 }, (_, index) => ({ keys: [`Alt+${index + 1}`], text: index ? null : "key.company", run: () => { const org = this.orgs()[index]; if (org) this.toggleOrg(org); } })),
      { keys: ["Escape"], text: "key.cancel", run: () => { if (this.viewers[0].tools?.drop()) return; if (this.tool !== "select") this.take("select"); this.select(null); } },
    ], this.signal);
  }
}

// A track with a keyframe of this shape at a frame.
function trackWith(track, frame, selector, outside = false) {
  const others = track.keyframes.filter((each) => each.time !== frame);
  return { ...track, keyframes: [...others, { time: frame, selector, ...outside ? { outside } : {} }].sort((a, b) => a.time - b.time) };
}

// What was written, where the label has it: attributes stand among its fields.
function apply(label, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "class" || name === "selector" || name === "status") label[name] = value;
    else if (value === null) delete label.fields[name];
    else label.fields = { ...label.fields, [name]: value };
  }
}
