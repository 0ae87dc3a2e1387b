// What a page knows of the lanes: the machine's figures without a limit, and exposed times, which
// are what each lane adds to a row (costmodel/report/exposed.py).
"use strict";

// A run's data as the page computes with it: a rate that the profile does not state, since no row
// needs it, has no limit.
function opened(data) {
  const run = unpacked(data);
  for (const rate of ["matrix", "host"]) run.machine[rate] ??= Infinity;
  for (const lane of Object.keys(run.exposed ?? {})) run.exposed[lane] = unpack(run.exposed[lane]);
  return run;
}

// How much of a row's time `all` is exposed moving and computing, of its own times for either [s].
function exposedSides(exponent, moving, computing, all) {
  if (exponent === "inf") {
    const hidden = all - Math.max(moving, computing);
    const rest = hidden > 1e-12 * all ? hidden : 0;
    return moving >= computing ? [moving, rest] : [rest, computing];
  }
  const scale = all ? all ** (1 - exponent) : 0;
  return [moving ** exponent * scale, computing ** exponent * scale];
}

// Exposed times of every row in each lane [s]: over the lanes they sum to the time of the row.
// Those of a timing that the page cannot work out come with the data, and nothing moves them.
function exposedLanes(data, result) {
  const lanes = Object.fromEntries(rowLanes(data).map((lane) => [lane, result[lane]]));
  const [moving, computing, besides] = ["memory", "compute", "besides"].map((side) => rowLanes(data, side));
  for (const lane of [...moving, ...computing]) lanes[lane] = everyRow(data, data.exposed?.[lane] ?? 0);
  if (data.exposed) return lanes;
  const all = result.total.slice();
  for (const lane of besides) for (let row = 0; row < data.count; row += 1) all[row] -= result[lane][row];
  const [first, second] = [moving, computing].map((side) => together(data, result, side));
  for (let row = 0; row < data.count; row += 1) {
    const [waits, works] = exposedSides(data.exponent, result.moving[row], second[row], all[row]);
    for (const lane of moving) lanes[lane][row] = first[row] ? (result[lane][row] / first[row]) * waits : 0;
    for (const lane of computing) lanes[lane][row] = second[row] ? (result[lane][row] / second[row]) * works : 0;
  }
  return lanes;
}

// The times of some lanes together, row by row [s].
function together(data, result, lanes) {
  const times = new Float64Array(data.count);
  for (const lane of lanes) for (let row = 0; row < data.count; row += 1) times[row] += result[lane][row];
  return times;
}

// The exposed time of each lane over the whole run, and what it takes once [s].
function exposedTotals(data, result) {
  const lanes = Object.entries(exposedLanes(data, result)).map(([lane, times]) => [lane, sum(times)]);
  return Object.fromEntries([...lanes, ...Object.entries(result.once)]);
}

// The lane that a row spends most time on; "none" if it takes none.
function largest(data, result, row) {
  let [best, most] = ["none", 0];
  for (const lane in data.sides) {
    if (data.sides[lane] !== "once" && result[lane][row] > most) [best, most] = [lane, result[lane][row]];
  }
  return best;
}
