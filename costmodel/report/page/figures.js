// The page of any other report: charts and one table, whose lines are lit up together.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const page = { pointed: null, pictures: [], say: () => {} };

const shown = (column) => (value) => {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "number") return String(value);
  return column.unit === undefined ? String(Number(value.toPrecision(6))) : si(value, column.unit, 6).trim();
};
const table = new Table(document.getElementById("rows"), {
  caption: data.table.caption,
  columns: data.table.columns.map((column) => ({ ...column, text: shown(column) })),
  point,
});

function point(place) {
  if (place === page.pointed || place >= data.table.rows.length) return;
  page.pointed = place;
  document.body.dataset.pointed = place;
  const row = data.table.rows[place];
  document.getElementById("pointed").textContent = data.table.columns.map((c) => `${c.label} ${shown(c)(row[c.key])}`).join("; ");
  page.pictures.forEach((picture) => picture.draw());
  table.light(place);
}

table.fill(data.table.rows.map((row, place) => ({ ...row, place })));
for (const chart of data.charts) {
  const host = document.getElementById("charts");
  make("h2", host, chart.title);
  const series = [...(chart.areas?.layers ?? []), ...(chart.lines ?? []).map((line) => [line.hue, line.name])];
  const names = [...(chart.legend ?? []), ...series.filter(([, name]) => name)];
  if (names.length) {
    const legend = make("p", host);
    legend.className = "legend";
    for (const [hue, name] of names) {
      const item = make("span", legend);
      make("i", item).style.background = `var(--${hue})`;
      item.append(name);
    }
  }
  const box = make("div", host);
  const note = make("p", host, chart.note ?? "");
  note.className = "faint";
  const mine = Object.create(page, { say: { value: (words) => (note.textContent = words) }, pointed: { get: () => page.pointed } });
  const made = CHARTS[chart.kind](chart, mine);
  const picture = new Picture(box, { label: chart.title, point, ...made });
  made.attach?.(picture);
  page.pictures.push(picture);
}
document.getElementById("search").addEventListener("input", (event) => table.search(event.target.value));
document.body.dataset.ready = "true";
