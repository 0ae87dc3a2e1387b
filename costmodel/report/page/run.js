// The page of one run, put together: everything shows the same result and moves with the sliders.
"use strict";

const worked = (machine) => evaluate(data, machine);

function show() {
  state.shown = exposedLanes(data, state.result);
  refill();
  legend();
  verdict();
  totals();
  changes();
  data.figures.forEach((figure) => figure.show());
  state.pictures.forEach((picture) => picture.draw());
  table.fill(records());
  if (state.pointed !== null) table.light(state.pointed);
  document.body.dataset.total = state.result.time;
}

// A chart and its legend; without anything to show a sentence that says why and what would help.
function picture(word, empty) {
  const host = document.getElementById(word);
  const missing = empty?.();
  if (missing) {
    make("p", host, missing).className = "faint";
    return;
  }
  const made = CHARTS[charts[word].kind](charts[word], state);
  state.pictures.push(new Picture(host, { label: charts[word].title, point, ...made }));
  made.zoom && zooms.push(made.zoom);
}

function legend() {
  const host = document.getElementById("legend");
  host.replaceChildren();
  for (const lane of lanesNow()) {
    const item = make("span", host);
    make("i", item).style.background = `var(--${lane})`;
    item.append(data.lanes[lane]);
  }
}

function zoom(factor) {
  zooms.forEach((each) => each(factor));
  state.pictures.forEach((each) => each.draw());
}

const zooms = [];
sliders(data.figures);
refill();
picture("time");
picture("roofline", () => !charts.roofline.points.length && "No roofline: no row both computes and takes time.");
picture("timeline");
picture("memory", () => !charts.memory.alive.some((bytes) => bytes > 0) && `No memory map: with placement ${data.placement} no map stays on chip. --placement resident packs them.`);
picture("traffic", () => charts.traffic.lines[0].points.length < 2 && `No curve: with placement ${data.placement} the memory on chip changes nothing.`);
document.getElementById("search").addEventListener("input", (event) => table.search(event.target.value));
document.getElementById("by").addEventListener("change", () => table.fill(records()));
document.getElementById("closer").addEventListener("click", () => zoom(0.5));
document.getElementById("wider").addEventListener("click", () => zoom(2));
show();
// the slowest row is described until another one is pointed at
point(state.result.total.reduce((slowest, time, row) => (time > state.result.total[slowest] ? row : slowest), 0));

// For whoever checks the page's arithmetic: the total of a run on another machine [s], and the
// exposed time of each lane, summed over the rows [s].
window.costmodel = {
  data,
  total: (changed) => evaluate(data, { ...base, ...changed }).time,
  exposed: (changed) => {
    const lanes = exposedLanes(data, evaluate(data, { ...base, ...changed }));
    return Object.fromEntries(LANES.map((lane) => [lane, sum(lanes[lane])]));
  },
};
