// Beside the picture: categories to click on, or a bar of colours.

/** Fills the legend. `toggle(code)` highlights a category, `toggle(null)` shows all again. */
function fillLegend(node, column, highlighted, toggle) {
  const title = element("h3", {}, column.name);
  if (column.kind === "categories") {
    // The focus would be lost with the button that had it.
    const focused = node.contains(document.activeElement) ? document.activeElement.dataset.code : undefined;
    node.replaceChildren(title, ...categoryLegend(column, highlighted, toggle));
    if (focused !== undefined)
      (node.querySelector(`[data-code="${focused}"]`) ?? node.querySelector("button"))?.focus();
  } else if (isNumeric(column)) node.replaceChildren(title, ...colourBar(column));
  else node.replaceChildren(title);
}

function categoryLegend(column, highlighted, toggle) {
  const items = column.categories.map((category, code) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = category.colour;
    const item = button("", () => toggle(code), {
      "aria-pressed": String(highlighted.has(code)),
      "data-code": code,
      class: highlighted.size > 0 && !highlighted.has(code) ? "entry dimmed" : "entry",
    });
    item.append(
      swatch,
      element("span", { class: "entry-name" }, category.name || "(empty)"),
      element("span", { class: "entry-count" }, formatCount(category.n_cells)),
    );
    return element("li", {}, item);
  });
  if (column.n_missing > 0) {
    const missing = element("span", { class: "entry" }, element("span", { class: "swatch missing" }));
    missing.append(
      element("span", { class: "entry-name" }, "no label"),
      element("span", { class: "entry-count" }, formatCount(column.n_missing)),
    );
    items.push(element("li", {}, missing));
  }
  const reset = button("Show all", () => toggle(null), {
    class: "quiet",
    "data-code": "all",
    disabled: highlighted.size === 0,
  });
  return [element("ul", { class: "entries" }, ...items), reset];
}

function colourBar(column) {
  const { low, high, isClipped, count } = rangeOf(column);
  if (count === 0) return [element("p", { class: "help" }, "No cell has a value.")];
  const bar = element("div", { class: "bar" });
  const stops = data.colormaps[column.scale.colormap];
  bar.style.background = `linear-gradient(to top, ${stops.join(", ")})`;
  const ticks = element("div", { class: "ticks" });
  for (const place of high > low ? [1, 0.75, 0.5, 0.25, 0] : [0]) {
    const value = low + place * (high - low);
    // Rounding leaves a middle of 1e-17 where there should be none.
    const text = formatNumber(Math.abs(value) < (high - low) * 1e-6 ? 0 : value);
    ticks.append(element("span", {}, place === 1 && isClipped ? `≥ ${text}` : text));
  }
  const parts = [element("div", { class: "colour-bar", "aria-hidden": "true" }, bar, ticks)];
  if (count < data.n_cells) {
    const missing = element("span", { class: "entry" }, element("span", { class: "swatch missing" }));
    missing.append(element("span", { class: "entry-name" }, "no value"));
    parts.push(missing);
  }
  return parts;
}
