// Time per row and the roofline.
"use strict";

const LEFT = 62;
const narrow = () => data.count <= 40;
const binned = (width) => Math.max(1, Math.ceil(data.count / Math.max(1, (width - LEFT - 8) / 2)));

function bars(pen) {
  const { result, shown } = state;
  const most = greatest(result.total, 1e-30);
  if (narrow()) {
    const x = linear(0, most, 190, pen.width - 70);
    for (let row = 0; row < data.count; row += 1) {
      const y = 6 + row * 18;
      if (row === state.pointed) pen.box(0, y - 1, pen.width, 18, "light");
      pen.fitted(data.rows.name[row], 4, y + 8, 180);
      stack(shown, row, (lane, from, to) => pen.box(x(from), y + 2, x(to) - x(from), 13, lane));
      pen.text(si(result.total[row], "s", 3), x(result.total[row]) + 5, y + 8, { colour: "faint" });
    }
    return;
  }
  const each = binned(pen.width);
  const bins = Math.ceil(data.count / each);
  const sums = Array.from({ length: bins }, (_, bin) => {
    const sum = Object.fromEntries(LANES.map((lane) => [lane, 0]));
    for (let row = bin * each; row < Math.min(data.count, (bin + 1) * each); row += 1) {
      LANES.forEach((lane) => (sum[lane] += shown[lane][row]));
    }
    return sum;
  });
  const high = greatest(sums.map((sum) => LANES.reduce((total, lane) => total + sum[lane], 0)), 1e-30);
  const bottom = pen.height - 36;
  const y = linear(0, high, bottom, 10);
  const wide = (pen.width - LEFT - 8) / bins;
  pen.up(y, LEFT, each > 1 ? `time of ${each} rows each` : "time of a row", (tick) => si(tick, "s"));
  sums.forEach((sum, bin) => {
    const x = LEFT + bin * wide;
    let from = 0;
    for (const lane of LANES) {
      const to = from + sum[lane];
      if (sum[lane]) pen.box(x, y(to), Math.max(wide - (wide > 4 ? 1 : 0), 0.7), y(from) - y(to), lane);
      from = to;
    }
    if (state.pointed !== null && Math.floor(state.pointed / each) === bin) pen.line([[x + wide / 2, 10], [x + wide / 2, bottom]], "ink", 1, [3, 3]);
  });
  pen.text("rows in the order in which they run", pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
}

function stack(lanes, row, draw) {
  let from = 0;
  for (const lane of LANES) {
    if (lanes[lane][row]) draw(lane, from, from + lanes[lane][row]);
    from += lanes[lane][row];
  }
}

function barAt(x, y) {
  if (narrow()) {
    const row = Math.floor((y - 6) / 18);
    return row >= 0 && row < data.count ? row : null;
  }
  const width = document.getElementById("bars").clientWidth;
  const each = binned(width);
  const bins = Math.ceil(data.count / each);
  const bin = Math.floor(((x - LEFT) / (width - LEFT - 8)) * bins);
  if (bin < 0 || bin >= bins) return null;
  let best = bin * each;
  for (let row = best; row < Math.min(data.count, (bin + 1) * each); row += 1) {
    if (state.result.total[row] > state.result.total[best]) best = row;
  }
  return best;
}

const roof = { spots: [] };

function roofline(pen) {
  const { result, machine } = state;
  const spots = [];
  for (let row = 0; row < data.count; row += 1) {
    const ops = at(data.rows.ops, row);
    if (ops && result.external[row] && result.total[row]) {
      spots.push({ row, x: ops / result.external[row], y: ops / result.total[row], lane: largest(result, row) });
    }
  }
  roof.spots = [];
  if (!spots.length) {
    pen.text("No row both computes and moves data.", 10, 20);
    return;
  }
  const ridge = machine.matrix / machine.bandwidth;
  const xs = spots.map((spot) => spot.x).concat(Number.isFinite(ridge) ? ridge : []);
  const ys = spots.map((spot) => spot.y).concat([machine.matrix, machine.host].filter(Number.isFinite));
  const bottom = pen.height - 38;
  const low = least(xs) / 2;
  const high = greatest(xs) * 2;
  const x = logarithmic(low, high, LEFT + 14, pen.width - 10);
  const y = logarithmic(Math.max(least(ys) / 2, greatest(ys) / 1e9), greatest(ys) * 2, bottom, 12);
  pen.across(x, bottom, "operations per byte over the bus", (tick) => si(tick, "", 3).trim());
  pen.up(y, LEFT + 14, "", (tick) => si(tick, "op/s", 3));
  for (const [lane, rate] of [["matrix", machine.matrix], ["host", machine.host]]) {
    if (!Number.isFinite(rate)) continue;
    const knee = rate / machine.bandwidth;
    const start = [x(low), y(Math.min(rate, low * machine.bandwidth))];
    pen.line([start, [x(Math.min(Math.max(knee, low), high)), y(Math.min(rate, high * machine.bandwidth))], [x(high), y(Math.min(rate, high * machine.bandwidth))]], lane, 2);
    pen.text(`${data.lanes[lane]} ${si(rate, "op/s")}`, pen.width - 14, y(Math.min(rate, high * machine.bandwidth)) - 9, { align: "right" });
  }
  for (const spot of spots) {
    const place = { row: spot.row, x: x(spot.x), y: y(spot.y) };
    pen.dot(place.x, place.y, data.count > 500 ? 2.5 : 4, spot.lane, 0.75);
    roof.spots.push(place);
  }
  const mine = roof.spots.find((spot) => spot.row === state.pointed);
  if (mine) pen.ring(mine.x, mine.y, 7);
}

function nearest(x, y) {
  let best = null;
  let closest = 18 ** 2;
  for (const spot of roof.spots) {
    const away = (spot.x - x) ** 2 + (spot.y - y) ** 2;
    if (away < closest) [best, closest] = [spot.row, away];
  }
  return best;
}
