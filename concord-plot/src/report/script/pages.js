// One page at a time, named by the address, so that links and the back button work.

class Pages {
  /** `onOpen(page)` is told which page is shown. */
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.pages = [...document.querySelectorAll(".page")];
    this.links = [...document.querySelectorAll(".contents a")];
    document.documentElement.classList.add("one-page");
    addEventListener("hashchange", () => this.open(true));
    this.open(false);
  }

  open(isMoved) {
    const target = byId(location.hash.slice(1));
    const page = target?.closest(".page") ?? (this.current ? null : this.pages[0]);
    // Other targets, such as that of the skip link, are places on any page.
    if (!page) return;
    this.current = page;
    for (const other of this.pages) other.classList.toggle("open", other === page);
    for (const link of this.links) {
      if (link.hash !== `#${page.id}`) link.removeAttribute("aria-current");
      else this.mark(link);
    }
    document.body.classList.toggle("docked", page.id.startsWith("context-"));
    this.onOpen(page);
    if (isMoved) this.moveTo(target, page);
  }

  /** Marks the link of this page and, where the links lie in a row, brings it into view. */
  mark(link) {
    link.setAttribute("aria-current", "page");
    const row = link.closest(".contents");
    row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }

  /** To the heading, so that the keyboard and a screen reader go on from there. */
  moveTo(target, page) {
    const heading = target === page ? page.querySelector("h2") : target;
    heading.focus({ preventScroll: true });
    if (target === page) scrollTo(0, 0);
    else target.scrollIntoView();
  }

  get isEmbeddingSeen() {
    return byId("embedding").offsetParent !== null;
  }
}
