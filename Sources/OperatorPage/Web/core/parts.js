// Small parts that several screens show alike.

import { el, data, inert } from "./dom.js";
import { t, has, number, percent } from "./text.js";
import { ink } from "./colour.js";

/** A company: its colour, and its name unless `short`. */
export function chip(org, short = false) {
  return el("span", { class: short ? "chip short" : "chip", title: inert(org), style: { "--ink": ink(org) } },
    el("span", { class: "spot", "aria-hidden": "true" }), short ? el("span", { class: "unseen" }, inert(org)) : data(org));
}

/** A field's name in words: those of the model are translated, attributes stand as they are. */
export function fieldName(name) {
  if (name.startsWith("examined/")) return `${t("field.examined")} ${inert(name.slice(9))}`;
  return has(`field.${name}`) ? t(`field.${name}`) : inert(name);
}

/** A value in words. */
export function valueText(value, field) {
  if (value === null || value === undefined) return t("value.none");
  if (field === "status") return t(value === 1 || value === "retracted" ? "status.retracted" : "status.active");
  if (typeof value === "boolean") return t(value ? "value.true" : "value.false");
  if (typeof value === "number") return number(value, 6);
  if (typeof value === "string") return inert(value);
  if (value.kind) return selectorText(value);
  if (value.verdict) return `${t(`verdict.${value.verdict}`)}${value.reason ? `: ${inert(value.reason)}` : ""}`;
  if (value.$bytes) return value.$bytes.length <= 64 ? value.$bytes : `${value.$bytes.length / 2} B`;
  return inert(JSON.stringify(value));
}

/** Where something is, in words and short. */
export function selectorText(selector) {
  const n = (value) => number(value, 1);
  const name = t(`kind.${selector.kind}`);
  switch (selector.kind) {
    case "box": return `${name} ${n(selector.x)}, ${n(selector.y)} · ${n(selector.width)} × ${n(selector.height)}`;
    case "rotatedBox":
    case "ellipse": return `${name} ${n(selector.centerX)}, ${n(selector.centerY)} · ${n(selector.width)} × ${n(selector.height)} · ${n(selector.angle * 180 / Math.PI)}°`;
    case "polygon": return `${name} · ${t("kind.points", { n: selector.parts.flat().reduce((sum, ring) => sum + ring.length / 2, 0) })}`;
    case "polyline": return `${name} · ${t("kind.points", { n: selector.points.length / 2 })}`;
    case "keypoints": return `${name} · ${t("kind.points", { n: selector.points.length })}`;
    case "mask": return `${name} · ${n(selector.width)} × ${n(selector.height)}`;
    case "interval": return `${name} ${number(selector.start, 3)}–${number(selector.end, 3)} s${selector.channels.length ? ` · ${inert(selector.channels.join(", "))}` : ""}`;
    case "textSpan": return `${name} ${selector.start}–${selector.end}${selector.quote ? ` “${inert(selector.quote)}”` : ""}`;
    case "cells": return `${name} ${selector.rowStart}–${selector.rowEnd - 1}${selector.columns.length ? ` · ${inert(selector.columns.join(", "))}` : ""}`;
    case "graph": return `${name} ${inert(selector.elementKind)} ${inert(selector.elements.slice(0, 6).join(", "))}`;
    case "track": return `${name} · ${t("kind.keyframes", { n: selector.keyframes.length })}`;
    case "cuboid": return `${name} ${selector.center.map(n).join(", ")} · ${selector.size.map(n).join(" × ")} m`;
    case "relation": return `${name} ${inert(selector.relation)}`;
    case "pointSet": return `${name} · ${t("kind.points", { n: selector.indices.length })}`;
    default: return name;
  }
}

/** A share with a bar of its length. */
export function shareBar(value, text = percent(value)) {
  return el("span", { class: "share" }, el("span", { class: "bar", "aria-hidden": "true" }, el("span", { style: { width: `${Math.max(0, Math.min(1, value)) * 100}%` } })), text);
}

/** A list of names and what they are. */
export function facts(rows) {
  return el("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
