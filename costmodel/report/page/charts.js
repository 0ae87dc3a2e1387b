// Painters of chart specifications on a canvas; what these are, costmodel/report/chart.py says.
// `find` speaks of places: lines of the page's table, or rows of the run.
"use strict";

const EDGE = { left: 84, right: 16, top: 18, bottom: 40 };
const LYING = 40;
const IN_ORDER = "rows in the order in which they run";
const SEQUENTIAL = ["#f8f4de", "#cedfa8", "#94cc92", "#52b58f", "#049a91", "#007a89", "#005c7d", "#003c75", "#1a1c5a"];
const figure = (axis) => (value) => si(value, axis.unit, 3).trim();
const placeOf = (chart, n) => (chart.places ? chart.places[n] : n);

// The scale of an axis through `values`; a logarithmic one leaves out what is not above zero.
function scaled(axis, values, from, to, tight = false) {
  const kept = values.concat(axis.ends ?? []).filter((value) => Number.isFinite(value) && (!axis.log || value > 0));
  const [low, high] = [least(kept, kept.length ? Infinity : 1), greatest(kept, kept.length ? -Infinity : 10)];
  if (axis.log) return logarithmic(low / (tight ? 1 : 1.15), high * (tight ? 1 : 1.15), from, to);
  const room = tight ? 0 : (high - low) * 0.04;
  return linear(axis.zero ? 0 : low - room, high + room || 1, from, to);
}

// The colour of a figure between the least and the most; by logarithms from a factor of three on.
function shades(values) {
  const [low, high] = [least(values), greatest(values)];
  const logs = low > 0 && high > 3 * low;
  const share = (value) => (logs ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1));
  const mixed = (a, b, part) => [1, 3, 5].map((n) => Math.round(parseInt(a.slice(n, n + 2), 16) * (1 - part) + parseInt(b.slice(n, n + 2), 16) * part));
  const hue = (part) => {
    const at = Math.min(SEQUENTIAL.length - 2, Math.floor(part * (SEQUENTIAL.length - 1)));
    return `rgb(${mixed(SEQUENTIAL[at], SEQUENTIAL[at + 1], part * (SEQUENTIAL.length - 1) - at)})`;
  };
  const back = (part) => (logs ? low * (high / low) ** part : low + (high - low) * part);
  return { of: (value) => hue(share(value)), hue, back };
}

// The key of shaded figures along the right edge.
function shadeKey(pen, shade, unit, label) {
  const bottom = pen.height - EDGE.bottom;
  for (let n = 0; n <= 20; n += 1) {
    pen.c.fillStyle = shade.hue(n / 20);
    pen.c.fillRect(pen.width - 96, bottom - (n + 1) * 12, 16, 12.5);
    if (n % 5 === 0) pen.text(si(shade.back(n / 20), unit, 3), pen.width - 76, bottom - n * 12 - 6);
  }
  pen.text(label, pen.width - 4, bottom - 264, { align: "right", colour: "faint" });
}

