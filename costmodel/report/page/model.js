// A run at one design point: the list of terms that costmodel/core/terms.py makes, added up. A column
// of the data is an array with one entry a row, or a single number where all rows agree.
"use strict";

const sum = (values) => values.reduce((total, value) => total + value, 0);
// The lanes of a row, in the order in which ties are named: all but what a run takes once.
const rowLanes = (data, ...sides) => Object.keys(data.sides).filter((lane) => (sides.length ? sides.includes(data.sides[lane]) : data.sides[lane] !== "once"));

const at = (column, row) => (typeof column === "object" ? column[row] : column);

const everyRow = (data, column) => (typeof column === "object" ? Float64Array.from(column) : new Float64Array(data.count).fill(column));

// A column as it was packed: all entries equal, numbered, told by their differences, or plain.
function unpack(column) {
  if (column === null || typeof column !== "object" || Array.isArray(column)) return column;
  if (column.at) return column.at.map((place) => column.of[place]);
  let reached = 0;
  return column.steps.map((step) => (reached += step));
}

// The data of a page, every column of it unpacked; a map's columns are arrays throughout.
function unpacked(data) {
  for (const word of Object.keys(data.rows)) data.rows[word] = unpack(data.rows[word]);
  for (const term of data.terms) term.ways = term.ways.map((column) => everyRow(data, unpack(column)));
  data.rows.name = Array.from({ length: data.count }, (_, row) =>
    at(data.rows.short, row) ? `${at(data.rows.block, row)}/${at(data.rows.id, row)}` : at(data.rows.id, row));
  if (data.placed) data.placed.live = data.placed.live.map(unpack);
  const { maps } = data;
  if (!maps) return data;
  for (const word of Object.keys(maps)) maps[word] = unpack(maps[word]);
  const filled = (column, size) => (typeof column === "object" ? column : Array(size).fill(column));
  for (const word of ["in_ptr", "out_ptr"]) maps[word] = filled(maps[word], data.count + 1);
  for (const word of ["in", "out"]) maps[`${word}_tensor`] = filled(maps[`${word}_tensor`], maps[`${word}_ptr`].at(-1));
  for (const word of ["bytes", "begin", "end"]) maps[word] = filled(maps[word], maps.count);
  edges(data);
  return data;
}

// Each reading and writing of a map, row by row: which row it is of, how large the map is, and how
// much more each term asks for while that map is outside.
function edges({ maps, terms, count }) {
  const [row, size] = [[], []];
  for (const [pointers, tensors] of [[maps.in_ptr, maps.in_tensor], [maps.out_ptr, maps.out_tensor]]) {
    for (let reader = 0; reader < count; reader += 1) {
      for (let place = pointers[reader]; place < pointers[reader + 1]; place += 1) {
        row.push(reader);
        size.push(maps.bytes[tensors[place]]);
      }
    }
  }
  maps.edges = { row: Int32Array.from(row), size: Float64Array.from(size) };
  for (const term of terms.filter(({ outside }) => outside !== undefined)) {
    const more = unpack(term.outside);
    term.outside = typeof more === "object" ? Float64Array.from(more) : new Float64Array(row.length).fill(more);
  }
}

// The place of a memory among those for which maps were placed beforehand.
function placedAt(data, memory) {
  const which = data.placed.memories.indexOf(memory);
  return which < 0 ? data.placed.base : which;
}

// How much of a term's amount every row asks for with `memory` bytes on chip, by each algorithm that
// rows may choose. Where maps are judged alone a term asks for more of those that are outside.
function amounts(data, term, memory) {
  if (term.placed) return [term.ways[placedAt(data, memory)]];
  if (term.outside === undefined) return term.ways;
  const { row, size } = data.maps.edges;
  const asked = term.ways[0].slice();
  for (let edge = 0; edge < row.length; edge += 1) {
    if (size[edge] > memory) asked[row[edge]] += term.outside[edge];
  }
  return [asked];
}

// What one unit of a term's amount takes on a machine.
function pace(term, machine) {
  if (term.figure === "") return 1;
  return term.how === "divided" ? 1 / (machine[term.figure] ?? Infinity) : machine[term.figure];
}

// The latest sums of each lane of a run, by the figures that they follow from: one figure that moves
// leaves most lanes as they are.
const KEPT = 4;
const SUMS = new WeakMap();

// The terms of one lane added up (row by row), of several algorithms the quickest.
function summed(data, lane, machine) {
  const terms = data.terms.filter((term) => term.lane === lane);
  const figures = terms.map((term) => [pace(term, machine), term.placed || term.outside !== undefined ? machine.memory : ""]);
  const [kept, key] = [SUMS.get(data) ?? new Map(), [lane, ...figures].join()];
  SUMS.set(data, kept);
  const latest = (kept.get(lane) ?? []).filter((one) => one.key !== key);
  const mine = (kept.get(lane) ?? []).find((one) => one.key === key) ?? { key, times: added(data, terms, machine) };
  kept.set(lane, [mine, ...latest].slice(0, KEPT));
  return mine.times;
}

