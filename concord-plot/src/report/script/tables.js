// Tables that can be sorted, searched and copied.

const FIRST_ROWS = 15;
const MORE_ROWS = 100;
/** Genes of a term that are shown before the rest is asked for. */
const FIRST_GENES = 8;

/** For each kind of column, what gives the writer of its values. */
const WRITERS = {
  integers: () => (value) => formatNumber(value, 6),
  singles: (column) => decimalsOf(column.values),
  numbers: (column) => decimalsOf(column.values),
  parts: () => formatPart,
  probabilities: () => (value) => (value !== null && value >= 1e-3 ? value.toFixed(3) : formatNumber(value)),
  texts: () => (value) => value ?? "–",
  gene: () => (value) => value,
  genes: () => (value) => value.join(", "),
};

/** As many decimals for a whole column as give its largest value three digits, so that points stand in line. */
function decimalsOf(values) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const decimals = clamp(2 - Math.floor(Math.log10(largest || 1)), 0, 6);
  return (value) => {
    const size = Math.abs(value ?? 0);
    // What would be rounded to nothing, and what has too many digits to be read.
    if (value === null || value === 0 || size < 0.5 * 10 ** -decimals || size >= 1e6) return formatNumber(value, 2);
    return value.toFixed(decimals).replace("-", "−");
  };
}

const isNumberColumn = (column) => ["integers", "singles", "numbers", "parts", "probabilities"].includes(column.kind);

/** A value as it stands in a copied table: all its digits, and nothing where there is none. */
const plainText = (value) =>
  (value === null ? "" : Array.isArray(value) ? value.join(";") : String(value)).replace(/[\t\r\n]+/g, " ");

class DataTable {
  constructor(node, onGene) {
    this.node = node;
    this.onGene = onGene;
    this.caption = node.querySelector(".caption");
    const source = node.querySelector("script");
    Object.assign(this, JSON.parse(source.textContent));
    source.remove();
    for (const column of this.columns) column.write = WRITERS[column.kind](column);
    this.rows = Array.from({ length: this.n_rows }, (_, row) => row);
    this.sorted = null;
    this.limit = FIRST_ROWS;
    if (this.columns.some((column) => column.kind === "genes")) node.classList.add("terms");
    this.build();
    this.show();
  }

  build() {
    this.status = element("p", { class: "table-status", role: "status" });
    this.body = element("tbody");
    this.heads = this.columns.map((column, place) => {
      const sort = button(column.name, () => this.sortBy(place));
      return element("th", { scope: "col", class: isNumberColumn(column) ? "number" : null }, sort);
    });
    const caption = element("caption", {}, ...this.caption.childNodes);
    const description = this.node.dataset.describedby ?? null;
    const table = element(
      "table",
      { "aria-describedby": description },
      caption,
      element("thead", {}, element("tr", {}, ...this.heads)),
      this.body,
    );
    this.more = element("div", { class: "table-more" });
    const frame = element(
      "div",
      { class: "table-frame", role: "region", tabindex: "0", "aria-labelledby": this.caption.id },
      table,
    );
    caption.id = this.caption.id;
    this.caption.remove();
    this.node.prepend(this.tools(), frame, this.more);
  }

  tools() {
    const tools = element("div", { class: "table-tools" });
    if (this.n_rows > FIRST_ROWS) {
      const search = element("input", {
        type: "search",
        id: `${this.node.id}-search`,
        placeholder: "Search",
        autocomplete: "off",
        spellcheck: "false",
      });
      search.addEventListener("input", () => this.search(search.value));
      tools.append(
        element("label", { for: search.id, class: "visually-hidden" }, `Search ${this.caption.textContent}`),
        search,
      );
    }
    this.copyList = button("", () =>
      this.copy(
        this.shown()
          .map((row) => this.columns[this.list].values[row])
          .join("\n"),
        this.copyList,
      ),
    );
    if (this.list !== null) tools.append(this.copyList);
    this.copyTable = button("Copy table", () => this.copy(this.asText(), this.copyTable), {
      title: "Copy the rows shown, separated by tabs",
    });
    tools.append(this.copyTable, this.status);
    return tools;
  }

  shown() {
    return this.rows.slice(0, this.limit);
  }

  search(query) {
    const wanted = query.trim().toLowerCase();
    const columns = this.columns.filter((column) => !isNumberColumn(column));
    const has = (row) => columns.some((column) => column.write(column.values[row]).toLowerCase().includes(wanted));
    this.rows = Array.from({ length: this.n_rows }, (_, row) => row).filter((row) => wanted === "" || has(row));
    this.query = wanted;
    this.order();
    this.show();
  }

