// A slider and an exact field for each figure of the machine. A page says what it shows of a machine
// by `worked`, how by `show`, which machine is its first by `base` and `state`, and by `units` what
// a field may hold.
"use strict";

const WIDE = 2;
const TIME = { least: 1e-9, decades: 6 };

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

// What a field holds, {value} or {reason}: one of the steps where there are steps.
function fieldValue(figure, dimension, text) {
  const read = readQuantity(text, dimension, units, figure.fewer);
  if (read.reason || !figure.steps || figure.steps.includes(read.value)) return read;
  const known = figure.steps.map((step) => showQuantity(step, dimension, units));
  return { reason: `Placed beforehand for ${known.join(", ")} alone. Write one of these.` };
}

function slider(figure) {
  const host = document.getElementById("sliders");
  const group = make("div", host);
  group.className = "slider";
  const label = make("label", group, figure.label);
  const range = make("input", group);
  const exact = make("input", group);
  const reason = make("small", group, figure.locked ?? "");
  const [dimension] = units.table[figure.unit];
  range.type = "range";
  range.id = `slide-${figure.fields[0]}`;
  label.htmlFor = range.id;
  exact.type = "text";
  exact.setAttribute("aria-label", `${figure.label}, exactly`);
  reason.id = `${range.id}-reason`;
  reason.setAttribute("role", "status");
  exact.setAttribute("aria-describedby", reason.id);
  const stated = base[figure.fields[0]];
  if (figure.steps) Object.assign(range, { min: 0, max: figure.steps.length - 1, step: 1 });
  else Object.assign(range, stated ? { min: -WIDE, max: WIDE, step: 0.01 } : { min: 0, max: 1, step: 0.01 });
  range.disabled = exact.disabled = Boolean(figure.locked);
  const put = (value) => setMachine(Object.fromEntries(figure.fields.map((field) => [field, value])));
  // a field that cannot be read keeps what was typed, and says why
  const judge = (why) => {
    exact.setAttribute("aria-invalid", String(Boolean(why)));
    reason.textContent = why ?? figure.locked ?? "";
  };
  range.addEventListener("input", () => {
    judge();
    put(valueAt(figure, Number(range.value)));
  });
  exact.addEventListener("change", () => {
    const read = fieldValue(figure, dimension, exact.value);
    judge(read.reason);
    if (!read.reason) put(read.value);
  });
  figure.reset = () => judge();
  figure.show = () => {
    const value = state.machine[figure.fields[0]];
    const words = showQuantity(value, dimension, units);
    range.value = positionOf(figure, value);
    range.setAttribute("aria-valuetext", words);
    group.classList.toggle("changed", value !== stated);
    if (exact.getAttribute("aria-invalid") !== "true") exact.value = words;
  };
}

// The sliders of the figures, and the button that sets all of them back.
function sliders(figures) {
  figures.forEach(slider);
  document.getElementById("reset").addEventListener("click", () => {
    figures.forEach((figure) => figure.reset());
    setMachine({ ...base });
  });
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
