// What the page carries, and the questions that the views ask of it.

const data = JSON.parse(document.getElementById("data").textContent);

// The verdicts by their place in a target's list of sets, strongest first.
const VERDICTS = [
  { key: "can", sign: "●", words: "can invoke it", many: "it can invoke" },
  { key: "while", sign: "◐", words: "can, while a condition holds",
    many: "it can invoke while a condition holds" },
  { key: "via", sign: "↷", words: "can, as somebody else", many: "it can invoke as somebody else" },
  { key: "unknown", sign: "?", words: "not known", many: "of which that is not known" },
  { key: "grant", sign: "+", words: "could give itself access",
    many: "to which it could give itself access" },
];
const NOBODY = -1;

// A set of principals is a list of differences, or a bitset in base64: whichever was shorter.
const unpacked = new Map();
function members(id) {
  if (!unpacked.has(id)) unpacked.set(id, unpack(data.sets[id]));
  return unpacked.get(id);
}

function unpack(packed) {
  const found = [];
  if (typeof packed === "string") {
    const bytes = atob(packed);
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes.charCodeAt(at);
      for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) found.push(at * 8 + bit);
    }
  } else {
    let last = -1;
    for (const step of packed) found.push((last += step + 1));
  }
  return Uint32Array.from(found);
}

function has(sorted, wanted) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === wanted;
}

// The place of the verdict of a principal on a target; NOBODY for "cannot".
function verdict(target, principal) {
  return target.sets.findIndex((id) => id >= 0 && has(members(id), principal));
}

// All principals of a target by verdict, once each, as one code a principal (0: cannot).
const rowsKept = new Map();
function codes(target) {
  if (rowsKept.has(target)) return rowsKept.get(target);
  const found = new Uint8Array(data.principals.length);
  for (let at = target.sets.length - 1; at >= 0; at -= 1) {
    if (target.sets[at] >= 0) for (const one of members(target.sets[at])) found[one] = at + 1;
  }
  if (rowsKept.size > 400) rowsKept.clear();
  rowsKept.set(target, found);
  return found;
}

function sortOf(principal) {
  if (principal === "allUsers" || principal === "allAuthenticatedUsers") return "everybody";
  const name = principal.startsWith("deleted:") ? "deleted" : principal.split(":")[0];
  return { user: "person", serviceAccount: "service account", principal: "external identity",
    principalSet: "set of identities" }[name] || name;
}

// ---- The evidence: who is in what, which role is bound where, who can act as whom.

function indexed(pairs, width) {
  const found = new Map();
  for (let at = 0; at < pairs.length; at += width) {
    const rest = pairs.slice(at + 1, at + width);
    if (!found.has(pairs[at])) found.set(pairs[at], []);
    found.get(pairs[at]).push(rest);
  }
  return found;
}
const groupsOf = indexed(data.memberships, 2); // principal → [set]
const grantsOn = indexed(data.grants, 5); // node → [member, role, condition, for]
const actsAs = indexed(data.becomes, 3); // principal → [how, set of accounts]

// The target, what stands above it, up to the top.
function chain(target) {
  const found = [];
  for (let node = target.node; node >= 0; node = data.nodes[node][1]) found.push(node);
  return found;
}

// Every binding that opens a target: where, to whom, by which role, under which condition.
function grants(target) {
  return chain(target).flatMap((node) =>
    (grantsOn.get(node) || [])
      .filter(([, , , opens]) => opens & target.asks)
      .map(([member, role, condition]) => ({ node, member, role, condition })));
}

// The steps from a principal to a target, shortest first found; null when the evidence has none.
function path(principal, target) {
  const opened = new Map(grants(target).map((one) => [one.member, one]));
  const before = new Map([[principal, null]]);
  const waiting = [principal];
  for (const at of waiting) {
    if (opened.has(at)) return steps(at, before, opened.get(at), target);
    const next = [
      ...(groupsOf.get(at) || []).map(([to]) => [to, "is in"]),
      ...(actsAs.get(at) || []).flatMap(([how, accounts]) =>
        Array.from(members(accounts), (to) => [to, data.ways[how]])),
    ];
    for (const [to, words] of next) {
      if (before.has(to)) continue;
      before.set(to, { from: at, words });
      waiting.push(to);
    }
  }
  return target.open ? [{ words: target.open, to: target.label }] : null;
}

function steps(end, before, grant, target) {
  const found = [];
  for (let at = end; before.get(at); at = before.get(at).from) {
    found.unshift({ words: before.get(at).words, to: data.principals[at] });
  }
  const condition = grant.condition < 0 ? "" : ` while ${data.conditions[grant.condition]}`;
  const above = grant.node !== target.node;
  const place = above ? ` on ${data.nodes[grant.node][0]}` : "";
  found.push({ words: "holds", to: `${data.roles[grant.role]}${place}${condition}` });
  found.push({ words: above ? "which is above" : "on", to: target.label });
  return found;
}
