// The person at this browser: name, role, and the key with which he signs himself.

import { el, fill, data } from "../core/dom.js";
import { t, time, has } from "../core/text.js";
import { me } from "../core/session.js";
import { facts } from "../core/parts.js";
import { problemBody } from "../core/notice.js";

/** Shows it. */
export async function show(host) {
  const session = me();
  const panel = el("section", { class: "card" });
  fill(host, el("header", { class: "head" }, el("h1", {}, t("me.title"))),
    el("section", { class: "card" }, facts([[t("panel.company"), data(session.org)], [t("me.person"), session.person ? data(session.person) : t("me.nobody")],
      [t("me.role"), has(`role.${session.role}`) ? t(`role.${session.role}`) : session.role], [t("me.until"), time(session.expires)]])), panel);
  try {
    const { showSigning } = await import("../proof/signing.js");
    await showSigning(panel, { me: session });
  } catch (error) {
    fill(panel, problemBody(error));
  }
}
