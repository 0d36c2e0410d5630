// Recordings: waveform, spectrogram, transcript, and listening to them.

import { el, button } from "../core/dom.js";
import { t } from "../core/text.js";
import { Plot } from "./plot.js";
import { pyramid } from "./pyramid.js";

const SAMPLES_MAX = 120_000_000;
const ROWS = 160;

/** The viewer of `audio/*`. */
export class Viewer extends Plot {
  constructor(host, context, only) {
    super(host, context, only, t("view.sound"));
    this.spectrum = el("canvas", { height: ROWS, "aria-label": t("view.spectrogram"), role: "img" });
    this.spectrum.style.height = `${ROWS}px`;
  }

  /** Decodes the file. WAVE is read here; other forms by what the browser has. */
  async load(file, { field, labels }) {
    if (!file) {
      const end = Math.max(1, field("duration") ?? 0, ...labels.map((each) => each.selector.end ?? 0));
      this.setData([], null, end * 100, 100);
      return;
    }
    let sound;
    try {
      sound = wave(await file.blob.arrayBuffer()) ?? await decoded(file.blob);
    } catch (error) {
      this.box.prepend(el("p", { class: "hint" }, t("view.unknownForm", { why: error.message })));
      return;
    }
    const channels = sound.channels.map((values, index) => ({ name: String(index + 1), values, levels: pyramid(values) }));
    this.setData(channels, null, channels[0].values.length, sound.rate);
    this.box.append(this.spectrum);
    this.worker = new Worker(new URL("fft.worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.showSpectrum(data);
    this.ending.signal.addEventListener("abort", () => this.worker.terminate());
    this.addPlayer(file);
    this.redraw();
  }

  addPlayer(file) {
    if (this.context.below.querySelector("audio")) return;
    const url = URL.createObjectURL(new Blob([file.blob], { type: file.type.startsWith("audio/") ? file.type : "audio/wav" }));
    this.audio = el("audio", { preload: "auto" });
    this.audio.src = url;
    this.audio.ontimeupdate = () => this.redraw();
    this.ending.signal.addEventListener("abort", () => { this.audio.pause(); this.audio.remove(); URL.revokeObjectURL(url); });
    this.context.below.append(button(t("view.listen"), () => this.play(), { title: "␣" }), this.audio);
  }

  /** Plays what is selected, else from where one looks; or stops. */
  play() {
    if (!this.audio) return false;
    if (!this.audio.paused) {
      this.audio.pause();
      return true;
    }
    const label = this.labels.find((each) => each.id === this.selected);
    const stretch = label && this.stretch(label);
    this.audio.currentTime = stretch ? stretch.from : this.from;
    this.audio.play().catch(() => {});
    const tick = () => {
      if (this.audio.paused || this.ending.signal.aborted) return;
      if (stretch && this.audio.currentTime >= stretch.to) this.audio.pause();
      this.redraw();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    return true;
  }

  drawMore(context, width, height) {
    if (this.audio && !this.audio.paused) {
      context.fillStyle = "#d0342c";
      context.fillRect(this.xAt(this.audio.currentTime), 0, 1.5, height);
    }
    const job = `${this.from} ${this.to} ${width}`;
    if (!this.worker || job === this.job || this.isComputing) return;
    this.job = job;
    this.isComputing = true;
    const samples = this.channels[0].values.slice(Math.max(0, Math.floor(this.from * this.rate)), Math.ceil(this.to * this.rate));
    this.worker.postMessage({ samples, columns: Math.min(900, width), rows: ROWS, job }, [samples.buffer]);
  }

  showSpectrum({ image, columns, rows, job }) {
    this.isComputing = false;
    this.spectrum.width = columns;
    const context = this.spectrum.getContext("2d");
    const pixels = context.createImageData(columns, rows);
    for (let at = 0; at < image.length; at += 1) {
      const value = image[at];
      pixels.data.set([Math.min(255, value * 1.6 - 90), Math.max(0, value * 1.2 - 80), 40 + Math.min(150, value), 255], at * 4);
    }
    context.putImageData(pixels, 0, 0);
    document.documentElement.dataset.spectrum = job;
    // What moved meanwhile.
    this.redraw();
  }
}

/** The samples of a WAVE file of integers or floats, -1…1; null where it is none. */
function wave(buffer) {
  const view = new DataView(buffer);
  const name = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 44 || name(0) !== "RIFF" || name(8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= buffer.byteLength;) {
    const length = view.getUint32(at + 4, true);
    if (name(at) === "fmt ") format = { code: view.getUint16(at + 8, true), channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) };
    if (name(at) === "data" && format) return samples(view, at + 8, Math.min(length, buffer.byteLength - at - 8), format);
    at += 8 + length + length % 2;
  }
  return null;
}

function samples(view, start, length, { code, channels, rate, bits }) {
  const width = bits / 8;
  const isFloat = code === 3 || code === 0xfffe && bits === 32;
  const readers = { 8: (at) => (view.getUint8(at) - 128) / 128, 16: (at) => view.getInt16(at, true) / 32_768, 24: (at) => (view.getInt8(at + 2) * 65_536 + view.getUint16(at, true)) / 8_388_608, 32: (at) => (isFloat ? view.getFloat32(at, true) : view.getInt32(at, true) / 2_147_483_648) };
  const read = readers[bits];
  if (!read || !channels || channels > 32 || !rate) throw new Error(`${bits} bit, ${channels} channels`);
  const count = Math.floor(length / width / channels);
  if (count * channels > SAMPLES_MAX) throw new Error(`${count} samples`);
  const found = Array.from({ length: channels }, () => new Float32Array(count));
  for (let index = 0; index < count; index += 1) for (let channel = 0; channel < channels; channel += 1) found[channel][index] = read(start + (index * channels + channel) * width);
  return { channels: found, rate };
}

async function decoded(blob) {
  const context = new OfflineAudioContext(1, 1, 44_100);
  const buffer = await context.decodeAudioData(await blob.arrayBuffer());
  return { channels: Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index)), rate: buffer.sampleRate };
}
