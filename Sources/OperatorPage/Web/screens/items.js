// The items of a dataset as a grid of small pictures, with filters. It may hold a hundred thousand and more.

import { el, fill, button, calm, inert } from "../core/dom.js";
import { t, number } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to, withQuery, replace } from "../core/router.js";
import { thumbnail, isPicture } from "../core/media.js";
import { PagedItems } from "../core/paged.js";
import { Virtual } from "../core/virtual.js";
import { shortcuts } from "../core/keys.js";
import { showProblem } from "../core/notice.js";
import { classNames, memberNames, openDataset } from "../core/dataset.js";
import { chip } from "../core/parts.js";
import { me } from "../core/session.js";

const STAGES = ["filter", "clean", "classify", "annotate", "mark", "review", "quality"];
const FILTERS = ["q", "class", "org", "contested", "stage", "group", "unexamined"];
const CELL = { width: 148, height: 152, gap: 10 };

/** Shows them. */
export async function show(host, place, signal) {
  const { dataset } = place;
  const known = await openDataset(dataset, signal);
  const parts = inDataset(dataset, "items");
  const query = Object.fromEntries(FILTERS.filter((name) => place.query[name]).map((name) => [name, place.query[name]]));
  let items;
  let focused = Number(place.query.at ?? 0);
  const count = el("p", { class: "muted", role: "status" });
  const scroller = el("div", { class: "scroller", tabindex: "0", "aria-label": t("items.grid") });
  const bar = filterBar(known, query, () => { focused = 0; reload(); }, signal);
  fill(host, el("header", { class: "head" }, el("h1", { class: "unseen" }, t("tab.items")), bar, el("div", { class: "grow" }), count), scroller);

  const open = (index) => {
    const item = items.at(index);
    if (item) location.hash = withQuery(to(dataset, "item", item.key), { ...query, at: String(index) });
  };
  const grid = new Virtual(scroller, {
    ...CELL, label: t("items.grid"),
    make: () => makeCell((cell) => { if (cell.index !== undefined) open(cell.index); }),
    show: (cell, index) => showCell(cell, index, items?.at(index), dataset, index === focused, grid),
    hide: (cell) => { cell.index = undefined; cell.fetching?.abort(); },
  });
  signal.addEventListener("abort", () => grid.end());

  const changed = () => {
    if (items.total !== grid.count) grid.setCount(items.total ?? 0);
    else grid.refresh();
    count.textContent = items.total === 0 ? t("items.none") : t("items.count", { n: items.total ?? 0 });
    document.documentElement.dataset.items = String(items.total);
  };
  const reload = async () => {
    replace(withQuery(to(dataset, "items"), query));
    items = new PagedItems(parts, query, signal, changed);
    try {
      await items.load(Math.floor(focused / 200));
      if (focused) grid.reveal(Math.min(focused, grid.count - 1));
    } catch (error) {
      showProblem(error);
    }
  };
  const move = (step) => {
    const next = Math.max(0, Math.min(grid.count - 1, focused + step));
    focused = next;
    grid.reveal(next);
    grid.refresh();
    scroller.setAttribute("aria-activedescendant", `cell-${next}`);
    return true;
  };
  shortcuts("keys.items", [
    { keys: ["ArrowRight", "d"], text: "key.next", run: () => move(1) },
    { keys: ["ArrowLeft"], text: "key.previous", run: () => move(-1) },
    { keys: ["ArrowDown"], text: "key.down", run: () => move(grid.columns) },
    { keys: ["ArrowUp"], text: "key.up", run: () => move(-grid.columns) },
    { keys: ["PageDown"], run: () => move(grid.columns * 4) },
    { keys: ["PageUp"], run: () => move(-grid.columns * 4) },
    { keys: ["Home"], run: () => move(-grid.count) },
    { keys: ["End"], run: () => move(grid.count) },
    { keys: ["Enter"], text: "key.open", run: () => open(focused) },
    { keys: ["/"], text: "key.search", run: () => { bar.querySelector("input").focus(); } },
    { keys: ["c"], text: "items.contested", run: () => { bar.querySelector("#filter-contested").click(); } },
  ], signal);
  listen("dataset", calm((event) => { if (event.id === dataset) refreshSeen(items, grid); }, 300), signal);
  await reload();
}

// After a change the pages are read anew one by one, while what is shown stays.
async function refreshSeen(items, grid) {
  const pages = [...items.pages.keys()];
  const seen = new Set([Math.floor((grid.first ?? 0) / 200), Math.floor((grid.last ?? 0) / 200)]);
  for (const page of pages) if (!seen.has(page)) items.pages.delete(page);
  for (const page of seen) await items.load(page).catch(showProblem);
}

// The states in which items are, and those without one; how many each are.
function stages(stage, counted) {
  const found = counted?.ofItems?.[stage];
  const states = Object.entries(found?.states ?? {}).filter(([, count]) => count);
  return [...states.map(([state, count]) => [`${stage}:${state}`, `${t(`stage.${stage}`)}: ${inert(state)} (${number(count)})`]), [stage, t("items.noState", { stage: t(`stage.${stage}`) })]];
}

