// Puts the parts together.

/** Light or dark: what was chosen here before, or else what the system asks for. */
function connectTheme(onChange) {
  const toggle = byId("theme-toggle");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = { get: () => null, set: () => {} };
  try {
    // Some browsers refuse storage to files, even to look at it.
    const { localStorage } = window;
    Object.assign(stored, {
      get: () => localStorage.getItem("concord-theme"),
      set: (theme) => localStorage.setItem("concord-theme", theme),
    });
  } catch {
    // Then the choice lasts as long as the page.
  }
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    toggle.textContent = theme === "dark" ? "Light" : "Dark";
    toggle.setAttribute("aria-label", theme === "dark" ? "Light colours" : "Dark colours");
    onChange();
  };
  const ofSystem = () => (system.matches ? "dark" : "light");
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    stored.set(theme);
    apply(theme);
  });
  system.addEventListener("change", () => stored.get() ?? apply(ofSystem()));
  apply(["light", "dark"].includes(stored.get()) ? stored.get() : ofSystem());
}

let explorer = null;
connectTheme(() => explorer?.refresh());
explorer = new Explorer();

/** Colours the embedding, and goes to it unless it stands beside the page. */
function colourEmbedding(place, highlighted) {
  explorer.colourBy(place, highlighted);
  if (!pages.isEmbeddingSeen) location.hash = "#embedding";
}

function fillTables(page) {
  for (const node of page.querySelectorAll(".data-table")) {
    if (node.querySelector("script")) new DataTable(node, (gene) => colourEmbedding(columnOfGene.get(gene)));
  }
}

/** On the page of a context its cells are shown, unless the viewer is following a gene or a neuron. */
function showContext(page) {
  const { column, category } = page.dataset;
  if (column !== undefined && explorer.column.kind === "categories")
    explorer.colourBy(Number(column), [Number(category)]);
}

const pages = new Pages((page) => {
  fillTables(page);
  showContext(page);
});

for (const page of document.querySelectorAll(".page[data-column]")) {
  const { column, category } = page.dataset;
  const show = button("Show these cells", () => colourEmbedding(Number(column), [Number(category)]), {
    class: "quiet",
  });
  page.querySelector(".lead").append(" ", show);
}
for (const target of document.querySelectorAll(".target[data-neuron]")) {
  const place = data.first_neuron + Number(target.dataset.neuron);
  const show = button("Show this neuron", () => colourEmbedding(place), { class: "quiet" });
  target.querySelector("h3").after(show);
}
// Paper has no pages to choose from: everything is printed.
addEventListener("beforeprint", () => document.querySelectorAll(".page").forEach(fillTables));
