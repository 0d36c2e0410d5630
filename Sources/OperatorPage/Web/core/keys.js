// Shortcuts. Each screen lays its own on the pile; the sheet under `?` lists what holds at the moment.

import { el, fill } from "./dom.js";
import { t } from "./text.js";
import { openDialog } from "./notice.js";

const pile = [];

/**
 * Lays shortcuts on the pile until the signal ends them. Each has `keys` (as `name` below writes them), `text` (the
 * name of what it does in words) and `run`, which may return false to let the key go on.
 */
export function shortcuts(title, list, signal) {
  const scope = { title, list };
  pile.push(scope);
  signal?.addEventListener("abort", () => pile.splice(pile.indexOf(scope), 1));
}

/** A key as it is called here: `d`, `Shift+h`, `Ctrl+z`, `ArrowLeft`, `?`. */
export function name(event) {
  let key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.key === " ") key = "Space";
  // On a letter Shift is said; where it makes another sign, such as ?, the sign says it.
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key)) ? "Shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift}${key}`;
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=button]), textarea, select, [contenteditable]");
}

/** Begins to listen. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || event.isComposing) return;
    const key = name(event);
    if (isTyping(event.target) && key !== "Escape") return;
    // A button or link that has the focus is pressed with these.
    if ((key === "Enter" || key === "Space") && event.target.closest?.("button, a, summary, [role=tab], [role=option]")) return;
    for (const scope of [...pile].reverse()) {
      const found = scope.list.find((each) => each.keys.includes(key));
      if (found && found.run(event) !== false) {
        event.preventDefault();
        return;
      }
    }
  });
}

/** The sheet of all shortcuts that hold now. */
export function showSheet() {
  openDialog(t("keys.title"), (body) => {
    fill(body, [...pile].reverse().map((scope) => el("section", { class: "keys" },
      el("h3", {}, t(scope.title)),
      el("dl", {}, scope.list.filter((each) => each.text).map((each) => [
        el("dt", {}, (each.keys.length > 4 ? [`${each.keys[0]}–${each.keys[each.keys.length - 1]}`] : each.keys).map((key) => el("kbd", {}, shown(key)))),
        el("dd", {}, t(each.text)),
      ])))));
  }, { wide: true });
}

/** A key as it is printed on keyboards. */
export function shown(key) {
  const signs = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del", Space: "␣" };
  return key.split("+").map((part) => signs[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join("+") || "+";
}
