// Parallel coordinates. Many points over many axes. Each column holds a level from 0 to 255 for every
// point; between two axes a line is drawn for each pair of levels that occurs, the fainter the fewer
// points have it.
"use strict";

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
      return `${chosen.length} of ${count} points shown${chosen.length < count ? "" : "; drag along an axis to choose among them"}`;
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
