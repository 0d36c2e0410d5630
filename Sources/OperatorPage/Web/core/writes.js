// What a person does to labels: one write each, and the write that takes it back. The node signs them; nothing is ever
// removed, so undoing is a write, too.

import { post, inDataset } from "./api.js";
import { me } from "./session.js";
import { t } from "./text.js";
import { notice, showProblem } from "./notice.js";

// Where the person has a key in this browser he signs himself, else the node signs and names him.
async function send(dataset, verb, body) {
  if (me().person) {
    // Where this part cannot be loaded nothing is written: the node must not sign in the person's place unseen.
    const { signedWrite } = await import("../proof/signing.js");
    const answer = await signedWrite(me(), dataset, verb, body);
    if (answer !== undefined) return answer;
  }
  return post(inDataset(dataset, verb), body);
}

/** The writes of one dataset, with what undoes them. */
export class Writes {
  constructor(dataset) {
    this.dataset = dataset;
    this.done = [];
    this.pending = 0;
  }

  /**
   * Writes. `undo` makes the way back of the answer: `[verb, body]`, or null. Returns the answer, or null where it was
   * refused, which is shown.
   */
  async run(verb, body, { undo = null, text = null, isUndo = false } = {}) {
    this.pending += 1;
    try {
      const answer = await send(this.dataset, verb, body);
      // The person did not want to sign.
      if (answer === null) return null;
      const back = undo?.(answer);
      if (back) this.done.push({ back, text });
      if (answer?.suggestion) notice(t("write.suggested"), { kind: "note" });
      else if (answer?.counted === false) notice(t("write.uncounted", { why: answer.why ?? "" }), { kind: "bad", seconds: 12 });
      else if (text) notice(text, { undo: back && !isUndo ? () => this.undo() : null });
      return answer ?? {};
    } catch (error) {
      showProblem(error);
      return null;
    } finally {
      this.pending -= 1;
    }
  }

  /** Takes the last write back by another one; null where there is none. */
  async undo() {
    const last = this.done.pop();
    if (!last) {
      notice(t("write.nothing"), { kind: "note" });
      return null;
    }
    return this.run(last.back[0], last.back[1], { text: t("write.undone"), isUndo: true });
  }
}
