// Pictures and recordings of pictures as items: their file, the size of the sheet where there is none, frames and play.

import { el, fill } from "../core/dom.js";
import { t, number } from "../core/text.js";
import { decode } from "../core/picture.js";
import { PictureViewer } from "./picture.js";
import { KeyMoves } from "./rest.js";
import { bounds, flat, shifted, rounded } from "./geometry.js";

/** The viewer of `image/*` and `video/*`, and of labels with pixels whose file is not here. */
export class Pictures extends PictureViewer {
  moves = new KeyMoves();

  static tools = ["box", "rotatedBox", "polygon", "polyline", "keypoints", "mask"];

  /** Shows the file, or an empty sheet of the right size. */
  async load(file, { width, height, labels, field }) {
    let picture = null;
    let problem = null;
    if (file?.type.startsWith("video/")) {
      picture = await this.loadVideo(file);
    } else if (file) {
      try {
        picture = await decode(file.blob);
      } catch (error) {
        problem = error;
      }
    }
    this.addFrames(labels, field);
    const size = picture ?? (width && height ? { width, height } : extent(labels));
    this.setPicture(picture?.bitmap ?? null, size.width, size.height);
    if (problem && (file.type.startsWith("image/") || problem.code === "too-large")) throw problem;
  }

  async loadVideo(file) {
    const video = this.video = el("video", { muted: "", playsinline: "", preload: "auto" });
    video.src = URL.createObjectURL(file.blob);
    try {
      await new Promise((resolve, reject) => {
        video.onloadeddata = resolve;
        video.onerror = reject;
      });
    } catch {
      return null;
    }
    video.onseeked = () => this.redraw();
    return { bitmap: video, width: video.videoWidth, height: video.videoHeight };
  }

  // A slider, where there are tracks or a recording. Viewers side by side share the first one's.
  addFrames(labels, field) {
    const times = labels.flatMap((each) => (each.selector.kind === "track" ? each.selector.keyframes.map((frame) => frame.time) : []));
    const isRecording = Boolean(this.video) || /^video\//.test(field("mediaType") ?? "") || field("timeUnit") === "frame";
    if (!times.length && !isRecording) return;
    this.isFrames = field("timeUnit") === "frame" || times.every(Number.isInteger);
    this.rate = field("frameRate") || 25;
    // A recording goes from its beginning to its end, whatever is labelled in it.
    const end = this.video ? this.video.duration * (this.isFrames ? this.rate : 1) : field("frameCount") ?? 0;
    if (isRecording) times.push(0, Number.isFinite(end) ? (this.isFrames ? Math.max(0, Math.floor(end) - 1) : end) : 0);
    this.from = times.reduce((a, b) => Math.min(a, b), Infinity);
    this.until = times.reduce((a, b) => Math.max(a, b), -Infinity);
    const { below } = this.context;
    this.slider = el("input", { type: "range", id: "frame", min: this.from, max: this.until, step: this.isFrames ? 1 : 0.02, value: this.from, oninput: () => this.context.onFrame(Number(this.slider.value)) });
    this.shownFrame = el("output", { for: "frame" });
    if (!below.querySelector("#frame")) fill(below, el("label", { for: "frame" }, t("view.frame")), this.slider, this.shownFrame);
    else this.slider = below.querySelector("#frame");
    this.setFrame(this.from);
  }

  setFrame(frame) {
    if (this.slider) this.slider.value = frame;
    if (this.shownFrame) this.shownFrame.textContent = this.isFrames ? number(frame) : `${number(frame, 2)} s`;
    if (this.video) this.video.currentTime = this.isFrames ? (frame + 0.5) / this.rate : frame;
    super.setFrame(frame);
  }

  /** A shape that was drawn on a recording begins a track at this frame. */
  tracked(selector) {
    return this.slider ? { kind: "track", keyframes: [{ time: this.frame, selector }] } : selector;
  }

  /** The next frame, or one before. */
  stepFrame(step) {
    if (!this.slider) return false;
    this.context.onFrame(Math.max(this.from, Math.min(this.until, this.frame + step * Number(this.slider.step))));
    return true;
  }

  /** Plays, or stops. */
  play() {
    if (!this.slider) return false;
    if (this.playing) {
      cancelAnimationFrame(this.playing);
      this.playing = 0;
      return true;
    }
    const begun = performance.now();
    const first = this.frame >= this.until ? this.from : this.frame;
    const tick = (now) => {
      const passed = (now - begun) / 1000 * (this.isFrames ? this.rate : 1);
      const frame = this.isFrames ? Math.floor(first + passed) : first + passed;
      if (frame > this.until) {
        this.playing = 0;
        return;
      }
      if (frame !== this.frame) this.context.onFrame(frame);
      this.playing = requestAnimationFrame(tick);
    };
    this.playing = requestAnimationFrame(tick);
    return true;
  }

  /** Moves a label by a pixel of the item; written when the keys rest. */
  nudge(label, dx, dy) {
    const entry = this.entries.find((each) => each.label === label);
    const moved = entry && this.canReshape(entry) && shifted(entry.shape, dx, dy);
    if (!moved) return false;
    entry.shape = rounded(moved);
    entry.bounds = bounds(entry.shape);
    this.redraw();
    this.moves.note(label, () => this.context.onChange(label, entry.shape));
    return true;
  }

  end() {
    cancelAnimationFrame(this.playing);
    if (this.video) URL.revokeObjectURL(this.video.src);
    super.end();
  }
}

/** The sheet on which labels fit, where nobody has said its size. */
function extent(labels) {
  let [width, height] = [0, 0];
  for (const label of labels) {
    const frames = label.selector.kind === "track" ? label.selector.keyframes.map((each) => each.selector) : flat(label.selector, 0);
    for (const shape of frames) {
      const [, , right, bottom] = bounds(shape);
      [width, height] = [Math.max(width, right), Math.max(height, bottom)];
    }
  }
  return { width: Math.ceil(width * 1.05) || 640, height: Math.ceil(height * 1.05) || 480 };
}
