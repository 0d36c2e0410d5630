// What the page tells and asks: notices at the edge, and dialogs.

import { el, add, fill, button, inert } from "./dom.js";
import { t, has } from "./text.js";

/** A passing word that something is done. `undo` offers to take it back. */
export function notice(text, { kind = "done", undo = null, seconds = 5 } = {}) {
  const box = el("div", { class: `notice ${kind}` }, el("p", {}, text));
  if (undo) add(box, button(t("do.undo"), () => { box.remove(); undo(); }, { class: "quiet" }));
  add(box, button("×", () => box.remove(), { class: "quiet close", "aria-label": t("do.close") }));
  place(box, seconds);
}

/** An error with its code and what to do, which stays until it is closed. */
export function showProblem(error) {
  if (error?.name === "AbortError") return;
  const box = el("div", { class: "notice bad", role: "alert" }, problemBody(error),
    button("×", () => box.remove(), { class: "quiet close", "aria-label": t("do.close") }));
  place(box, 0);
  // A mistake of the program is for its makers, too.
  if (codeOf(error) === "page-failed") console.error(error);
}

// The node's code; what signs and checks here refuses in words, and the node's answer stands in its `problem`.
function codeOf(error) {
  return error?.code || error?.problem?.code || (error?.constructor?.name === "Refused" ? "refused" : "page-failed");
}

/** The same as a part of a screen that could not be made. */
export function problemBody(error) {
  const code = codeOf(error);
  const known = has(`error.${code}`);
  return el("div", { class: "problem" },
    el("p", {}, known ? t(`error.${code}`) : inert(error?.message || t("error.page-failed"))),
    error?.hint || error?.problem?.hint ? el("p", { class: "hint" }, inert(error.hint || error.problem.hint)) : known && has(`hint.${code}`) ? el("p", { class: "hint" }, t(`hint.${code}`)) : null,
    el("p", { class: "code" }, inert(code)));
}

function place(box, seconds) {
  const host = document.getElementById("notices");
  while (host.childElementCount >= 4) host.firstElementChild.remove();
  host.append(box);
  if (seconds) setTimeout(() => box.remove(), seconds * 1000);
}

/** A dialog whose body `make` fills; it may close it by the function that it is given. Resolves when it is closed. */
export function openDialog(title, make, { wide = false } = {}) {
  return new Promise((resolve) => {
    const body = el("div", { class: "body" });
    const close = () => dialog.close();
    const dialog = el("dialog", { class: wide ? "wide" : "", "aria-labelledby": "dialog-title", onclose: () => { dialog.remove(); resolve(dialog.returnValue); } },
      el("header", {}, el("h2", { id: "dialog-title" }, title), button("×", close, { class: "quiet close", "aria-label": t("do.close") })), body);
    document.body.append(dialog);
    make(body, close, dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });
}

/** Asks for one line or more of text; null where nothing was given. */
export function askText(title, { label = title, value = "", long = false, list = null, action = t("do.save") } = {}) {
  let given = null;
  return openDialog(title, (body, close) => {
    const field = el(long ? "textarea" : "input", { value, autofocus: true, id: "ask-field", rows: long ? 4 : null, list: list ? "ask-list" : null, autocomplete: "off" });
    const done = (event) => { event?.preventDefault(); given = field.value; close(); };
    fill(body, el("form", { onsubmit: done }, el("label", { for: "ask-field" }, label), field,
      list ? el("datalist", { id: "ask-list" }, list.map((each) => el("option", { value: each }))) : null,
      el("footer", {}, button(t("do.cancel"), close), el("button", { class: "main" }, action))));
    if (long) field.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.ctrlKey) done(event); });
    queueMicrotask(() => field.select?.());
  }).then(() => given);
}
