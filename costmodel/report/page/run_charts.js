// What the figures of the machine move in the charts of a run.
"use strict";

function refill() {
  const { result, machine } = state;
  const { time, timeline, memory, traffic, roofline } = charts;
  time.names = data.rows.name;
  time.parts = Object.fromEntries(lanesNow().map((lane) => [lane, state.exposed[lane]]));
  time.legend = lanesNow().map((lane) => [lane, data.lanes[lane]]);
  timeline.rows = new Float64Array(data.count + 1);
  timeline.rows[0] = sum(Object.values(result.once));
  result.total.forEach((length, row) => (timeline.rows[row + 1] = timeline.rows[row] + length));
  timeline.total = result.time;
  if (!data.exposed) timeline.lanes = [...lanesNow(), ...onceNow().map(([lane]) => lane)].map((hue) => ({ hue, name: data.lanes[hue], ...spans(hue, timeline.rows) }));
  points();
  roofline.missing = roofline.points.length ? "" : "No roofline: no row both computes and takes time.";
  const { addresses } = data;
  if (addresses) addresses.name ??= addresses.writer.map((row) => data.rows.name[row] ?? "");
  Object.assign(memory, { alive: alive(data, machine.memory), limit: machine.memory, boxes: addresses?.memory === machine.memory ? addresses : null });
  memory.missing = memory.alive.some((bytes) => bytes > 0) ? "" : `No memory map: with placement ${data.placement} no map stays on chip. --placement resident packs them.`;
  const here = Number.isFinite(machine.memory) && machine.memory > 0 ? [[machine.memory, result.bytes]] : [];
  traffic.lines ??= [{ points: slope(data), hue: "transfer", steps: true }];
  Object.assign(traffic, { points: here, hues: ["ink"], places: [null] });
  traffic.missing = traffic.lines[0].points.length > 1 ? "" : `No curve: with placement ${data.placement} the memory on chip changes nothing.`;
}

// When a lane is busy, row by row, as costmodel/report/timeline.py has it: a row is launched, moves
// its bytes, and computes, at once with moving unless nothing overlaps; what devices tell comes last.
function spans(lane, starts) {
  const { result } = state;
  if (lane in result.once) return { start: [0], length: [result.once[lane]] };
  const [moving, computing] = [rowLanes(data, "memory"), rowLanes(data, "compute")];
  const order = ["launch", ...(computing.includes(lane) && !data.transfer_first ? [] : moving), ...computing];
  const place = order.indexOf(lane);
  const before = order.slice(0, Math.max(place, 0)).map((word) => result[word]);
  const [start, length] = [[], []];
  result[lane].forEach((time, row) => {
    if (!(time > 0)) return;
    let begun = place < 0 ? starts[row + 1] - time : starts[row];
    for (const times of before) begun += times[row];
    start.push(begun);
    length.push(time);
  });
  return { start, length };
}

// The roofline's points and roofs, as costmodel/report/pictures/roofline.py has them.
function points() {
  const { result, machine } = state;
  const ops = everyRow(data, data.rows.ops);
  const rows = [];
  for (let row = 0; row < data.count; row += 1) if (ops[row] && result.total[row]) rows.push(row);
  const free = (row) => !result.external[row];
  const ridge = machine.matrix / machine.bandwidth;
  const edge = 4 * greatest(rows.filter((row) => !free(row)).map((row) => ops[row] / result.external[row]), Number.isFinite(ridge) ? ridge : 0);
  Object.assign(charts.roofline, {
    points: rows.map((row) => [free(row) ? edge : ops[row] / result.external[row], ops[row] / result.total[row]]),
    hues: rows.map((row) => largest(data, result, row)),
    edges: rows.map(free),
    places: rows,
  });
  charts.roofline.x.ends = [ridge];
  charts.roofline.y.ends = [machine.matrix];
  for (const roof of charts.roofline.roofs) {
    roof.rate = machine[roof.hue] * (roof.share ?? 1);
    roof.bandwidth = machine.bandwidth;
    if (!roof.dashes) roof.name = `${data.lanes[roof.hue]} ${si(roof.rate, "FLOPS")}`;
  }
}
