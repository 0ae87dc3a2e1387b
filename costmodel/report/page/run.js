// The page of one run, put together: everything shows the same result and moves with the sliders.
"use strict";

const worked = (machine) => evaluate(data, machine);

function show() {
  state.shown = exposedLanes(data, state.result);
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

sliders(data.figures);
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
document.getElementById("closer").addEventListener("click", () => zoom(0.5));
document.getElementById("wider").addEventListener("click", () => zoom(2));
show();

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
