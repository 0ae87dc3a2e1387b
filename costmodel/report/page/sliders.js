// A slider and an exact field for each figure of the machine. A page says what it shows of a machine
// by `worked`, how by `show`, and which machine is its first by `base` and `state`.
"use strict";

const WIDE = 2;
const TIME = { least: 1e-9, decades: 6 };
const UNITS = { T: 1e12, G: 1e9, M: 1e6, k: 1e3, m: 1e-3, u: 1e-6, µ: 1e-6, n: 1e-9, Ki: 1024, Mi: 2 ** 20, Gi: 2 ** 30 };

function valueAt(figure, position) {
  if (figure.steps) return figure.steps[position];
  const stated = base[figure.fields[0]];
  if (stated) return position === 0 ? stated : stated * 10 ** position;
  return position === 0 ? 0 : TIME.least * 10 ** (TIME.decades * position);
}

function positionOf(figure, value) {
  if (figure.steps) return Math.max(0, figure.steps.indexOf(value));
  const stated = base[figure.fields[0]];
  if (stated) return value ? Math.log10(value / stated) : -WIDE;
  return value ? Math.log10(value / TIME.least) / TIME.decades : 0;
}

function read(words) {
  const match = /^\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(Ki|Mi|Gi|[TGMkmuµn])?[a-zA-Z/]*\s*$/.exec(words);
  return match ? Number(match[1]) * (match[2] ? UNITS[match[2]] : 1) : NaN;
}

function slider(figure) {
  const host = document.getElementById("sliders");
  const group = make("div", host);
  group.className = "slider";
  const label = make("label", group, figure.label);
  const range = make("input", group);
  const exact = make("input", group);
  range.type = "range";
  range.id = `slide-${figure.fields[0]}`;
  label.htmlFor = range.id;
  exact.type = "text";
  exact.setAttribute("aria-label", `${figure.label}, exactly`);
  const stated = base[figure.fields[0]];
  if (figure.steps) Object.assign(range, { min: 0, max: figure.steps.length - 1, step: 1 });
  else Object.assign(range, stated ? { min: -WIDE, max: WIDE, step: 0.01 } : { min: 0, max: 1, step: 0.01 });
  range.disabled = exact.disabled = Boolean(figure.locked);
  if (figure.locked) make("small", group, figure.locked);
  const put = (value) => setMachine(Object.fromEntries(figure.fields.map((field) => [field, value])));
  range.addEventListener("input", () => put(valueAt(figure, Number(range.value))));
  exact.addEventListener("change", () => {
    const value = read(exact.value);
    const known = figure.steps ? figure.steps.includes(value) : value > 0 || (value === 0 && figure.fewer);
    if (known) put(value);
    else figure.show();
  });
  figure.show = () => {
    const value = state.machine[figure.fields[0]];
    range.value = positionOf(figure, value);
    exact.value = si(value, figure.unit, 6);
    range.setAttribute("aria-valuetext", exact.value);
    group.classList.toggle("changed", value !== stated);
  };
}

let waiting = false;

function setMachine(changed) {
  Object.assign(state.machine, changed);
  state.result = worked(state.machine);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    show();
  });
}
