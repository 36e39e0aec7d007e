// A list of choices that typing narrows, after the combobox pattern of the ARIA Authoring Practices.

/** More options than these nobody scrolls through; typing finds the others. */
const MAX_OPTIONS = 250;

class Combobox {
  /** `options` are { name, group }; `onChoose(place)` is told which was chosen. */
  constructor(input, list, options, onChoose) {
    Object.assign(this, { input, list, options, onChoose, chosen: 0, active: null });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => {
      // What is typed next replaces the name that stands there.
      input.select();
      this.open("");
    });
    input.addEventListener("input", () => this.open(input.value));
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => this.close());
    // Pressing on an option must not take the focus from the field, which would close the list before the click.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(Number(option.dataset.place));
    });
  }

  setChosen(place) {
    this.chosen = place;
    this.input.value = this.options[place].name;
  }

  matches(query) {
    const wanted = query.trim().toLowerCase();
    const places = this.options.map((_, place) => place);
    if (wanted === "") return places;
    const rank = (place) => {
      const name = this.options[place].name.toLowerCase();
      if (name === wanted) return 0;
      if (name.startsWith(wanted)) return 1;
      return name.includes(wanted) ? 2 : 3;
    };
    return places.filter((place) => rank(place) < 3).sort((a, b) => rank(a) - rank(b));
  }

  open(query) {
    const places = this.matches(query);
    const shown = places.slice(0, MAX_OPTIONS);
    const nodes = [];
    let group = null;
    for (const place of shown) {
      const option = this.options[place];
      // Best matches first would tear groups apart: while searching each option names its group itself.
      if (query.trim() === "" && option.group !== group) {
        group = option.group;
        nodes.push(element("div", { class: "option-group", role: "presentation" }, group));
      }
      const node = element(
        "div",
        {
          role: "option",
          id: `colour-option-${place}`,
          "data-place": place,
          "aria-selected": String(place === this.chosen),
        },
        element("span", {}, option.name || "(empty)"),
      );
      if (query.trim() !== "") node.append(element("span", { class: "option-kind" }, option.group));
      nodes.push(node);
    }
    const nHidden = places.length - shown.length;
    if (nHidden > 0)
      nodes.push(element("div", { class: "option-note" }, `and ${formatCount(nHidden)} more: type to find them`));
    if (places.length === 0) nodes.push(element("div", { class: "option-note" }, "Nothing of this name"));
    this.list.replaceChildren(...nodes);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.activate(query.trim() === "" ? this.nodeOf(this.chosen) : this.list.querySelector("[role=option]"));
  }

  nodeOf(place) {
    return this.list.querySelector(`[data-place="${place}"]`);
  }

  activate(node) {
    this.active?.classList.remove("active");
    this.active = node;
    if (node) {
      node.classList.add("active");
      node.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", node.id);
    } else this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.activate(null);
    this.input.setAttribute("aria-expanded", "false");
    this.input.value = this.options[this.chosen].name;
  }

  choose(place) {
    this.setChosen(place);
    this.close();
    this.onChoose(place);
  }

  onKey(event) {
    const isOpen = !this.list.hidden;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (steps[event.key]) {
      event.preventDefault();
      if (!isOpen) return this.open("");
      const nodes = [...this.list.querySelectorAll("[role=option]")];
      if (nodes.length > 0)
        this.activate(nodes[clamp(nodes.indexOf(this.active) + steps[event.key], 0, nodes.length - 1)]);
    } else if (event.key === "Enter" && isOpen && this.active) {
      event.preventDefault();
      this.choose(Number(this.active.dataset.place));
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.close();
    }
  }
}
