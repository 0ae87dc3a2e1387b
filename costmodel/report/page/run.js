// The page of one run: everything shows the same result and moves with the sliders.
"use strict";

opened(data);
const { charts, units } = data;
const base = data.machine;
const worked = (machine) => evaluate(data, machine);
const first = worked(base);
const state = { machine: { ...base }, result: first };

// The lanes that are shown of the machine as it is set.
const lanesNow = () => rowLanes(data).filter((lane) => state.result[lane].some((time) => time > 0) || data.always.includes(lane));
const onceNow = () => Object.entries(state.result.once).filter(([, time]) => time > 0);

page.describe = (row) => {
  const { result } = state;
  const parts = lanesNow().filter((lane) => result[lane][row] > 0).map((lane) => `${data.lanes[lane]} ${si(result[lane][row], "s")}`);
  return `${data.rows.name[row]}: ${si(result.total[row], "s")} (${percent(result.total[row] / result.time)}), ` +
    `${parts.join(", ") || "takes no time"}; ${si(at(data.rows.ops, row), "op")}, ${si(result.external[row], "B")} over the bus`;
};

function update() {
  state.exposed = exposedLanes(data, state.result);
  refill();
  verdict();
  totals();
  data.figures.forEach((figure) => figure.show());
  table.fill(records());
  document.body.dataset.total = state.result.time;
}

function show() {
  update();
  redraw();
}

function verdict() {
  const { result } = state;
  const [lane, time] = [...lanesNow().map((word) => [word, sum(state.exposed[word])]), ...onceNow()].reduce((a, b) => (b[1] > a[1] ? b : a));
  const name = ["overhead", "launch"].includes(lane) ? data.lanes[lane] : `the ${data.lanes[lane]}`;
  const offers = doubled().sort((a, b) => a.time - b.time);
  const best = offers.find((offer) => offer.time < result.time * 0.9999);
  const change = result.time / first.time - 1;
  element("verdict").textContent = [
    `One run takes ${si(result.time, "s", 6)}`,
    result.time ? `; ${percent(time / result.time)} of it is ${name}. ` : ". ",
    best ? `${best.figure} would save ${percent(best.saved)}. ` : "",
    Math.abs(change) > 1e-12 ? `With the profile's figures: ${si(first.time, "s", 6)}; your settings change that by ${change > 0 ? "+" : ""}${percent(change)}.` : "",
  ].join("");
  help.fill(offers);
}

function totals() {
  const { result } = state;
  // own times, which need not add up to the total
  const busy = data.exponent === 1 ? "" : ", busy";
  const pairs = [
    ["Total time", `${result.time.toPrecision(6)} s`],
    ...lanesNow().map((lane) => [data.lanes[lane] + busy, `${sum(result[lane]).toPrecision(6)} s`]),
    ...onceNow().map(([lane, time]) => [data.lanes[lane], `${time.toPrecision(6)} s`]),
    ["Over the bus", `${(result.bytes / 1e6).toPrecision(6)} MB`],
    ["Samples per second", result.time ? (data.samples / result.time).toPrecision(6) : "∞"],
    ...(result.energy === null ? [] : [
      ["Energy", si(result.energy, "J", 6)],
      ...energyByFigure(data, state.machine, result.time).map(([figure, joules]) => [`energy: ${data.joules[figure] ?? figure}`, `${si(joules, "J", 4)} (${percent(joules / (result.energy || 1))})`]),
    ]),
    ...data.counts,
  ];
  element("totals").replaceChildren();
  for (const [name, value] of pairs) {
    const item = make("div", element("totals"));
    make("dt", item, name);
    make("dd", item, value);
  }
}

// What a run takes with each figure of the machine doubled, or halved where less is better.
function doubled() {
  const factor = (figure) => (figure.fewer ? 0.5 : 2);
  const value = (figure) => state.machine[figure.fields[0]] * factor(figure);
  return data.figures.filter((figure) => !figure.locked && value(figure) && (!figure.steps || figure.steps.includes(value(figure)))).map((figure) => {
    const changes = figure.fields.map((field) => [field, state.machine[field] * factor(figure)]);
    const { time, energy } = worked({ ...state.machine, ...Object.fromEntries(changes) });
    const words = `${figure.fewer ? "Halving" : "Doubling"} the ${figure.label} to ${si(value(figure), figure.unit)}`;
    const saved = 1 - time / state.result.time;
    return { figure: words, time, energy, saved, bar: saved };
  });
}

make("h2", element("charts"), "What would help");
const changes = make("div", element("charts"));
Object.assign(changes, { id: "changes", className: "wide" });
const help = new Table(changes, {
  caption: "One figure doubled, or halved where less is better; the others as they are now",
  columns: [
    { key: "figure", label: "figure" },
    { key: "time", label: "total", number: true, text: (time) => si(time, "s", 6) },
    { key: "saved", label: "change", number: true, text: (saved) => (saved > 1e-9 ? `−${percent(saved)}` : "no change") },
    ...(first.energy === null ? [] : [{ key: "energy", label: "energy", number: true, text: (energy) => si(energy, "J", 6) }]),
    { key: "bar", label: "saved", bar: true },
  ],
});
sliders(data.figures);
const by = make("select", make("label", element("controls"), " by "));
by.id = "by";
for (const word of ["layer", "block", "kind"]) make("option", by, word);
by.addEventListener("change", () => table.fill(records()));
update();
// the slowest row is described until another one is pointed at; with that everything is drawn
point(state.result.total.reduce((slowest, time, row) => (time > state.result.total[slowest] ? row : slowest), 0));

// For whoever checks the page's arithmetic: the total of a run on another machine [s], its energy
// [J], and the exposed time of each lane, summed over the rows [s].
const elsewhere = (changed) => worked({ ...base, ...changed });
window.costmodel = {
  data,
  total: (changed) => elsewhere(changed).time,
  energy: (changed) => elsewhere(changed).energy,
  exposed: (changed) => exposedTotals(data, elsewhere(changed)),
};
