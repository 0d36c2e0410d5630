// Who sits before the page, and what he may do.

import { el, fill, inert } from "./dom.js";
import { t } from "./text.js";
import { get, post, remove, setToken } from "./api.js";
import { problemBody } from "./notice.js";

const RANK = { viewer: 0, annotator: 1, reviewer: 2, operator: 3 };
let session = null;

/** The session: `org`, `person` (null: whoever opened the link), `role`, `expires`. */
export function me() {
  return session;
}

/** Whether the role suffices; the node decides it again on every write. */
export function may(role) {
  return session !== null && RANK[session.role] >= RANK[role];
}

/**
 * Takes up the session that there is, or begins one with the token of the address. The token leaves the address at once,
 * so that it stays in no history and is not copied with a link.
 */
export async function begin() {
  const found = location.hash.match(/^#token=([^&]+)/);
  if (found) {
    history.replaceState(null, "", `${location.pathname}#/`);
    take(await post(["session"], { token: decodeURIComponent(found[1]) }));
  } else {
    take(await get(["session"]));
  }
}

function take(document) {
  session = document;
  setToken(document.csrf);
}

/** Ends the session. */
export async function end() {
  await remove(["session"]);
  session = null;
}

/** The screen on which a session begins: by link, or by name and password. */
export function showSignIn(host, error, done) {
  const name = el("input", { id: "sign-name", autocomplete: "username" });
  const password = el("input", { id: "sign-password", type: "password", autocomplete: "current-password" });
  const problem = el("div", { role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      take(await post(["session"], { name: name.value, password: password.value }));
      done();
    } catch (wrong) {
      fill(problem, problemBody(wrong));
    }
  };
  fill(host, el("section", { class: "card sign" },
    el("h1", {}, t("sign.title")),
    el("p", {}, t("sign.link")),
    el("pre", {}, "countermark people link"),
    el("p", {}, t("sign.account")),
    el("form", { onsubmit: submit },
      el("label", { for: "sign-name" }, t("sign.name")), name,
      el("label", { for: "sign-password" }, t("sign.password")), password,
      problem, el("footer", {}, el("button", { class: "main" }, t("sign.in"))))));
  if (error && error.status !== 401) fill(problem, problemBody(error));
  else if (error?.code && error.hint) fill(problem, el("p", { class: "hint" }, inert(error.hint)));
}
