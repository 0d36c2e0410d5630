// From nothing to a dataset with pictures and labels. Files stay where they are: of pictures the page sends what it has
// read from them (digest and size), of label files their bytes.

import { el, fill, button, link, data, inert } from "../core/dom.js";
import { t } from "../core/text.js";
import { get, post, inDataset } from "../core/api.js";
import { to } from "../core/router.js";
import { me, may } from "../core/session.js";
import { headerSize } from "../core/picture.js";
import { dropZone } from "../core/drop.js";
import { problemBody } from "../core/notice.js";

const TYPES = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", bmp: "image/bmp", wav: "audio/wav", csv: "text/csv", txt: "text/plain", pcd: "model/vnd.pcd", mp4: "video/mp4" };
const BATCH = 500;
// The node's own limit on bodies.
const LABELS_MAX = 64 * 1024 * 1024;
const FORMATS = ["", "coco", "cvat", "yolo", "voc", "label-studio", "datumaro", "jsonl", "csv", "labelme", "kitti", "openlabel", "webvtt", "rttm", "spacy", "preference", "sdf", "dxf"];

/** Shows the three steps. */
export async function show(host, place, signal) {
  if (!may("operator")) {
    fill(host, el("h1", {}, t("setup.title")), el("p", {}, t("setup.mayNot")));
    return;
  }
  const { datasets } = await get(["datasets"], {}, signal);
  const own = datasets.filter((each) => each.members.some((member) => member.org === me().org && member.role !== "reader"));
  let dataset = own[0]?.id ?? null;
  const pictures = el("li", { class: "card" });
  const labels = el("li", { class: "card" });
  const last = el("li", { class: "card" });
  const choose = (id) => {
    dataset = id;
    drawPictures(pictures, () => dataset);
    drawLabels(labels, () => dataset);
    fill(last, el("h2", {}, t("setup.look")), dataset ? link(t("setup.open"), to(dataset, "items"), { class: "button main" }) : el("p", { class: "muted" }, t("setup.first")));
  };
  const first = el("li", { class: "card" });
  drawCreate(first, own, () => dataset, choose);
  fill(host, el("header", { class: "head" }, el("h1", {}, t("setup.title"))), el("p", { class: "muted" }, t("setup.text")), el("ol", { class: "steps" }, first, pictures, labels, last));
  choose(dataset);
}

function drawCreate(host, own, current, choose) {
  const result = el("div", { role: "status" });
  const name = el("input", { id: "new-name", required: "", pattern: "[a-z0-9][a-z0-9._\\-]*", placeholder: "boards", autocomplete: "off" });
  const title = el("input", { id: "new-title", placeholder: t("setup.titleExample"), autocomplete: "off" });
  const classNames = el("input", { id: "new-classes", placeholder: t("setup.classesExample"), autocomplete: "off" });
  const create = async (event) => {
    event.preventDefault();
    const list = classNames.value.split(/[,;，、]/).map((each) => each.trim()).filter(Boolean);
    try {
      const made = await post(["datasets"], { id: name.value, title: title.value || name.value, ...list.length ? { schema: { schemaVersion: 1, title: title.value || name.value, classes: list.map((each) => ({ name: each })) } } : {} });
      fill(result, el("p", { class: "calm" }, t("setup.made", { dataset: inert(made.id) })));
      choose(made.id);
    } catch (error) {
      fill(result, problemBody(error));
    }
  };
  fill(host, el("h2", {}, t("setup.create")),
    own.length ? el("p", {}, el("label", { for: "own" }, t("setup.existing")), " ", el("select", { id: "own", onchange: (event) => choose(event.target.value) }, own.map((each) => el("option", { value: each.id, selected: each.id === current() }, inert(each.title || each.id))))) : null,
    el("form", { onsubmit: create }, el("label", { for: "new-name" }, t("setup.name")), name, el("label", { for: "new-title" }, t("setup.datasetTitle")), title, el("label", { for: "new-classes" }, t("setup.classes")), classNames,
      el("footer", {}, el("button", { class: "main" }, t("setup.make")))), result);
}

function drawPictures(host, dataset) {
  const result = el("div", { role: "status" });
  fill(host, el("h2", {}, t("setup.pictures")), el("p", { class: "muted" }, t("setup.picturesText")),
    dataset() ? dropZone(t("setup.dropPictures"), (files) => register(files, dataset(), result), { folder: true }) : el("p", { class: "muted" }, t("setup.first")), result);
}

async function register(files, dataset, result) {
  const wanted = files.filter((each) => TYPES[ending(each.path)] && !each.path.split("/").some((part) => part.startsWith(".")));
  const progress = el("progress", { max: wanted.length, value: 0, "aria-label": t("setup.reading") });
  fill(result, progress);
  let items = [];
  try {
    for (const file of wanted) {
      items.push(await described(file));
      progress.value += 1;
      if (items.length === BATCH) {
        await post(inDataset(dataset, "items"), { items });
        items = [];
      }
    }
    if (items.length) await post(inDataset(dataset, "items"), { items });
    fill(result, el("p", { class: "calm" }, t("setup.registered", { n: wanted.length })), files.length > wanted.length ? el("p", { class: "muted" }, t("setup.passedOver", { n: files.length - wanted.length })) : null, el("p", { class: "hint" }, t("setup.mediaHint")));
  } catch (error) {
    fill(result, problemBody(error));
  }
}

function ending(path) {
  return path.split(".").pop().toLowerCase();
}

async function described(file) {
  const bytes = await file.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const type = TYPES[ending(file.path)];
  const size = type.startsWith("image/") ? headerSize(new Uint8Array(bytes)) : null;
  return { key: file.path, mediaType: type, sha256: [...digest].map((each) => each.toString(16).padStart(2, "0")).join(""), ...size ? { width: size.width, height: size.height } : {} };
}

function drawLabels(host, dataset) {
  const result = el("div", { role: "status" });
  const format = el("select", { id: "format" }, FORMATS.map((each) => el("option", { value: each }, each || t("setup.formatGuess"))));
  const take = async (files) => {
    const done = [];
    for (const file of files) {
      if (file.size > LABELS_MAX) {
        done.push(el("div", {}, data(file.path ?? file.name), ": ", t("setup.tooLarge")));
        continue;
      }
      try {
        const answer = await post(inDataset(dataset(), "import"), file, { format: format.value || guess(file.name), file: file.name, author: me().person });
        done.push(el("p", { class: "calm" }, data(file.path ?? file.name), ": ", t("setup.imported", { added: answer.added, unchanged: answer.unchanged, skipped: answer.skippedCount })));
        for (const each of [...answer.refused ?? [], ...answer.skipped ?? []].slice(0, 5)) done.push(el("p", { class: "hint" }, data(each.where), ": ", data(each.why)));
      } catch (error) {
        done.push(el("div", {}, data(file.path ?? file.name), problemBody(error)));
      }
    }
    fill(result, done);
  };
  fill(host, el("h2", {}, t("setup.labels")), el("p", { class: "muted" }, t("setup.labelsText")), dataset() ? [el("p", {}, el("label", { for: "format" }, t("setup.format")), " ", format), dropZone(t("setup.dropLabels"), take, { multiple: true })] : el("p", { class: "muted" }, t("setup.first")), result);

}

function guess(name) {
  return { json: "coco", jsonl: "jsonl", csv: "csv", xml: "cvat", vtt: "webvtt", rttm: "rttm", sdf: "sdf", dxf: "dxf" }[ending(name)] ?? "";
}
