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
  for (let row = 0; row < data.count; row += 1) {
    const busy = (side) => side.reduce((time, lane) => time + result[lane][row], 0);
    const all = besides.reduce((time, lane) => time - result[lane][row], result.total[row]);
    const exposed = exposedSides(data.exponent, busy(moving), busy(computing), all);
    [moving, computing].forEach((side, n) => {
      for (const lane of side) lanes[lane][row] = busy(side) ? (result[lane][row] / busy(side)) * exposed[n] : 0;
    });
  }
  return lanes;
}

// The exposed time of each lane over the whole run, and what it takes once [s].
function exposedTotals(data, result) {
  const lanes = Object.entries(exposedLanes(data, result)).map(([lane, times]) => [lane, sum(times)]);
  return Object.fromEntries([...lanes, ...Object.entries(result.once)]);
}

// The lane that a row spends most time on; "none" if it takes none.
function largest(data, result, row) {
  return rowLanes(data).reduce((best, lane) => (result[lane][row] > (best === "none" ? 0 : result[best][row]) ? lane : best), "none");
}
