// What was said of a label or an item: every write, who made it, what it replaced.

import { el, data, inert, link } from "./dom.js";
import { t, time, has } from "./text.js";
import { chip, fieldName, valueText } from "./parts.js";

/** All fields with their writes; those that are in conflict first. */
export function fieldStories(story) {
  const fields = Object.entries(story.fields).sort(([a, x], [b, y]) => Number(y.contested) - Number(x.contested) || a.localeCompare(b));
  return fields.map(([name, field]) => el("section", { class: `story ${field.contested ? "contested" : ""}` },
    el("h3", {}, fieldName(name), field.contested ? el("span", { class: "tag bad" }, t("story.contested")) : null,
      el("span", { class: "now" }, valueText(field.value, name))),
    el("ol", {}, [...field.writes].reverse().map((write) => writeRow(write, name, (op) => quoted(field.writes.find((each) => each.op === op), name))))));
}

/** A write as others speak of it: its value and whose it is. */
export function quoted(write, name) {
  return write ? t("story.quoted", { value: valueText(write.value, name), org: inert(write.org) }) : "";
}

function writeRow(write, name, valueOf) {
  const state = !write.counted ? "uncounted" : write.replaced ? "replaced" : "stands";
  return el("li", { class: `write ${state}` },
    el("span", { class: "value" }, valueText(write.value, name)),
    el("span", { class: "by" }, chip(write.org), write.author ? [" · ", data(write.author)] : null),
    // Older nodes do not say who signed.
    write.signedBy ? el("span", { class: `tag ${write.signedBy === "person" ? "ok" : ""}`, title: inert(write.signer ?? "") }, t(`signed.${write.signedBy}`)) : null,
    el("span", { class: "muted" }, time(write.time), " · ", el("span", { class: "mono" }, inert(write.op))),
    el("span", { class: `tag ${state === "stands" ? "ok" : state === "uncounted" ? "warn" : ""}` }, t(`story.${state}`)),
    write.replaces?.length ? el("p", { class: "hint" }, t("story.replaces", { ops: write.replaces.map((op) => valueOf(op)).join(t("list.comma")) })) : null,
    write.why ? el("p", { class: "hint" }, inert(write.why)) : null);
}

/** Verdicts and comments, the newest last. */
export function reviewList(story) {
  const all = [...story.reviews].sort((a, b) => a.time - b.time);
  return all.length === 0 ? el("p", { class: "muted" }, t("story.noReviews")) : el("ol", { class: "reviews" }, all.map((review) => el("li", { class: review.replaced ? "replaced" : "" },
    el("span", { class: "by" }, chip(review.org), review.author ? [" · ", data(review.author)] : null, " · ", el("span", { class: "muted" }, time(review.time))),
    review.kind === "comment" ? el("p", { class: "comment" }, data(review.value)) : el("p", {}, el("span", { class: `tag ${review.value.verdict === "accept" ? "ok" : "warn"}` }, t(`verdict.${review.value.verdict}`)), " ", data(review.value.reason)),
    review.why ? el("p", { class: "hint" }, inert(review.why)) : null)));
}

/** Suggestions, with what decides them where the reader may. */
export function suggestionList(story, decide) {
  if (!story.suggestions?.length) return null;
  return el("section", { class: "story" }, el("h3", {}, t("story.suggestions")), el("ul", {}, story.suggestions.map((each) => el("li", { class: "write" },
    el("span", { class: "by" }, chip(each.org), " ", has(`suggestion.${each.state}`) ? t(`suggestion.${each.state}`) : inert(each.state)),
    Object.entries(each.fields).map(([name, value]) => el("span", { class: "value" }, `${fieldName(name)}: ${valueText(value, name)}`)),
    each.state === "pending" && decide ? el("span", {}, el("button", { type: "button", class: "small", onclick: () => decide(each.op, "accept") }, t("verdict.accept")), " ",
      el("button", { type: "button", class: "small", onclick: () => decide(each.op, "reject") }, t("verdict.reject"))) : null))));
}

/** A link to the page of a label. */
export function labelLink(hash) {
  return link(t("story.open"), hash, { class: "button small" });
}
