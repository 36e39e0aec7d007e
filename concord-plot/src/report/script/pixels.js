// Cells drawn pixel by pixel, for browsers without WebGL. Drawing arcs one by one would take a second a frame.

class PixelPoints {
  static create(canvas) {
    const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    return context ? new PixelPoints(context) : null;
  }

  constructor(context) {
    this.context = context;
  }

  setPositions(points) {
    this.points = points;
  }

  setColours(rgba) {
    this.rgba = rgba;
  }

  setOrder(order) {
    this.order = order;
  }

  draw({ matrix, diameter, haze, paper }) {
    const { width, height } = this.context.canvas;
    const image = this.context.createImageData(width, height);
    new Uint32Array(image.data.buffer).fill((255 << 24) | (paper[2] << 16) | (paper[1] << 8) | paper[0]);
    const { order, rgba } = this;
    const places = this.places(matrix, width, height);
    const stamps = new Map();
    for (let i = 0; i < order.length; i++) {
      const place = 3 * order[i];
      const w = places[place + 2];
      // Cells of nearly the same size share a stamp, in steps of a quarter of a pixel.
      const size = Math.max(Math.round((4 * diameter) / w), 4);
      let stamp = stamps.get(size);
      if (stamp === undefined) stamps.set(size, (stamp = stampOf(size / 4)));
      const fade = haze === 0 ? 0 : clamp(haze * (w - 0.9), 0, 0.75);
      const band = (at) => rgba[4 * order[i] + at] + (paper[at] - rgba[4 * order[i] + at]) * fade;
      press(image, stamp, places[place], places[place + 1], band(0), band(1), band(2));
    }
    this.context.putImageData(image, 0, 0);
  }

  places(matrix, width, height) {
    const places = new Float32Array(this.points.length);
    project(this.points, matrix, width, height, (cell, x, y, w) => {
      places[3 * cell] = x;
      places[3 * cell + 1] = y;
      places[3 * cell + 2] = w;
    });
    return places;
  }
}

/** Puts a disc of one colour on the picture; those that lie across its edge are left out. */
function press(image, { side, cover }, x, y, red, green, blue) {
  const left = Math.round(x - side / 2);
  const top = Math.round(y - side / 2);
  const { width, height, data: pixels } = image;
  if (!(left >= 0 && top >= 0 && left + side <= width && top + side <= height)) return;
  for (let row = 0, at = 0; row < side; row++) {
    let pixel = 4 * ((top + row) * width + left);
    for (let column = 0; column < side; column++, at++, pixel += 4) {
      const part = cover[at];
      if (part === 0) continue;
      pixels[pixel] += (red - pixels[pixel]) * part;
      pixels[pixel + 1] += (green - pixels[pixel + 1]) * part;
      pixels[pixel + 2] += (blue - pixels[pixel + 2]) * part;
    }
  }
}

/** How far a disc of this diameter covers each pixel of a square around it. */
function stampOf(diameter) {
  const side = Math.ceil(diameter) + 1;
  const cover = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const fromMiddle = Math.hypot(row + 0.5 - side / 2, column + 0.5 - side / 2);
      cover[row * side + column] = clamp(diameter / 2 + 0.5 - fromMiddle, 0, 1);
    }
  }
  return { side, cover };
}
