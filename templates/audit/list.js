// A list of any length: only the rows in view are in the document.

const ROW = 48;

class List {
  // frame: the scrolling element; row(item) → nodes; picked(item, index) when one is chosen.
  constructor(frame, row, picked) {
    this.frame = frame;
    this.row = row;
    this.picked = picked;
    this.items = [];
    this.index = -1;
    this.space = document.createElement("div");
    this.space.className = "space";
    this.space.setAttribute("role", "presentation");
    frame.append(this.space);
    frame.addEventListener("scroll", () => this.draw(), { passive: true });
    frame.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(frame);
  }

  show(items) {
    const chosen = this.items[this.index];
    this.items = items;
    this.index = items.indexOf(chosen);
    this.space.style.height = `${items.length * ROW}px`;
    this.frame.scrollTop = 0;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.frame.scrollTop / ROW) - 4);
    const count = Math.ceil(this.frame.clientHeight / ROW) + 8;
    const rows = this.items.slice(first, first + count).map((item, at) => {
      const index = first + at;
      const made = document.createElement("div");
      made.className = "row";
      made.id = `${this.frame.parentElement.id}-${index}`;
      made.setAttribute("role", "option");
      made.setAttribute("aria-selected", String(index === this.index));
      made.setAttribute("aria-posinset", index + 1);
      made.setAttribute("aria-setsize", this.items.length);
      made.style.top = `${index * ROW}px`;
      made.append(...this.row(item));
      made.addEventListener("click", () => this.choose(index));
      return made;
    });
    this.space.replaceChildren(...rows);
  }

  choose(index) {
    if (!this.items.length) return;
    this.index = Math.min(Math.max(index, 0), this.items.length - 1);
    const top = this.index * ROW;
    const view = this.frame;
    if (top < view.scrollTop) view.scrollTop = top;
    else if (top + ROW > view.scrollTop + view.clientHeight) {
      view.scrollTop = top + ROW - view.clientHeight;
    }
    view.setAttribute("aria-activedescendant", `${view.parentElement.id}-${this.index}`);
    this.draw();
    this.picked(this.items[this.index], this.index);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.frame.clientHeight / ROW) - 1);
    const to = {
      ArrowDown: this.index + 1, ArrowUp: this.index - 1, Home: 0, End: this.items.length - 1,
      PageDown: this.index + page, PageUp: this.index - page,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(to);
  }
}
