// The page of one run: every picture and the table show the same result, and move with the sliders.
"use strict";

const data = unpacked(JSON.parse(document.getElementById("data").textContent));
const base = data.machine;
const state = { machine: { ...base }, result: null, pointed: null, pictures: [] };
const first = evaluate(data, base);
state.result = first;

const laneWords = LANES.filter((lane) => first[lane].some((time) => time > 0) || ["transfer", "matrix", "host"].includes(lane));
const laneSum = (result, lane) => result[lane].reduce((a, b) => a + b, 0);
const largest = (result, row) => {
  let best = "none";
  let most = 0;
  for (const lane of LANES) {
    if (result[lane][row] > most) [best, most] = [lane, result[lane][row]];
  }
  return best;
};

function point(row) {
  if (row === state.pointed) return;
  state.pointed = row;
  document.body.dataset.pointed = row;
  state.pictures.forEach((picture) => picture.draw());
  table.light(row);
  const { result } = state;
  const parts = laneWords.filter((lane) => result[lane][row] > 0).map((lane) => `${data.lanes[lane]} ${si(result[lane][row], "s")}`);
  document.getElementById("pointed").textContent =
    `${data.rows.name[row]}: ${si(result.total[row], "s")} (${percent(result.total[row] / result.time)}), ` +
    `${parts.join(", ") || "takes no time"}; ${si(at(data.rows.ops, row), "op")}, ${si(result.external[row], "B")} over the bus`;
}

// --- the verdict and the totals ---------------------------------------------------------------

function verdict() {
  const { result } = state;
  const busy = laneWords.map((lane) => [data.lanes[lane], laneSum(result, lane)]);
  if (state.machine.overhead) busy.push(["overhead per run", state.machine.overhead]);
  const every = busy.reduce((sum, [, time]) => sum + time, 0);
  const [name, time] = busy.reduce((a, b) => (b[1] > a[1] ? b : a));
  const gains = doubled().filter((one) => one.time < result.time * 0.9999).sort((a, b) => a.time - b.time);
  const change = result.time / first.time - 1;
  const words = [
    `One run takes ${si(result.time, "s", 6)}`,
    every ? `; ${percent(time / every)} of it is ${name === "host" ? "the host" : name.startsWith("over") || name.startsWith("launch") ? name : `the ${name}`}. ` : ". ",
    gains.length ? `${gains[0].words} would save ${percent(1 - gains[0].time / result.time)}. ` : "",
    Math.abs(change) > 1e-12 ? `As the profile has it: ${si(first.time, "s", 6)}; your settings change that by ${change > 0 ? "+" : ""}${percent(change)}.` : "",
  ];
  document.getElementById("verdict").textContent = words.join("");
}

function totals() {
  const { result, machine } = state;
  const host = document.getElementById("totals");
  host.replaceChildren();
  const pairs = [
    ["Total time", `${result.time.toPrecision(6)} s`],
    ...laneWords.map((lane) => [data.lanes[lane], `${laneSum(result, lane).toPrecision(6)} s`]),
    ...(machine.overhead ? [["overhead per run", `${machine.overhead.toPrecision(6)} s`]] : []),
    ["Over the bus", `${(result.bytes / 1e6).toPrecision(6)} MB`],
    ["Samples per second", result.time ? (data.samples / result.time).toPrecision(6) : "∞"],
    ...data.counts,
  ];
  for (const [name, value] of pairs) {
    const item = make("div", host);
    make("dt", item, name);
    make("dd", item, value);
  }
}

// --- what would change it ------------------------------------------------------------------------

function doubled() {
  const found = [];
  for (const figure of data.figures) {
    if (figure.locked) continue;
    const factor = figure.fewer ? 0.5 : 2;
    const value = state.machine[figure.fields[0]] * factor;
    if (!value || (figure.steps && !figure.steps.includes(value))) continue;
    const changes = Object.fromEntries(figure.fields.map((field) => [field, state.machine[field] * factor]));
    const words = `${figure.fewer ? "Halving" : "Doubling"} the ${figure.label} to ${si(value, figure.unit)}`;
    found.push({ words, time: evaluate(data, { ...state.machine, ...changes }).time });
  }
  return found;
}

