// Pictures from data: bars, steps, marks, a heat map, parallel coordinates. A chart's `paint` and
// `find` speak of places: lines of the page's table.
"use strict";

const EDGE = { left: 84, right: 16, top: 18, bottom: 40 };
const HUES = ["transfer", "matrix", "link", "host", "on_chip", "launch", "overhead", "ink"];
const figure = (axis) => (value) => si(value, axis.unit ?? "", 3).trim();

function scales(chart, xs, ys, pen) {
  const make = (axis, values, from, to) => {
    const finite = values.filter((value) => Number.isFinite(value) && (!axis.log || value > 0));
    const [low, high] = [least(finite), greatest(finite)];
    if (axis.log) return logarithmic(low / 1.15, high * 1.15, from, to);
    const room = (high - low) * 0.04;
    return linear(axis.zero ? 0 : low - room, high + room || 1, from, to);
  };
  const bottom = pen.height - EDGE.bottom;
  const x = make(chart.x, xs, EDGE.left, pen.width - EDGE.right);
  const y = make(chart.y, ys, bottom, EDGE.top);
  pen.across(x, bottom, chart.x.label, figure(chart.x), EDGE.top);
  pen.up(y, EDGE.left, chart.y.label, figure(chart.y), pen.width - EDGE.right);
  return { x, y, bottom };
}

const CHARTS = {
  // Bars with names: {name, parts: {hue: value}, low, high}.
  bars: (chart, page) => {
    const most = greatest(chart.bars.map((bar) => Math.max(bar.value, bar.high ?? 0)), 1e-30);
    const tall = 22;
    return {
      height: 20 + tall * chart.bars.length,
      paint: (pen) => {
        const names = Math.min(360, pen.width * 0.4);
        const x = linear(0, most, names + 10, pen.width - 90);
        chart.bars.forEach((bar, n) => {
          const y = 8 + n * tall;
          if (bar.place === page.pointed) pen.box(0, y - 2, pen.width, tall, "light");
          pen.fitted(bar.name, 4, y + 9, names - 8);
          let from = 0;
          for (const [hue, part] of Object.entries(bar.parts)) {
            pen.box(x(from), y, x(from + part) - x(from), 16, hue);
            from += part;
          }
          if (bar.low !== undefined) {
            pen.line([[x(bar.low), y + 8], [x(bar.high), y + 8]], "ink", 1.5);
            for (const end of [bar.low, bar.high]) pen.line([[x(end), y + 4], [x(end), y + 12]], "ink", 1.5);
          }
          pen.text(si(bar.value, chart.unit), x(Math.max(bar.value, bar.high ?? 0)) + 6, y + 9, { colour: "faint" });
        });
      },
      find: (x, y) => chart.bars[Math.floor((y - 6) / tall)]?.place ?? null,
    };
  },

  // Lines and marks: lines {name, points, hue, steps, dashes}, points [[x, y], ...] in the table's order.
  marks: (chart, page) => {
    const spots = [];
    return {
      height: 380,
      paint: (pen) => {
        const every = [...chart.points, ...chart.lines.flatMap((line) => line.points)];
        const { x, y } = scales(chart, every.map(([a]) => a), every.map(([, b]) => b), pen);
        for (const line of chart.lines) {
          const points = line.steps
            ? line.points.flatMap(([a, b], n) => (n ? [[x(a), y(line.points[n - 1][1])], [x(a), y(b)]] : [[x(a), y(b)]]))
            : line.points.map(([a, b]) => [x(a), y(b)]);
          pen.line(points, line.hue, 2, line.dashes ? [6, 4] : []);
          if (line.name) pen.text(line.name, points.at(-1)[0] - 4, points.at(-1)[1] - 9, { align: "right", colour: line.hue });
        }
        spots.length = 0;
        chart.points.forEach(([a, b], place) => {
          pen.dot(x(a), y(b), chart.points.length > 300 ? 3 : 5, chart.hues?.[place] ?? "transfer", 0.75);
          spots.push([x(a), y(b)]);
        });
        const mine = spots[page.pointed];
        if (mine) pen.ring(mine[0], mine[1], 8);
      },
      find: (x, y) => {
        let best = null;
        let closest = 20 ** 2;
        spots.forEach(([a, b], place) => {
          const away = (a - x) ** 2 + (b - y) ** 2;
          if (away < closest) [best, closest] = [place, away];
        });
        return best;
      },
    };
  },

  // One value for each pair: values[row of y][column of x].
  heat: (chart) => ({
    height: 420,
    paint: (pen) => {
      const flat = chart.values.flat();
      const [low, high] = [least(flat), greatest(flat)];
      const share = (value) => (low > 0 && high > 3 * low ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1));
      const wide = (pen.width - EDGE.left - 110) / chart.x.values.length;
      const tall = (pen.height - EDGE.top - EDGE.bottom) / chart.y.values.length;
      const hue = (part) => `hsl(${250 - 190 * part} 65% ${30 + 35 * part}%)`;
      chart.values.forEach((row, j) => row.forEach((value, i) => {
        pen.c.fillStyle = hue(share(value));
        pen.c.fillRect(EDGE.left + i * wide, pen.height - EDGE.bottom - (j + 1) * tall, wide + 0.6, tall + 0.6);
      }));
      const some = (count) => [...new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (count - 1))))];
      const word = (axis, n) => (typeof axis.values[n] === "number" ? figure(axis)(axis.values[n]) : String(axis.values[n]));
      for (const i of some(chart.x.values.length)) pen.text(word(chart.x, i), EDGE.left + (i + 0.5) * wide, pen.height - EDGE.bottom + 11, { align: "center" });
      for (const j of some(chart.y.values.length)) pen.text(word(chart.y, j), EDGE.left - 6, pen.height - EDGE.bottom - (j + 0.5) * tall, { align: "right" });
      pen.text(chart.x.label, pen.width - 110, pen.height - 10, { align: "right", colour: "faint" });
      pen.text(chart.y.label, EDGE.left, 4, { baseline: "top", colour: "faint" });
      for (let n = 0; n <= 20; n += 1) {
        pen.c.fillStyle = hue(n / 20);
        pen.c.fillRect(pen.width - 96, pen.height - EDGE.bottom - (n + 1) * 12, 16, 12.5);
      }
      pen.text(si(low, chart.unit, 3), pen.width - 76, pen.height - EDGE.bottom - 6);
      pen.text(si(high, chart.unit, 3), pen.width - 76, pen.height - EDGE.bottom - 246);
      pen.text(chart.label, pen.width - 4, pen.height - EDGE.bottom - 262, { align: "right", colour: "faint" });
    },
  }),

  parallel: (chart, page) => parallel(chart, page),
};

