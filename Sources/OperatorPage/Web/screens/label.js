// Where a label comes from: every write, who signed it, what it replaced; and its proof, which is checked here, from its
// bytes, so that nobody has to believe this node.

import { el, fill, button, data, inert, link, save, calm } from "../core/dom.js";
import { t, time } from "../core/text.js";
import { get, getBytes, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { to } from "../core/router.js";
import { openDataset } from "../core/dataset.js";
import { may } from "../core/session.js";
import { Writes } from "../core/writes.js";
import { chip, facts, fieldName, valueText, selectorText } from "../core/parts.js";
import { fieldStories, reviewList, suggestionList } from "../core/story.js";
import { showProblem, problemBody } from "../core/notice.js";
import { shortcuts } from "../core/keys.js";

/** Shows it. */
export async function show(host, place, signal) {
  const { dataset, id } = place;
  await openDataset(dataset, signal);
  const writes = new Writes(dataset);
  const proof = el("section", { class: "card", "aria-label": t("proof.title") });
  const rest = el("div");
  fill(host, rest);
  const draw = async () => {
    const [story, entries] = await Promise.all([get(inDataset(dataset, "labels", id), {}, signal), signers(dataset, id, signal)]);
    if (signal.aborted) return;
    render(rest, dataset, story, entries, proof, async (op, verdict) => {
      await writes.run("review", { label: op, verdict }, { text: t("write.reviewed") });
      draw().catch(showProblem);
    });
  };
  drawProof(proof, dataset, id, signal);
  listen("dataset", calm((event) => { if (event.id === dataset) draw().catch(showProblem); }, 200), signal);
  shortcuts("keys.label", [
    { keys: ["p"], text: "proof.check", run: () => { proof.querySelector("button.main")?.click(); } },
    { keys: ["s"], text: "proof.download", run: () => { proof.querySelector("button.save")?.click(); } },
  ], signal);
  await draw();
}

// Who signed the entries in which the label was written, as far as the history says.
async function signers(dataset, id, signal) {
  try {
    const { entries } = await get(inDataset(dataset, "history"), { org: id.split(":")[0].split("/")[0] }, signal);
    return entries;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return [];
  }
}

function render(host, dataset, story, entries, proof, decide) {
  const selector = story.fields.selector?.value;
  const [origin, place] = story.id.split(":");
  const entry = entries.find((each) => each.index === Number(place.split(".")[0]));
  fill(host,
    el("header", { class: "head" }, el("h1", {}, data(story.class || t("label.title"))), story.status === "retracted" ? el("span", { class: "tag" }, t("status.retracted")) : null,
      story.status === "not-counted" ? el("span", { class: "tag warn" }, t("story.uncounted")) : null, el("div", { class: "grow" }),
      link(t("label.show"), `${to(dataset, "item", story.item)}?label=${encodeURIComponent(story.id)}`, { class: "button" })),
    story.why ? el("p", { class: "hint" }, inert(story.why)) : null,
    el("div", { class: "columns" },
      el("div", {},
        el("section", { class: "card" }, el("h2", {}, t("label.what")), facts([
          [t("panel.item"), link(data(story.item), to(dataset, "item", story.item))], [t("panel.company"), chip(origin.split("/")[0])],
          selector?.kind ? [t("panel.place"), selectorText(selector)] : null,
          ...Object.entries(story.fields).filter(([name]) => !["selector", "class", "status"].includes(name)).map(([name, field]) => [fieldName(name), valueText(field.value, name)]),
          [t("panel.id"), el("span", { class: "mono" }, inert(story.id))],
          entry ? [t("label.signed"), el("span", {}, data(entry.signerName || entry.signer.slice(0, 16)), el("span", { class: "tag" }, t(isPerson(entry, origin) ? "label.byPerson" : "label.byNode")), " ", el("span", { class: "muted" }, time(entry.time)))] : null,
          story.outsideSchema?.length ? [t("panel.outside"), data(story.outsideSchema.join("; "))] : null])),
        story.witnessed ? witnesses(story.witnessed) : null, proof),
      el("div", {},
        el("section", { class: "card" }, el("h2", {}, t("story.writes")), fieldStories(story)),
        el("section", { class: "card" }, el("h2", {}, t("story.reviews")), suggestionList(story, may("reviewer") ? decide : null), reviewList(story)))));
}

// A node's certificate names its organisation; a person's a mail address or another name.
function isPerson(entry, origin) {
  return entry.signerName !== "" && entry.signerName !== origin.split("/")[0];
}

function witnesses(witnessed) {
  return el("section", { class: "card" }, el("h2", {}, t("label.witnesses")),
    witnessed.required === null ? el("p", { class: "muted" }, t("label.noPolicy")) : el("p", {}, el("span", { class: `tag ${witnessed.met ? "ok" : "warn"}` }, t(witnessed.met ? "label.witnessed" : "label.notWitnessed", { n: witnessed.required }))),
    witnessed.by.length ? el("ul", {}, witnessed.by.map((each) => el("li", {}, chip(each.org), " ", el("span", { class: "muted" }, time(each.time))))) : el("p", { class: "muted" }, t("label.nobody")));
}

function drawProof(host, dataset, id, signal) {
  const result = el("div", { role: "status" });
  let bytes = null;
  const fetchProof = async () => {
    if (!bytes) bytes = new Uint8Array(await (await getBytes(inDataset(dataset, "labels", id, "proof"), {}, signal)).arrayBuffer());
    return bytes;
  };
  // Whom to trust: the steward's root. What the node says it is can be compared with the file that one has from the steward.
  const roots = async () => {
    if (file.ownRoots) return file.ownRoots;
    return (await getBytes(inDataset(dataset, "root"), {}, signal)).text();
  };
  const guarded = (run) => async () => {
    try {
      await run();
    } catch (error) {
      fill(result, problemBody(error));
    }
  };
  const checkBytes = async (given) => {
    fill(result, el("p", { class: "muted" }, t("proof.checking")));
    let check;
    try {
      ({ check } = await import("../proof/check.js"));
    } catch {
      fill(result, el("p", { class: "hint" }, t("proof.missing")));
      return;
    }
    const { ok, steps } = await check(given, await roots());
    fill(result, el("p", {}, el("span", { class: `tag ${ok ? "ok" : "bad"}` }, t(ok ? "proof.holds" : "proof.fails"))),
      el("ol", { class: "checks" }, steps.map((step) => el("li", {}, el("span", { class: step.ok ? "good" : "wrong", "aria-label": t(step.ok ? "proof.good" : "proof.wrong") }, step.ok ? "✓" : "✗"), el("span", {}, inert(step.name), step.detail ? el("span", { class: "muted" }, ` — ${inert(step.detail)}`) : null)))));
    document.documentElement.dataset.proof = String(ok);
  };
  const file = el("input", { type: "file", id: "proof-file", onchange: guarded(async () => checkBytes(new Uint8Array(await file.files[0].arrayBuffer()))) });
  const root = el("input", { type: "file", id: "proof-root", accept: ".pem,.crt", onchange: guarded(async () => { file.ownRoots = await root.files[0].text(); }) });
  fill(host, el("h2", {}, t("proof.title")), el("p", { class: "muted" }, t("proof.text")),
    el("div", { class: "row" }, button(t("proof.check"), guarded(async () => checkBytes(await fetchProof())), { class: "main", title: "P" }),
      button(t("proof.download"), guarded(async () => save(`${id.replace(/[:/]/g, "-")}.proof`, new Blob([await fetchProof()]))), { class: "save", title: "S" })),
    el("p", {}, el("label", { for: "proof-file" }, t("proof.other")), " ", file), el("p", {}, el("label", { for: "proof-root" }, t("proof.root")), " ", root), result);
}