function changes() {
  const host = document.getElementById("changes");
  host.replaceChildren();
  for (const one of doubled().sort((a, b) => a.time - b.time)) {
    const saved = 1 - one.time / state.result.time;
    const row = make("tr", host);
    make("th", row, one.words).scope = "row";
    make("td", row, si(one.time, "s", 6)).className = "number";
    make("td", row, saved > 1e-9 ? `−${percent(saved)}` : "no change").className = "number";
    const bar = make("i", make("td", row));
    bar.style.width = `${Math.max(0, saved) * 100}%`;
    bar.className = "bar";
  }
}

// --- pictures --------------------------------------------------------------------------------------

const LEFT = 62;
const narrow = () => data.count <= 40;
const binned = (width) => Math.max(1, Math.ceil(data.count / Math.max(1, (width - LEFT - 8) / 2)));

function bars(pen) {
  const { result } = state;
  const most = Math.max(...result.total, 1e-30);
  if (narrow()) {
    const x = linear(0, most, 190, pen.width - 70);
    for (let row = 0; row < data.count; row += 1) {
      const y = 6 + row * 18;
      if (row === state.pointed) pen.box(0, y - 1, pen.width, 18, "light");
      pen.fitted(data.rows.name[row], 4, y + 8, 180);
      stack(result, row, (lane, from, to) => pen.box(x(from), y + 2, x(to) - x(from), 13, lane));
      pen.text(si(result.total[row], "s", 3), x(lanesOf(result, row)) + 5, y + 8, { colour: "faint" });
    }
    return;
  }
  const each = binned(pen.width);
  const bins = Math.ceil(data.count / each);
  const sums = Array.from({ length: bins }, (_, bin) => {
    const sum = Object.fromEntries(LANES.map((lane) => [lane, 0]));
    for (let row = bin * each; row < Math.min(data.count, (bin + 1) * each); row += 1) {
      LANES.forEach((lane) => (sum[lane] += result[lane][row]));
    }
    return sum;
  });
  const high = Math.max(...sums.map((sum) => LANES.reduce((total, lane) => total + sum[lane], 0)), 1e-30);
  const bottom = pen.height - 36;
  const y = linear(0, high, bottom, 10);
  const wide = (pen.width - LEFT - 8) / bins;
  pen.up(y, LEFT, each > 1 ? `time of ${each} rows each` : "time of a row", (tick) => si(tick, "s"));
  sums.forEach((sum, bin) => {
    const x = LEFT + bin * wide;
    let from = 0;
    for (const lane of LANES) {
      const to = from + sum[lane];
      if (sum[lane]) pen.box(x, y(to), Math.max(wide - (wide > 4 ? 1 : 0), 0.7), y(from) - y(to), lane);
      from = to;
    }
    if (state.pointed !== null && Math.floor(state.pointed / each) === bin) pen.line([[x + wide / 2, 10], [x + wide / 2, bottom]], "ink", 1, [3, 3]);
  });
  pen.text("rows in the order in which they run", pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
}

const lanesOf = (result, row) => LANES.reduce((sum, lane) => sum + result[lane][row], 0);

function stack(result, row, draw) {
  let from = 0;
  for (const lane of LANES) {
    if (result[lane][row]) draw(lane, from, from + result[lane][row]);
    from += result[lane][row];
  }
}

function barAt(x, y) {
  if (narrow()) {
    const row = Math.floor((y - 6) / 18);
    return row >= 0 && row < data.count ? row : null;
  }
  const width = document.getElementById("bars").clientWidth;
  const each = binned(width);
  const bins = Math.ceil(data.count / each);
  const bin = Math.floor(((x - LEFT) / (width - LEFT - 8)) * bins);
  if (bin < 0 || bin >= bins) return null;
  let best = bin * each;
  for (let row = best; row < Math.min(data.count, (bin + 1) * each); row += 1) {
    if (state.result.total[row] > state.result.total[best]) best = row;
  }
  return best;
}

const roof = { spots: [] };

function roofline(pen) {
  const { result, machine } = state;
  const spots = [];
  for (let row = 0; row < data.count; row += 1) {
    const ops = at(data.rows.ops, row);
    if (ops && result.external[row] && result.total[row]) {
      spots.push({ row, x: ops / result.external[row], y: ops / result.total[row], lane: largest(result, row) });
    }
  }
  roof.spots = [];
  if (!spots.length) {
    pen.text("No row both computes and moves data.", 10, 20);
    return;
  }
  const ridge = machine.matrix / machine.bandwidth;
  const xs = spots.map((spot) => spot.x).concat(ridge);
  const ys = spots.map((spot) => spot.y).concat(machine.matrix, machine.host);
  const bottom = pen.height - 38;
  const x = logarithmic(Math.min(...xs) / 2, Math.max(...xs) * 2, LEFT + 14, pen.width - 10);
  const y = logarithmic(Math.max(Math.min(...ys) / 2, Math.max(...ys) / 1e9), Math.max(...ys) * 2, bottom, 12);
  pen.across(x, bottom, "operations per byte over the bus", (tick) => si(tick, "", 3).trim());
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "op/s", 3));
  const low = Math.min(...xs) / 2;
  const high = Math.max(...xs) * 2;
  for (const [lane, rate] of [["matrix", machine.matrix], ["host", machine.host]]) {
    const knee = rate / machine.bandwidth;
    const start = [x(low), y(Math.min(rate, low * machine.bandwidth))];
    pen.line([start, [x(Math.min(Math.max(knee, low), high)), y(Math.min(rate, high * machine.bandwidth))], [x(high), y(Math.min(rate, high * machine.bandwidth))]], lane, 2);
    pen.text(`${data.lanes[lane]} ${si(rate, "op/s")}`, pen.width - 14, y(Math.min(rate, high * machine.bandwidth)) - 9, { align: "right" });
  }
  for (const spot of spots) {
    const place = { row: spot.row, x: x(spot.x), y: y(spot.y) };
    pen.dot(place.x, place.y, data.count > 500 ? 2.5 : 4, spot.lane, 0.75);
    roof.spots.push(place);
  }
  const mine = roof.spots.find((spot) => spot.row === state.pointed);
  if (mine) pen.ring(mine.x, mine.y, 7);
}

