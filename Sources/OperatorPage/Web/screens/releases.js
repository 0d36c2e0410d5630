// Releases: label sets with a name that means the same for ever, who has countersigned them, and our own countersignature.

import { el, fill, button, data, inert, calm } from "../core/dom.js";
import { t, time, number } from "../core/text.js";
import { get, post, inDataset } from "../core/api.js";
import { listen } from "../core/events.js";
import { openDataset } from "../core/dataset.js";
import { me, may } from "../core/session.js";
import { chip, facts } from "../core/parts.js";
import { shortcuts } from "../core/keys.js";
import { notice, showProblem } from "../core/notice.js";

// Nodes of an earlier version countersign by the command alone.
let canSign = true;

/** Shows them. */
export async function show(host, place, signal) {
  const { dataset } = place;
  const { steward } = await openDataset(dataset, signal);
  const draw = async () => {
    const { releases } = await get(inDataset(dataset, "releases"), {}, signal);
    if (signal.aborted) return;
    fill(host, el("header", { class: "head" }, el("h1", {}, t("tab.releases"))),
      releases.length ? releases.map((each) => card(each, dataset, steward, draw)) : el("div", { class: "empty" }, el("p", {}, t("releases.none")), el("pre", {}, `countermark release create ${inert(dataset)} NAME`)));
  };
  listen("dataset", calm((event) => { if (event.id === dataset) draw().catch(showProblem); }, 300), signal);
  shortcuts("tab.releases", [{ keys: ["c"], text: "releases.sign", run: () => { host.querySelector("button.sign")?.focus(); } }], signal);
  await draw();
}

// The node recomputes the release before it signs, which is said while it takes its time.
async function countersign(dataset, name, own, draw) {
  own.disabled = true;
  try {
    const { digest } = await post(inDataset(dataset, "releases", name, "countersign"), {});
    notice(t("releases.signed", { name: inert(name), digest: inert(String(digest ?? "").slice(0, 16)) }));
  } catch (error) {
    if ([404, 405].includes(error.status) && error.code !== "not-found") canSign = false;
    else showProblem(error);
  }
  await draw().catch(showProblem);
}

function card(release, dataset, steward, draw) {
  // Without a policy all members are asked, but for the steward, who has signed it by naming it.
  const isAsked = release.asked.length ? release.asked.includes(me().org) : !release.holds && me().org !== steward;
  const waits = isAsked && !release.countersigned.includes(me().org) && !release.withdrawn;
  const own = waits && canSign && may("operator") ? button(t("releases.sign"), () => countersign(dataset, release.name, own, draw), { class: "main sign" }) : null;
  return el("section", { class: "card" },
    el("header", { class: "head" }, el("h2", {}, data(release.name)), release.withdrawn ? el("span", { class: "tag bad" }, t("releases.withdrawn")) : el("span", { class: `tag ${release.holds ? "ok" : "warn"}` }, t(release.holds ? "releases.holds" : "releases.waits")), el("div", { class: "grow" }),
      waits ? el("span", { class: "tag warn" }, t("releases.ours")) : null, own),
    waits ? el("p", { class: "hint" }, t("releases.how"), own ? null : [" ", el("code", {}, `countermark release countersign ${inert(dataset)} ${inert(release.name)}`)]) : null,
    // How many labels it holds is known where it was recomputed; of what it is made is what was signed.
    facts([release.labels === null ? null : [t("home.labels"), number(release.labels)], release.items === null ? null : [t("home.items"), number(release.items)],
      [t("releases.of"), t("past.heads", { heads: release.heads.map(({ origin, size }) => `${inert(origin)} ${number(size)}`).join(t("list.comma")) })], [t("releases.when"), time(release.time)],
      [t("releases.quorum"), t("releases.quorumOf", { n: release.countersigned.length, quorum: release.quorum ?? 0 })],
      [t("releases.countersigned"), release.countersigned.length ? el("span", {}, release.countersigned.map((org) => [chip(org), " "])) : t("label.nobody")],
      release.withdrawn ? [t("releases.why"), data(release.withdrawn)] : null, [t("dataset.digest"), el("span", { class: "mono" }, inert(release.digest))]]));
}
