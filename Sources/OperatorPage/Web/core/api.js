// The node's operator API: reads, writes, and its errors with their codes.

const ROOT = "api/v1";
let token = "";
let onSignedOut = () => {};

/** An error of the node (RFC 9457), or that it could not be reached (code `unreachable`). */
class Problem extends Error {
  constructor({ status = 0, code = "", detail = "", title = "", hint = "" }) {
    super(detail || title);
    Object.assign(this, { status, code, hint });
  }
}

/** What writes have to carry; comes with the session. */
export function setToken(csrf) {
  token = csrf;
}

/** Who is called when the node no longer knows this session. */
export function whenSignedOut(run) {
  onSignedOut = run;
}

/** The address of something: a path of parts that are encoded one by one, and its query. */
export function address(parts, query = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const path = parts.map((part) => encodeURIComponent(part)).join("/");
  // Not by URLSearchParams, which writes a space as +: a key may hold either.
  const written = asked.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${ROOT}/${path}${written ? `?${written}` : ""}`;
}

/** The parts of an address below a dataset, whose id is `owner/name`. */
export function inDataset(id, ...parts) {
  const cut = id.indexOf("/");
  return ["datasets", id.slice(0, cut), id.slice(cut + 1), ...parts];
}

/** Reads a document. The browser's own cache asks with `If-None-Match` and answers from what it holds. */
export async function get(parts, query, signal) {
  const answer = await ask(address(parts, query), { signal });
  return answer.json();
}

/** Reads bytes, with the response for its headers. */
export async function getBytes(parts, query, signal, headers) {
  return ask(address(parts, query), { signal, headers });
}

/** Writes: a document, or bytes as they are. */
export async function post(parts, body, query) {
  const raw = body instanceof Blob || body instanceof ArrayBuffer || body instanceof Uint8Array;
  const answer = await ask(address(parts, query), {
    method: "POST",
    headers: { "X-CSRF-Token": token, "Content-Type": raw ? "application/octet-stream" : "application/json" },
    body: raw ? body : JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
}

/** Ends something, such as the session. */
export async function remove(parts) {
  await ask(address(parts), { method: "DELETE", headers: { "X-CSRF-Token": token } });
}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ code: "unreachable" });
  }
  if (answer.ok || answer.status === 206) return answer;
  const problem = new Problem({ status: answer.status, ...await described(answer) });
  if (answer.status === 401 && !url.endsWith("/session")) onSignedOut();
  throw problem;
}

async function described(answer) {
  if (!(answer.headers.get("Content-Type") ?? "").includes("json")) return { code: `http-${answer.status}` };
  try {
    return await answer.json();
  } catch {
    return { code: `http-${answer.status}` };
  }
}
