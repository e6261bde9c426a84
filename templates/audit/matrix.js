// Principals across, targets down: drawn on a canvas as large as the view, whatever the size.

const CELL = 18;
const HEAD = { width: 250, height: 150 };

class Matrix {
  // sheet: the scrolling element; told(words) says what the cell is; opened(principal, target).
  constructor(sheet, told, opened) {
    this.sheet = sheet;
    this.told = told;
    this.opened = opened;
    this.canvas = sheet.querySelector("canvas");
    this.size = sheet.querySelector(".size");
    this.targets = [];
    this.principals = [];
    this.at = { row: 0, column: 0 };
    sheet.addEventListener("scroll", () => this.draw(), { passive: true });
    sheet.addEventListener("keydown", (event) => this.key(event));
    sheet.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(sheet);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(targets, principals) {
    this.targets = targets;
    this.principals = principals;
    this.at = { row: 0, column: 0 };
    this.size.style.width = `${HEAD.width + principals.length * CELL}px`;
    this.size.style.height = `${HEAD.height + targets.length * CELL}px`;
    this.sheet.scrollTo(0, 0);
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.sheet;
    if (!width) return;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const colors = getComputedStyle(document.documentElement);
    const color = (name) => colors.getPropertyValue(`--${name}`).trim();
    pen.fillStyle = color("ground");
    pen.fillRect(0, 0, width, height);
    const left = Math.floor(this.sheet.scrollLeft / CELL);
    const top = Math.floor(this.sheet.scrollTop / CELL);
    const across = Math.ceil((width - HEAD.width) / CELL);
    const down = Math.ceil((height - HEAD.height) / CELL);
    const targets = this.targets.slice(top, top + down);
    const principals = this.principals.slice(left, left + across);
    this.cells(pen, color, targets, principals);
    this.heads(pen, color, targets, principals);
    this.cursor(pen, color, top, left);
  }

  cells(pen, color, targets, principals) {
    pen.font = "13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const fills = VERDICTS.map((one) => color(one.key));
    targets.forEach((target, row) => {
      const found = codes(target);
      const y = HEAD.height + row * CELL;
      if (row % 2) {
        pen.fillStyle = color("raised");
        pen.fillRect(0, y, this.sheet.clientWidth, CELL);
      }
      principals.forEach((principal, column) => {
        const code = found[principal];
        if (!code) return;
        pen.fillStyle = fills[code - 1];
        const x = HEAD.width + column * CELL + CELL / 2;
        pen.fillText(VERDICTS[code - 1].sign, x, y + CELL / 2);
      });
    });
  }

  heads(pen, color, targets, principals) {
    pen.fillStyle = color("text");
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "right";
    targets.forEach((target, row) => {
      const y = HEAD.height + row * CELL + CELL / 2;
      pen.fillText(short(target.label, 36), HEAD.width - 8, y);
    });
    pen.textAlign = "left";
    principals.forEach((principal, column) => {
      pen.save();
      pen.translate(HEAD.width + column * CELL + CELL / 2, HEAD.height - 6);
      pen.rotate(-Math.PI / 2.6);
      pen.fillText(short(data.principals[principal].replace(/^[a-zA-Z]+:/, ""), 24), 0, 0);
      pen.restore();
    });
  }

  cursor(pen, color, top, left) {
    const x = HEAD.width + (this.at.column - left) * CELL;
    const y = HEAD.height + (this.at.row - top) * CELL;
    if (x < HEAD.width || y < HEAD.height || !this.targets.length) return;
    pen.strokeStyle = color("accent");
    pen.lineWidth = 2;
    pen.strokeRect(x + 1, y + 1, CELL - 2, CELL - 2);
  }

  move(row, column) {
    if (!this.targets.length || !this.principals.length) return;
    this.at.row = Math.min(Math.max(row, 0), this.targets.length - 1);
    this.at.column = Math.min(Math.max(column, 0), this.principals.length - 1);
    this.reveal();
    this.draw();
    const target = this.targets[this.at.row];
    const principal = this.principals[this.at.column];
    const found = verdict(target, principal);
    const words = found === NOBODY ? "cannot invoke it" : VERDICTS[found].words;
    this.told(`${data.principals[principal]} · ${target.label}: ${words}`);
  }

  reveal() {
    const view = this.sheet;
    const down = view.clientHeight - HEAD.height - CELL;
    const across = view.clientWidth - HEAD.width - CELL;
    const y = this.at.row * CELL;
    const x = this.at.column * CELL;
    if (y < view.scrollTop) view.scrollTop = y;
    else if (y > view.scrollTop + down) view.scrollTop = Math.ceil((y - down) / CELL) * CELL;
    if (x < view.scrollLeft) view.scrollLeft = x;
    else if (x > view.scrollLeft + across) view.scrollLeft = Math.ceil((x - across) / CELL) * CELL;
  }

  key(event) {
    const { row, column } = this.at;
    const to = {
      ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1], Home: [row, 0], End: [row, this.principals.length],
      PageDown: [row + 20, column], PageUp: [row - 20, column],
    }[event.key];
    if (to) this.move(...to);
    else if (event.key === "Enter") this.open();
    else return;
    event.preventDefault();
  }

  click(event) {
    const frame = this.sheet.getBoundingClientRect();
    const x = event.clientX - frame.left - HEAD.width;
    const y = event.clientY - frame.top - HEAD.height;
    if (x < 0 || y < 0) return;
    const left = Math.floor(this.sheet.scrollLeft / CELL);
    const top = Math.floor(this.sheet.scrollTop / CELL);
    this.move(top + Math.floor(y / CELL), left + Math.floor(x / CELL));
    this.open();
  }

  open() {
    const target = this.targets[this.at.row];
    if (target) this.opened(this.principals[this.at.column], target);
  }
}

function short(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
