// The page: tabs, filters, what each view shows. Text is only ever set as text.

const $ = (id) => document.getElementById(id);
const TABS = [["findings", "Findings"], ["targets", "Targets"], ["principals", "Principals"],
  ["matrix", "Matrix"]];
const MOST_NAMED = 400;
let tab = "findings";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter((one) => one !== null && one !== undefined));
  return made;
}
const number = (value) => value.toLocaleString("en");
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

// ---- Findings

function finding(one) {
  const about = one.targets.map((at) => data.targets[at]);
  const open = element("details", { class: `finding ${one.severity}${one.accepted ? " accepted" : ""}` },
    element("summary", {},
      element("span", { class: `badge ${one.severity}` }, one.accepted ? "accepted" : one.severity),
      " ", element("b", {}, one.claim)));
  // The body is made when it is opened: there may be thousands.
  open.addEventListener("toggle", () => {
    if (open.open && open.children.length === 1) open.append(finding_body(one, about));
  });
  return open;
}

function finding_body(one, about) {
  return element("div", {},
    element("p", {}, data.reasons[one.reason]),
    one.accepted ? element("p", {}, element("b", {}, "Accepted: "), one.accepted) : null,
    one.mend.length ? [element("h3", {}, "What to do"), commands(one.mend)] : null,
    one.principal ? element("p", {}, "About ", to_principal(one.principal)) : null,
    about.length ? element("h3", {}, plural(about.length, "target")) : null,
    element("ul", { class: "plain" }, about.slice(0, 50).map((target) =>
      element("li", {}, to_target(target)))),
    about.length > 50 ? element("p", { class: "quiet" }, `and ${number(about.length - 50)} more`) : null,
    element("p", { class: "quiet mono" }, `${one.id} · ${one.resource}`));
}

function commands(lines) {
  const text = lines.join("\n");
  const copy = element("button", { type: "button", class: "copy" }, "copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(copy.parentElement.querySelector("code"));
      copy.textContent = "selected";
    }
  });
  return element("pre", {}, copy, element("code", {}, text));
}

function show_findings() {
  const found = data.findings.filter((one) =>
    chosen("severity", one.accepted ? "accepted" : one.severity) && chosen("rule", one.rule) &&
    matches(`${one.claim} ${one.rule} ${one.resource} ${one.id} ${one.principal} ${data.reasons[one.reason]}`));
  const most = 500;
  $("findings").replaceChildren(
    ...found.slice(0, most).map(finding),
    found.length ? "" : element("p", {}, data.findings.length ? "No finding matches."
      : "Nothing was found."),
    found.length > most ? element("p", { class: "quiet" },
      `and ${number(found.length - most)} more: narrow the search`) : "",
    printed());
  return plural(found.length, "finding");
}

// What paper shows besides: every target in a table, made when it is printed.
function printed() {
  const made = element("div", { class: "printed", id: "printed" });
  return made;
}
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("#findings details")) one.open = true;
  const rows = data.targets.map((target) => element("tr", {},
    element("td", {}, target.label), element("td", {}, target.kind),
    element("td", {}, target.public === "cannot" ? "no" : target.public === "can" ? "YES" : target.public),
    element("td", {}, target.reach), element("td", {}, counted(target))));
  const heads = ["target", "kind", "public", "a request can come from", "who"];
  $("printed")?.replaceChildren(element("h2", {}, "Targets"), element("table", {},
    element("thead", {}, element("tr", {}, heads.map((words) => element("th", {}, words)))),
    element("tbody", {}, rows)));
});

// ---- Targets

function counted(target) {
  const found = VERDICTS.map((one, at) => [one, target.sets[at] < 0 ? 0 : members(target.sets[at]).length])
    .filter(([, count]) => count);
  return found.map(([one, count]) => `${one.sign} ${number(count)}`).join("  ") || "nobody";
}

function target_row(target) {
  const open = target.public === "can" ? [" ", element("span", { class: "badge high" }, "public")]
    : target.public === "unknown" ? [" ", element("span", { class: "badge medium" }, "public?")] : [];
  return [
    element("div", {}, target.label, ...open),
    element("small", {}, `${target.kind} · ${target.project} · ${counted(target)}`),
  ];
}

function show_target(target) {
  const found = data.findings.filter((one) => one.targets.includes(target.at));
  $("targets").querySelector(".detail").replaceChildren(
    element("h2", {}, target.label),
    element("p", { class: "mono quiet" }, target.name),
    element("p", {}, "Reached from ", element("b", {}, target.reach), "."),
    target.public === "cannot" ? element("p", {}, "Not public.")
      : element("p", { class: "high" }, target.public === "can"
        ? "Public: anybody gets in, without a token." : "Perhaps public: not all could be read."),
    ...target.unknown.map((why) => element("p", { class: "v-unknown" }, `Not known: ${why}`)),
    draw_target(target) || "",
    ...found.map(finding),
    ...VERDICTS.map((one, at) => callers(target, one, at)).filter(Boolean));
}