function nearest(x, y) {
  let best = null;
  let least = 18 ** 2;
  for (const spot of roof.spots) {
    const away = (spot.x - x) ** 2 + (spot.y - y) ** 2;
    if (away < least) [best, least] = [spot.row, away];
  }
  return best;
}

const view = { from: 0, to: 1, starts: new Float64Array(data.count + 1) };

function timeline(pen) {
  const { result } = state;
  let time = 0;
  for (let row = 0; row < data.count; row += 1) {
    view.starts[row] = time;
    time += result.total[row];
  }
  view.starts[data.count] = time;
  const bottom = pen.height - 36;
  const x = linear(view.from * time, view.to * time, 110, pen.width - 10);
  pen.across(x, bottom, "time", (tick) => si(tick, "s"));
  const high = (bottom - 10) / laneWords.length;
  laneWords.forEach((lane, n) => pen.text(data.lanes[lane], 4, 10 + n * high + high / 2));
  pen.c.save();
  pen.c.beginPath();
  pen.c.rect(110, 0, pen.width - 118, bottom);
  pen.c.clip();
  const columns = Math.floor(pen.width - 118);
  const crowded = data.count * (view.to - view.from) > columns / 2;
  const busy = laneWords.map(() => new Float64Array(columns + 1));
  for (let row = 0; row < data.count; row += 1) {
    if (x(view.starts[row + 1]) < 110 || x(view.starts[row]) > pen.width) continue;
    spans(row, (n, from, to) => {
      if (crowded) busy[n][Math.max(0, Math.floor(x((from + to) / 2) - 110))] += x(to) - x(from);
      else pen.box(x(from), 10 + n * high + 3, Math.max(x(to) - x(from), 0.5), high - 6, laneWords[n]);
    });
  }
  // more rows than dots: a lane is as high as the part of each dot's time in which it is busy
  busy.forEach((parts, n) => parts.forEach((part, column) => {
    const tall = Math.min(1, part) * (high - 6);
    if (part) pen.box(110 + column, 7 + (n + 1) * high - tall, 1, tall, laneWords[n]);
  }));
  if (state.pointed !== null) {
    const [from, to] = [x(view.starts[state.pointed]), x(view.starts[state.pointed + 1])];
    pen.c.strokeStyle = pen.colour("ink");
    pen.c.strokeRect(from, 8, Math.max(to - from, 2), bottom - 10);
  }
  pen.c.restore();
}

