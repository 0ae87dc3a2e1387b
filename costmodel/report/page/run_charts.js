// The charts of a run, as their specifications come with the page, and what the machine's figures
// move in them.
"use strict";

const { charts } = data;
charts.traffic = { kind: "marks", x: { label: "memory on chip", unit: "B", log: true }, y: { label: "over the bus", unit: "B", zero: true }, lines: [{ points: slope(data), hue: "transfer", steps: true }] };
charts.time.names = data.rows.name;
const ADDRESSES = data.addresses;
if (ADDRESSES) ADDRESSES.name = ADDRESSES.writer.map((row) => data.rows.name[row] ?? "");

function refill() {
  const { result, machine } = state;
  charts.time.parts = Object.fromEntries(lanesNow().map((lane) => [lane, state.shown[lane]]));
  charts.timeline.rows = result.total.reduce((starts, time) => (starts.push(starts.at(-1) + time), starts), [machine.overhead]);
  charts.timeline.total = result.time;
  if (!data.exposed) {
    const words = [...lanesNow(), ...(machine.overhead ? ["overhead"] : [])];
    charts.timeline.lanes = words.map((hue) => ({ hue, name: data.lanes[hue], ...spans(hue, charts.timeline.rows) }));
  }
  points();
  const known = ADDRESSES && ADDRESSES.memory === machine.memory;
  Object.assign(charts.memory, { alive: alive(data, machine.memory), limit: machine.memory, boxes: known ? ADDRESSES : null });
  const here = Number.isFinite(machine.memory) && machine.memory > 0 ? [[machine.memory, result.bytes]] : [];
  Object.assign(charts.traffic, { points: here, hues: ["ink"], places: [null] });
}

// When a lane is busy, row by row, as costmodel/report/timeline.py has it: a row is launched, moves
// its bytes, and computes, at once with moving unless nothing overlaps; what devices tell comes last.
function spans(lane, starts) {
  const { result, machine } = state;
  if (lane === "overhead") return { start: [0], length: [machine.overhead] };
  const before = { launch: [], transfer: ["launch"], on_chip: ["launch", "transfer"], matrix: ["launch"], host: ["launch", "matrix"] };
  if (data.timing === "serial") for (const word of ["matrix", "host"]) before[word].push("transfer", "on_chip");
  const start = Array.from(result[lane], (time, row) => (lane === "link" ? starts[row + 1] - time : before[lane].reduce((at, word) => at + result[word][row], starts[row])));
  const kept = start.map((_, row) => row).filter((row) => result[lane][row] > 0);
  return { start: kept.map((row) => start[row]), length: kept.map((row) => result[lane][row]) };
}

// The roofline's points and roofs, as costmodel/report/pictures/roofline.py has them.
function points() {
  const { result, machine } = state;
  const rows = data.rows.name.map((_, row) => row).filter((row) => at(data.rows.ops, row) && result.total[row]);
  const free = (row) => !result.external[row];
  const intensity = (row) => at(data.rows.ops, row) / result.external[row];
  const ridge = machine.matrix / machine.bandwidth;
  const edge = 4 * greatest(rows.filter((row) => !free(row)).map(intensity), Number.isFinite(ridge) ? ridge : 0);
  const chart = charts.roofline;
  chart.points = rows.map((row) => [free(row) ? edge : intensity(row), at(data.rows.ops, row) / result.total[row]]);
  chart.hues = rows.map((row) => largest(result, row));
  chart.edges = rows.map(free);
  chart.places = rows;
  chart.x.ends = [ridge];
  chart.y.ends = [machine.matrix];
  for (const roof of chart.roofs) {
    roof.rate = machine[roof.hue] * (roof.share ?? 1);
    roof.bandwidth = machine.bandwidth;
    if (!roof.dashes) roof.name = `${data.lanes[roof.hue]} ${si(roof.rate, "FLOPS")}`;
  }
}
