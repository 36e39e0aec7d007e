// The data of the cells, as Rust packed them.

const data = JSON.parse(byId("data").textContent);
// The text is as large as all the data; it is not needed twice.
byId("data").remove();

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const floatsOf = (base64) => new Float32Array(bytesOf(base64).buffer);

/** The byte of a level that means no value. */
const MISSING_LEVEL = 255;

/** What unpacks a column's values, done when the column is first looked at. */
const UNPACK = {
  plain: () => new Uint8Array(data.n_cells),
  categories: (column) => (column.width === 1 ? bytesOf(column.codes) : new Uint16Array(bytesOf(column.codes).buffer)),
  floats: (column) => floatsOf(column.values),
  levels: (column) => bytesOf(column.values),
};

function valuesOf(column) {
  column.unpacked ??= UNPACK[column.kind](column);
  return column.unpacked;
}

/** The code of a category that means no label. */
const missingCode = (column) => (column.width === 1 ? 0xff : 0xffff);

const isNumeric = (column) => column.kind === "floats" || column.kind === "levels";

/** The number of a cell; NaN where there is none. */
function numberOf(column, cell) {
  const value = valuesOf(column)[cell];
  if (column.kind === "floats") return Number.isFinite(value) ? value : NaN;
  return value === MISSING_LEVEL ? NaN : column.low + ((column.high - column.low) * value) / 254;
}

/** The name of a cell's category; null where it has none. */
function categoryOf(column, cell) {
  return column.categories[valuesOf(column)[cell]]?.name ?? null;
}

/** The place of a gene's column; undefined for genes that were not packed. */
const columnOfGene = new Map();
data.columns.forEach((column, place) => {
  if (column.group === "Genes" && !columnOfGene.has(column.name)) columnOfGene.set(column.name, place);
});

/** Points of an embedding as x, y, z around their middle, so that the farthest is about 1 away; and their extent. */
function positionsOf(embedding) {
  embedding.unpacked ??= centred(floatsOf(embedding.positions), embedding.n_dimensions);
  return embedding.unpacked;
}

function centred(raw, nDimensions) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  raw.forEach((value, i) => {
    const axis = i % nDimensions;
    if (value < low[axis]) low[axis] = value;
    if (value > high[axis]) high[axis] = value;
  });
  const half = (axis) => (axis < nDimensions ? (high[axis] - low[axis]) / 2 : 0);
  const middle = (axis) => (axis < nDimensions ? low[axis] + half(axis) : 0);
  const nCells = raw.length / nDimensions;
  // A cloud turns, so it must fit in every direction; a plane only fills its own width and height.
  let reach = Math.max(half(0), half(1));
  for (let at = 0; nDimensions === 3 && at < raw.length; at += 3) {
    reach = Math.max(reach, Math.hypot(raw[at] - middle(0), raw[at + 1] - middle(1), raw[at + 2] - middle(2)));
  }
  const scale = reach > 0 ? 1 / reach : 1;
  const points = new Float32Array(3 * nCells);
  for (let axis = 0; axis < nDimensions; axis++) {
    const offset = middle(axis);
    for (let cell = 0; cell < nCells; cell++)
      points[3 * cell + axis] = (raw[nDimensions * cell + axis] - offset) * scale;
  }
  const extent = nDimensions === 3 ? [1, 1] : [half(0) * scale || 1, half(1) * scale || 1];
  return { points, extent, isSolid: nDimensions === 3 };
}
