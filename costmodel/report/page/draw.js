// Figures in words, scales, and a pen that draws on a canvas in the page's colours.
"use strict";

const PREFIXES = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3], ["", 1], ["m", 1e-3], ["µ", 1e-6], ["n", 1e-9]];

// A figure with an SI prefix: si(0.0123, "s") is "12.3 ms".
function si(value, unit, digits = 4) {
  if (value === 0) return `0 ${unit}`;
  if (!Number.isFinite(value)) return "∞";
  const size = Math.abs(value);
  // 5 m/s would be a speed
  const [prefix, factor] = unit.startsWith("/") && size < 1 ? ["", 1] : PREFIXES.find(([, factor]) => size >= factor * 0.9995) ?? ["p", 1e-12];
  return `${Number((value / factor).toPrecision(digits))} ${prefix}${unit}`;
}

// The largest and the smallest of any number of values; spread as arguments, some 100 000 throw.
const greatest = (values, start = -Infinity) => values.reduce((most, value) => (value > most ? value : most), start);
const least = (values, start = Infinity) => values.reduce((best, value) => (value < best ? value : best), start);

const percent = (part) => `${(100 * part).toFixed(1)} %`;

function linear(low, high, from, to) {
  const scale = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  const step = 10 ** Math.floor(Math.log10((high - low || 1) / 4));
  const wide = [1, 2, 5, 10].map((n) => n * step).find((s) => (high - low) / s <= 6) ?? 10 * step;
  scale.ticks = [];
  for (let n = Math.ceil(low / wide); n * wide <= high; n += 1) scale.ticks.push(n * wide);
  return scale;
}

function logarithmic(low, high, from, to) {
  const inner = linear(Math.log10(low), Math.log10(high), from, to);
  const scale = (value) => inner(Math.log10(value));
  [scale.low, scale.high] = [low, high];
  const decades = Math.log10(high / low);
  const every = Math.max(1, Math.ceil(decades / 7));
  scale.ticks = [];
  const parts = decades < 2 ? [1, 2, 5] : decades < 3 ? [1, 3] : [1];
  for (let n = Math.floor(Math.log10(low)); n <= Math.log10(high); n += 1) {
    const ticks = n % every ? [] : parts.map((part) => part * 10 ** n);
    scale.ticks.push(...ticks.filter((tick) => low <= tick && tick <= high));
  }
  return scale;
}

class Pen {
  constructor(context, width, height) {
    const style = getComputedStyle(document.body);
    this.c = context;
    this.width = width;
    this.height = height;
    const colours = {};
    this.colour = (word) => (colours[word] ??= style.getPropertyValue(`--${word}`).trim());
    this.c.font = `12px ${style.fontFamily}`;
  }

  text(words, x, y, { align = "left", baseline = "middle", colour = "ink" } = {}) {
    this.c.fillStyle = this.colour(colour);
    this.c.textAlign = align;
    this.c.textBaseline = baseline;
    this.c.fillText(words, x, y);
  }

  // Words that end in … where they would be wider than `most`.
  fitted(words, x, y, most, options) {
    let shown = words;
    while (shown.length > 2 && this.c.measureText(shown).width > most) shown = `${shown.slice(0, -2)}…`;
    this.text(shown, x, y, options);
  }

  // Words in the middle of a plate.
  tag(words, x, y) {
    const wide = this.c.measureText(words).width + 10;
    this.box(x - wide / 2, y - 9, wide, 18, "paper");
    this.text(words, x, y, { align: "center" });
  }

  box(x, y, width, height, colour) {
    this.c.fillStyle = this.colour(colour);
    this.c.fillRect(x, y, width, height);
  }

  path(points) {
    this.c.beginPath();
    for (const [x, y] of points) this.c.lineTo(x, y);
  }

  line(points, colour, width = 1.5, dashes = []) {
    this.c.strokeStyle = this.colour(colour);
    this.c.lineWidth = width;
    this.c.setLineDash(dashes);
    this.path(points);
    this.c.stroke();
    this.c.setLineDash([]);
  }

  area(points, colour) {
    this.c.fillStyle = this.colour(colour);
    this.path(points);
    this.c.fill();
  }

  frame(x, y, width, height) {
    this.c.strokeStyle = this.colour("ink");
    this.c.strokeRect(x, y, width, height);
  }

  // A dot, or a triangle for what belongs further right; `exact` is a colour of no word.
  dot(x, y, radius, colour, alpha = 1, exact = null, right = false) {
    this.c.globalAlpha = alpha;
    this.c.fillStyle = exact ?? this.colour(colour);
    this.path(right ? [[x - radius, y - radius], [x + radius, y], [x - radius, y + radius]] : []);
    if (!right) this.c.arc(x, y, radius, 0, 2 * Math.PI);
    this.c.fill();
    this.c.globalAlpha = 1;
  }

  ring(x, y, radius) {
    this.c.strokeStyle = this.colour("ink");
    this.c.lineWidth = 2;
    this.c.beginPath();
    this.c.arc(x, y, radius, 0, 2 * Math.PI);
    this.c.stroke();
  }

  across(scale, y, name, shown, top = 8) {
    for (const tick of scale.ticks) {
      this.line([[scale(tick), top], [scale(tick), y]], "grid", 1);
      this.text(shown(tick), scale(tick), y + 11, { align: "center" });
    }
    this.text(name, this.width - 4, y + 27, { align: "right", colour: "faint" });
  }

  up(scale, x, name, shown, right = this.width - 8) {
    for (const tick of scale.ticks) {
      this.line([[x, scale(tick)], [right, scale(tick)]], "grid", 1);
      this.text(shown(tick), x - 6, scale(tick), { align: "right" });
    }
    this.text(name, x + 6, 2, { baseline: "top", colour: "faint" });
  }
}
