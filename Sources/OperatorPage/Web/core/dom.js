// Building the page out of elements. Nothing here or elsewhere parses text as HTML: what partners have written reaches
// the page as text nodes alone, so a class that is called "<img onerror=…>" is shown, and never run.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate", "readOnly", "open",
  "tabIndex", "scrollTop", "width", "height", "multiple", "max", "min", "step"]);

/**
 * Makes an element. `onclick` and the like are listeners, `style` is an object (set by the CSSOM, since the page's
 * policy forbids style attributes), what is null or false is left out.
 */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false && !PROPERTIES.has(name)) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "style") for (const [key, part] of Object.entries(value)) node.style.setProperty(key, part);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** Appends texts, elements and lists of them; what is null or false is left out. */
export function add(node, ...children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Replaces what is in an element. */
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, ...children);
}

/**
 * A text that somebody else has written, such that it cannot change what stands around it: characters that turn the
 * direction of writing or have no form of their own are written out.
 */
export function inert(text) {
  return String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);
}

/** An element that shows such a text, isolated from the direction of its surroundings. */
export function data(text, props) {
  return el("bdi", { class: "data", ...props }, inert(text));
}

/** A button that does something here; links that go elsewhere are `link`. */
export function button(text, run, props) {
  return el("button", { type: "button", onclick: run, ...props }, text);
}

/** A link to another screen. */
export function link(text, hash, props) {
  return el("a", { href: hash, ...props }, text);
}

/** Calls `run` once when calls have ceased for some milliseconds. */
export function calm(run, milliseconds) {
  let timer = 0;
  return (...words) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...words), milliseconds);
  };
}

/** A file that the browser saves. */
export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name.replace(/[^\w.-]+/g, "-") }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