function callers(target, one, at) {
  const found = target.sets[at] < 0 ? [] : [...members(target.sets[at])];
  if (!found.length) return null;
  const drawn = element("div");
  const items = found.slice(0, MOST_NAMED).map((principal) => element("li", {},
    element("button", { class: "go", type: "button", onclick: () => show_path(drawn, principal, target) },
      data.principals[principal]),
    one.key === "can" || one.key === "while"
      ? element("span", { class: "quiet" }, ` ${in_words(principal, target)}`) : ""));
  return element("div", {},
    element("h3", { class: `v-${one.key}` }, `${one.sign} ${number(found.length)}: ${one.words}`),
    drawn, element("ul", { class: "plain" }, items),
    found.length > items.length ? element("p", { class: "quiet" },
      `and ${number(found.length - items.length)} more: the matrix and the search show each`) : "");
}

function in_words(principal, target) {
  const found = path(principal, target);
  return found ? found.map((step) => `${step.words} ${step.to}`).slice(0, -1).join(", ") : "";
}

function show_path(place, principal, target) {
  const found = path(principal, target);
  const code = verdict(target, principal);
  const words = code === NOBODY ? "cannot invoke it" : VERDICTS[code].words;
  place.replaceChildren(
    element("p", {}, to_principal(data.principals[principal]), " · ", to_target(target), ": ",
      element("b", { class: code === NOBODY ? "" : `v-${VERDICTS[code].key}` }, words)),
    code !== NOBODY && found ? draw_path(principal, found, target) : "",
    element("p", { class: "quiet" }, "In a terminal: ", element("code", {},
      `provision audit why '${data.principals[principal]}' '${target.name}' -v`)));
}

// ---- Principals

const reachKept = new Map();
function reached(principal) {
  if (!reachKept.has(principal)) {
    const found = data.targets.map((target) => [target, verdict(target, principal)]);
    reachKept.set(principal, found.filter(([, code]) => code !== NOBODY));
  }
  return reachKept.get(principal);
}

function principal_row(principal) {
  const counts = data.opens[principal];
  return [
    element("div", {}, data.principals[principal]),
    element("small", {}, `${sortOf(data.principals[principal])} · ${plural(counts, "target")}`),
  ];
}

function show_principal(principal) {
  const found = reached(principal);
  const drawn = element("div");
  const groups = (groupsOf.get(principal) || []).map(([group]) => group);
  $("principals").querySelector(".detail").replaceChildren(
    element("h2", {}, data.principals[principal]),
    groups.length ? element("p", {}, "In ", groups.map((group, at) =>
      [at ? ", " : "", to_principal(data.principals[group])])) : "",
    drawn,
    ...VERDICTS.map((one, at) => {
      const mine = found.filter(([, code]) => code === at);
      return mine.length ? element("div", {},
        element("h3", { class: `v-${one.key}` }, `${one.sign} ${plural(mine.length, "target")} ${one.many}`),
        element("ul", { class: "plain" }, mine.slice(0, MOST_NAMED).map(([target]) => element("li", {},
          element("button", { class: "go", type: "button",
            onclick: () => show_path(drawn, principal, target) }, target.label),
          element("span", { class: "quiet" }, ` ${target.kind} · ${target.project}`)))),
        mine.length > MOST_NAMED ? element("p", { class: "quiet" },
          `and ${number(mine.length - MOST_NAMED)} more`) : "") : "";
    }));
}

// ---- From one view to another

function go_to_target(target) {
  $("search").value = "";
  for (const name of ["kind", "project", "exposure"]) $(name).value = "";
  open_tab("targets");
  lists.targets.choose(lists.targets.items.indexOf(target));
}

function go_to_principal(principal) {
  $("search").value = "";
  $("sort-of").value = "";
  open_tab("principals");
  lists.principals.choose(lists.principals.items.indexOf(principal));
}

function to_target(target) {
  const go = () => go_to_target(target);
  return element("button", { class: "go", type: "button", onclick: go }, target.label);
}

function to_principal(member) {
  const principal = data.principals.indexOf(member);
  if (principal < 0) return element("span", {}, member);
  const go = () => go_to_principal(principal);
  return element("button", { class: "go", type: "button", onclick: go }, member);
}

// ---- Filters

const chosen = (name, value) => !$(name).value || $(name).value === value;

function matches(text) {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const where = text.toLowerCase();
  return words.every((word) => where.includes(word));
}

