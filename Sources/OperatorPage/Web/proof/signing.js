// "My key" on the page: asking for a certificate, and writes that the person signs instead of the node.

import { Refused } from "./bytes.js";
import { candidate, enrol, enrolment, forgetKey, write } from "./sign.js";

/** Texts in the language of the page; English where there are none. */
let texts = {};
async function load() {
  if (Object.keys(texts).length) return;
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  texts = await fetch(`proof/text.${language}.json`).then((answer) => answer.json());
}

function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function el(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

let asks = true;

/** Shows what will be signed, and waits for the person's word. */
function confirm(lines) {
  if (!asks) return true;
  return new Promise((resolve) => {
    const silent = el("input", { type: "checkbox", id: "sign-silent" });
    const dialog = el("dialog", { className: "sign" }, el("form", { method: "dialog" },
      el("h2", {}, t("sign.title")), el("ul", {}, ...lines.map((line) => el("li", {}, t(line.key, line.values) || line.text))),
      el("p", {}, silent, el("label", { htmlFor: "sign-silent" }, t("sign.silent"))),
      el("button", { value: "yes", className: "main" }, t("sign.yes")), " ", el("button", { value: "no" }, t("sign.no"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      asks = !silent.checked;
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** The operations that a write of the API means; none where no person signs it. */
function operations(verb, body) {
  const each = () => body.items ?? (body.item === undefined ? [] : [body.item]);
  switch (verb) {
    case "annotate":
    case "set":
    case "retract":
    case "restore":
    case "review":
    case "comment":
      return [{ op: verb, ...body }];
    case "examined":
      return each().map((item) => ({ op: verb, item, withdrawn: body.withdraw }));
    case "stage":
      return each().map((item) => ({ ...body, op: verb, item }));
    case "resolve":
      return [{ op: verb, ...body }];
    default:
      return [];
  }
}

/**
 * A write that the person signs, where this browser has a certificate for it.
 *
 * @param me the session: `org`, `person`, `csrf`
 * @returns the node's answer; null where the person did not want to; undefined where the node has to sign
 */
export async function signedWrite(me, dataset, verb, body) {
  const list = me.person ? operations(verb, body) : [];
  if (!list.length) return undefined;
  const { state } = await enrolment(me);
  if (state === "none" || state === "waiting") return undefined;
  await load();
  // Never the node's signature instead of the person's without the person's knowing.
  if (state !== "ready") throw new Refused(t("key.ended"));
  // Whose side is taken is the node's word; the person sees and signs the value itself.
  for (const each of list) if (each.take !== undefined) each.value = await candidate(dataset, each);
  return write({ ...me, dataset }, list, confirm);
}

/** Fills the panel "My key". */
export async function showSigning(host, { me }) {
  await load();
  const show = (...parts) => host.replaceChildren(el("h2", {}, t("key.title")), ...parts.map((part) => (part instanceof Node ? part : el("p", {}, part))));
  const again = () => showSigning(host, { me });
  const act = (text, run) => el("button", { type: "button", onclick: () => run().then(again).catch((error) => show(error instanceof Refused ? error.message : String(error))) }, text);
  if (!me.person) return show(t("key.nobody"));
  const found = await enrolment(me);
  const ask = act(t("key.ask"), () => enrol(me));
  const drop = act(t("key.drop"), () => forgetKey(me.org, me.person));
  if (found.state === "none") return show(t("key.none"), ask);
  if (found.state === "waiting") return show(t("key.waiting", { person: me.person }), el("p", { className: "words", id: "key-words" }, found.words), drop);
  if (found.state === "ended") return show(t("key.ended"), ask);
  return show(t("key.ready", { until: new Date(found.until * 1000).toLocaleDateString() }), el("p", {}, el("code", {}, found.certificate)), drop);
}
