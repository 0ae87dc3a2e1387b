// A slider and an exact field for each figure of the machine. A page says what it shows of a machine
// by `worked`, how by `show`, which machine is its first by `base` and `state`, and by `units` what
// a field may hold.
"use strict";

const DECADES = 6;

// How a slider stands for the values of a figure: by its steps; by powers of ten around the one that
// is stated; or, where none is, from nothing on.
function scaleOf(figure) {
  const { steps, least } = figure;
  const stated = base[figure.fields[0]];
  if (steps) return { min: 0, max: steps.length - 1, step: 1, value: (n) => steps[n], position: (value) => Math.max(0, steps.indexOf(value)) };
  if (stated) return { min: -2, max: 2, step: 0.01, value: (at) => (at ? stated * 10 ** at : stated), position: (value) => (value ? Math.log10(value / stated) : -2) };
  return { min: 0, max: 1, step: 0.01, value: (at) => (at ? least * 10 ** (DECADES * at) : 0), position: (value) => (value ? Math.log10(value / least) / DECADES : 0) };
}

// What a field holds, {value} or {reason}: one of the steps where there are steps.
function fieldValue(figure, dimension, text) {
  const read = readQuantity(text, dimension, units, figure.fewer);
  if (read.reason || !figure.steps || figure.steps.includes(read.value)) return read;
  const known = figure.steps.map((step) => showQuantity(step, dimension, units));
  return { reason: `Placed beforehand for ${known.join(", ")} alone. Write one of these.` };
}

function slider(figure) {
  const group = make("div", element("sliders"));
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
  const { value: valueAt, position, ...ends } = scaleOf(figure);
  Object.assign(range, ends);
  range.disabled = exact.disabled = Boolean(figure.locked);
  const put = (value) => setMachine(Object.fromEntries(figure.fields.map((field) => [field, value])));
  // a field that cannot be read keeps what was typed, and says why
  const judge = (why) => {
    exact.setAttribute("aria-invalid", String(Boolean(why)));
    reason.textContent = why ?? figure.locked ?? "";
  };
  range.addEventListener("input", () => {
    judge();
    put(valueAt(Number(range.value)));
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
    range.value = position(value);
    range.setAttribute("aria-valuetext", words);
    group.classList.toggle("changed", value !== base[figure.fields[0]]);
    if (exact.getAttribute("aria-invalid") !== "true") exact.value = words;
  };
}

// The sliders of the figures, and the button that sets all of them back.
function sliders(figures) {
  figures.forEach(slider);
  element("reset").addEventListener("click", () => {
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
