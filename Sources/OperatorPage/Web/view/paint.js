// Draws selectors on a canvas whose transform is the identity: places are computed here, so lines keep their width at any
// zoom, and upright boxes are filled rectangles, which a processor without a graphics card draws ten thousand of in time.

import { turned } from "./geometry.js";
import { maskBitmap } from "./mask.js";

/** Draws one flat selector. `view` has `scale`, `x`, `y`; `style` has `colour`, `line` (pixels), `dash`, `fill` (0…1). */
export function paint(context, selector, view, style) {
  const X = (x) => x * view.scale + view.x;
  const Y = (y) => y * view.scale + view.y;
  switch (selector.kind) {
    case "box": {
      const [x, y] = [X(selector.x), Y(selector.y)];
      box(context, x, y, selector.width * view.scale, selector.height * view.scale, style);
      return;
    }
    case "rotatedBox":
      context.beginPath();
      line(context, turned(selector).flat(), X, Y, true);
      finish(context, style);
      return;
    case "ellipse":
      context.beginPath();
      context.ellipse(X(selector.centerX), Y(selector.centerY), selector.width / 2 * view.scale, selector.height / 2 * view.scale, selector.angle, 0, 2 * Math.PI);
      finish(context, style);
      return;
    case "polygon":
      context.beginPath();
      for (const rings of selector.parts) for (const ring of rings) line(context, ring, X, Y, true);
      finish(context, style);
      return;
    case "polyline":
      context.beginPath();
      line(context, selector.points, X, Y, false);
      finish(context, { ...style, fill: 0 });
      return;
    case "link":
      context.beginPath();
      arrow(context, selector.points.map((value, index) => (index % 2 ? Y(value) : X(value))));
      finish(context, { ...style, fill: 0 });
      return;
    case "keypoints":
      keypoints(context, selector, X, Y, style);
      return;
    case "mask": {
      const image = maskBitmap(selector, style.colour);
      if (!image) return;
      context.imageSmoothingEnabled = false;
      context.globalAlpha = Math.max(0.35, style.fill);
      context.drawImage(image, X(0), Y(0), selector.width * view.scale, selector.height * view.scale);
      context.globalAlpha = 1;
    }
  }
}

function box(context, x, y, width, height, style) {
  if (width < 3 && height < 3) {
    context.fillStyle = style.colour;
    context.fillRect(x, y, Math.max(1.5, width), Math.max(1.5, height));
    return;
  }
  if (style.dash.length && (width > 12 || height > 12)) {
    context.beginPath();
    context.rect(x, y, width, height);
    finish(context, style);
    return;
  }
  context.fillStyle = style.colour;
  if (style.fill) {
    context.globalAlpha = style.fill;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
  }
  const half = style.line / 2;
  context.fillRect(x - half, y - half, width + style.line, style.line);
  context.fillRect(x - half, y + height - half, width + style.line, style.line);
  context.fillRect(x - half, y, style.line, height);
  context.fillRect(x + width - half, y, style.line, height);
}

function line(context, points, X, Y, closed) {
  for (let index = 0; index + 1 < points.length; index += 2) {
    if (index) context.lineTo(X(points[index]), Y(points[index + 1]));
    else context.moveTo(X(points[0]), Y(points[1]));
  }
  if (closed) context.closePath();
}

function arrow(context, [ax, ay, bx, by]) {
  const turn = Math.atan2(by - ay, bx - ax);
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  for (const side of [-0.45, 0.45]) {
    context.moveTo(bx, by);
    context.lineTo(bx - Math.cos(turn + side) * 12, by - Math.sin(turn + side) * 12);
  }
}

function finish(context, style) {
  if (style.fill) {
    context.fillStyle = style.colour;
    context.globalAlpha = style.fill;
    context.fill("evenodd");
    context.globalAlpha = 1;
  }
  context.strokeStyle = style.colour;
  context.lineWidth = style.line;
  context.setLineDash(style.dash);
  context.stroke();
  if (style.dash.length) context.setLineDash([]);
}

// Points with their names, and the bones between them where the class has a skeleton.
function keypoints(context, selector, X, Y, style) {
  const { points } = selector;
  context.strokeStyle = style.colour;
  context.lineWidth = style.line;
  for (const [a, b] of style.skeleton ?? []) {
    const [from, to] = [points[a - 1], points[b - 1]];
    if (!from?.[2] || !to?.[2]) continue;
    context.beginPath();
    context.moveTo(X(from[0]), Y(from[1]));
    context.lineTo(X(to[0]), Y(to[1]));
    context.stroke();
  }
  points.forEach(([x, y, seen], index) => {
    if (!seen) return;
    context.beginPath();
    context.arc(X(x), Y(y), style.line + 2, 0, 2 * Math.PI);
    context.fillStyle = style.colour;
    // A hidden point is a ring.
    if (seen === 2) context.fill();
    else context.stroke();
    const name = style.names?.[index];
    if (name) caption(context, name, X(x) + 7, Y(y) - 5, style.colour);
  });
}

/** A word over the picture, readable on whatever is below. */
export function caption(context, text, x, y, colour) {
  context.font = "600 11px system-ui, sans-serif";
  const width = context.measureText(text).width + 8;
  context.fillStyle = "rgb(12 16 22 / .82)";
  context.fillRect(x, y - 8, width, 16);
  context.fillStyle = colour;
  context.fillRect(x, y - 8, 2, 16);
  context.fillStyle = "#fff";
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, x + 5, y + 0.5);
}