const CHARTS = {
  bars: (chart, page) => {
    const count = () => chart.names.length;
    const tall = chart.ordered ? 18 : 22;
    const lying = () => !chart.ordered || count() <= LYING;
    const whole = (n) => Object.values(chart.parts).reduce((total, values) => total + values[n], 0);
    const stacked = (n, draw) => {
      let from = 0;
      for (const [hue, values] of Object.entries(chart.parts)) {
        if (values[n]) draw(hue, from, from + values[n]);
        from += values[n];
      }
    };
    const each = (width) => Math.max(1, Math.ceil(count() / Math.max(1, (width - EDGE.left - 8) / 2)));
    const upright = (pen) => {
      const many = each(pen.width);
      const bins = Math.ceil(count() / many);
      const sums = Object.entries(chart.parts).map(([hue, values]) => {
        const sum = new Float64Array(bins);
        values.forEach((value, n) => (sum[Math.floor(n / many)] += value));
        return [hue, sum];
      });
      const tops = new Float64Array(bins);
      for (const [, sum] of sums) sum.forEach((value, bin) => (tops[bin] += value));
      const bottom = pen.height - 36;
      const y = linear(0, greatest(tops, 1e-30), bottom, EDGE.top);
      const wide = (pen.width - EDGE.left - 8) / bins;
      pen.up(y, EDGE.left, many > 1 ? `time of ${many} rows each` : "time of a row", figure(chart.x));
      tops.fill(0);
      for (const [hue, sum] of sums) {
        sum.forEach((value, bin) => {
          const [from, to] = [y(tops[bin]), y(tops[bin] + value)];
          if (value) pen.box(EDGE.left + bin * wide, to, Math.max(wide - (wide > 4 ? 1 : 0), 0.7), from - to, hue);
          tops[bin] += value;
        });
      }
      if (page.pointed !== null) {
        const x = EDGE.left + (Math.floor(page.pointed / many) + 0.5) * wide;
        pen.line([[x, 10], [x, bottom]], "ink", 1, [3, 3]);
      }
      pen.text(IN_ORDER, pen.width - 4, bottom + 22, { align: "right", colour: "faint" });
    };
    return {
      height: () => (lying() ? 20 + tall * count() : 260),
      paint: (pen) => {
        if (!lying()) return upright(pen);
        const wholes = chart.names.map((_, n) => whole(n));
        const ends = wholes.map((value, n) => Math.max(value, chart.high?.[n] ?? 0));
        const names = Math.min(360, pen.width * 0.4);
        const most = greatest(ends, 1e-30);
        const x = chart.x.log ? logarithmic(least(wholes, most) / 3, most, names + 10, pen.width - 90) : linear(0, most, names + 10, pen.width - 90);
        const start = chart.x.log ? least(wholes, most) / 3 : 0;
        chart.names.forEach((name, n) => {
          const y = 8 + n * tall;
          if (placeOf(chart, n) === page.pointed) pen.box(0, y - 2, pen.width, tall, "light");
          pen.fitted(name, 4, y + tall / 2 - 2, names - 8);
          stacked(n, (hue, from, to) => pen.box(x(Math.max(from, start)), y, x(to) - x(Math.max(from, start)), tall - 5, hue));
          const interval = [chart.low?.[n], chart.high?.[n]];
          if (typeof interval[0] === "number") {
            pen.line(interval.map((end) => [x(end), y + 8]), "ink", 1.5);
            for (const end of interval) pen.line([[x(end), y + 4], [x(end), y + 12]], "ink", 1.5);
          }
          pen.text(si(wholes[n], chart.x.unit, 3), x(Math.max(ends[n], start)) + 6, y + tall / 2 - 2, { colour: "faint" });
        });
        return undefined;
      },
      find: (x, y, width) => {
        const many = lying() ? 1 : each(width);
        const n = lying() ? Math.floor((y - 6) / tall) : Math.floor(((x - EDGE.left) / (width - EDGE.left - 8)) * Math.ceil(count() / many)) * many;
        if (!(n >= 0 && n < count())) return null;
        // of rows that share a bar the slowest
        let best = n;
        for (let row = n; row < Math.min(count(), n + many); row += 1) if (whole(row) > whole(best)) best = row;
        return placeOf(chart, best);
      },
    };
  },

  marks: (chart, page) => {
    const spots = [];
    return {
      height: 380,
      paint: (pen) => {
        const { areas, lines = [], points = [], roofs = [], shade } = chart;
        const tops = areas ? areas.x.map((_, n) => areas.layers.reduce((total, [, , values]) => total + values[n], 0)) : [];
        const through = [...points, ...lines.flatMap((line) => line.points ?? []), ...tops.map((top, n) => [areas.x[n], top])];
        const [bottom, right] = [pen.height - EDGE.bottom, pen.width - (shade ? 110 : EDGE.right)];
        const also = (word) => lines.flatMap((line) => line[word] ?? []);
        const x = scaled(chart.x, through.map(([a]) => a).concat(also("x")), EDGE.left, right, Boolean(areas));
        const y = scaled(chart.y, through.map(([, b]) => b).concat(also("y")), bottom, EDGE.top, Boolean(areas));
        pen.across(x, bottom, chart.x.label, figure(chart.x), EDGE.top);
        pen.up(y, EDGE.left, chart.y.label, figure(chart.y), right);
        let floor = tops.map(() => 0);
        for (const [hue, , values] of areas?.layers ?? []) {
          const ceiling = values.map((value, n) => floor[n] + value);
          pen.area([...ceiling.map((top, n) => [x(areas.x[n]), y(top)]), ...floor.map((low, n) => [x(areas.x[n]), y(low)]).reverse()], hue);
          floor = ceiling;
        }
        for (const roof of roofs) {
          const [low, high] = [x.low, x.high];
          const knee = Math.min(Math.max(roof.rate / roof.bandwidth, low), high);
          const reached = (at) => y(Math.min(roof.rate, at * roof.bandwidth));
          pen.line([low, knee, high].map((at) => [x(at), reached(at)]), roof.hue, 2, roof.dashes ? [6, 4] : []);
          pen.text(roof.name, roof.dashes ? EDGE.left + 6 : right - 4, reached(high) - 9, { align: roof.dashes ? "left" : "right" });
        }
        for (const line of lines) {
          const at = line.points?.map(([a, b]) => [x(a), y(b)]) ?? ("x" in line ? [[x(line.x), EDGE.top], [x(line.x), bottom]] : [[EDGE.left, y(line.y)], [right, y(line.y)]]);
          pen.line(line.steps ? at.flatMap((to, n) => (n ? [[to[0], at[n - 1][1]], to] : [to])) : at, line.hue, 2, line.dashes ? [6, 4] : []);
          if (line.marked) for (const [a, b] of at) pen.dot(a, b, 3.5, line.hue);
        }
        const shaded = shade && shades(shade.values);
        spots.length = 0;
        points.forEach(([a, b], n) => {
          const spot = [x(a), y(b)];
          pen.dot(...spot, points.length > 300 ? 3 : 5, chart.hues?.[n] ?? "transfer", 0.75, shaded?.of(shade.values[n]), chart.edges?.[n]);
          spots.push([...spot, placeOf(chart, n)]);
        });
        if (shade) shadeKey(pen, shaded, shade.unit, shade.label);
        const mine = page.pointed === null ? undefined : spots.find(([, , place]) => place === page.pointed);
        if (mine) pen.ring(mine[0], mine[1], 8);
      },
      find: (x, y) => {
        let best = null;
        let closest = 20 ** 2;
        for (const [a, b, place] of spots) {
          const away = (a - x) ** 2 + (b - y) ** 2;
          if (away < closest) [best, closest] = [place, away];
        }
        return best;
      },
    };
  },

  heat: (chart) => ({
    height: 420,
    paint: (pen) => {
      const { x, y, values, bound } = chart;
      const shade = shades(values.flat().filter((value) => value !== null));
      const bottom = pen.height - EDGE.bottom;
      const wide = (pen.width - EDGE.left - 110) / x.values.length;
      const tall = (bottom - EDGE.top) / y.values.length;
      const corner = (i, j) => [EDGE.left + i * wide, bottom - j * tall];
      values.forEach((row, j) => row.forEach((value, i) => {
        if (value === null) return;
        const [left, low] = corner(i, j);
        pen.c.fillStyle = shade.of(value);
        pen.c.fillRect(left, low - tall, wide + 0.6, tall + 0.6);
      }));
      // lines where what takes most changes, and the names of the regions
      const regions = (chart.regions ?? []).map(() => [0, 0, 0]);
      bound?.forEach((row, j) => row.forEach((number, i) => {
        if (i && row[i - 1] !== number) pen.line([corner(i, j), corner(i, j + 1)], "paper", 1.5);
        if (j && bound[j - 1][i] !== number) pen.line([corner(i, j), corner(i + 1, j)], "paper", 1.5);
        [1, i + 0.5, j + 0.5].forEach((part, n) => (regions[number][n] += part));
      }));
      regions.forEach(([many, across, up], n) => {
        if (chart.regions[n] && many > 0.02 * values.length * values[0].length) pen.tag(chart.regions[n], ...corner(across / many, up / many));
      });
      const some = (count) => [...new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (count - 1))))];
      const word = (axis, n) => axis.choices?.[n] ?? figure(axis)(axis.values[n]);
      for (const i of some(x.values.length)) pen.text(word(x, i), corner(i + 0.5, 0)[0], bottom + 11, { align: "center" });
      for (const j of some(y.values.length)) pen.text(word(y, j), EDGE.left - 6, corner(0, j + 0.5)[1], { align: "right" });
      pen.text(x.label, pen.width - 110, pen.height - 10, { align: "right", colour: "faint" });
      pen.text(y.label, EDGE.left, 4, { baseline: "top", colour: "faint" });
      shadeKey(pen, shade, chart.unit, chart.label);
    },
  }),
  parallel: (chart, page) => parallel(chart, page),
};
