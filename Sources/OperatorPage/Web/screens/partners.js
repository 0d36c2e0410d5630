// Partners: who they are, when they were last in touch, and how a company becomes one.

import { el, fill, add, button, data, inert, calm } from "../core/dom.js";
import { t, ago, time, has } from "../core/text.js";
import { get, post } from "../core/api.js";
import { listen } from "../core/events.js";
import { may } from "../core/session.js";
import { chip } from "../core/parts.js";
import { showProblem, problemBody, notice } from "../core/notice.js";
import { shortcuts } from "../core/keys.js";
import { dropZone } from "../core/drop.js";

/** Shows them. */
export async function show(host, place, signal) {
  const top = el("div");
  const pairing = el("section", { class: "card", "aria-label": t("pair.title") });
  fill(host, el("header", { class: "head" }, el("h1", {}, t("partners.title"))), top, may("operator") ? pairing : null);
  const draw = async () => {
    const [status, invitations] = await Promise.all([get(["status"], {}, signal), get(["invitations"], {}, signal)]);
    if (!signal.aborted) fill(top, table(status), invitationList(invitations.invitations));
  };
  drawPairing(pairing, draw);
  const again = calm(() => draw().catch(showProblem), 200);
  listen("partner", again, signal);
  listen("dataset", again, signal);
  shortcuts("partners.title", [{ keys: ["i"], text: "pair.paste", run: () => { pairing.querySelector("textarea")?.focus(); } }], signal);
  await draw();
}

function table(status) {
  if (!status.partners.length) return el("div", { class: "empty" }, el("p", {}, t("partners.none")));
  const ends = new Map();
  for (const each of status.ends) if (!ends.has(each.org) || ends.get(each.org).notAfter > each.notAfter) ends.set(each.org, each);
  return el("table", { class: "rows" }, el("caption", { class: "unseen" }, t("partners.title")),
    el("thead", {}, el("tr", {}, ["panel.company", "partners.seen", "partners.lag", "partners.ends", "partners.address"].map((name) => el("th", { scope: "col" }, t(name))))),
    el("tbody", {}, status.partners.map((each) => el("tr", {},
      el("th", { scope: "row" }, chip(each.org), " ", el("span", { class: `tag ${each.state === "seen" ? "ok" : each.state === "pinned" ? "" : "bad"}` }, t(`partner.${each.state}`))),
      el("td", {}, el("span", { title: each.lastSeen ? time(each.lastSeen) : "" }, ago(each.lastSeen)), each.failure ? el("p", { class: "hint" }, t("partners.failing", { since: ago(each.failure.since), error: inert(each.failure.error) })) : null),
      el("td", {}, lag(each.org, status)),
      el("td", {}, ends.has(each.org) ? el("span", { class: "tag warn" }, `${t(`ends.${ends.get(each.org).kind}`)}: ${time(ends.get(each.org).notAfter)}`) : el("span", { class: "muted" }, t("partners.valid"))),
      el("td", {}, each.url ? data(each.url) : el("span", { class: "muted" }, t("partners.dials")))))));
}

// How far its logs are merged here, over all datasets.
function lag(org, status) {
  const logs = status.datasets.flatMap((each) => each.logs.filter((log) => log.origin === org).map((log) => ({ ...log, dataset: each.id })));
  if (!logs.length) return el("span", { class: "muted" }, t("partners.noLogs"));
  const waiting = logs.reduce((sum, log) => sum + log.size - log.applied, 0);
  const differs = status.alarms.some((each) => each.kind === "digests-differ" && each.org === org);
  return el("span", {}, waiting ? t("fresh.waiting", { n: waiting }) : t("partners.upToDate"), differs ? el("span", { class: "tag bad" }, t("partners.differs")) : null);
}

function invitationList(invitations) {
  if (!invitations.length) return null;
  return el("section", { class: "card" }, el("h2", {}, t("invitations.title")), el("ul", {}, invitations.slice(0, 20).map((each) => el("li", {},
    el("p", {}, data(each.dataset), " · ", has(`member.${each.role}`) ? t(`member.${each.role}`) : inert(each.role), " · ", el("span", { class: "tag" }, t(`invitation.${each.state}`)), each.org ? [" · ", data(each.org)] : null, " · ", el("span", { class: "muted" }, t("invitations.until", { time: time(each.expires) }))),
    each.state === "pending" && each.words.length ? [words(each.words), el("p", { class: "hint" }, t("invitations.accept", { nonce: inert(each.nonce) }))] : null))));
}

function words(list) {
  return el("ol", { class: "words", "aria-label": t("pair.words") }, list.map((word) => el("li", {}, inert(word))));
}

function drawPairing(host, done) {
  const result = el("div", { role: "status" });
  const field = el("textarea", { id: "invitation", rows: 5, spellcheck: "false", placeholder: "countermark invitation …" });
  const answer = async (text) => {
    field.value = text;
    try {
      const first = await post(["invitations"], { invitation: text });
      showWords(first, text);
    } catch (error) {
      fill(result, problemBody(error));
    }
  };
  const showWords = (joined, text) => {
    fill(result, el("p", {}, t("pair.invites", { org: inert(joined.org), dataset: inert(joined.dataset), role: has(`member.${joined.role}`) ? t(`member.${joined.role}`) : inert(joined.role) })),
      words(joined.words), el("p", {}, t("pair.compare", { org: inert(joined.org) })),
      joined.state === "joined" ? el("p", { class: "calm" }, t("pair.joined")) : button(joined.state === "unconfirmed" ? t("pair.confirm") : t("pair.again"), async () => {
        try {
          const next = await post(["invitations"], { invitation: text, confirm: true });
          showWords(next, text);
          notice(t(`pair.state.${next.state}`));
          await done();
        } catch (error) {
          add(result, problemBody(error));
        }
      }, { class: "main" }), el("p", { class: "hint" }, has(`pair.state.${joined.state}`) ? t(`pair.state.${joined.state}`) : ""));
  };
  fill(host, el("h2", {}, t("pair.title")), el("p", { class: "muted" }, t("pair.text")),
    dropZone(t("pair.drop"), async (files) => answer(await files[0].text())),
    el("form", { onsubmit: (event) => { event.preventDefault(); answer(field.value); } }, el("label", { for: "invitation" }, t("pair.paste")), field, el("footer", {}, el("button", { class: "main" }, t("pair.read")))),
    result, el("p", { class: "muted" }, t("pair.invite")), el("pre", {}, "countermark invite DATASET --role reviewer --url https://HOST:7443 -o invitation.txt"));
}
