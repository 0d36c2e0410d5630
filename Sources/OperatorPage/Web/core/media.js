// The files of items: fetched a few at a time, and with what the node says of their SHA-256.

import { getBytes, inDataset } from "./api.js";
import { decode } from "./picture.js";

const AT_ONCE = 4;
const PICTURE = /\.(png|jpe?g|gif|webp|bmp)$/i;
const KEPT = 600;
const waiting = [];
const small = new Map();
let running = 0;

/** Whether an item is a picture that the page can make small, by what is known of it without its file. */
export function isPicture(item) {
  return item.mediaType ? item.mediaType.startsWith("image/") : PICTURE.test(item.key);
}

/** The file of an item: its bytes, and whether they are those that were registered (`same`, `differs`, `unregistered`). */
export async function media(dataset, key, signal, headers) {
  const answer = await getBytes(inDataset(dataset, "media"), { item: key }, signal, headers);
  return {
    state: answer.headers.get("Countermark-Media") ?? "unregistered",
    type: answer.headers.get("Content-Type") ?? "",
    blob: await answer.blob(),
    range: answer.headers.get("Content-Range"),
  };
}

/**
 * A small picture of an item, from memory or the node; null where there is none. What was asked last is fetched first:
 * it is what the reader looks at now.
 */
export function thumbnail(dataset, key, longest, signal) {
  const name = `${dataset}\n${key}\n${longest}`;
  if (small.has(name)) {
    const held = small.get(name);
    small.delete(name);
    small.set(name, held);
    return Promise.resolve(held);
  }
  return new Promise((resolve) => {
    waiting.push({ dataset, key, longest, name, signal, resolve });
    next();
  });
}

async function next() {
  while (waiting.length && waiting[waiting.length - 1].signal?.aborted) waiting.pop().resolve(null);
  if (running >= AT_ONCE || !waiting.length) return;
  const job = waiting.pop();
  running += 1;
  let found = null;
  try {
    const file = await media(job.dataset, job.key, job.signal);
    if (file.type.startsWith("image/")) found = { ...await decode(file.blob, job.longest), state: file.state };
    else found = { bitmap: null, state: file.state };
    keep(job.name, found);
  } catch (error) {
    if (error.code === "too-large") found = { bitmap: null, state: "too-large" };
    if (error.name !== "AbortError" && error.code !== "unreachable") keep(job.name, found);
  }
  running -= 1;
  job.resolve(found);
  next();
}

function keep(name, found) {
  small.set(name, found);
  if (small.size > KEPT) {
    const oldest = small.keys().next().value;
    small.get(oldest)?.bitmap?.close();
    small.delete(oldest);
  }
}
