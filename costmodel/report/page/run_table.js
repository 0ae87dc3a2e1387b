// The table of layers, or of blocks and kinds.
"use strict";

const megabytes = (value) => (value / 1e6).toPrecision(6);
const count = (value) => (value < 1e8 ? String(Math.round(value)) : value.toPrecision(4));
const time = (value) => si(value, "s", 5);
const table = new Table(document.getElementById("layers"), {
  caption: "Every row of the network, in the order in which they run",
  columns: [
    { key: "number", label: "#", number: true },
    { key: "id", label: "row" },
    { key: "kind", label: "kind" },
    { key: "shape", label: "output" },
    { key: "params", label: "params", number: true, text: count },
    { key: "macs", label: "MACs", number: true, text: count },
    { key: "ops", label: "ops", number: true, text: count },
    { key: "external", label: "bus [MB]", number: true, text: megabytes },
    { key: "transfer", label: "bus time", number: true, text: time },
    { key: "compute", label: "compute", number: true, text: time },
    { key: "total", label: "total", number: true, text: time },
    { key: "share", label: "share", number: true, text: percent },
    { key: "bound", label: "bound by", text: (lane) => data.lanes[lane] ?? "nothing" },
  ],
  point,
});

function records() {
  const { rows } = data;
  const { result } = state;
  const by = document.getElementById("by").value;
  const every = Array.from({ length: data.count }, (_, row) => ({
    place: row,
    number: row,
    id: rows.name[row],
    kind: at(rows.kind, row),
    block: at(rows.block, row),
    shape: at(rows.shape, row),
    params: at(rows.params, row),
    macs: at(rows.macs, row),
    ops: at(rows.ops, row),
    external: result.external[row],
    transfer: result.transfer[row],
    compute: result.matrix[row] + result.host[row],
    total: result.total[row],
    share: result.total[row] / (result.time || 1),
    bound: largest(result, row),
  }));
  if (by === "layer") return every;
  const groups = new Map();
  for (const row of every) {
    const word = row[by] || "(none)";
    const group = groups.get(word);
    if (!group) {
      groups.set(word, { ...row, place: undefined, number: 1, id: word, shape: "", times: { [row.bound]: row.total } });
      continue;
    }
    group.number += 1;
    if (group.kind !== row.kind) group.kind = "several";
    for (const key of ["params", "macs", "ops", "external", "transfer", "compute", "total", "share"]) group[key] += row[key];
    group.times[row.bound] = (group.times[row.bound] ?? 0) + row.total;
  }
  return [...groups.values()].map((group) => ({ ...group, bound: Object.entries(group.times).sort((a, b) => b[1] - a[1])[0][0] }));
}
