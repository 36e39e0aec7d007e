// Elements and numbers as text. Names come from the data and may hold markup, so text is only ever set as text.

/** An element with these attributes (true: present, false or null: absent) and children; strings become text. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function button(label, onClick, attributes = {}) {
  const node = element("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", onClick);
  return node;
}

const byId = (id) => document.getElementById(id);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Calls at most once a frame, with the newest arguments. */
function oncePerFrame(action) {
  let waiting = null;
  return (...args) => {
    const isScheduled = waiting !== null;
    waiting = args;
    if (isScheduled) return;
    requestAnimationFrame(() => {
      const newest = waiting;
      waiting = null;
      action(...newest);
    });
  };
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Whole numbers, with thin spaces between groups of three digits from five digits on. */
const formatCount = (count) => {
  const digits = String(Math.round(count));
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u2009");
};

/** Three significant digits, with a true minus sign, and powers of ten for very small and very large numbers. */
function formatNumber(value, digits = 3) {
  if (value === null || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (!Number.isFinite(size)) text = "∞";
  else if (size < 1e-3 || size >= 1e6) {
    const [mantissa, exponent] = size.toExponential(Math.max(digits - 2, 0)).split("e");
    const power = [...exponent.replace("+", "")].map((character) => SUPERSCRIPTS[character] ?? "⁻").join("");
    text = `${mantissa}×10${power}`;
  } else if (size >= 999.5) text = formatCount(size);
  else text = String(Number(size.toPrecision(digits)));
  return value < 0 ? `−${text}` : text;
}

const formatPart = (part) => (part === null ? "–" : `${(100 * part).toFixed(1)} %`);

/** "1 gene", "2 genes". */
const counted = (count, noun) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
