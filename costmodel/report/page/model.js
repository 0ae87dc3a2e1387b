// The formula of costmodel/core/formula.py for one design point. A column of the data is an array
// with one entry a row, or a single number where all rows agree.
"use strict";

const LANES = ["transfer", "on_chip", "matrix", "host", "launch", "link"];

// How the times of a row add up: costmodel/models/timing.
const TIMINGS = {
  serial: (memory, matrix, host) => memory + matrix + host,
  overlap: (memory, matrix, host, exposed) =>
    Math.max(memory, matrix + host) + exposed * Math.min(memory, matrix + host),
  partial: (memory, matrix, host) => Math.hypot(memory, matrix + host),
};

const at = (column, row) => (typeof column === "object" ? column[row] : column);

// A column as it was packed: all entries equal, numbered, told by their differences, or plain.
function unpack(column) {
  if (column === null || typeof column !== "object" || Array.isArray(column)) return column;
  if (column.at) return column.at.map((place) => column.of[place]);
  let sum = 0;
  return column.steps.map((step) => (sum += step));
}

// The data of a page, every column of it unpacked; a map's columns are arrays throughout.
function unpacked(data) {
  for (const group of [data.rows, ...(data.placed?.moved ?? [])]) {
    for (const word of Object.keys(group)) group[word] = unpack(group[word]);
  }
  data.rows.name = Array.from({ length: data.count }, (_, row) =>
    at(data.rows.short, row) ? `${at(data.rows.block, row)}/${at(data.rows.id, row)}` : at(data.rows.id, row));
  if (data.placed) data.placed.live = data.placed.live.map(unpack);
  const { maps } = data;
  if (!maps) return data;
  for (const word of Object.keys(maps)) maps[word] = unpack(maps[word]);
  const filled = (column, size) => (typeof column === "object" ? column : Array(size).fill(column));
  for (const word of ["in_ptr", "out_ptr"]) maps[word] = filled(maps[word], data.count + 1);
  for (const word of ["in_tensor", "in_moved"]) maps[word] = filled(maps[word], maps.in_ptr.at(-1));
  maps.out_tensor = filled(maps.out_tensor, maps.out_ptr.at(-1));
  const count = 1 + [...maps.in_tensor, ...maps.out_tensor].reduce((a, b) => Math.max(a, b), -1);
  for (const word of ["bytes", "begin", "end"]) maps[word] = filled(maps[word], count);
  return data;
}

// Where every map lives that is judged alone, and what each row moves [B].
function judged(data, memory) {
  const { maps, rows } = data;
  const count = data.count;
  const read = new Float64Array(count);
  const write = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    read[row] = at(rows.read_besides, row);
    write[row] = at(rows.write_besides, row);
    for (let place = maps.in_ptr[row]; place < maps.in_ptr[row + 1]; place += 1) {
      if (maps.bytes[maps.in_tensor[place]] > memory) read[row] += maps.in_moved[place];
    }
    for (let place = maps.out_ptr[row]; place < maps.out_ptr[row + 1]; place += 1) {
      const map = maps.out_tensor[place];
      if (maps.bytes[map] > memory) write[row] += maps.bytes[map];
    }
  }
  return { read, write, params: rows.param_bytes, onChip: null };
}

// What is moved with `memory` bytes on chip: worked out here, or beforehand for some memories.
function placed(data, memory) {
  if (data.maps) return judged(data, memory);
  const which = data.placed.memories.indexOf(memory);
  return data.placed.moved[which < 0 ? data.placed.base : which];
}

// Times of every row in each lane [s], bytes over the bus, and the total of a run [s].
function evaluate(data, machine) {
  const { rows, count } = data;
  const moved = placed(data, machine.memory);
  const result = { external: new Float64Array(count), total: new Float64Array(count) };
  for (const lane of LANES) result[lane] = new Float64Array(count);
  const writes = machine.write_bandwidth ?? machine.bandwidth;
  // a timing that looks ahead is worked out beforehand, and nothing moves it
  const combine = TIMINGS[data.timing];
  let sum = 0;
  for (let row = 0; row < count; row += 1) {
    const read = at(moved.read, row);
    const write = at(moved.write, row);
    const params = at(moved.params, row);
    const external = read + write + params;
    const incoming = read * at(rows.pace_read, row) + params * at(rows.pace_params, row);
    const transfer = incoming / machine.bandwidth + (write * at(rows.pace_write, row)) / writes;
    let onChip = 0;
    if (machine.on_chip_bandwidth !== null) {
      const stays = moved.onChip === null ? at(rows.touched, row) - external : at(moved.onChip, row);
      onChip = stays / machine.on_chip_bandwidth;
    }
    const matrix = at(rows.matrix_ops, row) / machine.matrix;
    const host = at(rows.host_ops, row) / machine.host;
    const launch =
      at(rows.matrix_launches, row) * machine.matrix_launch +
      at(rows.host_launches, row) * machine.host_launch +
      at(rows.fixed, row);
    const link =
      at(rows.link_bytes, row) / (machine.link_bandwidth ?? Infinity) +
      at(rows.link_hops, row) * machine.link_latency;
    const total = combine ? combine(transfer + onChip, matrix, host, at(rows.exposed, row)) + launch + link : at(rows.total, row);
    result.external[row] = external;
    result.transfer[row] = transfer;
    result.on_chip[row] = onChip;
    result.matrix[row] = matrix;
    result.host[row] = host;
    result.launch[row] = launch;
    result.link[row] = link;
    result.total[row] = total;
    sum += total;
  }
  result.time = sum + machine.overhead;
  result.bytes = result.external.reduce((a, b) => a + b, 0);
  return result;
}

// Bytes of maps on chip while each row runs.
function alive(data, memory) {
  if (!data.maps) {
    const which = data.placed.memories.indexOf(memory);
    const found = data.placed.live[which < 0 ? data.placed.base : which];
    return Float64Array.from({ length: data.count }, (_, row) => at(found, row));
  }
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
  if (!data.maps) {
    return data.placed.memories.map((memory, which) => {
      const moved = data.placed.moved[which];
      let sum = 0;
      for (let row = 0; row < data.count; row += 1) {
        sum += at(moved.read, row) + at(moved.write, row) + at(moved.params, row);
      }
      return [memory, sum];
    });
  }
  const { maps, rows } = data;
  const each = new Map();
  const add = (map, moved) => each.set(maps.bytes[map], (each.get(maps.bytes[map]) ?? 0) + moved);
  maps.in_tensor.forEach((map, place) => add(map, maps.in_moved[place]));
  maps.out_tensor.forEach((map) => add(map, maps.bytes[map]));
  const sizes = [...each.keys()].filter((size) => size > 0).sort((a, b) => a - b);
  let left = [...each.values()].reduce((a, b) => a + b, 0);
  for (let row = 0; row < data.count; row += 1) {
    left += at(rows.read_besides, row) + at(rows.write_besides, row) + at(rows.param_bytes, row);
  }
  const found = [];
  for (const size of sizes) {
    found.push([size / 2, left]);
    left -= each.get(size);
    found.push([size, left]);
  }
  return found.length ? [found[0], ...found.filter((_, n) => n % 2), [2 * sizes.at(-1), left]] : [];
}