// Many points over many axes. Each column holds a level from 0 to 255 for every point; between two
// axes a line is drawn for each pair of levels that occurs, the fainter the fewer points have it.
const BINS = 64;

function parallel(chart, page) {
  const columns = chart.axes.map((axis) => Uint8Array.from(atob(axis.levels), (letter) => letter.charCodeAt(0)));
  const ranges = chart.axes.map(() => [0, 255]);
  const count = columns[0].length;
  const place = (n, width) => 70 + (n * (width - 140)) / (chart.axes.length - 1);
  const level = (y, height) => Math.round(255 * (1 - (y - 30) / (height - 60)));
  let dragged = null;
  return {
    height: 420,
    paint: (pen) => {
      const chosen = [];
      for (let point = 0; point < count; point += 1) {
        if (columns.every((column, n) => column[point] >= ranges[n][0] && column[point] <= ranges[n][1])) chosen.push(point);
      }
      const y = (at) => pen.height - 30 - (at / 255) * (pen.height - 60);
      const ink = pen.colour("transfer");
      for (let n = 0; n + 1 < columns.length; n += 1) {
        const pairs = new Uint32Array(BINS * BINS);
        for (const point of chosen) pairs[(columns[n][point] >> 2) * BINS + (columns[n + 1][point] >> 2)] += 1;
        const most = Math.log1p(pairs.reduce((a, b) => Math.max(a, b), 1));
        // where nearly every pair occurs, each line is faint
        const dark = Math.min(0.5, 250 / pairs.reduce((sum, many) => sum + (many ? 1 : 0), 1));
        pen.c.strokeStyle = ink;
        pen.c.lineWidth = 1;
        pairs.forEach((many, pair) => {
          if (!many) return;
          pen.c.globalAlpha = dark * (Math.log1p(many) / most) ** 2;
          pen.c.beginPath();
          pen.c.moveTo(place(n, pen.width), y(Math.floor(pair / BINS) * 4 + 2));
          pen.c.lineTo(place(n + 1, pen.width), y((pair % BINS) * 4 + 2));
          pen.c.stroke();
        });
      }
      pen.c.globalAlpha = 1;
      const mine = chart.marked[page.pointed];
      if (mine) pen.line(mine.map((at, n) => [place(n, pen.width), y(at)]), "matrix", 3);
      chart.axes.forEach((axis, n) => {
        const x = place(n, pen.width);
        pen.line([[x, 30], [x, pen.height - 30]], "ink", 1.5);
        const [low, high] = ranges[n];
        if (low > 0 || high < 255) pen.line([[x, y(low)], [x, y(high)]], "matrix", 6);
        const align = n === 0 ? "left" : n === chart.axes.length - 1 ? "right" : "center";
        const edge = n === 0 ? x - 62 : n === chart.axes.length - 1 ? x + 62 : x;
        pen.text(axis.label, edge, 8, { align });
        pen.text(axis.high, edge, 22, { align, colour: "faint" });
        pen.text(axis.low, edge, pen.height - 16, { align, colour: "faint" });
      });
      page.say(`${chosen.length} of ${count} points shown${chosen.length < count ? "" : "; drag along an axis to choose among them"}`);
    },
    attach: (picture) => {
      const canvas = picture.canvas;
      const axisAt = (x) => chart.axes.findIndex((_, n) => Math.abs(place(n, canvas.clientWidth) - x) < 24);
      canvas.addEventListener("pointerdown", (event) => {
        const axis = axisAt(event.offsetX);
        if (axis < 0) return;
        dragged = { axis, from: level(event.offsetY, canvas.clientHeight) };
        canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!dragged) return;
        const to = level(event.offsetY, canvas.clientHeight);
        ranges[dragged.axis] = [Math.min(dragged.from, to), Math.max(dragged.from, to)];
        picture.draw();
      });
      canvas.addEventListener("pointerup", () => {
        if (!dragged) return;
        const [low, high] = ranges[dragged.axis];
        if (high - low < 4) ranges[dragged.axis] = [0, 255];
        dragged = null;
        picture.draw();
      });
    },
  };
}
