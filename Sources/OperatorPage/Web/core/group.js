// The items of one group: the same part, moment or dialogue, seen in several files; and relations between them.

import { el, fill, inert } from "./dom.js";
import { t } from "./text.js";
import { get, inDataset } from "./api.js";
import { to, withQuery } from "./router.js";
import { thumbnail, isPicture } from "./media.js";

const MOST = 60;
// Relations of the others are looked for among so many of their labels each.
const LABELS_MAX = 1000;

/** Fills a strip with them, and returns them. */
export async function showGroup(host, dataset, group, key, signal) {
  const { items, total } = await get(inDataset(dataset, "items"), { group, limit: MOST }, signal);
  if (items.length < 2) return items;
  fill(host, el("h2", { class: "unseen" }, t("item.group")), el("span", { class: "muted" }, t("item.groupOf", { group: inert(group), n: total })),
    items.map((item) => member(dataset, group, item, key, signal)));
  return items;
}

/**
 * Relations that labels of the group's other items hold and that speak of this item or of its labels: each is shown with
 * both its ends, wherever it was written.
 */
export async function relationsOf(dataset, items, key, own, signal) {
  const ids = new Set(own.map((each) => each.id));
  const others = items.filter((each) => each.key !== key && each.labels > 0);
  const pages = await Promise.all(others.map((each) => get(inDataset(dataset, "labels"), { item: each.key, limit: LABELS_MAX }, signal)));
  return pages.flatMap((page) => page.annotations).filter(({ selector, status }) => selector.kind === "relation" && status !== "retracted"
    && [...selector.from, ...selector.to].some((end) => end.item === key || ids.has(end.annotation)));
}

function member(dataset, group, item, key, signal) {
  const canvas = el("canvas", { width: 144, height: 96, "aria-hidden": "true" });
  if (isPicture(item)) thumbnail(dataset, item.key, 144, signal).then((found) => {
    if (!found?.bitmap) return;
    const scale = Math.min(144 / found.bitmap.width, 96 / found.bitmap.height);
    canvas.getContext("2d").drawImage(found.bitmap, (144 - found.bitmap.width * scale) / 2, (96 - found.bitmap.height * scale) / 2, found.bitmap.width * scale, found.bitmap.height * scale);
  });
  return el("a", { class: "member", href: withQuery(to(dataset, "item", item.key), { group }), "aria-current": item.key === key ? "true" : null, title: inert(item.key) },
    canvas, el("span", {}, inert(item.key.split("/").pop())));
}
