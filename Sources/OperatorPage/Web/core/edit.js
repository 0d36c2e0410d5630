// What a label says, as a form: its class, where it is, in numbers, and its attributes.

import { el, fill, button, inert } from "./dom.js";
import { t } from "./text.js";
import { openDialog } from "./notice.js";
import { fieldName } from "./parts.js";
import { attributesOf } from "./dataset.js";

const DEGREES = 180 / Math.PI;
const TURNED = ["centerX", "centerY", "width", "height", "angle"];
const NUMBERS = { box: ["x", "y", "width", "height"], rotatedBox: TURNED, ellipse: TURNED, interval: ["start", "end"], textSpan: ["start", "end"], cells: ["rowStart", "rowEnd"], cuboid: ["x", "y", "z", "length", "width", "height", "angle"] };

// The numbers of a selector as people measure: angles in degrees, of a cuboid its turn about the upright axis.
function measured(selector) {
  if (selector.kind === "cuboid") {
    const [w, x, y, z] = selector.rotation;
    return [...selector.center, ...selector.size, Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)) * DEGREES];
  }
  return NUMBERS[selector.kind].map((name) => (name === "angle" ? selector.angle * DEGREES : selector[name]));
}

function withNumbers(selector, values) {
  if (selector.kind === "cuboid") {
    const turn = values[6] / DEGREES / 2;
    // A cuboid that leans keeps leaning unless somebody turns it.
    const isTurned = Math.abs(values[6] - measured(selector)[6]) > 1e-9;
    return { ...selector, center: values.slice(0, 3), size: values.slice(3, 6), rotation: isTurned ? [Math.cos(turn), 0, 0, Math.sin(turn)] : selector.rotation };
  }
  return { ...selector, ...Object.fromEntries(NUMBERS[selector.kind].map((name, index) => [name, name === "angle" ? values[index] / DEGREES : values[index]])) };
}

/** Asks for changes of a label; resolves with the fields that are to be written, null where there are none. */
export async function askDetails(label, known, classNames) {
  let given = null;
  await openDialog(t("edit.title"), (body, close) => {
    const rows = [];
    const row = (name, id, field) => rows.push(el("label", { for: id }, name), Object.assign(field, { id }));
    const className = el("input", { value: label.class, list: "edit-classes", autofocus: true, autocomplete: "off" });
    row(t("panel.class"), "edit-class", className);
    const numbers = NUMBERS[label.selector.kind] ? measured(label.selector).map((value, index) => {
      const field = el("input", { type: "number", step: "any", value: String(Math.round(value * 1e4) / 1e4) });
      row(t(`place.${NUMBERS[label.selector.kind][index]}`), `edit-place-${index}`, field);
      return { field, value, shown: field.value };
    }) : [];
    const attributes = attributesOf(known.schema, label.class);
    const names = [...new Set([...attributes.map((each) => each.name), ...Object.keys(label.fields ?? {}).filter((name) => !name.startsWith("stage.") && !["source", "externalID", "author"].includes(name))])];
    const fields = names.map((name, index) => attributeField(name, attributes.find((each) => each.name === name), label.fields?.[name], (field) => row(fieldName(name), `edit-field-${index}`, field)));
    const newName = el("input", { id: "edit-new-name", placeholder: t("edit.newName"), "aria-label": t("edit.newName"), autocomplete: "off" });
    const newValue = el("input", { id: "edit-new-value", placeholder: t("edit.newValue"), "aria-label": t("edit.newValue"), autocomplete: "off" });
    const done = (event) => {
      event.preventDefault();
      given = {};
      if (className.value.trim() && className.value !== label.class) given.class = className.value.trim();
      if (numbers.some(({ field, shown }) => field.value !== shown)) given.selector = withNumbers(label.selector, numbers.map(({ field, value, shown }) => (field.value === shown ? value : Number(field.value))));
      for (const { name, read, isChanged } of fields) if (isChanged()) given[name] = read();
      if (newName.value.trim()) given[newName.value.trim()] = typed(newValue.value);
      close();
    };
    fill(body, el("form", { class: "details", onsubmit: done }, rows, newName, newValue,
      el("datalist", { id: "edit-classes" }, classNames.map((each) => el("option", { value: each }, inert(each)))),
      el("footer", {}, button(t("do.cancel"), close), el("button", { class: "main" }, t("do.save")))));
    queueMicrotask(() => className.select());
  });
  return given && Object.keys(given).length ? given : null;
}

// A field of an attribute as its schema says; nothing given takes the value away.
function attributeField(name, attribute, value, add) {
  const choices = attribute?.enum ?? (attribute?.type === "bool" || typeof value === "boolean" ? [true, false] : null);
  const before = value === undefined || value === null ? "" : String(typeof value === "object" ? JSON.stringify(value) : value);
  const field = choices ? el("select", {}, ["", ...choices.map(String), ...before && !choices.map(String).includes(before) ? [before] : []].map((each) => el("option", { value: each, selected: each === before }, inert(each))))
    : el("input", { value: before, autocomplete: "off", disabled: typeof value === "object" && value !== null, title: attribute?.description ?? null });
  add(field);
  const isText = attribute?.type === "text" || !attribute && typeof value === "string";
  return { name, isChanged: () => field.value !== before, read: () => (field.value === "" ? null : isText ? field.value : typed(field.value)) };
}

// As on the command line: true, false and numbers are such, all else is text.
function typed(text) {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : text;
}
