// The picture of the cells: what is drawn, how large, and which cell lies under the pointer.

/** Pixels of a device to a pixel of the page, at most: beyond that nobody sees a difference. */
const MAX_PIXEL_RATIO = 2;
/** How strongly far cells fade into the paper. */
const HAZE = 1.6;

class Scatter {
  constructor(canvas) {
    this.canvas = canvas;
    this.camera = new Camera();
    this.sizeFactor = 1;
    this.shading = null;
    this.afterDraw = [];
    this.redraw = oncePerFrame(() => this.draw());
    this.createRenderer();
    // A graphics card may be taken away and given back, for example when a laptop wakes up.
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.createRenderer());
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
  }

  createRenderer() {
    this.renderer = WebglPoints.create(this.canvas) ?? PixelPoints.create(this.canvas);
    this.canvas.dataset.renderer = this.renderer instanceof WebglPoints ? "webgl" : "canvas";
    if (!this.cloud) return;
    this.renderer.setPositions(this.cloud.points);
    if (this.shading) this.show(this.shading, this.inks);
  }

  get width() {
    return this.canvas.parentElement.clientWidth;
  }

  get height() {
    return this.canvas.parentElement.clientHeight;
  }

  resize(pixelRatio = Math.min(devicePixelRatio, MAX_PIXEL_RATIO)) {
    this.pixelRatio = pixelRatio;
    const [width, height] = [this.width, this.height].map((size) => Math.max(Math.round(size * pixelRatio), 1));
    if (this.canvas.width === width && this.canvas.height === height) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    // Now and not in the next frame, because changing the size has cleared the canvas.
    this.draw();
  }

  setEmbedding(embedding) {
    this.cloud = positionsOf(embedding);
    this.camera.reset(this.cloud.isSolid);
    this.renderer.setPositions(this.cloud.points);
    if (this.shading) this.renderer.setOrder(this.shading.order);
    this.redraw();
  }

  show(shading, inks) {
    this.shading = shading;
    this.inks = inks;
    this.renderer.setColours(shading.rgba);
    this.renderer.setOrder(shading.order);
    this.redraw();
  }

  matrix() {
    return this.camera.matrix(this.width, this.height, this.cloud.extent);
  }

  /** Diameter of a cell in pixels of the page: smaller where there are many, and growing slowly with the zoom. */
  diameter() {
    const crowding = clamp(250 / Math.sqrt(data.n_cells), 1.5, 7);
    const room = clamp(Math.sqrt(Math.min(this.width, this.height) / 640), 0.7, 1.2);
    return crowding * room * this.sizeFactor * clamp(Math.sqrt(this.camera.zoom), 0.6, 4);
  }

  draw() {
    if (!this.cloud || !this.shading || this.width === 0) return;
    const matrix = this.matrix();
    if (this.cloud.isSolid) {
      const byDepth = depthOrder(this.cloud.points, matrix, this.shading.order);
      this.renderer.setOrder(this.shading.layers ? orderBy(this.shading.layers, 257, byDepth) : byDepth);
    }
    this.renderer.draw({
      matrix,
      diameter: this.diameter() * this.pixelRatio,
      haze: this.cloud.isSolid ? HAZE : 0,
      paper: this.inks.paper,
    });
    for (const action of this.afterDraw) action(matrix);
  }

  /** The cell nearest to a place on the canvas, or null when none is close. */
  cellAt(x, y) {
    const reach = Math.max(this.diameter() / 2 + 2, 5);
    let [best, bestCost] = [null, reach * reach];
    project(this.cloud.points, this.matrix(), this.width, this.height, (cell, left, top, w) => {
      const distance = (left - x) ** 2 + (top - y) ** 2;
      // In a cloud the nearer of two cells under the pointer is the one that is seen.
      const cost = this.cloud.isSolid ? distance + reach * reach * (w - 1) : distance;
      if (distance <= reach * reach && (best === null || cost < bestCost)) [best, bestCost] = [cell, cost];
    });
    return best;
  }

  placeOf(cell) {
    let place = null;
    const point = this.cloud.points.subarray(3 * cell, 3 * cell + 3);
    project(point, this.matrix(), this.width, this.height, (_, x, y) => (place = [x, y]));
    return place;
  }
}
