// Where the viewer stands. Two-dimensional embeddings are moved and enlarged; three-dimensional ones are turned too.

/** How much nearer things look larger: 0 is a parallel projection. */
const PERSPECTIVE = 0.28;
const MARGIN = 0.92;
const ZOOMS = [0.4, 400];

class Camera {
  constructor() {
    this.reset(false);
  }

  reset(isSolid) {
    this.isSolid = isSolid;
    this.zoom = 1;
    this.pan = [0, 0];
    // A first look from a little above and aside shows that a cloud has depth.
    this.rotation = isSolid ? multiply(turnAbout("x", 0.35), turnAbout("y", -0.5)) : turnAbout("x", 0);
  }

  /** Pixels of one unit at no zoom. */
  scale(width, height, extent) {
    return MARGIN * Math.min(width / 2 / extent[0], height / 2 / extent[1]);
  }

  /** The matrix (by columns) that takes a point to clip space, where x, y and z divided by w run from -1 to 1. */
  matrix(width, height, extent) {
    const scale = this.scale(width, height, extent);
    const [sx, sy] = [(2 * scale) / width, (2 * scale) / height];
    const depth = this.isSolid ? PERSPECTIVE : 0;
    const [right, up, near] = this.rotation;
    const matrix = new Float32Array(16);
    for (let axis = 0; axis < 3; axis++) {
      const w = -depth * near[axis];
      matrix[4 * axis] = sx * (this.zoom * right[axis] + this.pan[0] * w);
      matrix[4 * axis + 1] = sy * (this.zoom * up[axis] + this.pan[1] * w);
      matrix[4 * axis + 2] = -0.4 * near[axis];
      matrix[4 * axis + 3] = w;
    }
    matrix.set([sx * this.pan[0], sy * this.pan[1], 0, 1], 12);
    return matrix;
  }

  /** Enlarges, keeping what lies at (x, y), in units from the middle, in its place. */
  zoomBy(factor, x = 0, y = 0) {
    const zoom = clamp(this.zoom * factor, ...ZOOMS);
    const applied = zoom / this.zoom;
    this.pan = [x - (x - this.pan[0]) * applied, y - (y - this.pan[1]) * applied];
    this.zoom = zoom;
  }

  panBy(x, y) {
    this.pan = [this.pan[0] + x, this.pan[1] + y];
  }

  /** Turns about the axes of the screen, in radians. */
  turnBy(aboutUp, aboutRight) {
    this.rotation = multiply(multiply(turnAbout("x", aboutRight), turnAbout("y", aboutUp)), this.rotation);
  }
}

function turnAbout(axis, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  if (axis === "x")
    return [
      [1, 0, 0],
      [0, c, -s],
      [0, s, c],
    ];
  return [
    [c, 0, s],
    [0, 1, 0],
    [-s, 0, c],
  ];
}

const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

/** Calls `visit(i, x, y, w)` for each point, with its place in pixels from the upper left corner. */
function project(points, matrix, width, height, visit) {
  const m = matrix;
  for (let i = 0, at = 0; at < points.length; i++, at += 3) {
    const x = points[at];
    const y = points[at + 1];
    const z = points[at + 2];
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    const left = (m[0] * x + m[4] * y + m[8] * z + m[12]) / w;
    const up = (m[1] * x + m[5] * y + m[9] * z + m[13]) / w;
    visit(i, ((left + 1) / 2) * width, ((1 - up) / 2) * height, w);
  }
}

/** The order from far to near, so that near cells cover far ones. */
function depthOrder(points, matrix, start) {
  const keys = new Uint16Array(start.length);
  const [a, b, c] = [matrix[3], matrix[7], matrix[11]];
  for (let i = 0, at = 0; at < points.length; i++, at += 3) {
    // Nearer to the viewer w is smaller; it changes by PERSPECTIVE over the radius of the cloud, which is 1.
    const w = a * points[at] + b * points[at + 1] + c * points[at + 2];
    keys[i] = clamp(Math.round((1 - w / PERSPECTIVE) * 1023.5), 0, 2047);
  }
  return orderBy(keys, 2048, start);
}
