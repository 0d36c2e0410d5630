// What was signed, the newest first: by whom, when and how much.

import { el, fill, data, inert, calm } from "../core/dom.js";
import { t, time, number } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { openDataset, memberNames } from "../core/dataset.js";
import { chip } from "../core/parts.js";
import { Virtual } from "../core/virtual.js";
import { showProblem } from "../core/notice.js";

/** Shows it. */
export async function show(host, place, signal) {
  const { dataset } = place;
  const known = await openDataset(dataset, signal);
  let org = "";
  let entries = [];
  const scroller = el("div", { class: "scroller tall", tabindex: "0", "aria-label": t("tab.history") });
  const count = el("span", { class: "muted" });
  const choose = el("select", { "aria-label": t("items.org"), onchange: (event) => { org = event.target.value; read().catch(showProblem); } }, el("option", { value: "" }, t("items.anyOrg")), memberNames(known).map((each) => el("option", { value: each }, inert(each))));
  fill(host, el("header", { class: "head" }, el("h1", {}, t("tab.history")), choose, el("div", { class: "grow" }), count), scroller);
  const list = new Virtual(scroller, {
    height: 34, label: t("tab.history"), make: () => el("div", { class: "historyrow", role: "listitem" }),
    show: (row, index) => {
      const entry = entries[index];
      fill(row, el("span", { class: "muted when" }, time(entry.time)), chip(entry.log.split("/")[0]), el("span", { class: "mono" }, `#${entry.index}`), data(entry.author || entry.signerName), el("span", { class: "message muted" }, inert(entry.message)), el("span", { class: "muted" }, t("history.operations", { n: entry.operations })));
    },
  });
  signal.addEventListener("abort", () => list.end());
  const read = async () => {
    ({ entries } = await get(inDataset(dataset, "history"), { org }, signal));
    count.textContent = t("history.entries", { n: entries.length });
    list.setCount(entries.length);
    list.refresh();
  };
  listen("dataset", calm((event) => { if (event.id === dataset) read().catch(showProblem); }, 300), signal);
  await read();
  count.title = number(entries.length);
}
