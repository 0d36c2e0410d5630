// Which screen an address means. Addresses are fragments: nothing of them goes to the server or into its logs.

import { el, fill } from "./dom.js";
import { t } from "./text.js";
import { problemBody } from "./notice.js";

const SCREENS = [
  [/^\/?$/, "home", []],
  [/^\/setup$/, "setup", []],
  [/^\/me$/, "me", []],
  [/^\/partners$/, "partners", []],
  [/^\/d\/([^/]+)\/([^/]+)$/, "dataset", ["owner", "name"]],
  [/^\/d\/([^/]+)\/([^/]+)\/(items|conflicts|quality|releases|history)$/, null, ["owner", "name", "screen"]],
  [/^\/d\/([^/]+)\/([^/]+)\/item\/([^/]+)$/, "item", ["owner", "name", "key"]],
  [/^\/d\/([^/]+)\/([^/]+)\/label\/([^/]+)$/, "label", ["owner", "name", "id"]],
];
let leaving = new AbortController();
let afterShown = () => {};

/** The address of a screen of a dataset. */
export function to(dataset, ...parts) {
  return `#/d/${[...dataset.split("/"), ...parts].map(encodeURIComponent).join("/")}`;
}

/** The address with a query. */
export function withQuery(hash, query) {
  const asked = Object.entries(query).filter(([, value]) => value);
  return asked.length ? `${hash}?${new URLSearchParams(asked)}` : hash;
}

/** Where the page is: the screen's name, what its address names, and its query. */
export function here() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  for (const [pattern, name, names] of SCREENS) {
    const found = path.match(pattern);
    if (!found) continue;
    const place = { query: Object.fromEntries(new URLSearchParams(query)) };
    try {
      names.forEach((each, index) => { place[each] = decodeURIComponent(found[index + 1]); });
    } catch {
      break;
    }
    if (place.owner) place.dataset = `${place.owner}/${place.name}`;
    return { ...place, screen: name ?? place.screen };
  }
  return { screen: null, query: {} };
}

/** Changes the address without another screen, for filters and the like. */
export function replace(hash) {
  history.replaceState(null, "", hash);
}

/** Begins to follow the address; `after` is called with each place that is shown. */
export function startRouter(after) {
  afterShown = after;
  addEventListener("hashchange", () => show());
  return show();
}

/** Shows the screen of the address, or the same anew. */
export async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const place = here();
  const main = document.getElementById("main");
  const host = el("div", { class: `screen ${place.screen ?? "none"}` });
  // What is there stays until the next screen has something to show: no blank page between two items.
  try {
    if (!place.screen) throw Object.assign(new Error(t("error.no-screen")), { code: "no-screen" });
    const module = await import(`../screens/${place.screen}.js`);
    if (signal.aborted) return;
    afterShown(place);
    const ready = module.show(host, place, signal);
    fill(main, host);
    main.scrollTop = 0;
    await ready;
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    host.className = "screen failed";
    fill(main, host);
    fill(host, el("h1", {}, t("error.title")), problemBody(error));
    if (!error.code) console.error(error);
  }
  if (!signal.aborted) document.documentElement.dataset.shown = location.hash || "#/";
}
