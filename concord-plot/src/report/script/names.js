// What is written over the cells: the names of categories, and a ring around the cell under the pointer.

const NAME_FONT = "600 12.5px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const NAME_HEIGHT = 16;
/** More names than these would hide the cells. */
const MAX_NAMES = 40;

/** The middle of each category: the median in each direction, which strays do not move. */
function middlesOf(column, cloud) {
  const members = column.categories.map(() => []);
  valuesOf(column).forEach((code, cell) => members[code]?.push(cell));
  const median = (cells, axis) => {
    const places = Float32Array.from(cells, (cell) => cloud.points[3 * cell + axis]).sort();
    return places[places.length >> 1];
  };
  return members.flatMap((cells, code) =>
    cells.length === 0 ? [] : [{ code, point: Float32Array.of(median(cells, 0), median(cells, 1), median(cells, 2)) }],
  );
}

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.names = [];
    this.ring = null;
  }

  setNames(column, cloud, highlighted) {
    const isNamed = column.kind === "categories" && column.categories.length <= MAX_NAMES;
    this.names = isNamed
      ? middlesOf(column, cloud)
          .filter(({ code }) => highlighted.size === 0 || highlighted.has(code))
          .map(({ code, point }) => ({ point, name: column.categories[code].name }))
      : [];
  }

  draw(matrix, scatter) {
    const { width, height, pixelRatio, inks } = scatter;
    this.canvas.width = Math.round(width * pixelRatio);
    this.canvas.height = Math.round(height * pixelRatio);
    this.context.scale(pixelRatio, pixelRatio);
    this.write(this.context, this.place(matrix, width, height), inks);
    if (this.ring !== null) this.drawRing(scatter.placeOf(this.ring), scatter.diameter(), inks);
  }

  /** Names at the middles of their cells, moved down where they would lie on another. */
  place(matrix, width, height) {
    this.context.font = NAME_FONT;
    const placed = [];
    const wanted = this.names.map(({ name, point }) => {
      let place = null;
      project(point, matrix, width, height, (_, x, y) => (place = { name, x, y }));
      return { ...place, half: this.context.measureText(name).width / 2 + 3 };
    });
    for (const label of wanted.sort((a, b) => a.y - b.y)) {
      if (label.x < 0 || label.y < 0 || label.x > width || label.y > height) continue;
      label.x = clamp(label.x, label.half, Math.max(width - label.half, label.half));
      for (const other of placed) {
        const isAside = Math.abs(other.x - label.x) >= other.half + label.half;
        if (!isAside && label.y < other.y + NAME_HEIGHT) label.y = other.y + NAME_HEIGHT;
      }
      placed.push(label);
    }
    return placed;
  }

  write(context, labels, inks) {
    Object.assign(context, {
      font: NAME_FONT,
      textAlign: "center",
      textBaseline: "middle",
      lineJoin: "round",
      lineWidth: 4,
    });
    context.strokeStyle = cssOf(inks.paper);
    context.fillStyle = inks.text;
    context.globalAlpha = 0.85;
    for (const { name, x, y } of labels) context.strokeText(name, x, y);
    context.globalAlpha = 1;
    for (const { name, x, y } of labels) context.fillText(name, x, y);
  }

  drawRing([x, y], diameter, inks) {
    this.context.beginPath();
    this.context.arc(x, y, diameter / 2 + 3, 0, 2 * Math.PI);
    this.context.strokeStyle = inks.text;
    this.context.lineWidth = 1.5;
    this.context.stroke();
  }
}
