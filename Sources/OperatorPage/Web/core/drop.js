// A place to drop files on, which is a button for those who do not drag.

import { el } from "./dom.js";
import { t } from "./text.js";
import { showProblem } from "./notice.js";

/** Calls `take` with the files (with `folder`, all of a folder, each with its `path` below it). */
export function dropZone(text, take, { folder = false, multiple = false, accept = null } = {}) {
  const input = el("input", { type: "file", class: "unseen", tabindex: "-1", multiple: multiple || folder, accept, "aria-label": text, onchange: () => run([...input.files].map((file) => named(file, file.webkitRelativePath))) });
  if (folder) input.webkitdirectory = true;
  const zone = el("div", { class: "drop" }, el("p", {}, text), el("button", { type: "button", onclick: () => input.click() }, t(folder ? "drop.folder" : "drop.file")), input);
  const run = async (files) => {
    zone.classList.remove("over");
    if (!files.length) return;
    try {
      await take(files);
    } catch (error) {
      showProblem(error);
    }
    input.value = "";
  };
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    run(entries.length ? (await Promise.all(entries.map((entry) => walk(entry, "")))).flat() : [...event.dataTransfer.files]);
  });
  return zone;
}

function named(file, path) {
  // The folder's own name is not part of the keys: items are called by their paths below it.
  return Object.assign(file, { path: path ? path.split("/").slice(1).join("/") : file.name });
}

// All files of what was dropped, with their paths below it; hidden ones are passed over, as `items add` does.
async function walk(entry, path) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [Object.assign(await new Promise((resolve, reject) => entry.file(resolve, reject)), { path: path + entry.name })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  const below = entry.fullPath === `/${entry.name}` ? "" : `${path}${entry.name}/`;
  return (await Promise.all(found.map((each) => walk(each, below)))).flat();
}
