// What every page has: charts and a table, whose lines are lit up together.
"use strict";

const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);

// What a column shows of a figure; one with a unit bears an SI prefix.
const shown = (column) => (value) => {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "number") return String(value);
  if (column.unit === "%") return percent(value / 100);
  if (column.unit !== null) return si(value, column.unit, 5).trim();
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
};

// `describe(place)` gives in words what is pointed at, a line of the table.
const page = {
  pointed: null,
  pictures: [],
  describe: (place) => data.table.columns.map((c) => `${c.label} ${shown(c)(data.table.rows[place][c.key])}`).join("; "),
};

function point(place) {
  if (place === page.pointed || !(place < table.rows.length)) return;
  page.pointed = place;
  document.body.dataset.pointed = place;
  element("pointed").textContent = page.describe(place);
  redraw();
}

function redraw() {
  page.pictures.forEach((picture) => picture.draw());
  if (page.pointed !== null) table.light(page.pointed);
}

// A chart under its title, which redraws itself when its size, the page's colours or what is pointed
// at change. A chart that misses something to show says so in its place (`missing`).
class Picture {
  constructor(host, id, chart) {
    this.chart = chart;
    this.made = CHARTS[chart.kind](chart, page);
    make("h2", host, chart.title);
    this.controls = make("p", host);
    this.legend = make("p", host);
    this.box = make("div", host);
    this.note = make("p", host);
    [this.controls.className, this.legend.className, this.box.id, this.note.className] = ["controls", "legend", id, "faint"];
    this.canvas = make("canvas", this.box);
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", chart.title);
    new ResizeObserver(() => this.box.clientWidth === this.width || this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.made.attach?.(this);
    if (!this.made.find) return;
    this.canvas.addEventListener("pointermove", (event) => {
      const place = this.made.find(event.offsetX, event.offsetY, this.canvas.clientWidth);
      if (typeof place === "number") point(place);
    });
  }

  draw() {
    const { chart, made, canvas } = this;
    const lines = [...(chart.areas?.layers ?? []), ...(chart.lines ?? []).map((line) => [line.hue, line.name])];
    this.legend.replaceChildren();
    for (const [hue, name] of [...(chart.legend ?? []), ...lines.filter(([, name]) => name)]) {
      const item = make("span", this.legend);
      make("i", item).style.background = `var(--${hue})`;
      item.append(name);
    }
    this.box.hidden = Boolean(chart.missing);
    const width = (this.width = this.box.clientWidth);
    if (width) {
      const height = typeof made.height === "function" ? made.height() : made.height;
      const dots = window.devicePixelRatio || 1;
      [canvas.width, canvas.height] = [Math.round(width * dots), Math.round(height * dots)];
      [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
      const context = canvas.getContext("2d");
      context.scale(dots, dots);
      this.said = made.paint(new Pen(context, width, height));
    }
    this.note.textContent = chart.missing || (this.said ?? chart.note ?? "");
  }
}

const table = new Table(element("rows"), {
  ...data.table,
  columns: data.table.columns.map((column) => ({ ...column, text: shown(column) })),
  point,
});
element("search").addEventListener("input", (event) => table.search(event.target.value));
table.fill(data.table.rows.map((row, place) => ({ ...row, place })));
for (const [word, chart] of Object.entries(data.charts)) page.pictures.push(new Picture(element("charts"), word, chart));
document.body.dataset.ready = "true";
