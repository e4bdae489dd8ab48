// Draws the panels of /api/analytics: lines and bars as SVG, each with its table.
const COLOURS = ["#1f77b4", "#d95f02", "#2a9d4e", "#b5179e", "#8a6d00", "#c1121f"];
const DASHES = ["", "6 3", "2 2", "8 3 2 3", "1 3", "10 4"];
const WIDTH = 640, HEIGHT = 220, LEFT = 52, RIGHT = 8, TOP = 8, BOTTOM = 26;

const form = document.querySelector("#asked"), said = document.querySelector("#said");
const panels = document.querySelector("#panels"), known = document.querySelector("#known");
let turn = 0;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(name, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

async function ask(path) {
  const token = form.elements.token.value;
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401) document.querySelector("#token").hidden = false;
  const body = await answer.json().catch(() => ({ detail: answer.statusText }));
  if (!answer.ok) throw new Error(typeof body.detail === "string" ? body.detail : "The question was refused.");
  return body;
}

const isTime = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);
const shown = (value) => isTime(value) ? new Date(value).toLocaleString()
  : typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: 3 }) : String(value ?? "");

function tableOf(panel) {
  const kind = (value) => typeof value === "number" ? { class: "number" } : {};
  const head = element("tr", {}, ...panel.columns.map((name, at) =>
    element("th", { scope: "col", ...kind(panel.rows[0]?.[at]) }, name.replaceAll("_", " "))));
  const body = panel.rows.map((row) => element("tr", {}, ...row.map((value) => element("td", kind(value), shown(value)))));
  const table = element("table", {}, element("caption", { hidden: "" }, panel.title), element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${panel.title}, table` }, table);
}

function frame(panel, largest, label) {
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  for (const share of [0, 0.5, 1]) {
    const y = HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    svg.append(drawn("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, stroke: "currentColor", "stroke-opacity": 0.2 }));
    svg.append(drawn("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, shown(+(share * largest).toPrecision(3))));
  }
  return svg;
}

function lines(panel) {
  const begin = Date.parse(panel.since), end = Date.parse(panel.until), names = panel.columns.slice(1);
  const largest = Math.max(1e-9, ...panel.rows.flatMap((row) => row.slice(1)));
  const svg = frame(panel, largest, `${panel.title}: ${names.join(", ")}; the table has the figures.`);
  const x = (time) => LEFT + (Date.parse(time) - begin) / (end - begin) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - value / largest * (HEIGHT - TOP - BOTTOM);
  names.forEach((_, at) => {
    const points = panel.rows.map((row) => `${Math.max(LEFT, x(row[0])).toFixed(1)},${y(row[at + 1]).toFixed(1)}`);
    const style = { fill: "none", stroke: COLOURS[at], "stroke-width": 2, "stroke-dasharray": DASHES[at] };
    svg.append(drawn("polyline", { points: points.join(" "), ...style }));
    if (points.length === 1) svg.append(drawn("circle", { cx: points[0].split(",")[0], cy: points[0].split(",")[1], r: 3, fill: COLOURS[at] }));
  });
  for (const [at, anchor] of [[begin, "start"], [end, "end"]])
    svg.append(drawn("text", { x: at === begin ? LEFT : WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": anchor }, new Date(at).toLocaleString()));
  const key = element("ul", { class: "key" }, ...names.map((name, at) => {
    const sample = drawn("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" });
    sample.append(drawn("line", { x1: 0, x2: 24, y1: 4, y2: 4, stroke: COLOURS[at], "stroke-width": 2, "stroke-dasharray": DASHES[at] }));
    return element("li", {}, sample, name.replaceAll("_", " "));
  }));
  return element("div", {}, key, svg);
}

function bars(panel) {
  const largest = Math.max(1e-9, ...panel.rows.map((row) => row[1]));
  const svg = frame(panel, largest, `${panel.title}; the table has the figures.`);
  const room = (WIDTH - LEFT - RIGHT) / panel.rows.length;
  panel.rows.forEach(([name, value], at) => {
    const height = value / largest * (HEIGHT - TOP - BOTTOM);
    const bar = drawn("rect", { x: LEFT + at * room + room * 0.1, y: HEIGHT - BOTTOM - height, width: room * 0.8, height, fill: COLOURS[0] });
    bar.append(drawn("title", {}, `${name}: ${shown(value)}`));
    svg.append(bar, drawn("text", { x: LEFT + (at + 0.5) * room, y: HEIGHT - 8, "text-anchor": "middle" }, name.split(" ")[0]));
  });
  return svg;
}

function show(place, panel) {
  if (!panel.rows.length) return place.append(element("p", {}, "Nothing in this time."));
  if (panel.kind === "table") return place.append(tableOf(panel));
  place.append(panel.kind === "lines" ? lines(panel) : bars(panel));
  place.append(element("details", {}, element("summary", {}, "Figures"), tableOf(panel)));
}

async function refresh() {
  const mine = ++turn, until = new Date(), since = new Date(until - form.elements.hours.value * 3_600_000);
  const source = form.elements.source.value.trim(), failures = [];
  said.textContent = "Asking ...";
  try {
    const all = await ask("api/analytics");
    const made = await Promise.all(all.map(async (info) => {
      const place = element("section", { id: `panel-${info.id}`, "aria-busy": "true" },
        element("h2", {}, info.title + (info.unit ? `, ${info.unit}` : "")), element("p", {}, info.about));
      const query = new URLSearchParams({ since: since.toISOString(), until: until.toISOString(), ...(source && { source }) });
      try {
        if (info.of_a_source && !source) place.append(element("p", {}, "Name a source above."));
        else {
          const panel = await ask(`api/analytics/${info.id}?${query}`);
          show(place, panel);
          if (info.id === "sources") known.replaceChildren(...panel.rows.map((row) => element("option", { value: row[0] })));
        }
      } catch (error) {
        failures.push(error.message);
        place.append(element("p", {}, error.message));
      }
      place.removeAttribute("aria-busy");
      return place;
    }));
    if (mine !== turn) return;
    panels.replaceChildren(...made);
    said.textContent = failures[0] ?? `From ${since.toLocaleString()} to ${until.toLocaleString()}.`;
  } catch (error) {
    if (mine === turn) said.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
form.elements.hours.addEventListener("change", refresh);
refresh();
