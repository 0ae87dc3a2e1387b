// The memory map: which map lies where on chip, or how many bytes where there are no addresses.
"use strict";

const MAPS = ["transfer", "on_chip", "link", "host", "matrix", "launch"];

CHARTS.memory = (chart, page) => ({
  height: 240,
  paint: (pen) => {
    const bottom = pen.height - 36;
    const limit = Number.isFinite(chart.limit) ? chart.limit : 0;
    const y = linear(0, greatest(chart.alive, Math.max(limit, 1)) * 1.08, bottom, 12);
    const x = linear(-0.5, chart.alive.length - 0.5, EDGE.left, pen.width - 10);
    pen.up(y, EDGE.left, chart.boxes ? "address on chip" : "bytes on chip", (tick) => si(tick, "B", 3));
    const wide = x(1) - x(0);
    if (!chart.boxes) chart.alive.forEach((bytes, row) => pen.box(x(row - 0.5), y(bytes), Math.max(wide - (wide > 4 ? 1 : 0), 0.7), bottom - y(bytes), bytes > limit ? "bad" : "on_chip"));
    chart.boxes?.start.forEach((from, n) => {
      const { end, offset, size, name } = chart.boxes;
      const [left, right, top, low] = [x(from), x(end[n]), y(offset[n] + size[n]), y(offset[n])];
      const gap = right - left > 3 && low - top > 3 ? 1 : 0;
      pen.c.globalAlpha = 0.8;
      pen.box(left, top, Math.max(right - left - gap, 0.7), Math.max(low - top - gap, 0.7), MAPS[n % MAPS.length]);
      pen.c.globalAlpha = 1;
      if (right - left > 60 && low - top > 14 && name[n]) pen.fitted(name[n], left + 4, (top + low) / 2, right - left - 8, { colour: "paper" });
      if (page.pointed !== null && from <= page.pointed && page.pointed <= end[n]) pen.frame(left, top, right - left, low - top);
    });
    pen.line([[EDGE.left, y(limit)], [pen.width - 10, y(limit)]], "ink", 1.5, [5, 4]);
    pen.text(`on chip ${si(limit, "B")}`, pen.width - 12, y(limit) - 8, { align: "right" });
    if (page.pointed !== null) pen.line([[x(page.pointed), 12], [x(page.pointed), bottom]], "ink", 1, [3, 3]);
    pen.text(IN_ORDER, pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
  },
  find: (x, y, width) => {
    const row = Math.floor(((x - EDGE.left) / (width - EDGE.left - 10)) * chart.alive.length);
    return row >= 0 && row < chart.alive.length ? row : null;
  },
});
