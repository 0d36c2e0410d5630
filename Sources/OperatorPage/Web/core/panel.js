// The panel beside a viewer: the list of labels, and what was said of the one that is selected or of the item.

import { el, fill, button, data, inert, link } from "./dom.js";
import { t } from "./text.js";
import { get, inDataset } from "./api.js";
import { to } from "./router.js";
import { may, me } from "./session.js";
import { chip, selectorText, fieldName, valueText, facts } from "./parts.js";
import { fieldStories, reviewList, suggestionList, labelLink } from "./story.js";
import { Virtual } from "./virtual.js";
import { ink } from "./colour.js";
import { problemBody } from "./notice.js";

const ROW = 30;

/** The panel of one item screen. */
export class Panel {
  constructor(host, screen) {
    Object.assign(this, { host, screen, labels: [] });
    this.count = el("h2", {});
    this.scroller = el("div", { class: "scroller", tabindex: "0", "aria-label": t("panel.labels") });
    this.detail = el("div", { class: "detail", tabindex: "0", role: "region", "aria-label": t("panel.detail") });
    fill(host, el("header", { class: "panelhead" }, this.count), this.scroller, this.detail);
    this.list = new Virtual(this.scroller, {
      height: ROW, label: t("panel.labels"),
      make: () => el("button", { type: "button", class: "labelrow", role: "listitem", tabindex: "-1", onclick: (event) => screen.select(event.currentTarget.labelID, true) },
        el("span", { class: "spot" }), el("span", { class: "name" }), el("span", { class: "where muted" }), el("span", { class: "mark" })),
      show: (row, index) => this.showRow(row, this.labels[index]),
    });
  }

  /** The labels that are shown. */
  setLabels(labels) {
    this.labels = [...labels.filter((each) => each.contested), ...labels.filter((each) => !each.contested)];
    this.count.textContent = t("items.labels", { n: labels.length });
    this.list.setCount(labels.length);
    if (!this.selected) this.showItem();
  }

  /** Relations that are written on other items of the group. */
  setRelations(relations) {
    this.relations = relations;
    if (!this.selected) this.showItem();
  }

  // Both ends of a relation: labels of this item can be selected, others are a link away.
  relation(label) {
    const { screen } = this;
    const end = (target) => {
      const known = target.annotation && screen.label(target.annotation);
      if (known) return button([el("span", { class: "spot", style: { background: ink(known.org) } }), inert(known.class)], () => screen.select(known.id, true), { class: "small" });
      if (target.annotation) return link(el("span", { class: "mono" }, inert(target.annotation)), to(screen.dataset, "label", target.annotation));
      return target.item === screen.key ? el("span", {}, target.selector ? selectorText(target.selector) : t("kind.wholeItem")) : link(data(target.item), to(screen.dataset, "item", target.item));
    };
    return el("span", { class: "relation" }, label.selector.from.map(end), " → ", el("strong", {}, inert(label.selector.relation)), " → ", label.selector.to.map(end));
  }

  showRow(row, label) {
    const [spot, name, where, mark] = row.children;
    row.labelID = label.id;
    row.classList.toggle("selected", label.id === this.selected);
    row.classList.toggle("retracted", label.status === "retracted");
    row.setAttribute("aria-current", String(label.id === this.selected));
    spot.style.background = ink(label.org);
    spot.title = inert(label.org);
    name.textContent = inert(label.class) || "–";
    where.textContent = selectorText(label.selector);
    mark.textContent = label.contested ? "≠" : label.outsideSchema?.length ? "!" : label.source?.startsWith("model:") ? "◇" : "";
    mark.title = label.contested ? t("items.isContested") : label.outsideSchema?.length ? inert(label.outsideSchema[0]) : label.source ? inert(label.source) : "";
  }

  /** Shows what was said of a label; null: of the item. */
  async select(id) {
    this.selected = id;
    this.list.refresh();
    const index = this.labels.findIndex((each) => each.id === id);
    if (index >= 0) this.list.reveal(index);
    this.reading?.abort();
    if (!id) {
      this.showItem();
      return;
    }
    const label = this.screen.label(id);
    if (!label) return;
    this.showLabel(label, null);
    if (id.startsWith("new-")) return;
    const reading = this.reading = new AbortController();
    // Who steps through labels with a key asks for the stories of those alone on which he stays.
    await new Promise((resolve) => setTimeout(resolve, 90));
    if (reading.signal.aborted) return;
    try {
      const story = await get(inDataset(this.screen.dataset, "labels", id), {}, reading.signal);
      if (!reading.signal.aborted) this.showLabel(label, story);
    } catch (error) {
      if (!reading.signal.aborted && this.selected === id) this.detail.append(problemBody(error));
    }
  }

