// A table that sorts, searches and pages. `columns`: {key, label, text, number}, or with `bar` the
// part of 1 that a bar is long; rows are objects.
"use strict";

const PAGE = 100;

class Table {
  constructor(host, { caption, columns, point }) {
    this.columns = columns;
    this.point = point;
    this.rows = [];
    this.sorted = null;
    this.page = 0;
    this.words = "";
    this.element = make("table", host);
    make("caption", this.element, caption);
    const head = make("tr", make("thead", this.element));
    for (const column of columns) {
      const cell = make("th", head);
      cell.scope = "col";
      if (column.number) cell.className = "number";
      const button = make("button", cell, column.label);
      button.type = "button";
      button.addEventListener("click", () => this.sort(column));
      column.head = cell;
    }
    this.body = make("tbody", this.element);
    this.foot = make("p", host);
    this.foot.className = "pages";
    this.body.addEventListener("pointerover", (event) => this.pointed(event.target));
    this.body.addEventListener("focusin", (event) => this.pointed(event.target));
    this.body.addEventListener("keydown", (event) => this.walk(event));
  }

  // The row's place is told to the rest of the page.
  pointed(target) {
    const row = target.closest("tr");
    if (row && row.dataset.place !== "") this.point?.(Number(row.dataset.place));
  }

  walk(event) {
    const row = event.target.closest("tr");
    const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  sort(column) {
    const down = this.sorted?.key === column.key ? !this.sorted.down : Boolean(column.number);
    this.sorted = { key: column.key, down };
    this.page = 0;
    this.show();
  }

  search(words) {
    this.words = words.toLowerCase();
    this.page = 0;
    this.show();
  }

  fill(rows) {
    this.rows = rows;
    this.show();
  }

  chosen() {
    const kept = this.rows.filter(
      (row) => !this.words || this.columns.some((c) => !c.number && String(row[c.key]).toLowerCase().includes(this.words)),
    );
    if (!this.sorted) return kept;
    const { key, down } = this.sorted;
    const order = (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
    return [...kept].sort((a, b) => (down ? order(b, a) : order(a, b)));
  }

  show() {
    const chosen = this.chosen();
    const last = Math.max(0, Math.ceil(chosen.length / PAGE) - 1);
    this.page = Math.min(this.page, last);
    const lines = chosen.slice(this.page * PAGE, (this.page + 1) * PAGE).map((row, n) => this.line(row, n === 0));
    this.body.replaceChildren(...lines);
    for (const column of this.columns) {
      const mine = this.sorted?.key === column.key;
      if (mine) column.head.setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
      else column.head.removeAttribute("aria-sort");
    }
    this.foot.replaceChildren();
    if (!last && !this.words) return;
    const from = this.page * PAGE;
    make("span", this.foot, `${chosen.length ? from + 1 : 0} to ${Math.min(from + PAGE, chosen.length)} of ${chosen.length}`);
    for (const [label, page] of [["previous", this.page - 1], ["next", this.page + 1]]) {
      if (page < 0 || page > last) continue;
      const button = make("button", this.foot, label);
      button.type = "button";
      button.addEventListener("click", () => {
        this.page = page;
        this.show();
      });
    }
  }

  line(row, first) {
    const line = document.createElement("tr");
    line.dataset.place = row.place ?? "";
    line.tabIndex = first ? 0 : -1;
    for (const column of this.columns) {
      const value = row[column.key];
      const cell = make("td", line, column.bar ? "" : column.text ? column.text(value) : String(value));
      if (column.number) cell.className = "number";
      if (!column.bar) continue;
      const bar = make("i", cell);
      bar.className = "bar";
      bar.style.width = `${Math.max(0, value) * 100}%`;
    }
    return line;
  }

  light(place) {
    for (const line of this.body.children) {
      line.classList.toggle("pointed", line.dataset.place === String(place));
    }
  }
}

function make(tag, host, words) {
  const element = document.createElement(tag);
  if (words !== undefined) element.textContent = words;
  host.append(element);
  return element;
}
