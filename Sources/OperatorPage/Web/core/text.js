// The words of the page, in one file for each language, and numbers and times as its readers write them.

const LANGUAGES = ["en", "zh"];
let words = {};
let current = "en";

/** The language that is shown. */
export function language() {
  return current;
}

// Dates and numbers as in the reader's country, where the browser says so: 29/11 or 11/29.
function locale() {
  return navigator.languages.find((each) => each.startsWith(current)) ?? current;
}

/** Loads a language: the one asked for, else the one chosen before, else the browser's. */
export async function loadLanguage(asked) {
  const wanted = asked ?? remembered() ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  current = LANGUAGES.includes(wanted) ? wanted : "en";
  const answer = await fetch(`text.${current}.json`);
  words = await answer.json();
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
  if (asked) localStorage.setItem("countermark.language", current);
}

function remembered() {
  return localStorage.getItem("countermark.language");
}

/**
 * A text by its name, with `{NAME}` replaced. With `n` the form for one, `NAME.one`, is taken where there is one. A name
 * without a text is shown as it is, so that a test notices it.
 */
export function t(name, values = {}) {
  const text = values.n === 1 && words[`${name}.one`] || words[name];
  if (text === undefined) return name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => {
    const value = values[key];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** Whether there is a text of that name: for codes and states which later programs may add to. */
export function has(name) {
  return name in words;
}

// Making one costs more than a hundred uses of it, and a grid that is scrolled writes many numbers.
const formats = new Map();

function format(Kind, options) {
  const name = `${current} ${JSON.stringify(options)}`;
  let made = formats.get(name);
  if (!made) formats.set(name, made = new Kind(locale(), options));
  return made;
}

/** A number in the reader's way, such as 12,345. */
export function number(value, digits = 2) {
  return format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);
}

/** A share as per cent. */
export function percent(value) {
  return format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1 }).format(value);
}

/** A time (Unix seconds) in full. Entries that claim no time have 0. */
export function time(seconds) {
  if (!seconds) return t("time.unknown");
  return format(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);
}

/** How long ago a time was, or how far ahead: 3 minutes ago. */
export function ago(seconds) {
  if (!seconds) return t("time.never");
  const span = seconds - Date.now() / 1000;
  const relative = format(Intl.RelativeTimeFormat, { numeric: "auto" });
  for (const [unit, size] of [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(span) >= size) return relative.format(Math.trunc(span / size), unit);
  }
  return Math.abs(span) < 10 ? t("time.now") : relative.format(Math.trunc(span), "second");
}

/** Bytes as people read them. */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  while (bytes >= 1000 && step < units.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return `${number(bytes, bytes < 10 && step ? 1 : 0)} ${units[step]}`;
}