// When each lane is busy with a row: its place among laneWords, from and to [s].
function spans(row, draw) {
  const { result } = state;
  const after = { memory: view.starts[row], compute: view.starts[row] };
  const end = view.starts[row + 1];
  laneWords.forEach((lane, n) => {
    const spent = result[lane][row];
    if (!spent) return;
    if (lane === "launch" || lane === "link") {
      const last = lane === "launch" ? end - result.link[row] : end;
      draw(n, last - spent, last);
      return;
    }
    const computes = (lane === "matrix" || lane === "host") && data.timing !== "serial";
    const group = computes ? "compute" : "memory";
    draw(n, after[group], after[group] + spent);
    after[group] += spent;
  });
}

function rowAt(x) {
  const width = document.getElementById("timeline").clientWidth;
  const time = (view.from + ((x - 110) / (width - 120)) * (view.to - view.from)) * view.starts[data.count];
  if (time < 0 || time > view.starts[data.count]) return null;
  let row = view.starts.findIndex((start) => start > time) - 1;
  if (row < 0) row = data.count - 1;
  return row;
}

function zoom(factor) {
  const all = view.starts[data.count] || 1;
  const middle = state.pointed === null ? (view.from + view.to) / 2 : (view.starts[state.pointed] + view.starts[state.pointed + 1]) / 2 / all;
  const wide = Math.min(1, (view.to - view.from) * factor);
  view.from = Math.min(Math.max(0, middle - wide / 2), 1 - wide);
  view.to = view.from + wide;
  state.pictures.forEach((picture) => picture.draw());
}

function memory(pen) {
  const held = alive(data, state.machine.memory);
  const limit = Number.isFinite(state.machine.memory) ? state.machine.memory : 0;
  const bottom = pen.height - 36;
  const y = linear(0, Math.max(...held, limit, 1) * 1.08, bottom, 12);
  const x = linear(0, data.count, LEFT + 14, pen.width - 10);
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "B", 3));
  for (let row = 0; row < data.count; row += 1) {
    pen.box(x(row), y(held[row]), Math.max(x(row + 1) - x(row) - (data.count < 200 ? 1 : 0), 0.7), bottom - y(held[row]), held[row] > limit ? "bad" : "on_chip");
  }
  pen.line([[LEFT + 14, y(limit)], [pen.width - 10, y(limit)]], "ink", 1.5, [5, 4]);
  pen.text(`on chip ${si(limit, "B")}`, pen.width - 12, y(limit) - 8, { align: "right" });
  if (state.pointed !== null) pen.line([[x(state.pointed + 0.5), 12], [x(state.pointed + 0.5), bottom]], "ink", 1, [3, 3]);
  pen.text("rows in the order in which they run", pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
}

function traffic(pen) {
  const steps = slope(data);
  if (steps.length < 2) {
    pen.text(`Under ${data.placement} the memory changes nothing.`, 10, 20);
    return;
  }
  const bottom = pen.height - 38;
  const low = Math.min(...steps.map(([size]) => size), state.machine.memory || Infinity);
  const high = Math.max(...steps.map(([size]) => size), Number.isFinite(state.machine.memory) ? state.machine.memory : 0);
  const x = logarithmic(low, high, LEFT + 14, pen.width - 10);
  const y = linear(0, Math.max(...steps.map(([, bytes]) => bytes)) * 1.05, bottom, 12);
  pen.across(x, bottom, "memory on chip", (tick) => si(tick, "B", 3));
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "B", 3));
  const shown = steps.flatMap(([size, bytes], n) => (n ? [[x(size), y(steps[n - 1][1])], [x(size), y(bytes)]] : [[x(size), y(bytes)]]));
  pen.line(shown, "transfer", 2);
  if (Number.isFinite(state.machine.memory) && state.machine.memory > 0) pen.dot(x(state.machine.memory), y(state.result.bytes), 5, "ink");
}

