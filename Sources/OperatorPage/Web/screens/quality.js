// How far companies agree, who says what instead, and what is worth another look.

import { el, fill, button, data, inert, link, calm } from "../core/dom.js";
import { t, number, has, time } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to, withQuery, replace } from "../core/router.js";
import { openDataset } from "../core/dataset.js";
import { chip, shareBar } from "../core/parts.js";
import { showProblem, openDialog, problemBody } from "../core/notice.js";

/** Shows it. */
export async function show(host, place, signal) {
  const { dataset } = place;
  await openDataset(dataset, signal);
  let by = ["org", "author", "source"].includes(place.query.by) ? place.query.by : "org";
  const body = el("div");
  const course = el("section", { class: "card" });
  const queue = el("section", { class: "card" });
  const choice = el("div", { class: "row", role: "group", "aria-label": t("quality.by") }, ["org", "author", "source"].map((each) => button(t(`quality.by.${each}`), () => { by = each; replace(withQuery(to(dataset, "quality"), { by })); draw().catch(showProblem); }, { data: { by: each } })));
  fill(host, el("header", { class: "head" }, el("h1", {}, t("tab.quality")), choice), el("div", { class: "columns" }, body, el("div", {}, queue, course)));
  const draw = async () => {
    for (const each of choice.children) each.setAttribute("aria-pressed", String(each.dataset.by === by));
    const reading = [get(inDataset(dataset, "agreement"), { by }, signal).then((document) => renderAgreement(body, dataset, document)).catch((error) => fill(body, problemBody(error))),
      get(inDataset(dataset, "queue"), {}, signal).then((document) => renderQueue(queue, dataset, document)).catch((error) => fill(queue, problemBody(error)))];
    offerCourse(course, dataset, by, signal);
    await Promise.all(reading);
  };
  listen("dataset", calm((event) => { if (event.id === dataset) draw().catch(showProblem); }, 800), signal);
  await draw();
}

function renderAgreement(host, dataset, document) {
  const whole = document.measures.filter((each) => each.scope === "all");
  const pairs = document.measures.filter((each) => each.scope !== "all" && each.measure === "cohen-kappa");
  fill(host,
    el("section", { class: "card" }, el("h2", {}, t("quality.agreement")), measures(whole)),
    document.confusion.length ? matrices(dataset, document) : el("section", { class: "card" }, el("p", { class: "muted" }, t("quality.nothing"))),
    pairs.length ? el("section", { class: "card" }, el("h2", {}, t("quality.pairs")), measures(pairs, true)) : null,
    document.warnings.length ? el("section", { class: "card" }, el("h2", {}, t("quality.warnings")), el("ul", {}, document.warnings.map((each) => el("li", {}, data(each.rater), ": ", data(each.what))))) : null);
}

function measures(list, withRaters = false) {
  const shown = list.filter((each) => each.pairs === null);
  if (!shown.length) return el("p", { class: "muted" }, t("quality.nothing"));
  return el("table", { class: "rows" }, el("thead", {}, el("tr", {}, [withRaters ? "quality.raters" : "quality.measure", "quality.task", "quality.value", "quality.units"].map((name) => el("th", { scope: "col" }, t(name))))),
    el("tbody", {}, shown.map((each) => el("tr", {}, el("th", { scope: "row" }, withRaters ? each.raters.map((rater) => [data(rater), " "]) : has(`measure.${each.measure}`) ? t(`measure.${each.measure}`) : inert(each.measure)),
      el("td", {}, t(`quality.${each.task}`)), el("td", {}, each.value === null ? el("span", { class: "muted" }, data(each.why)) : [shareBar(each.value, number(each.value, 3)), each.low === null ? null : el("span", { class: "muted" }, ` [${number(each.low, 3)}, ${number(each.high, 3)}]`)]), el("td", { class: "number" }, number(each.units))))));
}

