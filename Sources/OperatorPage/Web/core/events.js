// What happens elsewhere: the node tells it by server-sent events, and the page shows it without being asked.

const listeners = new Map();
let source = null;
let isDown = false;

/** Calls `run` with each event of a kind (`dataset`, `partner`, `line`) until the signal ends it. */
export function listen(kind, run, signal) {
  const all = listeners.get(kind) ?? listeners.set(kind, new Set()).get(kind);
  all.add(run);
  signal?.addEventListener("abort", () => all.delete(run));
}

function tell(kind, what) {
  for (const run of listeners.get(kind) ?? []) run(what);
}

/** Opens the line. It opens itself again after a failure; `line` says whether it is up. */
export function connect() {
  source?.close();
  source = new EventSource("api/v1/events");
  source.onopen = () => {
    if (isDown) tell("line", true);
    isDown = false;
  };
  source.onerror = () => {
    if (!isDown) tell("line", false);
    isDown = true;
    // A server that answered with an error ends the line for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => source && connect(), 3000);
  };
  for (const kind of ["dataset", "partner"]) {
    source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
  }
}

/** Closes the line, when the session ends. */
export function disconnect() {
  source?.close();
  source = null;
}
