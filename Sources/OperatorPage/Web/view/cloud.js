// Point clouds by WebGL 2: turn, move and zoom, coloured by class, height or strength, with cuboids as edges.

import { el } from "../core/dom.js";
import { t } from "../core/text.js";
import { over, byName } from "../core/colour.js";
import { BaseViewer } from "./base.js";
import { KeyMoves } from "./rest.js";
import { readCloud } from "./clouds.js";
import { caption } from "./paint.js";
import { program, matrix, project, corners, EDGES } from "./gl.js";

/** The viewer of PCD, PLY and KITTI's .bin. */
export class Viewer extends BaseViewer {
  constructor(host, context, only) {
    super(host, context, only);
    this.moves = new KeyMoves();
    this.canvas = el("canvas", { class: "layer", "aria-hidden": "true" });
    this.top = el("canvas", { class: "layer top", tabindex: "0", role: "application", "aria-label": t("view.cloud"), "aria-describedby": "view-help" });
    this.stage = el("div", { class: "stage" }, this.canvas, this.top);
    host.append(this.stage);
    this.gl = this.canvas.getContext("webgl2", { antialias: false });
    if (!this.gl) this.stage.append(el("p", { class: "hint" }, t("view.noWebGL")));
    this.camera = { yaw: -0.9, pitch: 0.6, distance: 40, target: [0, 0, 0] };
    this.colouring = "class";
    this.tools = { name: "select", points: [], take: (name) => { this.tools.name = name; this.top.classList.toggle("drawing", name !== "select"); }, drop: () => false, finish: () => this.put(this.camera.target), back: () => {} };
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.stage);
    this.listen();
  }

  /** Reads the file; without one the cuboids stand in empty space. */
  async load(file, { labels }) {
    this.cloud = null;
    if (file) {
      try {
        this.cloud = readCloud(await file.blob.arrayBuffer(), this.context.item);
      } catch (error) {
        this.stage.append(el("p", { class: "hint" }, t("view.unknownForm", { why: error.message })));
      }
    }
    if (this.gl && this.cloud) this.upload();
    this.addControls();
    this.labels = this.labels.length ? this.labels : labels;
    this.fit();
  }

  addControls() {
    if (this.context.below.querySelector("#colour-by")) return;
    const choices = [["class", "view.byClass"], ["height", "view.byHeight"], ...this.cloud?.intensity ? [["intensity", "view.byIntensity"]] : []];
    const select = el("select", { id: "colour-by", onchange: () => { this.colouring = select.value; this.colourPoints(); this.redraw(); } }, choices.map(([value, name]) => el("option", { value }, t(name))));
    this.context.below.append(el("label", { for: "colour-by" }, t("view.colourBy")), select, el("span", { class: "muted" }, this.cloud ? (this.cloud.all > this.cloud.count ? t("view.thinned", { n: this.cloud.count, all: this.cloud.all }) : t("view.points", { n: this.cloud.count })) : t("view.noData")));
  }

  upload() {
    const { gl } = this;
    this.points = program(gl, `#version 300 es
      uniform mat4 view; uniform float size; in vec3 place; in vec3 tint; out vec3 shade;
      void main() { gl_Position = view * vec4(place, 1.0); gl_PointSize = clamp(size / gl_Position.w, 1.5, 7.0); shade = tint; }`,
    `#version 300 es
      precision mediump float; in vec3 shade; out vec4 colour; void main() { colour = vec4(shade, 1.0); }`);
    this.places = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.places);
    gl.bufferData(gl.ARRAY_BUFFER, this.cloud.positions, gl.STATIC_DRAW);
    this.tints = gl.createBuffer();
    this.colourPoints();
  }

  colourPoints() {
    if (!this.gl || !this.cloud || !this.tints) return;
    const { gl, cloud } = this;
    const tints = new Uint8Array(cloud.count * 3).fill(150);
    if (this.colouring === "class") {
      const classes = cloud.labels;
      if (classes) for (let index = 0; index < cloud.count; index += 1) tints.set(rgb(byName(classes[index])), index * 3);
      for (const label of this.seen()) {
        if (label.selector.kind !== "pointSet") continue;
        const tint = label.id === this.selected ? [255, 255, 255] : rgb(byName(label.class));
        for (const point of label.selector.indices) {
          const at = Math.floor(point / cloud.step);
          if (point % cloud.step === 0 && at < cloud.count) tints.set(tint, at * 3);
        }
      }
    } else {
      const values = this.colouring === "height" ? null : cloud.intensity;
      let [low, high] = [Infinity, -Infinity];
      const value = (index) => (values ? values[index] : cloud.positions[index * 3 + 2]);
      for (let index = 0; index < cloud.count; index += 1) {
        const each = value(index);
        if (each < low) low = each;
        if (each > high) high = each;
      }
      for (let index = 0; index < cloud.count; index += 1) tints.set(rgb([250 - 250 * Math.min(1, (value(index) - low) / (high - low || 1)), 80, 58]), index * 3);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.tints);
    gl.bufferData(gl.ARRAY_BUFFER, tints, gl.DYNAMIC_DRAW);
  }

  /** Looks at all of it. */
  fit() {
    const boxes = this.cuboids();
    const { center, radius } = this.cloud?.sphere ?? around(boxes.flatMap((each) => each.corners));
    Object.assign(this.camera, { target: center, distance: radius * (this.cloud ? 1.5 : 4) || 10 });
    this.redraw();
  }

  /** Zooms by a factor. */
  zoom(factor) {
    this.camera.distance = Math.max(0.05, this.camera.distance / factor);
    this.redraw();
    this.onView?.(this.camera);
  }

  /** Takes the camera of the viewer beside this one. */
  setView(camera) {
    this.camera = { ...camera, target: [...camera.target] };
    this.redraw();
  }

  setLabels(labels) {
    super.setLabels(labels);
    this.colourPoints();
  }

  select(id) {
    super.select(id);
    if (this.colouring === "class") this.colourPoints();
  }

  cuboids() {
    return this.seen().filter((each) => each.selector.kind === "cuboid").map((label) => ({ label, corners: corners(label.selector) }));
  }

  redraw() {
    this.later(() => this.draw());
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width) return;
    for (const canvas of [this.canvas, this.top]) if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const view = matrix(this.camera, width / height);
    this.view = view;
    if (this.gl) {
      const { gl } = this;
      gl.viewport(0, 0, width, height);
      gl.clearColor(0.043, 0.055, 0.07, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.enable(gl.DEPTH_TEST);
      if (this.points) this.drawPoints(gl, view, height);
    }
    this.drawCuboids(view, width, height);
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn ?? 0) + 1);
  }

  drawPoints(gl, view, height) {
    gl.useProgram(this.points);
    gl.uniformMatrix4fv(gl.getUniformLocation(this.points, "view"), false, view);
    gl.uniform1f(gl.getUniformLocation(this.points, "size"), height * (this.cloud.sphere.radius / 260));
    const attribute = (name, buffer, type, isNormal) => {
      const at = gl.getAttribLocation(this.points, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, 3, type, isNormal, 0, 0);
    };
    attribute("place", this.places, gl.FLOAT, false);
    attribute("tint", this.tints, gl.UNSIGNED_BYTE, true);
    gl.drawArrays(gl.POINTS, 0, this.cloud.count);
  }

  drawCuboids(view, width, height) {
    const context = this.top.getContext("2d");
    context.clearRect(0, 0, width, height);
    this.spots = [];
    for (const { label, corners: places } of this.cuboids()) {
      const seen = places.map((each) => project(view, each, width, height));
      if (seen.some((each) => !each)) continue;
      const isSelected = label.id === this.selected;
      context.strokeStyle = isSelected ? "#fff" : over(label.org);
      context.lineWidth = isSelected ? 2.5 : 1.5;
      context.beginPath();
      for (const [a, b] of EDGES) {
        context.moveTo(...seen[a]);
        context.lineTo(...seen[b]);
      }
      context.stroke();
      const [xs, ys] = [seen.map(([x]) => x), seen.map(([, y]) => y)];
      const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      this.spots.push({ label, box });
      if (isSelected || box[2] - box[0] > 40) caption(context, isSelected ? `${this.context.caption(label)} ${label.selector.size.map((each) => each.toFixed(2)).join(" × ")} m` : this.context.caption(label), box[0], box[1] - 9, over(label.org));
    }
  }

  listen() {
    let grip = null;
    this.top.addEventListener("pointerdown", (event) => {
      this.top.setPointerCapture(event.pointerId);
      grip = { x: event.clientX, y: event.clientY, isClick: true, isPan: event.button !== 0 || event.shiftKey };
    });
    this.top.addEventListener("contextmenu", (event) => event.preventDefault());
    this.top.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
      if (grip.isClick && Math.hypot(dx, dy) < 3) return;
      Object.assign(grip, { x: event.clientX, y: event.clientY, isClick: false });
      const { camera } = this;
      if (grip.isPan) {
        const step = camera.distance / this.stage.clientHeight;
        camera.target[0] += (Math.sin(camera.yaw) * dx - Math.cos(camera.yaw) * dy * Math.sin(camera.pitch)) * step;
        camera.target[1] += (-Math.cos(camera.yaw) * dx - Math.sin(camera.yaw) * dy * Math.sin(camera.pitch)) * step;
        camera.target[2] += dy * step * Math.cos(camera.pitch);
      } else {
        camera.yaw -= dx * 0.008;
        camera.pitch = Math.max(-1.55, Math.min(1.55, camera.pitch + dy * 0.008));
      }
      this.redraw();
      this.onView?.(camera);
    });
    this.top.addEventListener("pointerup", (event) => {
      if (grip?.isClick && this.tools.name === "cuboid") this.put(this.pointAt(event) ?? this.camera.target);
      else if (grip?.isClick) this.pick(event);
      grip = null;
    });
    this.top.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015));
    }, { passive: false });
    let isLeaving = false;
    this.top.addEventListener("keydown", (event) => {
      isLeaving = event.key === "Escape" || isLeaving && event.key !== "Tab";
      if (event.key !== "Tab" || isLeaving || !this.labels.length) return;
      event.preventDefault();
      this.context.onStep(event.shiftKey ? -1 : 1);
    });
  }

  // A cuboid of a usual size that stands on a point; arrows move it, its numbers make it fit.
  put([x, y, z]) {
    if (this.tools.name !== "cuboid" || !this.context.canEdit()) return false;
    const last = this.labels.findLast((each) => each.selector.kind === "cuboid" && each.class === this.context.className())?.selector;
    const size = last?.size ?? [4.2, 1.8, 1.6];
    const tidy = (value) => Math.round(value * 100) / 100;
    this.context.onDraw({ kind: "cuboid", center: [tidy(x), tidy(y), tidy(z + size[2] / 2)], size: [...size], rotation: last?.rotation ?? [1, 0, 0, 0] });
    return true;
  }

  // The point of the cloud nearest to a place on screen, of those nearest to the eye.
  pointAt(event) {
    const frame = this.stage.getBoundingClientRect();
    const [x, y, { clientWidth, clientHeight }] = [event.clientX - frame.left, event.clientY - frame.top, this.stage];
    const { positions, count } = this.cloud ?? { count: 0 };
    let [best, nearest] = [null, 12];
    for (let at = 0; at < count; at += 1) {
      const place = [positions[at * 3], positions[at * 3 + 1], positions[at * 3 + 2]];
      const seen = project(this.view, place, clientWidth, clientHeight);
      const away = seen ? Math.hypot(seen[0] - x, seen[1] - y) : Infinity;
      if (away < nearest) [best, nearest] = [place, away];
    }
    return best;
  }

  /** Moves a cuboid by ten centimetres; written when the keys rest. */
  nudge(label, dx, dy) {
    const { selector } = label;
    if (selector.kind !== "cuboid") return false;
    // As the eye looks: right is right on screen.
    const [c, s] = [Math.cos(this.camera.yaw), Math.sin(this.camera.yaw)];
    const [x, y, z] = selector.center;
    const tidy = (value) => Math.round(value * 1000) / 1000;
    const center = [tidy(x + (-s * dx + c * dy) * 0.1), tidy(y + (c * dx + s * dy) * 0.1), z];
    this.moves.move(label, { ...selector, center }, this.context.onChange);
    this.redraw();
    return true;
  }

  pick(event) {
    const frame = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const area = ({ box: [l, top, r, b] }) => (r - l) * (b - top);
    const found = this.spots.filter(({ box: [l, top, r, b] }) => x >= l && x <= r && y >= top && y <= b).sort((a, b) => area(a) - area(b));
    this.context.onSelect(found[0]?.label.id ?? null);
  }

  /** Looks at a label. */
  reveal(id) {
    const label = this.labels.find((each) => each.id === id);
    if (label?.selector.kind !== "cuboid") return;
    this.camera.target = [...label.selector.center];
    this.redraw();
  }

  end() {
    this.observer.disconnect();
    // Browsers keep a few contexts alive only; so this one is given back now.
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    super.end();
  }
}

function around(places) {
  if (!places.length) return { center: [0, 0, 0], radius: 10 };
  const [low, high] = [[0, 1, 2].map((axis) => Math.min(...places.map((each) => each[axis]))), [0, 1, 2].map((axis) => Math.max(...places.map((each) => each[axis])))];
  return { center: low.map((each, axis) => (each + high[axis]) / 2), radius: Math.hypot(...high.map((each, axis) => each - low[axis])) / 2 };
}

function rgb([hue, saturation, light]) {
  const a = saturation / 100 * Math.min(light / 100, 1 - light / 100);
  return [0, 8, 4].map((shift) => {
    const k = (shift + hue / 30) % 12;
    return 255 * (light / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  });
}
