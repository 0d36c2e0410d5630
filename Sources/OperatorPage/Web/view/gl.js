// A little of three dimensions: programs of WebGL 2, a camera that turns about a point, cuboids and where they are on
// screen. z goes up.

/** Twelve edges between the corners that `corners` gives. */
export const EDGES = [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]];

/** A program of two shaders. */
export function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return made;
}

/** The matrix (by columns) of a camera: `yaw` and `pitch` in radians, `distance` from its `target`. */
export function matrix({ yaw, pitch, distance, target }, aspect) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const back = [cy * cp, sy * cp, sp];
  const right = [-sy, cy, 0];
  const up = [-cy * sp, -sy * sp, cp];
  const eye = target.map((each, axis) => each + back[axis] * distance);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const f = 1 / Math.tan(0.45);
  const [near, far] = [distance / 200, distance * 60];
  const rows = [[right, f / aspect], [up, f]];
  const result = new Float32Array(16);
  rows.forEach(([axis, scale], row) => {
    for (let column = 0; column < 3; column += 1) result[column * 4 + row] = axis[column] * scale;
    result[12 + row] = -dot(axis, eye) * scale;
  });
  const depth = (far + near) / (near - far);
  for (let column = 0; column < 3; column += 1) {
    result[column * 4 + 2] = back[column] * depth;
    result[column * 4 + 3] = -back[column];
  }
  result[14] = -dot(back, eye) * depth + 2 * far * near / (near - far);
  result[15] = dot(back, eye);
  return result;
}

/** Where a point is on screen; null behind the camera. */
export function project(view, [x, y, z], width, height) {
  const at = (row) => view[row] * x + view[4 + row] * y + view[8 + row] * z + view[12 + row];
  const w = at(3);
  if (w <= 0.01) return null;
  return [(at(0) / w + 1) / 2 * width, (1 - at(1) / w) / 2 * height];
}

/** The corners of a cuboid: four below, four above. */
export function corners({ center, size, rotation: [w, x, y, z] }) {
  const turn = ([a, b, c]) => [
    a * (1 - 2 * (y * y + z * z)) + b * 2 * (x * y - w * z) + c * 2 * (x * z + w * y),
    a * 2 * (x * y + w * z) + b * (1 - 2 * (x * x + z * z)) + c * 2 * (y * z - w * x),
    a * 2 * (x * z - w * y) + b * 2 * (y * z + w * x) + c * (1 - 2 * (x * x + y * y)),
  ];
  return [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]
    .map((signs) => turn(signs.map((sign, axis) => sign * size[axis] / 2)).map((each, axis) => each + center[axis]));
}
