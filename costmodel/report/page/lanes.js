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
  const lanes = Object.fromEntries(LANES.map((lane) => [lane, result[lane]]));
  const words = ["transfer", "on_chip", "matrix", "host"];
  for (const lane of words) lanes[lane] = new Float64Array(data.count);
  for (let row = 0; row < data.count; row += 1) {
    if (data.exposed) {
      for (const lane of words) lanes[lane][row] = at(data.exposed[lane], row);
      continue;
    }
    const moving = result.transfer[row] + result.on_chip[row];
    const computing = result.matrix[row] + result.host[row];
    const all = result.total[row] - result.launch[row] - result.link[row];
    const [waiting, working] = exposedSides(data.exponent, moving, computing, all);
    for (const lane of words.slice(0, 2)) lanes[lane][row] = moving ? (result[lane][row] / moving) * waiting : 0;
    for (const lane of words.slice(2)) lanes[lane][row] = computing ? (result[lane][row] / computing) * working : 0;
  }
  return lanes;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

// The lane that a row spends most time on; "none" if it takes none.
function largest(result, row) {
  return LANES.reduce((best, lane) => (result[lane][row] > (best === "none" ? 0 : result[best][row]) ? lane : best), "none");
}
