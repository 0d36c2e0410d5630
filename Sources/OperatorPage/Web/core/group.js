// The items of one group: the same part, moment or dialogue, seen in several files.

import { el, fill, inert } from "./dom.js";
import { t } from "./text.js";
import { get, inDataset } from "./api.js";
import { to, withQuery } from "./router.js";
import { thumbnail, isPicture } from "./media.js";

const MOST = 60;

/** Fills a strip with them. */
export async function showGroup(host, dataset, group, key, signal) {
  const { items, total } = await get(inDataset(dataset, "items"), { group, limit: MOST }, signal);
  if (items.length < 2) return;
  fill(host, el("h2", { class: "unseen" }, t("item.group")), el("span", { class: "muted" }, t("item.groupOf", { group: inert(group), n: total })),
    items.map((item) => member(dataset, group, item, key, signal)));
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