function filterBar(known, query, changed, signal) {
  const later = calm(changed, 250);
  const set = (name, value) => {
    if (value) query[name] = value;
    else delete query[name];
  };
  const choice = (name, values, all) => {
    const id = `filter-${name}`;
    const options = [["", all], ...values];
    if (query[name] && !options.some(([value]) => value === query[name])) options.push([query[name], inert(query[name])]);
    return el("label", { class: "filter", for: id }, el("span", { class: "unseen" }, t(`items.${name}`)),
      el("select", { id, onchange: (event) => { set(name, event.target.value); changed(); } },
        options.map(([value, text]) => el("option", { value, selected: (query[name] ?? "") === value }, text))));
  };
  const text = (name, wide) => el("label", { class: "filter", for: `filter-${name}` }, el("span", { class: "unseen" }, t(`items.${name}`)),
    el("input", { id: `filter-${name}`, type: "search", class: wide ? "" : "short", value: query[name] ?? "", placeholder: t(`items.${name}`), oninput: (event) => { set(name, event.target.value.trim()); later(); } }));
  const stage = choice("stage", STAGES.flatMap((each) => stages(each)), t("items.anyStage"));
  // How far the items are takes a look at each of them: the states come when they are counted.
  get(inDataset(known.id, "stages"), {}, signal).then((counted) => {
    const select = stage.querySelector("select");
    const chosen = query.stage ?? "";
    fill(select, [["", t("items.anyStage")], ...STAGES.flatMap((each) => stages(each, counted))].map(([value, text]) => el("option", { value }, text)));
    if (chosen && ![...select.options].some((each) => each.value === chosen)) select.append(el("option", { value: chosen }, inert(chosen)));
    select.value = chosen;
  }).catch(() => {});
  const names = memberNames(known).map((org) => [org, inert(org)]);
  return el("div", { class: "filters", role: "search" }, text("q", true),
    choice("class", classNames(known).map((each) => [each, inert(each)]), t("items.anyClass")),
    choice("org", names, t("items.anyOrg")),
    choice("unexamined", names.map(([org, shown]) => [org, t("items.notBy", { org: shown })]), t("items.anyExamined")),
    stage,
    text("group"),
    el("label", { class: "filter check" }, el("input", { id: "filter-contested", type: "checkbox", checked: query.contested === "true", onchange: (event) => { set("contested", event.target.checked ? "true" : ""); changed(); } }), t("items.contested")));
}

function makeCell(open) {
  const canvas = el("canvas", { width: CELL.width * 2, height: 208 });
  const cell = el("button", { type: "button", class: "cell", role: "listitem", tabindex: "-1", onclick: () => open(cell) },
    el("span", { class: "sheet" }, canvas), el("span", { class: "key" }), el("span", { class: "meta" }));
  return cell;
}

function showCell(cell, index, item, dataset, isFocused, grid) {
  const [sheet, key, meta] = cell.children;
  const [canvas] = sheet.children;
  cell.id = `cell-${index}`;
  cell.classList.toggle("focused", isFocused);
  const name = item ? `${index}\n${item.key}` : "";
  if (cell.index === index && cell.shows === `${name}\n${item?.labels}\n${item?.contested}\n${item?.examined.length}`) return;
  cell.index = index;
  cell.shows = `${name}\n${item?.labels}\n${item?.contested}\n${item?.examined.length}`;
  cell.fetching?.abort();
  if (!canvas.hidden) canvas.hidden = true;
  if (!item) {
    sheet.dataset.kind = "";
    key.textContent = "…";
    meta.replaceChildren();
    return;
  }
  key.textContent = inert(item.key.split("/").pop());
  cell.title = inert(item.key);
  cell.setAttribute("aria-label", `${inert(item.key)}, ${t("items.labels", { n: item.labels })}${item.contested ? `, ${t("items.isContested")}` : ""}`);
  fill(meta, el("span", {}, number(item.labels)), item.orgs.slice(0, 5).map((org) => chip(org, true)), el("span", { class: "grow" }),
    item.contested ? el("span", { class: "flag bad", title: t("items.isContested") }, "≠") : null,
    item.examined.includes(me().org) ? el("span", { class: "flag ok", title: t("items.examinedByUs") }, "✓") : null);
  cell.classList.remove("differs");
  // What is no picture says what it is; a picture that is not here yet is an empty sheet.
  sheet.dataset.kind = isPicture(item) ? "" : inert(item.key.includes(".") ? item.key.split(".").pop() : item.mediaType ?? "").slice(0, 12);
  if (!isPicture(item)) return;
  const fetching = cell.fetching = new AbortController();
  // What is scrolled past is not fetched.
  const look = async () => {
    if (fetching.signal.aborted) return;
    if (grid?.isFast) {
      setTimeout(look, 60);
      return;
    }
    const found = await thumbnail(dataset, item.key, CELL.width * 2, fetching.signal);
    if (!found || fetching.signal.aborted) return;
    if (found.bitmap) drawPicture(canvas, found.bitmap);
    cell.classList.toggle("differs", found.state === "differs" || found.state === "too-large");
    if (found.state === "differs") cell.title = `${inert(item.key)} — ${t("media.differs")}`;
    if (found.state === "too-large") cell.title = `${inert(item.key)} — ${t("media.tooLarge")}`;
  };
  setTimeout(look, 60);
}

function drawPicture(canvas, bitmap) {
  const context = canvas.getContext("2d");
  canvas.hidden = false;
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, (canvas.width - bitmap.width * scale) / 2, (canvas.height - bitmap.height * scale) / 2, bitmap.width * scale, bitmap.height * scale);
}
