// What there is, how fresh it is, and what needs a person.

import { el, fill, link, data, calm } from "../core/dom.js";
import { t, number, ago, time, size } from "../core/text.js";
import { get } from "../core/api.js";
import { listen } from "../core/events.js";
import { to } from "../core/router.js";
import { may } from "../core/session.js";
import { alarms } from "../core/alarms.js";
import { showProblem } from "../core/notice.js";

/** Shows it, and again whenever something moves. */
export async function show(host, place, signal) {
  const draw = async () => {
    const [status, list] = await Promise.all([get(["status"], {}, signal), get(["datasets"], {}, signal)]);
    if (!signal.aborted) render(host, status, list.datasets);
  };
  const again = calm(() => draw().catch(showProblem), 150);
  listen("dataset", again, signal);
  listen("partner", again, signal);
  await draw();
}

function render(host, status, datasets) {
  const found = alarms(status);
  const titles = new Map(datasets.map((each) => [each.id, each]));
  fill(host,
    el("header", { class: "head" }, el("h1", {}, t("home.title")), el("p", { class: "muted" }, data(status.org)),
      el("div", { class: "grow" }), may("operator") ? link(t("home.new"), "#/setup", { class: "button" }) : null),
    el("section", { class: "alarms", "aria-label": t("home.alarms") },
      found.length ? found.map(alarmRow) : el("p", { class: "calm" }, t("home.calm"))),
    status.datasets.length ? el("table", { class: "rows" },
      el("caption", { class: "unseen" }, t("home.datasets")),
      el("thead", {}, el("tr", {}, ["home.dataset", "home.items", "home.labels", "home.conflicts", "home.freshness"]
        .map((name, index) => el("th", { scope: "col", class: index > 0 && index < 4 ? "number" : "" }, t(name))))),
      el("tbody", {}, status.datasets.map((each) => datasetRow(each, titles.get(each.id), status))))
      : el("div", { class: "empty" }, el("p", {}, t("home.none")), may("operator") ? link(t("home.first"), "#/setup", { class: "button main" }) : null),
    el("p", { class: "muted foot" }, status.disk.free === null ? "" : t("home.disk", { free: size(status.disk.free) })));
}

function alarmRow({ level, what, help, href }) {
  return el("div", { class: `alarm is-${level}` }, el("span", { class: "level" }, t(`level.${level}`)),
    el("div", {}, el("p", {}, what), help ? el("p", { class: "hint" }, help) : null),
    href ? link(t("do.look"), href, { class: "button small" }) : null);
}

function datasetRow(each, document, status) {
  const href = to(each.id, "items");
  return el("tr", {},
    el("th", { scope: "row" }, link(data(document?.title || each.id), href), el("div", { class: "muted" }, data(each.id), each.left ? ` · ${t("home.left")}` : "")),
    el("td", { class: "number" }, link(number(each.items), href)),
    el("td", { class: "number" }, number(each.annotations)),
    el("td", { class: "number" }, each.conflicts ? link(number(each.conflicts), to(each.id, "conflicts"), { class: "count bad" }) : el("span", { class: "muted" }, "0")),
    el("td", {}, freshness(each, status)));
}

/** Of each log, when its company was last in touch, what of it is merged and who has witnessed it. */
export function freshness(dataset, status) {
  const seen = new Map(status.partners.map((each) => [each.org, each]));
  return el("ul", { class: "fresh" }, dataset.logs.map((log) => {
    const partner = seen.get(log.origin);
    const words = [];
    if (log.origin === status.org) words.push(t("fresh.own"));
    else if (partner) words.push(partner.lastSeen ? ago(partner.lastSeen) : t("fresh.never"));
    else words.push(t("fresh.through"));
    if (log.size > log.applied) words.push(t("fresh.waiting", { n: log.size - log.applied }));
    words.push(log.cosignatures ? t("fresh.witnessed", { n: log.cosignatures }) : t("fresh.unwitnessed"));
    return el("li", { title: log.cosignedAt ? t("fresh.cosigned", { time: time(log.cosignedAt) }) : "" },
      el("span", { class: `dot ${partner?.state === "silent" || partner?.failure ? "warn" : "ok"}`, "aria-hidden": "true" }),
      data(log.origin), ": ", words.join(t("list.comma")));
  }));
}