  /** Sorts by a column: numbers with the largest first (ranks and p-values with the smallest), texts from A. */
  sortBy(place) {
    const { kind } = this.columns[place];
    const isRising = !["singles", "numbers", "parts"].includes(kind);
    this.sorted = this.sorted?.place === place ? { place, isRising: !this.sorted.isRising } : { place, isRising };
    this.order();
    this.show();
  }

  order() {
    if (!this.sorted) return;
    const { place, isRising } = this.sorted;
    const { values, write } = this.columns[place];
    const texts = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    const compare = isNumberColumn(this.columns[place])
      ? (a, b) => values[a] - values[b]
      : (a, b) => texts.compare(write(values[a]), write(values[b]));
    // What is missing goes last either way.
    const missing = (row) => values[row] === null;
    this.rows.sort((a, b) => missing(a) - missing(b) || (isRising ? compare(a, b) : compare(b, a)) || a - b);
  }

  show() {
    this.heads.forEach((head, place) => {
      if (this.sorted?.place === place)
        head.setAttribute("aria-sort", this.sorted.isRising ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    this.body.replaceChildren(...this.shown().map((row) => this.row(row)));
    const nShown = this.shown().length;
    const found = this.query ? `${counted(this.rows.length, "row")} found` : counted(this.n_rows, "row");
    this.status.textContent = nShown < this.rows.length ? `${formatCount(nShown)} of ${found}` : found;
    if (this.list !== null) {
      this.copyList.textContent = `Copy ${counted(nShown, this.columns[this.list].kind === "gene" ? "gene" : "term")}`;
    }
    this.showMore(nShown);
  }

  showMore(nShown) {
    const to = (limit) => () => {
      this.limit = limit;
      this.show();
      this.more.querySelector("button")?.focus();
    };
    const buttons = [];
    if (nShown < this.rows.length) {
      if (this.rows.length > MORE_ROWS && this.limit < MORE_ROWS)
        buttons.push(button(`Show ${MORE_ROWS}`, to(MORE_ROWS), { class: "quiet" }));
      buttons.push(button(`Show all ${formatCount(this.rows.length)}`, to(Infinity), { class: "quiet" }));
    }
    if (this.limit > FIRST_ROWS && this.rows.length > FIRST_ROWS)
      buttons.push(button("Show fewer", to(FIRST_ROWS), { class: "quiet" }));
    this.more.replaceChildren(...buttons);
  }

  row(row) {
    const cells = this.columns.map((column, place) => {
      const value = column.values[row];
      if (column.kind === "gene") return element("td", {}, this.gene(value));
      if (column.kind === "genes") return this.genes(value);
      const text = column.write(value);
      if (isNumberColumn(column)) return element("td", { class: "number" }, text);
      return place === 0 ? element("th", { scope: "row" }, text) : element("td", {}, text);
    });
    return element("tr", {}, ...cells);
  }

  /** A gene's name; a button when the embedding can be coloured by it. */
  gene(name) {
    if (!columnOfGene.has(name)) return element("span", { class: "gene" }, name);
    return button(name, () => this.onGene(name), { class: "gene link", title: "Colour the embedding by this gene" });
  }

  genes(names) {
    const cell = element("td", { class: "genes" });
    const add = (some) => some.forEach((name) => cell.append(this.gene(name), " "));
    add(names.slice(0, FIRST_GENES));
    const rest = names.slice(FIRST_GENES);
    if (rest.length > 0) {
      const more = button(
        `+${rest.length}`,
        () => {
          more.remove();
          add(rest);
          cell.tabIndex = -1;
          cell.focus();
        },
        { class: "quiet small", "aria-label": `Show ${rest.length} more genes` },
      );
      cell.append(more);
    }
    return cell;
  }

  asText() {
    const line = (values) => values.map(plainText).join("\t");
    return [
      this.columns.map((column) => column.name),
      ...this.shown().map((row) => this.columns.map((column) => column.values[row])),
    ]
      .map(line)
      .join("\n");
  }

  async copy(text, from) {
    const isCopied = await copyText(text);
    const label = from.textContent;
    from.textContent = isCopied ? "Copied" : "Could not copy";
    this.status.textContent = isCopied
      ? `${counted(this.shown().length, "row")} copied`
      : "The browser did not allow copying";
    setTimeout(() => {
      from.textContent = label;
      this.show();
    }, 1500);
  }
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Some browsers keep the clipboard from files that were opened from a disk, but still know this older way.
    const area = element("textarea", { "aria-hidden": "true", class: "visually-hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
