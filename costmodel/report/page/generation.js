// What if the first machine were another: both phases are worked out again as its sliders move.
// What follows from their times is that of costmodel/studies/generate.py.
"use strict";

const { served } = data;
const phases = served.phases.map(opened);
const { units } = served;
const base = phases[0].machine;
const state = { machine: { ...base } };

function worked(machine) {
  const [prompt, ...steps] = phases.map((phase) => evaluate(phase, machine));
  const step = steps.length ? sum(steps.map(({ time }, n) => served.weights[n] * time)) : null;
  const times = { prompt, middle: steps[1] ?? null, step, ttft: prompt.time, tpot: step };
  const c = served.concurrency;
  if (c) {
    const round = (step ?? 0) + c * served.per_sequence;
    const most = c * prompt.time + (served.generate * round) / c + served.queue;
    times.ttft = Math.sqrt(served.one_prefill * prompt.time * most);
    if (step !== null) times.tpot = round + ((c - 1) / served.generate) * prompt.time;
  }
  const whole = prompt.time + (served.generate - 1) * (step ?? 0);
  times.tokens = c && times.tpot ? c / times.tpot : (served.batch * served.generate) / whole;
  times.joules = prompt.energy === null ? null : joulesPerToken(prompt, steps, c);
  return times;
}

// Energy of a request over its tokens; a server draws its power while it schedules too.
function joulesPerToken(prompt, steps, c) {
  let step = sum(steps.map(({ energy }, n) => served.weights[n] * energy));
  if (c && steps.length) step += prompt.power * c * served.per_sequence;
  const each = prompt.energy / (c ? 1 : served.batch) + ((served.generate - 1) * step) / (c || served.batch);
  return (served.devices * each) / served.generate;
}

// The parts of a bar, in the first one's place or the next.
function moved(place, phase, result, total) {
  const { parts, names, legend } = data.charts[0];
  for (const [lane, time] of Object.entries(exposedTotals(phase, result))) {
    if (time && !parts[lane]) legend.push([lane, phase.lanes[lane]]);
    if (time) parts[lane] ??= names.map(() => 0);
    if (parts[lane]) parts[lane][place] = (time * total) / (result.time || 1);
  }
}

function show() {
  const { prompt, middle, step, ttft, tpot, tokens, joules } = state.result;
  moved(0, phases[0], prompt, prompt.time);
  if (middle) moved(1, phases[2], middle, step);
  const own = Object.keys(base).every((word) => base[word] === state.machine[word]);
  const machine = served.machine + (own ? "" : " as you have set it");
  Object.assign(data.table.rows[0], { machine, ttft_s: ttft, tpot_s: tpot, tokens_per_s: tokens, joules_per_token: joules });
  table.fill(data.table.rows.map((row, place) => ({ ...row, place })));
  const waits = tpot === null ? "" : `, then one every ${si(tpot, "s", 4)}`;
  element("verdict").textContent = own ? served.verdict : `On ${machine} the first token comes after ${si(ttft, "s", 4)}${waits}.`;
  phases[0].figures.forEach((figure) => figure.show());
  redraw();
}

sliders(phases[0].figures);
setMachine({});

// For whoever checks the page's arithmetic: both times on another machine [s].
window.costmodel = { data, times: (changed) => worked({ ...base, ...changed }) };