// --- sliders -------------------------------------------------------------------------------------

const WIDE = 2;
const TIME = { least: 1e-9, decades: 6 };
const UNITS = { T: 1e12, G: 1e9, M: 1e6, k: 1e3, m: 1e-3, u: 1e-6, µ: 1e-6, n: 1e-9, Ki: 1024, Mi: 2 ** 20, Gi: 2 ** 30 };

function valueAt(figure, position) {
  if (figure.steps) return figure.steps[position];
  const stated = base[figure.fields[0]];
  if (stated) return position === 0 ? stated : stated * 10 ** position;
  return position === 0 ? 0 : TIME.least * 10 ** (TIME.decades * position);
}

function positionOf(figure, value) {
  if (figure.steps) return Math.max(0, figure.steps.indexOf(value));
  const stated = base[figure.fields[0]];
  if (stated) return value ? Math.log10(value / stated) : -WIDE;
  return value ? Math.log10(value / TIME.least) / TIME.decades : 0;
}

function read(words) {
  const match = /^\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(Ki|Mi|Gi|[TGMkmuµn])?[a-zA-Z/]*\s*$/.exec(words);
  return match ? Number(match[1]) * (match[2] ? UNITS[match[2]] : 1) : NaN;
}

function slider(figure) {
  const host = document.getElementById("sliders");
  const group = make("div", host);
  group.className = "slider";
  const label = make("label", group, figure.label);
  const range = make("input", group);
  const exact = make("input", group);
  range.type = "range";
  range.id = `slide-${figure.fields[0]}`;
  label.htmlFor = range.id;
  exact.type = "text";
  exact.setAttribute("aria-label", `${figure.label}, exactly`);
  const stated = base[figure.fields[0]];
  if (figure.steps) Object.assign(range, { min: 0, max: figure.steps.length - 1, step: 1 });
  else Object.assign(range, stated ? { min: -WIDE, max: WIDE, step: 0.01 } : { min: 0, max: 1, step: 0.01 });
  range.disabled = exact.disabled = Boolean(figure.locked);
  if (figure.locked) make("small", group, figure.locked);
  const put = (value) => setMachine(Object.fromEntries(figure.fields.map((field) => [field, value])));
  range.addEventListener("input", () => put(valueAt(figure, Number(range.value))));
  exact.addEventListener("change", () => {
    const value = read(exact.value);
    const known = figure.steps ? figure.steps.includes(value) : value > 0 || (value === 0 && figure.fewer);
    if (known) put(value);
    else figure.show();
  });
  figure.show = () => {
    const value = state.machine[figure.fields[0]];
    range.value = positionOf(figure, value);
    exact.value = si(value, figure.unit, 6);
    range.setAttribute("aria-valuetext", exact.value);
    group.classList.toggle("changed", value !== stated);
  };
}

let waiting = false;

function setMachine(changed) {
  Object.assign(state.machine, changed);
  state.result = evaluate(data, state.machine);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    show();
  });
}

// --- the table -------------------------------------------------------------------------------------