function added(data, terms, machine) {
  const sums = [];
  for (const term of terms) {
    const each = pace(term, machine);
    amounts(data, term, machine.memory).forEach((asked, way) => {
      sums[way] ??= new Float64Array(data.count);
      for (let row = 0; row < data.count; row += 1) sums[way][row] += asked[row] * each;
    });
  }
  if (sums.length < 2) return sums[0] ?? new Float64Array(data.count);
  return sums[0].map((_, row) => sums.reduce((least, way) => Math.min(least, way[row]), Infinity));
}

// A row's time of its two sides: their norm (costmodel/core/timing.py), and what is not hidden of
// the shorter where the longer hides it.
function combined(exponent, moving, computing, exposed) {
  if (exponent === 1) return moving + computing;
  if (exponent === 2) return Math.hypot(moving, computing);
  if (exponent === "inf") return Math.max(moving, computing) + exposed * Math.min(moving, computing);
  return (moving ** exponent + computing ** exponent) ** (1 / exponent);
}

// Times of every row in each lane [s], bytes over the bus, what a run takes once in each lane [s],
// its total [s], and its energy [J] where there is any.
function evaluate(data, machine) {
  const { rows, count } = data;
  const sides = { memory: new Float64Array(count), compute: new Float64Array(count), besides: new Float64Array(count) };
  const result = { total: new Float64Array(count), external: summed(data, "traffic", machine), once: {}, time: 0 };
  for (const [lane, side] of Object.entries(data.sides)) {
    const times = summed(data, lane, machine);
    if (side === "once") {
      // it stands in the first row
      result.once[lane] = times[0] ?? 0;
      result.time += result.once[lane];
      continue;
    }
    result[lane] = times;
    const together = sides[side];
    // a boundary between levels stands beside the bus as computing does
    const beside = data.boundaries.includes(lane) && data.exponent !== null;
    for (let row = 0; row < count; row += 1) {
      together[row] = beside ? combined(data.exponent, together[row], times[row], 0) : together[row] + times[row];
    }
  }
  const { memory, compute, besides } = sides;
  result.moving = memory;
  for (let row = 0; row < count; row += 1) {
    // a timing that is no norm is worked out beforehand, and nothing moves it
    result.total[row] = data.exponent === null
      ? at(rows.total, row)
      : combined(data.exponent, memory[row], compute[row], at(rows.exposed, row)) + besides[row];
    result.time += result.total[row];
  }
  result.bytes = sum(result.external);
  // what is drawn all the time costs by the time itself
  const power = sum(data.terms.filter((term) => term.seconds).map((term) => pace(term, machine)));
  const spent = data.terms.some((term) => term.lane === "energy");
  result.power = power;
  result.joules = Float64Array.from(summed(data, "energy", machine), (joules, row) => joules + power * result.total[row]);
  result.energy = spent ? sum(summed(data, "energy", machine)) + power * result.time : null;
  return result;
}

// Energy of a run by the figure of the machine that sets it [J].
function energyByFigure(data, machine, time) {
  const terms = data.terms.filter((term) => term.lane === "energy");
  return terms.map((term) => [term.figure, term.seconds ? pace(term, machine) * time : sum(added(data, [term], machine))]);
}

// Bytes of maps on chip while each row runs.
function alive(data, memory) {
  if (!data.maps) return everyRow(data, data.placed.live[placedAt(data, memory)]);
  const { bytes, begin, end } = data.maps;
  const change = new Float64Array(data.count + 1);
  for (let map = 0; map < bytes.length; map += 1) {
    if (bytes[map] <= memory) {
      change[begin[map]] += bytes[map];
      change[end[map] + 1] -= bytes[map];
    }
  }
  let held = 0;
  return Float64Array.from({ length: data.count }, (_, row) => (held += change[row]));
}

// Bytes over the bus against the memory on chip, a point where either changes.
function slope(data) {
  const bytes = (memory) => sum(summed(data, "traffic", { memory }));
  if (!data.maps) return data.placed.memories.map((memory) => [memory, bytes(memory)]);
  const { maps } = data;
  const term = data.terms.find(({ lane }) => lane === "traffic");
  const each = new Map();
  [...maps.in_tensor, ...maps.out_tensor].forEach((map, edge) => {
    each.set(maps.bytes[map], (each.get(maps.bytes[map]) ?? 0) + at(term.outside, edge));
  });
  const sizes = [...each.keys()].filter((size) => size > 0).sort((a, b) => a - b);
  let left = bytes(0);
  const steps = sizes.map((size) => [size, (left -= each.get(size))]);
  return sizes.length ? [[sizes[0] / 2, bytes(0)], ...steps, [2 * sizes.at(-1), left]] : [];
}
