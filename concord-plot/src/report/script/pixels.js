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
    const places = this.places(matrix, width, height);
    const stamps = new Map();
    for (const cell of this.order) {
      const w = places[3 * cell + 2];
      // Cells of nearly the same size share a stamp, in steps of a quarter of a pixel.
      const size = Math.max(Math.round((4 * diameter) / w), 4);
      if (!stamps.has(size)) stamps.set(size, stampOf(size / 4));
      const fade = clamp(haze * (w - 0.9), 0, 0.75);
      this.stamp(image, stamps.get(size), places[3 * cell], places[3 * cell + 1], 4 * cell, fade, paper);
    }
    this.context.putImageData(image, 0, 0);
  }

  places(matrix, width, height) {
    const places = new Float32Array(this.points.length);
    project(this.points, matrix, width, height, (cell, x, y, w) => places.set([x, y, w], 3 * cell));
    return places;
  }

  stamp(image, { side, cover }, x, y, colour, fade, paper) {
    const [left, top] = [Math.round(x - side / 2), Math.round(y - side / 2)];
    const { width, height, data: pixels } = image;
    if (left < 0 || top < 0 || left + side > width || top + side > height) return;
    for (let row = 0, at = 0; row < side; row++) {
      let pixel = 4 * ((top + row) * width + left);
      for (let column = 0; column < side; column++, at++, pixel += 4) {
        for (let band = 0; band < 3 && cover[at] > 0; band++) {
          const paint = this.rgba[colour + band] + (paper[band] - this.rgba[colour + band]) * fade;
          pixels[pixel + band] += (paint - pixels[pixel + band]) * cover[at];
        }
      }
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
