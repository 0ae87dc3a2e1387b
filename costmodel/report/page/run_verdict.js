// What a run takes in a sentence, its totals, and what would change them.
"use strict";

function verdict() {
  const { result } = state;
  const parts = lanesNow().map((lane) => [data.lanes[lane], sum(state.shown[lane])]);
  if (state.machine.overhead) parts.push(["overhead per run", state.machine.overhead]);
  const [name, time] = parts.reduce((a, b) => (b[1] > a[1] ? b : a));
  const gains = doubled().filter((one) => one.time < result.time * 0.9999).sort((a, b) => a.time - b.time);
  const change = result.time / first.time - 1;
  const words = [
    `One run takes ${si(result.time, "s", 6)}`,
    result.time ? `; ${percent(time / result.time)} of it is ${name === "host" ? "the host" : name.startsWith("over") || name.startsWith("launch") ? name : `the ${name}`}. ` : ". ",
    gains.length ? `${gains[0].words} would save ${percent(1 - gains[0].time / result.time)}. ` : "",
    Math.abs(change) > 1e-12 ? `With the profile's figures: ${si(first.time, "s", 6)}; your settings change that by ${change > 0 ? "+" : ""}${percent(change)}.` : "",
  ];
  document.getElementById("verdict").textContent = words.join("");
}

function totals() {
  const { result, machine } = state;
  const host = document.getElementById("totals");
  host.replaceChildren();
  // own times, which need not add up to the total
  const busy = data.timing === "serial" ? "" : ", busy";
  const pairs = [
    ["Total time", `${result.time.toPrecision(6)} s`],
    ...lanesNow().map((lane) => [`${data.lanes[lane]}${busy}`, `${sum(result[lane]).toPrecision(6)} s`]),
    ...(machine.overhead ? [["overhead per run", `${machine.overhead.toPrecision(6)} s`]] : []),
    ["Over the bus", `${(result.bytes / 1e6).toPrecision(6)} MB`],
    ["Samples per second", result.time ? (data.samples / result.time).toPrecision(6) : "∞"],
    ...data.counts,
  ];
  for (const [name, value] of pairs) {
    const item = make("div", host);
    make("dt", item, name);
    make("dd", item, value);
  }
}

function doubled() {
  const offers = [];
  for (const figure of data.figures) {
    if (figure.locked) continue;
    const factor = figure.fewer ? 0.5 : 2;
    const value = state.machine[figure.fields[0]] * factor;
    if (!value || (figure.steps && !figure.steps.includes(value))) continue;
    const changes = Object.fromEntries(figure.fields.map((field) => [field, state.machine[field] * factor]));
    const words = `${figure.fewer ? "Halving" : "Doubling"} the ${figure.label} to ${si(value, figure.unit)}`;
    offers.push({ words, time: evaluate(data, { ...state.machine, ...changes }).time });
  }
  return offers;
}

function changes() {
  const host = document.getElementById("changes");
  host.replaceChildren();
  for (const one of doubled().sort((a, b) => a.time - b.time)) {
    const saved = 1 - one.time / state.result.time;
    const row = make("tr", host);
    make("th", row, one.words).scope = "row";
    make("td", row, si(one.time, "s", 6)).className = "number";
    make("td", row, saved > 1e-9 ? `−${percent(saved)}` : "no change").className = "number";
    const bar = make("i", make("td", row));
    bar.style.width = `${Math.max(0, saved) * 100}%`;
    bar.className = "bar";
  }
}
