// Paths as drawings: boxes in columns, an arrow between two of them. SVG, no library.

const BOX = { width: 176, height: 40, across: 116, down: 14, margin: 14 };
const NAMESPACE = "http://www.w3.org/2000/svg";
const MOST_DRAWN = 14;

function svg(name, attributes, ...children) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// columns: lists of { id, text, end }; arrows: { from, to, words } by id.
function drawing(title, columns, arrows) {
  const tallest = Math.max(...columns.map((column) => column.length));
  const height = tallest * (BOX.height + BOX.down) - BOX.down + 2 * BOX.margin;
  const width = columns.length * (BOX.width + BOX.across) - BOX.across + 2 * BOX.margin;
  const at = new Map();
  const boxes = columns.flatMap((column, place) => {
    const x = BOX.margin + place * (BOX.width + BOX.across);
    const taken = column.length * (BOX.height + BOX.down) - BOX.down;
    let free = place && column.length < columns[0].length ? BOX.margin : (height - taken) / 2;
    return column.map((one, index) => {
      const rest = (column.length - index) * (BOX.height + BOX.down) - BOX.down;
      const beside = middle_of(arrows.filter((arrow) => arrow.to === one.id), at) - BOX.height / 2;
      const y = Math.min(Math.max(free, beside || 0), height - BOX.margin - rest);
      free = y + BOX.height + BOX.down;
      at.set(one.id, { x, y: y + BOX.height / 2 });
      return box(one, x, y);
    });
  });
  const lines = arrows.map(({ from, to, words }) => arrow(at.get(from), at.get(to), words));
  const made = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title }, ...lines, ...boxes);
  const frame = document.createElement("div");
  frame.className = "drawing";
  frame.append(made);
  return frame;
}

// Between what points at it, so that lines cross as little as can be.
function middle_of(arrows, at) {
  const places = arrows.map((arrow) => at.get(arrow.from)).filter(Boolean);
  return places.reduce((sum, one) => sum + one.y, 0) / places.length;
}

function box(one, x, y) {
  const width = BOX.width;
  const group = svg("g", { class: one.end ? "end" : "" },
    svg("title", {}, one.text),
    svg("rect", { x, y, width, height: BOX.height, rx: 7 }));
  two_lines(one.text).forEach((line, index, all) => {
    const middle = y + BOX.height / 2 + 4 + (index - (all.length - 1) / 2) * 14;
    group.append(svg("text", { x: x + width / 2, y: middle, "text-anchor": "middle" }, line));
  });
  return group;
}

function two_lines(text) {
  const most = 25;
  if (text.length <= most) return [text];
  const near = Math.max(text.lastIndexOf("/", most), text.lastIndexOf("@", most),
    text.lastIndexOf(":", most), text.lastIndexOf(" ", most));
  const cut = near > 8 ? near + 1 : most;
  const rest = text.slice(cut);
  return [text.slice(0, cut), rest.length > most ? `${rest.slice(0, most - 1)}…` : rest];
}

function arrow(from, to, words) {
  const start = from.x + BOX.width;
  const end = to.x - 5;
  const middle = (start + end) / 2;
  const line = `M${start},${from.y} C${middle},${from.y} ${middle},${to.y} ${end},${to.y}`;
  const head = `M${end},${to.y - 4} L${to.x},${to.y} L${end},${to.y + 4} Z`;
  const group = svg("g", {}, svg("path", { d: line }), svg("path", { d: head, class: "head" }));
  if (words) {
    const y = (from.y + to.y) / 2 - 5;
    group.append(svg("text", { x: middle, y, "text-anchor": "middle", class: "step" }, words));
  }
  return group;
}

// One path, left to right.
function draw_path(principal, found, target) {
  const columns = [[{ id: 0, text: data.principals[principal] }]];
  const arrows = [];
  found.forEach((step, index) => {
    columns.push([{ id: index + 1, text: step.to, end: index === found.length - 1 }]);
    arrows.push({ from: index, to: index + 1, words: step.words });
  });
  return drawing(`From ${data.principals[principal]} to ${target.label}`, columns, arrows);
}

// All bindings that open a target: members, the places that bind them, the target.
function draw_target(target) {
  const found = grants(target);
  if (!found.length) return null;
  // What is bound on the target itself comes first: its lines pass above what stands in between.
  const own = (one) => Number(one.node !== target.node);
  const shown = [...found].sort((a, b) => own(a) - own(b)).slice(0, MOST_DRAWN);
  const places = [...new Set(shown.map((one) => one.node))];
  const left = [...new Set(shown.map((one) => one.member))].map((member) => ({
    id: `m${member}`, text: data.principals[member],
  }));
  if (found.length > shown.length) {
    left.push({ id: "more", text: `and ${found.length - shown.length} more bindings` });
  }
  const above = places.filter((node) => node !== target.node);
  const middle = above.map((node) => ({ id: `n${node}`, text: data.nodes[node][0] }));
  const end = [{ id: "t", text: target.label, end: true }];
  const arrows = shown.map((one) => ({
    from: `m${one.member}`,
    to: one.node === target.node ? "t" : `n${one.node}`,
    words: data.roles[one.role].replace("roles/", "") + (one.condition < 0 ? "" : " ?"),
  }));
  arrows.push(...above.map((node) => ({ from: `n${node}`, to: "t", words: "lends it" })));
  const columns = middle.length ? [left, middle, end] : [left, end];
  return drawing(`Who is bound to ${target.label}, and where`, columns, arrows);
}
