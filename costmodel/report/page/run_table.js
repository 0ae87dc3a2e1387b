// The lines of the table: rows, or their blocks or kinds.
"use strict";

function records() {
  const { rows } = data;
  const { result } = state;
  const by = element("by").value;
  const bound = (lane) => data.lanes[lane] ?? "nothing";
  const compute = together(data, result, rowLanes(data, "compute"));
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
    compute: compute[row],
    total: result.total[row],
    energy: result.joules[row],
    share: (100 * result.total[row]) / (result.time || 1),
    bound: bound(largest(data, result, row)),
  }));
  if (by === "layer") return every;
  const groups = new Map();
  for (const row of every) {
    const word = row[by] || "(none)";
    if (!groups.has(word)) groups.set(word, []);
    groups.get(word).push(row);
  }
  return [...groups].map(([id, members]) => {
    const [{ kind }] = members;
    const total = (key) => sum(members.map((row) => row[key]));
    const times = new Map();
    for (const row of members) times.set(row.bound, (times.get(row.bound) ?? 0) + row.total);
    return {
      ...Object.fromEntries(["params", "macs", "ops", "external", "transfer", "compute", "total", "energy", "share"].map((key) => [key, total(key)])),
      id,
      number: members.length,
      kind: members.every((row) => row.kind === kind) ? kind : "several",
      shape: "",
      bound: [...times].sort((a, b) => b[1] - a[1])[0][0],
    };
  });
}