const megabytes = (value) => (value / 1e6).toPrecision(6);
const count = (value) => (value < 1e8 ? String(Math.round(value)) : value.toPrecision(4));
const time = (value) => si(value, "s", 5);
const table = new Table(document.getElementById("layers"), {
  caption: "Every row of the network, in the order in which they run",
  columns: [
    { key: "number", label: "#", number: true },
    { key: "id", label: "row" },
    { key: "kind", label: "kind" },
    { key: "shape", label: "output" },
    { key: "params", label: "params", number: true, text: count },
    { key: "macs", label: "MACs", number: true, text: count },
    { key: "ops", label: "ops", number: true, text: count },
    { key: "external", label: "bus [MB]", number: true, text: megabytes },
    { key: "transfer", label: "bus time", number: true, text: time },
    { key: "compute", label: "compute", number: true, text: time },
    { key: "total", label: "total", number: true, text: time },
    { key: "share", label: "share", number: true, text: percent },
    { key: "bound", label: "bound by", text: (lane) => data.lanes[lane] ?? "nothing" },
  ],
  point,
});

function records() {
  const { rows } = data;
  const { result } = state;
  const by = document.getElementById("by").value;
  const every = Array.from({ length: data.count }, (_, row) => ({
    place: row,
    number: row,
    id: rows.name[row],
    kind: at(rows.kind, row),
    block: at(rows.block, row),
    shape: at(rows.shape, row),
    params: at(rows.params, row),
    macs: at(rows.macs, row),
    ops: at(rows.ops, row),
    external: result.external[row],
    transfer: result.transfer[row],
    compute: result.matrix[row] + result.host[row],
    total: result.total[row],
    share: result.total[row] / (result.time || 1),
    bound: largest(result, row),
  }));
  if (by === "layer") return every;
  const groups = new Map();
  for (const row of every) {
    const word = row[by] || "(none)";
    const group = groups.get(word);
    if (!group) {
      groups.set(word, { ...row, place: undefined, number: 1, id: word, shape: "", times: { [row.bound]: row.total } });
      continue;
    }
    group.number += 1;
    if (group.kind !== row.kind) group.kind = "several";
    for (const key of ["params", "macs", "ops", "external", "transfer", "compute", "total", "share"]) group[key] += row[key];
    group.times[row.bound] = (group.times[row.bound] ?? 0) + row.total;
  }
  return [...groups.values()].map((group) => ({ ...group, bound: Object.entries(group.times).sort((a, b) => b[1] - a[1])[0][0] }));
}

// --- together --------------------------------------------------------------------------------------

function show() {
  verdict();
  totals();
  changes();
  data.figures.forEach((figure) => figure.show());
  state.pictures.forEach((picture) => picture.draw());
  table.fill(records());
  if (state.pointed !== null) table.light(state.pointed);
  document.body.dataset.total = state.result.time;
}

function picture(id, label, height, paint, find) {
  state.pictures.push(new Picture(document.getElementById(id), { label, height, paint, find, point }));
}

data.figures.forEach(slider);
const legend = document.getElementById("legend");
for (const lane of laneWords) {
  const item = make("span", legend);
  make("i", item).style.background = `var(--${lane})`;
  item.append(data.lanes[lane]);
}
picture("bars", "Time of each row by what it waits for", () => (narrow() ? 14 + 18 * data.count : 260), bars, barAt);
picture("roofline", "Roofline: operations per second of each row against operations per byte", 360, roofline, nearest);
picture("timeline", "Timeline: what is busy when", () => 56 + 34 * laneWords.length, timeline, rowAt);
picture("memory", "Bytes of maps on chip while each row runs", 240, memory, (x) => {
  const wide = document.getElementById("memory").clientWidth - LEFT - 24;
  const row = Math.floor(((x - LEFT - 14) / wide) * data.count);
  return row >= 0 && row < data.count ? row : null;
});
picture("traffic", "Bytes over the bus against the memory on chip", 260, traffic);
document.getElementById("search").addEventListener("input", (event) => table.search(event.target.value));
document.getElementById("by").addEventListener("change", () => table.fill(records()));
document.getElementById("reset").addEventListener("click", () => setMachine({ ...base }));
document.getElementById("closer").addEventListener("click", () => zoom(0.5));
document.getElementById("wider").addEventListener("click", () => zoom(2));
show();

// For whoever checks the page's arithmetic: the total of a run on another machine [s].
window.costmodel = { data, total: (changed) => evaluate(data, { ...base, ...changed }).time };
