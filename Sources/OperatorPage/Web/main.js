// The beginning: language, theme, session, then the screen of the address.

import { el, fill, button, link, inert } from "./core/dom.js";
import { t, loadLanguage, language, has } from "./core/text.js";
import { begin, end, me, showSignIn } from "./core/session.js";
import { whenSignedOut } from "./core/api.js";
import { connect, disconnect, listen } from "./core/events.js";
import { shortcuts, showSheet, startKeys } from "./core/keys.js";
import { startRouter, show, to, here } from "./core/router.js";
import { showProblem } from "./core/notice.js";
import { beginCompanies } from "./core/colour.js";

const tabs = [["dataset", []], ["items", ["items"]], ["conflicts", ["conflicts"]], ["quality", ["quality"]],
  ["releases", ["releases"]], ["history", ["history"]]];
let isRouting = false;

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.documentElement.style.setProperty("color-scheme", theme);
}

function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => setTheme(localStorage.getItem("countermark.theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", apply);
  apply();
}

function otherTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("countermark.theme", next);
  setTheme(next);
  show();
}

async function otherLanguage() {
  await loadLanguage(language() === "zh" ? "en" : "zh");
  if (isRouting) show();
  else signIn();
}

function header(place) {
  document.getElementById("skip").textContent = t("page.skip");
  const session = me();
  const current = (name) => (place?.screen === name || place?.screen === "item" && name === "items" || place?.screen === "label" && name === "items" ? "page" : null);
  fill(document.getElementById("top"),
    link(el("span", { class: "brand" }, el("img", { src: "mark.svg", alt: "", width: 22, height: 22 }), "Countermark"), "#/", { class: "home" }),
    session ? el("nav", { class: "where", "aria-label": t("page.where") },
      link(t("home.title"), "#/", { "aria-current": place?.screen === "home" ? "page" : null }),
      link(t("partners.title"), "#/partners", { "aria-current": place?.screen === "partners" ? "page" : null }),
      place?.dataset ? [el("span", { class: "slash", "aria-hidden": "true" }, "/"), el("bdi", { class: "dataset" }, inert(place.dataset)),
        tabs.map(([name, parts]) => link(t(`tab.${name}`), to(place.dataset, ...parts), { class: "tab", "aria-current": current(name) }))] : null) : null,
    el("div", { class: "grow" }),
    session ? el("a", { class: "who", href: "#/me", title: t("me.title") }, inert(session.person ? `${session.person} · ${session.org}` : session.org),
      el("span", { class: "role" }, has(`role.${session.role}`) ? t(`role.${session.role}`) : session.role)) : null,
    button(language() === "zh" ? "English" : "中文", otherLanguage, { class: "quiet", lang: language() === "zh" ? "en" : "zh-Hans" }),
    button("◐", otherTheme, { class: "quiet", "aria-label": t("page.theme"), title: t("page.theme") }),
    button("?", showSheet, { class: "quiet", "aria-label": t("keys.title"), title: t("keys.title") }),
    session ? button(t("sign.out"), signOut, { class: "quiet" }) : null);
  document.title = place?.key ?? place?.dataset ? `${inert(place.key ?? place.dataset)} · Countermark` : "Countermark";
}

async function signOut() {
  try {
    await end();
  } catch (error) {
    showProblem(error);
  }
  disconnect();
  location.hash = "#/";
  location.reload();
}

function signIn(error) {
  header(null);
  const host = el("div", { class: "screen" });
  fill(document.getElementById("main"), host);
  showSignIn(host, error, enter);
  document.documentElement.dataset.shown = "sign";
}

async function enter() {
  beginCompanies(me().org);
  connect();
  shortcuts("keys.everywhere", [
    { keys: ["?"], text: "keys.title", run: () => { showSheet(); } },
    { keys: ["Alt+h"], text: "home.title", run: () => { location.hash = "#/"; } },
    { keys: ["Alt+i"], text: "tab.items", run: () => inside("items") },
    { keys: ["Alt+c"], text: "tab.conflicts", run: () => inside("conflicts") },
    { keys: ["Alt+p"], text: "partners.title", run: () => { location.hash = "#/partners"; } },
    { keys: ["Alt+q"], text: "tab.quality", run: () => inside("quality") },
    { keys: ["Alt+t"], text: "page.theme", run: () => { otherTheme(); } },
  ]);
  isRouting = true;
  await startRouter(header);
}

function inside(screen) {
  const { dataset } = here();
  if (!dataset) return false;
  location.hash = to(dataset, screen);
  return true;
}

function followLine() {
  const banner = document.getElementById("banner");
  let timer = 0;
  const tell = (isUp) => {
    clearTimeout(timer);
    if (isUp) {
      banner.textContent = "";
      show();
    } else {
      timer = setTimeout(() => { banner.textContent = t("page.offline"); }, 1500);
    }
  };
  listen("line", tell);
}

async function start() {
  startTheme();
  startKeys();
  // What is asked for is fetched while the node is asked who sits here.
  const { screen } = here();
  if (screen) import(`./screens/${screen}.js`).catch(() => {});
  const begun = begin().then(() => null, (error) => error);
  await loadLanguage();
  whenSignedOut(() => { if (isRouting) { isRouting = false; location.reload(); } });
  followLine();
  // A link with a token that is opened where the page is already.
  addEventListener("hashchange", () => { if (location.hash.startsWith("#token=")) location.reload(); });
  const refusal = await begun;
  if (refusal) signIn(refusal);
  else await enter();
}

start();