function exposed(target) {
  const wanted = $("exposure").value;
  return !wanted || (wanted === "public" && target.public === "can") ||
    (wanted === "unknown" && (target.unknown.length > 0 || target.sets[3] >= 0)) ||
    (wanted === "nobody" && target.sets[0] < 0 && target.public !== "can") ||
    (wanted === "internet" && target.reach.startsWith("the internet"));
}

function filtered_targets(by_search) {
  return data.targets.filter((target) => chosen("kind", target.kind) && chosen("project", target.project) &&
    exposed(target) && (!by_search || matches(`${target.name} ${target.label} ${target.kind}`)));
}

function filtered_principals() {
  return data.order.filter((at) => chosen("sort-of", sortOf(data.principals[at])));
}

const SHOWS = {
  findings: show_findings,
  targets() {
    const found = filtered_targets(true);
    lists.targets.show(found);
    return plural(found.length, "target");
  },
  principals() {
    const found = filtered_principals().filter((at) => matches(data.principals[at]));
    lists.principals.show(found);
    return plural(found.length, "principal");
  },
  matrix() {
    // The search narrows what it finds: targets where a target matches, else principals.
    const all = filtered_targets(false);
    const targets = filtered_targets(true);
    const everybody = filtered_principals();
    const people = everybody.filter((at) => matches(data.principals[at]));
    const rows = targets.length ? targets : all;
    const columns = people.length ? people : everybody;
    matrix.show(rows, columns);
    return `${plural(rows.length, "target")} × ${plural(columns.length, "principal")}`;
  },
};

function refresh() {
  $("shown").textContent = SHOWS[tab]();
}

function open_tab(name) {
  tab = name;
  for (const [key] of TABS) {
    const button = $(`tab-${key}`);
    button.setAttribute("aria-selected", String(key === name));
    button.tabIndex = key === name ? 0 : -1;
    $(key).hidden = key !== name;
  }
  for (const label of document.querySelectorAll("[data-for]")) {
    label.hidden = !label.dataset.for.split(" ").includes(name);
  }
  refresh();
}

function choices(name, values, all) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  $(name).append(element("option", { value: "" }, all), ...[...counts].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, count]) => element("option", { value }, `${value} (${number(count)})`)));
}

// ---- Beginning

const lists = {
  targets: new List($("targets").querySelector(".list"), target_row, show_target),
  principals: new List($("principals").querySelector(".list"), principal_row, show_principal),
};
const matrix = new Matrix($("matrix").querySelector(".sheet"),
  (words) => { $("cell").textContent = words; },
  (principal, target) => show_path($("matrix").querySelector(".detail"), principal, target));

function begin() {
  data.targets.forEach((target, at) => { target.at = at; });
  data.order = data.principals.map((_, at) => at)
    .sort((a, b) => data.opens[b] - data.opens[a] || (data.principals[a] < data.principals[b] ? -1 : 1));
  $("about").textContent = data.about;
  $("footer").textContent = data.footer;
  $("counts").append(...data.counts.map(([count, words, kind]) => element("div", { role: "listitem", class: kind },
    element("b", {}, number(count)), words)));
  document.querySelector("[role=tablist]").append(...TABS.map(([key, words]) => element("button", {
    type: "button", role: "tab", id: `tab-${key}`, "aria-controls": key, onclick: () => open_tab(key),
  }, words)));
  document.querySelector(".legend").append(...VERDICTS.map((one) =>
    element("span", { class: `v-${one.key}` }, `${one.sign} ${one.words}`)));
  choices("severity", data.findings.map((one) => (one.accepted ? "accepted" : one.severity)), "all");
  choices("rule", data.findings.map((one) => one.rule), "all");
  choices("kind", data.targets.map((one) => one.kind), "all");
  choices("project", data.targets.map((one) => one.project), "all");
  choices("sort-of", data.principals.map(sortOf), "all");
  $("exposure").append(...[["", "all"], ["public", "public"], ["unknown", "not all known"],
    ["nobody", "nobody gets in"], ["internet", "reached from the internet"]]
    .map(([value, words]) => element("option", { value }, words)));
  listen();
  open_tab(TABS.some(([key]) => `#${key}` === location.hash) ? location.hash.slice(1) : "findings");
  const target = data.targets.find((one) => one.name === data.start);
  if (target) go_to_target(target);
  else if (data.principals.includes(data.start)) go_to_principal(data.principals.indexOf(data.start));
}

function listen() {
  let later = 0;
  $("filters").addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(refresh, 60);
  });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    matrix.draw();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
  });
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = TABS.findIndex(([key]) => key === tab);
    open_tab(TABS[(at + step + TABS.length) % TABS.length][0]);
    $(`tab-${tab}`).focus();
  });
}

begin();
