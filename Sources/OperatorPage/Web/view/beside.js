// Camera pictures and depth maps of the same moment beside a point cloud, each with its labels, to look at.

import { el, inert, link } from "../core/dom.js";
import { t } from "../core/text.js";
import { to, withQuery } from "../core/router.js";
import { media, isPicture } from "../core/media.js";
import { readLabels } from "../core/labels.js";
import { Pictures } from "./pictures.js";

const MOST = 6;
const DEPTH = /(^|[\W_])(depth|disp|disparity|tof|range)([\W_]|$)/i;

/** A column of pictures at the side of the stages. */
export class Beside {
  constructor(host, dataset, items, group, signal) {
    Object.assign(this, { dataset, group, signal, viewers: [] });
    const pictures = items.filter(isPicture).slice(0, MOST);
    if (!pictures.length) return;
    this.box = el("div", { class: "beside", role: "group", "aria-label": t("view.beside") });
    host.append(this.box);
    signal.addEventListener("abort", () => this.viewers.forEach((each) => each.end()));
    for (const item of pictures) this.add(item).catch(() => {});
  }

  async add(item) {
    const { dataset, signal } = this;
    const pane = el("div", { class: "pane" });
    this.box.append(el("section", {}, link(inert(item.key), withQuery(to(dataset, "item", item.key), { group: this.group })), pane));
    const [labels, file] = await Promise.all([readLabels(dataset, item.key, signal), media(dataset, item.key, signal).catch(() => null)]);
    if (signal.aborted) return;
    const viewer = new Pictures(pane, { item: item.key, dataset, signal, below: el("div"), onSelect: () => {}, onStep: () => {}, onDraw: () => {}, onChange: () => {}, onFrame: () => {},
      canEdit: () => false, caption: (label) => inert(label.class), showNames: () => true });
    this.viewers.push(viewer);
    viewer.setLabels(labels);
    await viewer.load(file, { width: item.width, height: item.height, labels, field: () => null });
    if (viewer.bitmap && DEPTH.test(item.key)) viewer.setPicture(coloured(viewer.bitmap), viewer.size.width, viewer.size.height);
    document.documentElement.dataset.beside = String(this.viewers.length);
  }
}

// Depth is dark on dark where it is near: near is made red and far blue, and what was not measured stays black.
function coloured(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = image;
  let [low, high] = [255, 0];
  for (let at = 0; at < data.length; at += 4) if (data[at]) [low, high] = [Math.min(low, data[at]), Math.max(high, data[at])];
  for (let at = 0; at < data.length; at += 4) {
    if (!data[at]) continue;
    const far = (data[at] - low) / Math.max(1, high - low);
    data[at] = 255 * Math.max(0, 1 - 2 * far);
    data[at + 1] = 255 * (1 - Math.abs(2 * far - 1));
    data[at + 2] = 255 * Math.max(0, 2 * far - 1);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
