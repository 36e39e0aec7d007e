// From values to colours, and to the order in which cells are drawn.

/** Colours that depend on the page being light or dark. */
const INKS = {
  light: {
    paper: [255, 255, 255],
    missing: [211, 211, 211],
    faint: [233, 231, 227],
    plain: [90, 110, 130],
    text: "#1c1b1a",
  },
  dark: { paper: [36, 39, 44], missing: [98, 102, 108], faint: [54, 58, 64], plain: [150, 172, 194], text: "#eceae6" },
};

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

const cssOf = (rgb) => `rgb(${rgb.join(" ")})`;

/** The 256 colours of a map. */
function rampOf(name) {
  const stops = data.colormaps[name].map(rgbOf);
  return Array.from({ length: 256 }, (_, place) => {
    const position = (place / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(position), stops.length - 2);
    return stops[low].map((from, i) => Math.round(from + (stops[low + 1][i] - from) * (position - low)));
  });
}

/** Cells in an order that has nothing to do with the file's, so that no category always covers another. */
const shuffled = (() => {
  const order = Uint32Array.from({ length: data.n_cells }, (_, cell) => cell);
  let state = 1;
  for (let last = order.length - 1; last > 0; last--) {
    // A linear congruential generator with the constants of Numerical Recipes: the same picture every time.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
})();

/** Stable order of cells by a small whole number each, `keys` below `nKeys`. */
function orderBy(keys, nKeys, start) {
  const ends = new Uint32Array(nKeys + 1);
  for (const key of keys) ends[key + 1]++;
  for (let key = 0; key < nKeys; key++) ends[key + 1] += ends[key];
  const order = new Uint32Array(start.length);
  for (const cell of start) order[ends[keys[cell]]++] = cell;
  return order;
}

/** The values between which a numeric column's colours run; above `high` they stay the last one. */
function rangeOf(column) {
  column.range ??= findRange(column);
  return column.range;
}

function findRange(column) {
  const numbers = new Float64Array(data.n_cells);
  let count = 0;
  for (let cell = 0; cell < data.n_cells; cell++) {
    const value = numberOf(column, cell);
    if (!Number.isNaN(value)) numbers[count++] = value;
  }
  if (count === 0) return { low: 0, high: 0, isClipped: false, count, median: NaN, most: NaN, nPositive: 0 };
  const sorted = numbers.subarray(0, count).sort();
  const most = sorted[count - 1];
  let [low, high] = [sorted[0], sorted[Math.ceil((count - 1) * column.scale.quantile)]];
  // A gene that hardly any cell expresses has its quantile at nothing: then its colours run to the largest value.
  if (high <= low) high = most;
  if (column.scale.centre !== null) {
    const reach = Math.max(Math.abs(high - column.scale.centre), Math.abs(low - column.scale.centre));
    [low, high] = [column.scale.centre - reach, column.scale.centre + reach];
  }
  const nPositive = sorted.reduce((sum, value) => sum + (value > 0), 0);
  return { low, high, isClipped: most > high, count, median: sorted[count >> 1], least: sorted[0], most, nPositive };
}

/**
 * Colours (four bytes a cell) and drawing order of all cells. `highlighted` is a set of categories, empty for all.
 * `layers` says what lies above what even when depth orders the cells.
 */
function shade(column, inks, highlighted) {
  const rgba = new Uint8Array(4 * data.n_cells);
  const keys = new Uint16Array(data.n_cells);
  const paint = (cell, rgb, key) => {
    rgba.set(rgb, 4 * cell);
    rgba[4 * cell + 3] = 255;
    keys[cell] = key;
  };
  if (column.kind === "plain") {
    for (let cell = 0; cell < data.n_cells; cell++) paint(cell, inks.plain, 0);
  } else if (column.kind === "categories") {
    const colours = column.categories.map((category) => rgbOf(category.colour));
    const codes = valuesOf(column);
    for (let cell = 0; cell < data.n_cells; cell++) {
      const isDimmed = highlighted.size > 0 && !highlighted.has(codes[cell]);
      if (isDimmed) paint(cell, inks.faint, 0);
      else paint(cell, colours[codes[cell]] ?? inks.missing, colours[codes[cell]] ? 2 : 1);
    }
  } else {
    const ramp = rampOf(column.scale.colormap);
    const { low, high } = rangeOf(column);
    for (let cell = 0; cell < data.n_cells; cell++) {
      const value = numberOf(column, cell);
      if (Number.isNaN(value)) paint(cell, inks.missing, 0);
      else {
        const place = high > low ? Math.round(clamp((value - low) / (high - low), 0, 1) * 255) : 0;
        paint(cell, ramp[place], place + 1);
      }
    }
  }
  return { rgba, order: orderBy(keys, 257, shuffled), layers: highlighted.size > 0 ? keys : null };
}
