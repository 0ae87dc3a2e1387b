// A timeline: when each lane is busy, around the row that is pointed at.
"use strict";

CHARTS.lanes = (chart, page) => {
  const view = { from: 0, to: 1 };
  const [left, right] = [110, 10];
  const scale = (width) => linear(view.from * chart.total, view.to * chart.total, left, width - right);
  const zoom = (factor) => {
    const { rows } = chart;
    const middle = page.pointed === null ? (view.from + view.to) / 2 : (rows[page.pointed] + rows[page.pointed + 1]) / 2 / (chart.total || 1);
    const wide = Math.min(1, (view.to - view.from) * factor);
    view.from = Math.min(Math.max(0, middle - wide / 2), 1 - wide);
    view.to = view.from + wide;
  };
  return {
    height: () => 56 + 34 * chart.lanes.length,
    paint: (pen) => {
      const bottom = pen.height - 36;
      const x = scale(pen.width);
      pen.across(x, bottom, "time", (tick) => si(tick, "s"));
      const high = (bottom - 10) / chart.lanes.length;
      const columns = Math.max(1, Math.floor(pen.width - left - right));
      pen.c.save();
      pen.c.beginPath();
      pen.c.rect(left, 0, columns + 2, bottom);
      chart.lanes.forEach((lane, n) => pen.text(lane.name, 4, 10 + n * high + high / 2));
      pen.c.clip();
      chart.lanes.forEach((lane, n) => {
        const crowded = lane.start.length * (view.to - view.from) > columns / 2;
        const busy = new Float64Array(columns + 1);
        lane.start.forEach((start, place) => {
          const [from, to] = [x(start), x(start + lane.length[place])];
          if (to < left || from > pen.width) return;
          if (crowded) busy[Math.min(columns, Math.max(0, Math.floor((from + to) / 2 - left)))] += to - from;
          else pen.box(from, 13 + n * high, Math.max(to - from, 0.5), high - 6, lane.early?.[place] ? chart.early_hue : lane.hue);
        });
        // more spans than dots: a lane is as high as the part of each dot's time in which it is busy
        busy.forEach((part, column) => {
          const tall = Math.min(1, part) * (high - 6);
          if (part) pen.box(left + column, 7 + (n + 1) * high - tall, 1, tall, lane.hue);
        });
      });
      if (page.pointed !== null) {
        const [from, to] = [x(chart.rows[page.pointed]), x(chart.rows[page.pointed + 1])];
        pen.frame(from, 8, Math.max(to - from, 2), bottom - 10);
      }
      pen.c.restore();
    },
    find: (x, y, width) => {
      const time = (view.from + ((x - left) / (width - left - right)) * (view.to - view.from)) * chart.total;
      const after = chart.rows.findIndex((start) => start > time);
      return time < chart.rows[0] || after < 1 ? null : after - 1;
    },
    attach: (picture) => {
      for (const [words, factor] of [["Zoom in", 0.5], ["Zoom out", 2]]) {
        const button = make("button", picture.controls, words);
        button.type = "button";
        button.addEventListener("click", () => {
          zoom(factor);
          picture.draw();
        });
      }
      make("span", picture.controls, "around the row that is pointed at").className = "faint";
    },
  };
};