// One matrix for each two raters and task. A cell leads to the items that both have labelled with that class.
function matrices(dataset, document) {
  const groups = Map.groupBy ? Map.groupBy(document.confusion, (each) => `${each.task}\n${each.a}\n${each.b}`) : grouped(document.confusion);
  return [...groups.values()].slice(0, 12).map((rows) => {
    const [{ a, b, task }] = rows;
    const names = [...new Set(rows.flatMap((each) => [each.class, each.other]))].sort((x, y) => Number(x === null) - Number(y === null) || String(x).localeCompare(String(y)));
    const most = Math.max(...rows.map((each) => each.count));
    const name = (each) => (each === null ? t("quality.nothingThere") : inert(each));
    return el("section", { class: "card" }, el("h2", {}, t("quality.matrix", { task: t(`quality.${task}`) })), el("p", { class: "muted" }, t("quality.matrixOf", { a: inert(a), b: inert(b) })),
      el("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-label": t("quality.matrixOf", { a: inert(a), b: inert(b) }) }, el("table", { class: "matrix" }, el("thead", {}, el("tr", {}, el("td", {}), names.map((each) => el("th", { scope: "col" }, name(each))))),
        el("tbody", {}, names.map((row) => el("tr", {}, el("th", { scope: "row" }, name(row)), names.map((column) => {
          const cell = rows.find((each) => each.class === row && each.other === column);
          const agrees = row === column;
          return el("td", { style: { "--cell": agrees ? "var(--ok-back)" : "var(--bad-back)", "--share": cell ? String(0.3 + cell.count / most) : "0" } }, cell ? button(number(cell.count), () => openCell(dataset, a, b, row, column, cell.count), { "aria-label": t("quality.cell", { a: inert(a), x: name(row), b: inert(b), y: name(column), n: cell.count }) }) : "");
        })))))));
  });
}

function grouped(rows) {
  const groups = new Map();
  for (const each of rows) {
    const key = `${each.task}\n${each.a}\n${each.b}`;
    groups.set(key, [...groups.get(key) ?? [], each]);
  }
  return groups;
}

// The items where the two have such labels: candidates, since the document counts and does not list.
async function openCell(dataset, a, b, x, y, count) {
  await openDialog(t("quality.cellTitle", { n: count }), async (body, close) => {
    fill(body, el("p", { class: "muted" }, t("page.reading")));
    try {
      const first = x ?? y;
      const { items, total } = await get(inDataset(dataset, "items"), { class: first, limit: 1000 });
      const found = items.filter((each) => [x, y].every((name) => name === null || each.classes.includes(name)));
      fill(body, el("p", {}, t("quality.cellText", { a: inert(a), x: x === null ? t("quality.nothingThere") : inert(x), b: inert(b), y: y === null ? t("quality.nothingThere") : inert(y) })),
        el("ul", { class: "plain" }, found.slice(0, 200).map((each) => el("li", {}, link(data(each.key), to(dataset, "item", each.key), { onclick: close }), each.orgs.map((org) => [" ", chip(org, true)])))),
        found.length ? null : el("p", {}, t("items.none")), total > 1000 ? el("p", { class: "muted" }, t("quality.cellMore")) : null);
    } catch (error) {
      fill(body, problemBody(error));
    }
  });
}

// Agreement over time: of the label set of each release, and now. Each is computed when somebody asks.
function offerCourse(host, dataset, by, signal) {
  const result = el("div", { role: "status" });
  const run = async (event) => {
    event.target.disabled = true;
    try {
      const { releases } = await get(inDataset(dataset, "releases"), {}, signal);
      const points = [...releases.filter((each) => !each.withdrawn).sort((a, b) => a.time - b.time).slice(-12), null];
      const rows = el("tbody");
      fill(result, releases.length ? null : el("p", { class: "muted" }, t("quality.noReleases")),
        el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ["releases.when", "quality.task", "quality.value", "quality.units"].map((name) => el("th", { scope: "col" }, t(name))))), rows));
      for (const release of points) {
        const { measures: found } = await get(inDataset(dataset, "agreement"), { by, release: release?.name }, signal);
        for (const each of found.filter((one) => one.scope === "all" && one.measure === "krippendorff-alpha" && one.pairs === null)) {
          rows.append(el("tr", {}, el("th", { scope: "row" }, release ? [data(release.name), el("div", { class: "muted" }, time(release.time))] : t("quality.now")), el("td", {}, t(`quality.${each.task}`)),
            el("td", {}, each.value === null ? el("span", { class: "muted" }, data(each.why)) : shareBar(each.value, number(each.value, 3))), el("td", { class: "number" }, number(each.units))));
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") fill(result, problemBody(error));
    }
    event.target.disabled = false;
  };
  fill(host, el("h2", {}, t("quality.course")), el("p", { class: "muted" }, t("quality.courseText")), el("p", {}, button(t("quality.compute"), run, { class: "course" })), result);
}

function renderQueue(host, dataset, document) {
  fill(host, el("h2", {}, t("quality.queue")), el("p", { class: "muted" }, t("quality.queueText", { more: document.more, settled: document.settled })),
    document.items.length ? el("ol", { class: "plain" }, document.items.map((each) => el("li", {}, link(data(each.item), to(dataset, "item", each.item)), " ", el("span", { class: "tag" }, number(each.score)), each.to ? [" ", el("span", { class: "tag" }, inert(each.to))] : null, el("span", { class: "muted" }, ` ${inert(each.why.join(t("list.comma")))}`))))
      : el("p", { class: "calm" }, t("quality.queueEmpty")));
}
