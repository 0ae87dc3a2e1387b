// What if the first machine were another: both phases are worked out again as its sliders move.
// What follows from their times is that of costmodel/studies/generate.py.
"use strict";

const phases = data.served.phases.map(opened);
const { units } = data.served;
const base = phases[0].machine;
const state = { machine: { ...base }, result: null };

function worked(machine) {
  const { served } = data;
  const [prompt, ...steps] = phases.map((phase) => evaluate(phase, machine));
  const times = { prompt, middle: steps[1] ?? null, step: null, ttft: prompt.time, tpot: null };
  if (steps.length) times.step = steps.reduce((sum, one, n) => sum + served.weights[n] * one.time, 0);
  times.tpot = times.step;
  const c = served.concurrency;
  if (c) {
    const step = (times.step ?? 0) + c * served.per_sequence;
    const most = c * prompt.time + (served.generate * step) / c + served.queue;
    times.ttft = Math.sqrt(served.one_prefill * prompt.time * most);
    if (times.step !== null) times.tpot = step + ((c - 1) / served.generate) * prompt.time;
  }
  const whole = prompt.time + (served.generate - 1) * (times.step ?? 0);
  times.tokens = c && times.tpot ? c / times.tpot : (served.batch * served.generate) / whole;
  return times;
}

// The parts of a bar, in the first one's place or the next.
function moved(place, phase, result, total) {
  const { parts } = data.charts[0];
  const lanes = exposedLanes(phase, result);
  const scale = total / (result.time || 1);
  for (const lane of LANES) parts[lane][place] = sum(lanes[lane]) * scale;
  parts.overhead[place] = state.machine.overhead * scale;
}

function show() {
  const { prompt, middle, step, ttft, tpot, tokens } = state.result;
  moved(0, phases[0], prompt, prompt.time);
  if (middle) moved(1, phases[2], middle, step);
  const own = Object.keys(base).every((word) => base[word] === state.machine[word]);
  const name = data.served.machine + (own ? "" : " as you have set it");
  Object.assign(data.table.rows[0], { machine: name, ttft_s: ttft, tpot_s: tpot, tokens_per_s: tokens });
  table.fill(data.table.rows.map((row, place) => ({ ...row, place })));
  if (page.pointed !== null) table.light(page.pointed);
  const waits = tpot === null ? "" : `, then one every ${si(tpot, "s", 4)}`;
  if (!own) document.getElementById("verdict").textContent = `On ${name} the first token comes after ${si(ttft, "s", 4)}${waits}.`;
  else document.getElementById("verdict").textContent = data.served.verdict;
  phases[0].figures.forEach((figure) => figure.show());
  page.pictures.forEach((picture) => picture.draw());
}

sliders(phases[0].figures);
state.result = worked(state.machine);
show();

// For whoever checks the page's arithmetic: both times on another machine [s].
window.costmodel = { data, times: (changed) => worked({ ...base, ...changed }) };
