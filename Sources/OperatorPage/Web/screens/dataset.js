// A dataset at a glance: who takes part, how far it is, what its classes are, and what does not count.

import { el, fill, data, inert, link, calm } from "../core/dom.js";
import { t, number, has } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to, withQuery } from "../core/router.js";
import { openDataset, classes } from "../core/dataset.js";
import { chip, facts, shareBar } from "../core/parts.js";
import { alarms } from "../core/alarms.js";
import { freshness } from "./home.js";
import { showProblem } from "../core/notice.js";

/** Shows it. */
export async function show(host, place, signal) {
  const { dataset } = place;
  const draw = async () => {
    const [known, status, stages, quarantine] = await Promise.all([openDataset(dataset, signal), get(["status"], {}, signal), get(inDataset(dataset, "stages"), {}, signal), get(inDataset(dataset, "quarantine"), {}, signal)]);
    if (!signal.aborted) render(host, dataset, known, status, stages, quarantine.entries);
  };
  listen("dataset", calm((event) => { if (event.id === dataset) draw().catch(showProblem); }, 200), signal);
  await draw();
}

function render(host, dataset, known, status, stages, quarantine) {
  const one = status.datasets.find((each) => each.id === dataset);
  const found = alarms({ ...status, alarms: [], ends: [], partners: [], repairs: [], invitations: [], disk: { free: null, needed: 0 }, datasets: one ? [one] : [] });
  fill(host,
    el("header", { class: "head" }, el("h1", {}, data(known.title || dataset)), el("span", { class: "muted" }, data(dataset)), el("div", { class: "grow" }), link(t("tab.items"), to(dataset, "items"), { class: "button main" })),
    found.length ? el("section", { class: "alarms", "aria-label": t("home.alarms") }, found.map((each) => el("div", { class: `alarm is-${each.level}` }, el("span", { class: "level" }, t(`level.${each.level}`)), el("div", {}, el("p", {}, each.what), each.help ? el("p", { class: "hint" }, each.help) : null)))) : null,
    el("div", { class: "columns" },
      el("div", {},
        el("section", { class: "card" }, el("h2", {}, t("dataset.counts")), facts([[t("home.items"), number(stages.items)], [t("home.labels"), number(stages.annotations)],
          [t("home.conflicts"), one?.conflicts ? link(number(one.conflicts), to(dataset, "conflicts"), { class: "count bad" }) : "0"], [t("dataset.digest"), el("span", { class: "mono" }, (one?.digest ?? "").slice(0, 16))]])),
        el("section", { class: "card" }, el("h2", {}, t("dataset.members")), el("ul", {}, known.members.map((each) => el("li", {}, chip(each.org), " ", el("span", { class: "tag" }, has(`member.${each.role}`) ? t(`member.${each.role}`) : inert(each.role)), each.cutIndex === null ? null : el("span", { class: "tag bad" }, t("dataset.cut"))))),
          one ? [el("h3", {}, t("home.freshness")), freshness(one, status)] : null),
        el("section", { class: "card" }, el("h2", {}, t("dataset.quarantine")), quarantine.length ? el("ul", {}, quarantine.slice(0, 50).map((each) => el("li", {}, el("span", { class: "mono" }, inert(`${each.log}:${each.index}`)), " ", data(each.why)))) : el("p", { class: "muted" }, t("dataset.allCounts")))),
      el("div", {},
        el("section", { class: "card" }, el("h2", {}, t("dataset.examined")), examinedTable(dataset, stages)),
        el("section", { class: "card" }, el("h2", {}, t("dataset.stages")), stageTable(dataset, stages)),
        el("section", { class: "card" }, el("h2", {}, t("dataset.classes")), classes(known).length ? el("ul", {}, classes(known).map((each) => el("li", {}, link(data(each.name), withQuery(to(dataset, "items"), { class: each.name })), each.description ? el("span", { class: "muted" }, " — ", data(each.description)) : null))) : el("p", { class: "muted" }, t("dataset.noSchema"))))));
}

function examinedTable(dataset, stages) {
  return el("table", { class: "rows" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("panel.company")), ["examinedWithLabels", "examinedNothingFound", "labelledOnly", "notLooked"].map((name) => el("th", { scope: "col", class: "number" }, t(`dataset.${name}`))))),
    el("tbody", {}, Object.entries(stages.examined).map(([org, counts]) => el("tr", {}, el("th", { scope: "row" }, chip(org)), el("td", { class: "number" }, number(counts.examinedWithLabels)), el("td", { class: "number" }, number(counts.examinedNothingFound)), el("td", { class: "number" }, number(counts.labelledOnly)),
      el("td", { class: "number" }, link(number(counts.notLooked), withQuery(to(dataset, "items"), { unexamined: org })))))));
}

function stageTable(dataset, stages) {
  const rows = Object.entries(stages.ofItems).filter(([, counts]) => Object.values(counts.states).some((count) => count));
  if (!rows.length) return el("p", { class: "muted" }, t("dataset.noStages"));
  return el("ul", {}, rows.map(([stage, counts]) => el("li", { class: "row" }, el("strong", {}, has(`stage.${stage}`) ? t(`stage.${stage}`) : inert(stage)),
    Object.entries(counts.states).filter(([, count]) => count).map(([state, count]) => link([inert(state), " ", number(count)], withQuery(to(dataset, "items"), { stage: `${stage}:${state}` }), { class: "tag" })), shareBar(stages.items ? 1 - counts.notStarted / stages.items : 0))));
}
