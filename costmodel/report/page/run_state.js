// What the page of a run shows: its data, the machine as it is set, and the row that is pointed at.
"use strict";

const data = opened(JSON.parse(document.getElementById("data").textContent));
const { units } = data;
const base = data.machine;
const first = evaluate(data, base);
const state = { machine: { ...base }, result: first, shown: exposedLanes(data, first), pointed: null, pictures: [] };

// The lanes that are shown of the machine as it is set.
const lanesNow = () => LANES.filter((lane) => state.result[lane].some((time) => time > 0) || ["transfer", "matrix", "host"].includes(lane));

function point(row) {
  if (row === state.pointed) return;
  state.pointed = row;
  document.body.dataset.pointed = row;
  state.pictures.forEach((picture) => picture.draw());
  table.light(row);
  const { result } = state;
  const parts = lanesNow().filter((lane) => result[lane][row] > 0).map((lane) => `${data.lanes[lane]} ${si(result[lane][row], "s")}`);
  document.getElementById("pointed").textContent =
    `${data.rows.name[row]}: ${si(result.total[row], "s")} (${percent(result.total[row] / result.time)}), ` +
    `${parts.join(", ") || "takes no time"}; ${si(at(data.rows.ops, row), "op")}, ${si(result.external[row], "B")} over the bus`;
}
