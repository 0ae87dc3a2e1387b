// Quantities with units as files write them: the grammar of costmodel/language/units.py, whose
// table comes with the page. A value is worked out in whole numbers and rounded once.
"use strict";

// What Python's regular expressions take for white space, in classes and alone.
const WHITE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const QUANTITY = new RegExp(
  `^[${WHITE}]*([+-]?)(?:(\\d+)\\.?(\\d*)|\\.(\\d+))(?:[eE]([+-]?\\d{1,3}))?[${WHITE}]*([^${WHITE}][^\\n]*?)?[${WHITE}]*$`,
);
const BEYOND = 10n ** 30n;

// The quantity in SI units, {value}, or why there is none, {reason}. `units` names for each unit
// its dimension, and its size as a whole number times a power of ten.
function readQuantity(text, dimension, units, zero = false) {
  const refused = (why) => ({ reason: `${why}. Write it like ${units.examples[dimension]}.` });
  const match = QUANTITY.exec(text);
  if (!match) return refused(`'${text}' is not a ${dimension}`);
  const [, sign, whole = "", part = "", alone = "", power = "0", unit] = match;
  if (unit === undefined) return refused(`'${text.trim()}' has no unit`);
  if (!Object.hasOwn(units.table, unit)) return refused(`'${unit}' is not a unit`);
  const [kind, size, exponent] = units.table[unit];
  if (kind !== dimension) return refused(`'${text}' is a ${kind}, not a ${dimension}`);
  const digits = BigInt(whole + part + alone) * BigInt(size);
  const shift = Number(power) + exponent - part.length - alone.length;
  if (digits === 0n ? !zero : sign === "-") return refused(`'${text}' is not above zero`);
  const beyond = shift < 0 ? digits > BEYOND * 10n ** BigInt(-shift) : digits * 10n ** BigInt(shift) > BEYOND;
  if (beyond) return refused(`'${text}' is beyond any machine`);
  return { value: Number(`${digits}e${shift}`) };
}

// A value [SI] with the largest decimal prefix that keeps it at 1 or more, so that it reads back.
function showQuantity(value, dimension, units) {
  const known = units.shown[dimension];
  if (value === 0) return `0 ${known.find(([, size]) => size === 1)[0]}`;
  const [unit, size] = known.find(([, size]) => value >= size * (1 - 1e-12)) ?? known.at(-1);
  return `${Number((value / size).toPrecision(6))} ${unit}`;
}