  showLabel(label, story) {
    const { screen } = this;
    const isOwn = label.org === me().org;
    fill(this.detail,
      el("header", { class: "labelhead" }, el("h2", {}, data(label.class || "–")), label.contested ? el("span", { class: "tag bad" }, t("story.contested")) : null, label.status === "retracted" ? el("span", { class: "tag" }, t("status.retracted")) : null),
      facts([[t("panel.company"), chip(label.org)], label.author ? [t("panel.author"), data(label.author)] : null, [t("panel.place"), selectorText(label.selector)],
        label.selector.kind === "relation" ? [t("view.relations"), this.relation(label)] : null,
        label.source ? [t("panel.source"), data(label.source)] : null,
        ...Object.entries(label.fields ?? {}).map(([name, value]) => [fieldName(name), valueText(value, name)]),
        label.outsideSchema?.length ? [t("panel.outside"), el("span", {}, label.outsideSchema.map((why) => el("p", {}, data(why))))] : null,
        [t("panel.id"), el("span", { class: "mono" }, inert(label.id))]]),
      el("div", { class: "row" },
        may("annotator") ? button(t(label.status === "retracted" ? "key.restore" : "key.retract"), () => screen.toggleRetracted(), { class: "small danger", title: "Del" }) : null,
        may("reviewer") && !isOwn ? [button(t("verdict.accept"), () => screen.review("accept"), { class: "small", title: "Shift+A" }), button(t("verdict.needs-work"), () => screen.review("needs-work"), { class: "small" }), button(t("verdict.reject"), () => screen.review("reject"), { class: "small", title: "Shift+R" })] : null,
        may("annotator") ? button(t("conflicts.edit"), () => screen.edit(), { class: "small", title: "E" }) : null,
        may("annotator") ? button(t("key.comment"), () => screen.comment(), { class: "small", title: "C" }) : null,
        label.id.startsWith("new-") ? null : labelLink(to(screen.dataset, "label", label.id))),
      label.contested ? link(t("panel.settle"), `${to(screen.dataset, "conflicts")}?label=${encodeURIComponent(label.id)}`, { class: "button small main" }) : null,
      story ? [suggestionList(story, may("reviewer") || isOwn ? (op, verdict) => screen.review(verdict, op) : null), el("h3", {}, t("story.reviews")), reviewList(story), el("h3", {}, t("story.writes")), fieldStories(story)] : el("p", { class: "muted" }, t("page.reading")));
  }

  showItem() {
    const { story, dataset } = this.screen;
    const fields = Object.entries(story.fields).filter(([name]) => !["text", "prompt", "sdf.molfile"].includes(name) && !name.startsWith("classes"));
    const others = story.names.filter((name) => name !== story.id);
    const relations = [...this.labels.filter((each) => each.selector.kind === "relation"), ...this.relations ?? []];
    fill(this.detail, el("header", { class: "labelhead" }, el("h2", {}, t("panel.item"))),
      facts([...fields.slice(0, 40).map(([name, field]) => [fieldName(name), el("span", {}, valueText(field.value, name), field.contested ? el("span", { class: "tag bad" }, t("story.contested")) : null)]),
        others.length ? [t("panel.names"), data(others.join(", "))] : null,
        story.derivedFrom ? [t("panel.from"), link(data(story.derivedFrom), to(dataset, "item", story.derivedFrom))] : null,
        story.derivedItems.length ? [t("panel.derived"), el("span", {}, story.derivedItems.slice(0, 20).map((key) => [link(data(key), to(dataset, "item", key)), " "]))] : null]),
      relations.length ? [el("h3", {}, t("view.relations")), el("ul", { class: "plain relations" }, relations.map((label) => el("li", {}, chip(label.org, true), " ", this.relation(label))))] : null,
      el("h3", {}, t("story.reviews")), reviewList(story),
      el("p", { class: "muted" }, t("panel.hint")));
  }
}
