// What is wrong, in plain words, with what helps. Made of the status document: the node has the facts, the page the words.

import { t, time, ago, size } from "./text.js";
import { inert } from "./dom.js";
import { to } from "./router.js";

const ORDER = { urgent: 0, warning: 1, notice: 2 };

/** All that a person should know, the worst first: `level`, `what`, `help` (text?), `href` (text?). */
export function alarms(status) {
  const found = [...status.alarms.map((alarm) => worded(alarm, status)).filter(Boolean), ...ofNode(status), ...status.datasets.flatMap(ofDataset)];
  return found.sort((a, b) => ORDER[a.level] - ORDER[b.level]);
}

function worded(alarm, status) {
  const values = { ...alarm, log: inert(alarm.log), org: inert(alarm.org ?? alarm.log?.split("/")[0]), dataset: inert(alarm.dataset), what: inert(alarm.what) };
  switch (alarm.kind) {
    case "equivocation":
    case "contradiction":
      return { level: "urgent", what: t(`alarm.${alarm.kind}`, values), help: t("alarm.equivocation.help", { file: inert(alarm.file) }) };
    case "digests-differ":
      return { level: "urgent", what: t("alarm.digests-differ", { ...values, since: ago(alarm.since) }), help: t("alarm.digests-differ.help") };
    case "silent":
      return { level: "warning", what: t("alarm.silent", values), help: t("alarm.silent.help"), href: "#/partners" };
    case "clock":
      return { level: alarm.refuses ? "urgent" : "warning", what: t("alarm.clock", values), help: t("alarm.clock.help") };
    case "nodes-differ":
      return { level: "urgent", what: t("alarm.nodes-differ", values), help: t("alarm.nodes-differ.help") };
    case "ends":
      return ends({ ...alarm, kind: alarm.what }, status);
    default:
      return { level: "warning", what: inert(alarm.what ?? alarm.kind), help: null };
  }
}

function ends(each, status) {
  const level = each.level === "over" || each.level === "urgent" ? "urgent" : each.level === "warning" ? "warning" : "notice";
  const name = each.level === "over" ? "alarm.ended" : "alarm.ends";
  return { level, what: t(name, { kind: t(`ends.${each.kind}`), org: inert(each.org), time: time(each.notAfter), ago: ago(each.notAfter) }),
    help: each.org === status.org ? t("alarm.ends.help", { command: inert(each.renew) }) : t("alarm.ends.theirs", { org: inert(each.org) }), href: "#/partners" };
}

function ofNode(status) {
  const found = [];
  if (status.disk.free !== null && status.disk.free < status.disk.needed) {
    found.push({ level: "urgent", what: t("alarm.disk", { free: size(status.disk.free), needed: size(status.disk.needed) }), help: t("alarm.disk.help") });
  }
  for (const partner of status.partners) {
    if (partner.failure) {
      found.push({ level: "warning", what: t("alarm.failing", { org: inert(partner.org), since: ago(partner.failure.since), error: inert(partner.failure.error) }), help: t("alarm.failing.help"), href: "#/partners" });
    }
    if (partner.state === "damaged") found.push({ level: "urgent", what: t("alarm.damaged", { org: inert(partner.org) }), help: t("alarm.damaged.help") });
  }
  for (const repair of status.repairs) {
    found.push({ level: "warning", what: t("alarm.repair", { log: inert(repair.log), since: ago(repair.since) }), help: t("alarm.repair.help") });
  }
  for (const invitation of status.invitations) {
    if (invitation.state === "pending") {
      found.push({ level: "notice", what: t("alarm.invitation", { org: inert(invitation.org), dataset: inert(invitation.dataset) }), help: t("alarm.invitation.help"), href: "#/partners" });
    }
  }
  const named = new Set(status.alarms.filter((each) => each.kind === "ends").map((each) => `${each.org} ${each.notAfter}`));
  for (const each of status.ends) if (!named.has(`${each.org} ${each.notAfter}`)) found.push(ends(each, status));
  return found;
}

function ofDataset(each) {
  const found = [];
  const dataset = inert(each.id);
  const say = (level, name, values, href) => found.push({ level, what: t(name, { dataset, ...values }), help: t(`${name}.help`, values), href });
  if (each.uncounted.length) {
    const first = each.uncounted[0];
    say("urgent", "alarm.uncounted", { n: each.uncounted.reduce((sum, one) => sum + one.entries + one.operations, 0), why: inert(first.why) }, to(each.id));
  }
  if (each.unreadable.length) say("urgent", "alarm.unreadable", { log: inert(each.unreadable[0].log), why: inert(each.unreadable[0].why) });
  if (each.rebuild) say("warning", "alarm.rebuild", {});
  for (const wait of each.waiting) say("warning", "alarm.waiting", { log: inert(wait.log), other: inert(wait.for.log), since: ago(wait.since), hint: inert(wait.hint) });
  if (each.quarantined) say("notice", "alarm.quarantined", { n: each.quarantined }, to(each.id, "history"));
  if (each.outsideSchema) say("notice", "alarm.outside", { n: each.outsideSchema }, to(each.id));
  if (!each.schema.readable) say("warning", "alarm.schema", { problem: inert(each.schema.problem) });
  if (each.unshared && each.logs.length > 1) say("notice", "alarm.unshared", { n: each.unshared });
  return found;
}
