// The timeline, maps on chip, and traffic against the memory.
"use strict";

const view = { from: 0, to: 1, starts: new Float64Array(data.count + 1) };

function timeline(pen) {
  const { result } = state;
  let time = 0;
  for (let row = 0; row < data.count; row += 1) {
    view.starts[row] = time;
    time += result.total[row];
  }
  view.starts[data.count] = time;
  const bottom = pen.height - 36;
  const x = linear(view.from * time, view.to * time, 110, pen.width - 10);
  pen.across(x, bottom, "time", (tick) => si(tick, "s"));
  const high = (bottom - 10) / laneWords.length;
  laneWords.forEach((lane, n) => pen.text(data.lanes[lane], 4, 10 + n * high + high / 2));
  pen.c.save();
  pen.c.beginPath();
  pen.c.rect(110, 0, pen.width - 118, bottom);
  pen.c.clip();
  const columns = Math.floor(pen.width - 118);
  const crowded = data.count * (view.to - view.from) > columns / 2;
  const busy = laneWords.map(() => new Float64Array(columns + 1));
  for (let row = 0; row < data.count; row += 1) {
    if (x(view.starts[row + 1]) < 110 || x(view.starts[row]) > pen.width) continue;
    spans(row, (n, from, to) => {
      if (crowded) busy[n][Math.max(0, Math.floor(x((from + to) / 2) - 110))] += x(to) - x(from);
      else pen.box(x(from), 10 + n * high + 3, Math.max(x(to) - x(from), 0.5), high - 6, laneWords[n]);
    });
  }
  // more rows than dots: a lane is as high as the part of each dot's time in which it is busy
  busy.forEach((parts, n) => parts.forEach((part, column) => {
    const tall = Math.min(1, part) * (high - 6);
    if (part) pen.box(110 + column, 7 + (n + 1) * high - tall, 1, tall, laneWords[n]);
  }));
  if (state.pointed !== null) {
    const [from, to] = [x(view.starts[state.pointed]), x(view.starts[state.pointed + 1])];
    pen.c.strokeStyle = pen.colour("ink");
    pen.c.strokeRect(from, 8, Math.max(to - from, 2), bottom - 10);
  }
  pen.c.restore();
}

// When each lane is busy with a row: its place among laneWords, from and to [s].
function spans(row, draw) {
  const { result } = state;
  const after = { memory: view.starts[row], compute: view.starts[row] };
  const end = view.starts[row + 1];
  laneWords.forEach((lane, n) => {
    const spent = result[lane][row];
    if (!spent) return;
    if (lane === "launch" || lane === "link") {
      const last = lane === "launch" ? end - result.link[row] : end;
      draw(n, last - spent, last);
      return;
    }
    const computes = (lane === "matrix" || lane === "host") && data.timing !== "serial";
    const group = computes ? "compute" : "memory";
    draw(n, after[group], after[group] + spent);
    after[group] += spent;
  });
}

function rowAt(x) {
  const width = document.getElementById("timeline").clientWidth;
  const time = (view.from + ((x - 110) / (width - 120)) * (view.to - view.from)) * view.starts[data.count];
  if (time < 0 || time > view.starts[data.count]) return null;
  let row = view.starts.findIndex((start) => start > time) - 1;
  if (row < 0) row = data.count - 1;
  return row;
}

function zoom(factor) {
  const all = view.starts[data.count] || 1;
  const middle = state.pointed === null ? (view.from + view.to) / 2 : (view.starts[state.pointed] + view.starts[state.pointed + 1]) / 2 / all;
  const wide = Math.min(1, (view.to - view.from) * factor);
  view.from = Math.min(Math.max(0, middle - wide / 2), 1 - wide);
  view.to = view.from + wide;
  state.pictures.forEach((picture) => picture.draw());
}

function memory(pen) {
  const held = alive(data, state.machine.memory);
  if (!held.some((bytes) => bytes > 0)) {
    pen.text(`Under ${data.placement} no map stays on chip.`, 10, 20);
    return;
  }
  const limit = Number.isFinite(state.machine.memory) ? state.machine.memory : 0;
  const bottom = pen.height - 36;
  const y = linear(0, greatest(held, Math.max(limit, 1)) * 1.08, bottom, 12);
  const x = linear(0, data.count, LEFT + 14, pen.width - 10);
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "B", 3));
  const mapped = data.addresses && data.addresses.memory === state.machine.memory;
  if (mapped) addressed(pen, x, y);
  else for (let row = 0; row < data.count; row += 1) {
    pen.box(x(row), y(held[row]), Math.max(x(row + 1) - x(row) - (data.count < 200 ? 1 : 0), 0.7), bottom - y(held[row]), held[row] > limit ? "bad" : "on_chip");
  }
  pen.line([[LEFT + 14, y(limit)], [pen.width - 10, y(limit)]], "ink", 1.5, [5, 4]);
  pen.text(`on chip ${si(limit, "B")}`, pen.width - 12, y(limit) - 8, { align: "right" });
  if (state.pointed !== null) pen.line([[x(state.pointed + 0.5), 12], [x(state.pointed + 0.5), bottom]], "ink", 1, [3, 3]);
  pen.text("rows in the order in which they run", pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
}

const HUES = ["transfer", "launch", "matrix", "on_chip", "host", "link"];

// One rectangle of addresses for each map on chip, those that the pointed row touches outlined.
function addressed(pen, x, y) {
  const { start, end, offset, size, writer } = data.addresses;
  start.forEach((from, n) => {
    const [left, right, top, low] = [x(from + 0.5), x(end[n] + 0.5), y(offset[n] + size[n]), y(offset[n])];
    const gap = right - left > 3 && low - top > 3 ? 1 : 0;
    pen.c.globalAlpha = 0.8;
    pen.box(left, top, Math.max(right - left - gap, 0.7), Math.max(low - top - gap, 0.7), HUES[n % HUES.length]);
    pen.c.globalAlpha = 1;
    if (right - left > 60 && low - top > 14 && writer[n] >= 0) pen.fitted(data.rows.name[writer[n]], left + 4, (top + low) / 2, right - left - 8);
    if (state.pointed !== null && from <= state.pointed && state.pointed <= end[n]) {
      pen.c.strokeStyle = pen.colour("ink");
      pen.c.strokeRect(left, top, right - left, low - top);
    }
  });
}

function traffic(pen) {
  const steps = slope(data);
  if (steps.length < 2) {
    pen.text(`Under ${data.placement} the memory changes nothing.`, 10, 20);
    return;
  }
  const bottom = pen.height - 38;
  const low = least(steps.map(([size]) => size), state.machine.memory || Infinity);
  const high = greatest(steps.map(([size]) => size), Number.isFinite(state.machine.memory) ? state.machine.memory : 0);
  const x = logarithmic(low, high, LEFT + 14, pen.width - 10);
  const y = linear(0, greatest(steps.map(([, bytes]) => bytes)) * 1.05, bottom, 12);
  pen.across(x, bottom, "memory on chip", (tick) => si(tick, "B", 3));
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "B", 3));
  const shown = steps.flatMap(([size, bytes], n) => (n ? [[x(size), y(steps[n - 1][1])], [x(size), y(bytes)]] : [[x(size), y(bytes)]]));
  pen.line(shown, "transfer", 2);
  if (Number.isFinite(state.machine.memory) && state.machine.memory > 0) pen.dot(x(state.machine.memory), y(state.result.bytes), 5, "ink");
}
