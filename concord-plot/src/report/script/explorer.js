// The interactive embedding: its controls, and what they do to the picture.

class Explorer {
  constructor() {
    this.scatter = new Scatter(byId("points"));
    this.overlay = new Overlay(byId("overlay"));
    this.tooltip = byId("tooltip");
    this.column = data.columns[0] ?? { kind: "plain", group: "Labels", name: "Cells" };
    this.highlighted = new Set();
    this.scatter.afterDraw.push((matrix) => this.overlay.draw(matrix, this.scatter));
    this.hover = oncePerFrame((place) => this.showCell(place));
    listenToGestures(this.scatter, (place) => this.hover(place));
    this.connectControls();
    this.chooseEmbedding(0);
  }

  connectControls() {
    if (data.columns.length > 0) {
      this.choices = new Combobox(byId("colour-input"), byId("colour-list"), data.columns, (place) =>
        this.colourBy(place),
      );
      this.choices.setChosen(0);
    } else byId("colour-input").closest(".field").hidden = true;
    this.listEmbeddings();
    byId("point-size").addEventListener("input", (event) => {
      this.scatter.sizeFactor = Number(event.target.value);
      this.scatter.redraw();
    });
    byId("show-names").addEventListener("change", () => this.refresh());
    const look = (action) => () => {
      action(this.scatter.camera);
      this.scatter.redraw();
    };
    byId("reset-view").addEventListener(
      "click",
      look((camera) => camera.reset(camera.isSolid)),
    );
    byId("zoom-in").addEventListener(
      "click",
      look((camera) => camera.zoomBy(ZOOM_STEP)),
    );
    byId("zoom-out").addEventListener(
      "click",
      look((camera) => camera.zoomBy(1 / ZOOM_STEP)),
    );
    byId("save-picture").addEventListener("click", () => {
      const name = `${this.embedding.name} ${this.column.name}`.replace(/[^\p{L}\p{N}]+/gu, "-");
      savePicture(this.scatter, this.overlay, this.column, `${name}.png`);
    });
  }

  listEmbeddings() {
    const field = byId("embedding-choice");
    field.hidden = data.embeddings.length < 2;
    data.embeddings.forEach((embedding, place) => {
      const input = element("input", { type: "radio", name: "embedding", value: place, checked: place === 0 });
      input.addEventListener("change", () => this.chooseEmbedding(place));
      field.append(element("label", {}, input, element("span", {}, embedding.name)));
    });
  }

  chooseEmbedding(place) {
    this.embedding = data.embeddings[place];
    this.scatter.setEmbedding(this.embedding);
    const drag = this.scatter.cloud.isSolid ? "Drag to turn, with Shift or two fingers to move" : "Drag to move";
    byId("plot-help").textContent = `${drag}; wheel or pinch to zoom. Keys: arrows, + and −, 0 to reset.`;
    this.refresh();
  }

  /** Colours the cells by a column, with some of its categories highlighted. */
  colourBy(place, highlighted = []) {
    this.column = data.columns[place];
    this.highlighted = new Set(highlighted);
    this.choices.setChosen(place);
    this.refresh();
  }

  toggle(code) {
    if (code === null) this.highlighted.clear();
    else if (!this.highlighted.delete(code)) this.highlighted.add(code);
    this.refresh();
  }

  /** Draws everything anew: after another column, other categories, another embedding, or another theme. */
  refresh() {
    const inks = INKS[document.documentElement.dataset.theme] ?? INKS.light;
    const isNamed = byId("show-names").checked;
    this.overlay.ring = null;
    this.overlay.setNames(isNamed ? this.column : { kind: "plain" }, this.scatter.cloud, this.highlighted);
    this.scatter.show(shade(this.column, inks, this.highlighted), inks);
    fillLegend(byId("legend"), this.column, this.highlighted, (code) => this.toggle(code));
    this.describe();
  }

  /** The picture in words, for those who cannot see it. */
  describe() {
    const cells = counted(data.n_cells, "cell");
    byId("points").setAttribute("aria-label", `${this.embedding.name}: ${cells}, coloured by ${this.column.name}`);
    const status = byId("plot-status");
    const sentence = `Coloured by ${this.column.name}${summaryOf(this.column, this.highlighted)}`;
    // Unchanged text would be read aloud again.
    if (status.textContent !== sentence) status.textContent = sentence;
  }

  showCell(place) {
    const cell = place === null ? null : this.scatter.cellAt(...place);
    if (cell !== this.overlay.ring) {
      this.overlay.ring = cell;
      this.overlay.draw(this.scatter.matrix(), this.scatter);
    }
    this.tooltip.hidden = cell === null;
    if (cell === null) return;
    this.tooltip.replaceChildren(...this.linesOf(cell).map((line) => element("div", {}, ...line)));
    const [x, y] = this.scatter.placeOf(cell);
    const { offsetWidth, offsetHeight } = this.tooltip;
    const left = x + 14 + offsetWidth > this.scatter.width ? x - 14 - offsetWidth : x + 14;
    const top = clamp(y - offsetHeight / 2, 0, Math.max(this.scatter.height - offsetHeight, 0));
    this.tooltip.style.transform = `translate(${Math.round(Math.max(left, 0))}px, ${Math.round(top)}px)`;
  }

  /** Name of the cell, what it is coloured by, and its first label. */
  linesOf(cell) {
    const lines = [];
    if (data.cell_names) lines.push([element("b", {}, data.cell_names[cell])]);
    const first = data.columns.find((column) => column.kind === "categories");
    for (const column of new Set([this.column, first])) {
      if (!column || column.kind === "plain") continue;
      const value = isNumeric(column) ? formatNumber(numberOf(column, cell)) : (categoryOf(column, cell) ?? "no label");
      lines.push([element("span", { class: "tooltip-name" }, `${column.name} `), value]);
    }
    return lines.length > 0 ? lines : [[`Cell ${formatCount(cell + 1)}`]];
  }
}

function summaryOf(column, highlighted) {
  if (column.kind === "categories") {
    const chosen = [...highlighted].map((code) => column.categories[code].name);
    if (chosen.length > 0) return `, highlighted: ${chosen.join(", ")}.`;
    return `: ${formatCount(column.categories.length)} ${column.categories.length === 1 ? "category" : "categories"}.`;
  }
  if (!isNumeric(column)) return ".";
  const { count, least, median, most, nPositive } = rangeOf(column);
  if (count === 0) return ": no cell has a value.";
  const range = `: ${formatNumber(least)} to ${formatNumber(most)}, median ${formatNumber(median)}`;
  return column.group === "Genes"
    ? `${range}, above zero in ${formatPart(nPositive / count)} of the cells.`
    : `${range}.`;
}
