"""Changes that nothing can notice, and why."""

from __future__ import annotations

from mutation.mutant import Mutant

REASONS: dict[str, dict[str, str]] = {
    "__init__.py": {
        "Config.load: self, path: Path, settings: Mapping[str, Any], *, strict: bool = True": (
            "a config has no operators that could be unknown"
        ),
    },
    "generate.py": {
        "Generation.ttft: return ((low * high) ** 0.5)": "of a batch both ends are the prefill itself",
        "Generation.tokens_per_s: total = self.prefill_time + steps * (self.step or 1.0)": "where there is no step there are none",
    },
    "device_memory.py": {"named_state_elements: if False:": "the sum over no states is 0; it saves a network"},
    "attention.py": {
        "Attention._kept: heads = self.kv_heads or self.heads or 2": "asked only where there are heads",
    },
    "all_reduce.py": {
        # 2 round(log2 n) messages of as many bytes as the 2 before them
        "AllReduce.message: ((1, float(others * count)), (2, halves), (3 * round(log2(self.devices)), halves))": (
            "never the quickest way"
        ),
        "AllReduce.message: ((1, float(others * count)), (2, halves), (2 * int(log2(self.devices)), halves))": (
            "never the quickest way"
        ),
    },
    "moe.py": {
        "Moe.fixed_weights_read: tokens, features = sum(inputs[0][:-1]) * samples, inputs[0][-1]": "tokens are one axis",
        "Moe.params_read: tokens, features = sum(inputs[0][:-1]) * samples, inputs[0][-1]": "tokens are one axis",
    },
    "kernels.py": {
        '_experts: return "experts", table.roofline(work, moved), START | {"launch": 6e-05}': (
            "where a fit starts; it ends where it did"
        ),
    },
    "polynomials.py": {
        'DEGREES: DEGREES = {"batch": 2, "arch.context": 1, "arch.tokens": 2}': "more degrees than it takes",
        'DEGREES: DEGREES = {"batch": 1, "arch.context": 2, "arch.tokens": 2}': "more degrees than it takes",
        'DEGREES: DEGREES = {"batch": 1, "arch.context": 1, "arch.tokens": 3}': "more degrees than it takes",
        "polynomials: [low + step for step in range(DEGREES[name] + 2)] if high > low else [low]": (
            "more degrees than it takes"
        ),
        "polynomials: for word in counted[1]": "every run is counted under the same words",
        '_shares: "matrix_work": np.where(work.matrix_ops > 1, costs.matrix_work / work.matrix_ops, 1.0),': (
            "a multiply-add is two operations"
        ),
        "_interpolated: grid = grid.reshape(*(len(stop) for stop in stops), -2)": "numpy takes it for -1",
        "_interpolated: return np.asarray(grid.reshape(len(known), -2)[:, which])": "numpy takes it for -1",
        "_alike: return all(np.allclose(other, first, rtol=2e-12, atol=0.0) for other in others)": (
            "how far rounding may be off"
        ),
        "_holds: return exact and np.allclose(seconds, expected, rtol=2e-09, atol=1e-15)": (
            "how far rounding may be off"
        ),
        "_holds: return exact and np.allclose(seconds, expected, rtol=1e-9, atol=2e-15)": (
            "how far rounding may be off"
        ),
    },
    "section.py": {
        '_short: return text if (len(text) <= 60) else f"{text[:57]}..."': "of 60 letters 60 are shown either way",
    },
    "counts.py": {
        "PIECE: PIECE = 2 << 14": "how many are evaluated at once",
        "PIECE: PIECE = 1 << 15": "how many are evaluated at once",
        "Counts._piece: if True": "outputs that are not wanted may be given",
        "Counts._piece: if True:": "outputs that are not wanted may be given",
        "Counts._summands: if True:": "adding nothing changes nothing",
    },
    "form.py": {
        "PIECE: PIECE = 2 << 15": "how many are evaluated at once",
        "PIECE: PIECE = 1 << 16": "how many are evaluated at once",
    },
    "units_data.py": {
        "PREFIXES: PREFIXES = ('P', 'T', 'G', 'M', 'k', '', 'm', 'µ', 'n', 'p', 'f',)": "µ is as large and stands before it",
    },
    "model.js": {
        "combined: if (false) return moving + computing;": "the mean of exponent 1 is the sum",
        "combined: if (false) return Math.hypot(moving, computing);": "the mean of exponent 2 is the same root",
        "added: for (let row = 0; row <= data.count; row += 1) sums[way][row] += asked[row] * each;": (
            "a typed array takes nothing behind its end"
        ),
        "added: return sums[1].map((_, row) => sums.reduce((least, way) => Math.min(least, way[row]), Infinity));": (
            "of the array that is mapped only the places count"
        ),
        "evaluate: for (let row = 0; row <= count; row += 1) together[row] += times[row];": (
            "a typed array takes nothing behind its end"
        ),
        "evaluate: result.once[lane] = times[0] ?? 1;": "every network has a row",
        "edges: for (let reader = 0; reader <= count; reader += 1) {": "behind the last pointer there is none to count to",
        "amounts: for (let edge = 0; edge <= row.length; edge += 1) {": "no size behind the last is larger than a memory",
        "KEPT: const KEPT = 5;": "how many sums are kept; without them they are added again, and alike",
        "summed: const latest = (kept.get(lane) ?? []).filter((one) => one.key === key);": (
            "how many sums are kept; without them they are added again, and alike"
        ),
        "summed: kept.set(lane, [mine, ...latest].slice(1, KEPT));": (
            "how many sums are kept; without them they are added again, and alike"
        ),
        'unpacked: for (const word of ["in_ptr", "out_ptr"]) maps[word] = filled(maps[word], data.count + 2);': (
            "pointers that are all alike are 0: no row has a map to look up"
        ),
        'unpacked: for (const word of ["in_ptr", "out_ptr"]) maps[word] = filled(maps[word], data.count - 1);': (
            "pointers that are all alike are 0: no row has a map to look up"
        ),
        "alive: for (let map = 0; map <= bytes.length; map += 1) {": "no map stands behind the last: nothing fits",
        "alive: const change = new Float64Array(data.count + 2);": "the row behind the last is never read",
    },
    "lanes.js": {
        "exposedSides: const scale = all ? all ** (1 - exponent) : 1;": "a row that takes no time has no sides",
        "exposedSides: const rest = hidden > (1e-12 * 2) * all ? hidden : 0;": "how far rounding may be off",
        "exposedSides: const rest = hidden >= 1e-12 * all ? hidden : 0;": "how far rounding may be off",
        "exposedLanes: for (let row = 0; row <= data.count; row += 1) {": "a typed array takes nothing behind its end",
        "exposedLanes: for (const lane of besides) for (let row = 0; row <= data.count; row += 1) all[row] -= result[lane][row];": (
            "a typed array takes nothing behind its end"
        ),
        "together: for (const lane of lanes) for (let row = 0; row <= data.count; row += 1) times[row] += result[lane][row];": (
            "a typed array takes nothing behind its end"
        ),
    },
    "general.py": {
        "General.columns: step = max(2, VALUES // max(len(self.workload.macs), 1))": "how many are evaluated at once",
        "General.columns: step = max(1, VALUES // max(len(self.workload.macs), 2))": "how many are evaluated at once",
        "General.columns: step = max(1, (VALUES * max(len(self.workload.macs), 1)))": "how many are evaluated at once",
        "General.columns: step = max(1, VALUES // min(len(self.workload.macs), 1))": "how many are evaluated at once",
        "VALUES: VALUES = 1 << 18": "how many are evaluated at once",
        "VALUES: VALUES = 2 << 17": "how many are evaluated at once",
        "General.columns: if False:": "each piece is placed by itself, and alike; it takes longer",
        "General.columns: if True:": "all memories are placed at once, and alike; it takes more room",
        "General.columns: if (len(memories) < step):": "each piece is placed by itself, and alike",
        "_summed: if True:": "outputs that are not wanted may be given",
    },
    "overlapped.py": {
        "Overlapped._waits: default_factory=dict, kw_only=False": "nobody gives it",
        "Overlapped.waits: if True:": "it is worked out again, and alike; it takes longer",
        "Overlapped._sorted: if not any(sides) or not all(rates):": "every machine has a bandwidth and two rates",
    },
    "closed_form.py": {
        '_by_row: inside = bus_amounts(fewest, workload.costs, numbers) | {"on_chip_bytes": np.zeros(2)}': (
            "nothing twice is nothing"
        ),
        '_by_row: outside = bus_amounts(more, workload.costs, row) | {"on_chip_bytes": np.zeros(2)}': (
            "of what is nothing no table is made"
        ),
        "_by_row: return _table(always, memory, dict.fromkeys(always, np.zeros(2)) | outside, least)": (
            "of what is nothing no table is made"
        ),
        "_table: if False:": "a table in which all is alike stands for the number",
    },
    "surface.py": {
        'Surface.grid: return [*products, Product(np.array([constant]), "", np.ones(2))]': (
            "of what no axis moves the first value alone is read"
        ),
        "Surface.grid: paces[axis, entry.how] = entry.applied(1.0, axes[axis]) if axis else np.ones(2)": (
            "of numbers that belong to no axis the first is read"
        ),
        "Surface.further: if False:": "outputs that are not wanted may be given",
        "Surface.further: if not ({*wanted} | {*TIMES} - {'total_time'}):": "outputs that are not wanted may be given",
        "Surface.least: least: float = 1.0": "whoever makes a surface states it",
        "Surface._piece: if False:": "a summand that is alike everywhere is added at each point",
        "Surface._piece: if True:": "adding nothing changes nothing",
    },
    "amounts.py": {
        "_unpaced_amounts: for level in range(2, 2 + placed.level_count)": "no term asks for a level that is not there",
        "_paced: if False:": "a share of 1 changes no number",
        'on_and_off_chip: dict.fromkeys(inside, np.zeros(2)) | outside | {"on_chip_bytes": -moved.total},': (
            "of what is nothing no table is made"
        ),
    },
    "step_search.py": {
        "StepSearch._tabulate: self.shift, most = 1, min(BUCKETS, PER_STEP * len(self.steps))": (
            "pairs of neighbouring numbers are too many buckets anyway"
        ),
        "StepSearch.__call__: if True:": "a binary search finds the same; it takes longer",
    },
    "outermost.py": {
        "outermost: inward = 2 if smallest else -1": "how far it strides; it halves its way back",
        "outermost: inward = 1 if smallest else -2": "how far it strides; it halves its way back",
        "outermost: last, step = following, 3 * step": "how far it strides; it halves its way back",
    },
    "solve.py": {
        "_memory: near = () if seconds is None else np.flatnonzero((np.abs(times / seconds.value - 1) <= 1e-09))": (
            "how far rounding may be off"
        ),
        "_memory: near = () if seconds is None else np.flatnonzero(np.abs(times / seconds.value - 1) < 2e-09)": (
            "how far rounding may be off"
        ),
    },
    "pipelined.py": {
        "_fetches: if (end < begin):": "where nothing was fetched the loop below ends at once",
        "_fetches: if False:": "where nothing was fetched the loop below ends at once",
        '_fetches: target = max(row, int(np.searchsorted(seconds, behind + begin, side="right")) - 2)': (
            "rows whose parameters are there are passed over"
        ),
        "_fetches: target = min(row, int(np.searchsorted(seconds, behind + begin, side='right')) - 1)": (
            "rows whose parameters are there are passed over"
        ),
        "_fetches: while (begin <= end) and target < len(each):": "where nothing is left nothing is spent",
        "_fetches: while (begin < end or target < len(each)):": "where nothing is left nothing is spent",
        "_fetches: while begin < end and (target <= len(each)):": "no limit lies behind the last row",
        "_fetches: if spent > 0 and (each[target] >= 0):": "on parameters that take no time none is spent",
        "_fetches: if (spent > 0 or each[target] > 0):": "of parameters that are not there yet something is left",
        "schedule: if True:": "spans that nobody asked for are not looked at",
        "schedule: owning = np.any((queue.each >= 0), axis=1).tolist()": "a row without parameters has none on chip",
        "FetchQueue.__init__: self.each = np.where((params >= 0), seconds, 0.0)": "no parameters take no time",
        "FetchQueue.limit: torn = ((own >= 0)) & (own < whole)": "of none on chip the place is that of `alone`",
        "FetchQueue.limit: torn = (own > 0) & ((own <= whole))": "of all on chip the place is that of `whole`",
        "FetchQueue.limit: held = own / np.where(torn, whole, 2.0) * (self.bytes[row + 1] - self.bytes[row])": (
            "what is not torn is not looked at"
        ),
        "FetchQueue.clock: within = (self.bytes[middle, points] < place)": (
            "where two rows meet both take as long"
        ),
    },
    "windows.py": {
        "FINEST: FINEST = 1026": "how finely sizes beyond a million are tried",
        "_cuts: return _Cuts(np.array(pairs), starts, table[:, :3], table[:, 2:], table[:, 0] == table[:, 2])": (
            "of the ends two are read"
        ),
    },
    "formula.py": {
        "evaluate: if True:": "what is placed again is placed alike; it saves time",
        "evaluate: on_chip = (times['on_chip'])": "no bytes on chip take no time",
        "evaluate: besides = (one for one in sides if True)": "adding nothing changes nothing",
        "evaluate: besides = (one for one in sides if (one is not nothing or one.any()))": "adding nothing changes nothing",
        "_summed: if False:": "adding nothing changes nothing",
        "_quickest: for way in range(len(pairs[1][1]))": "every summand has as many ways",
    },
}  # fmt: skip
"""For each file, by function and by the line with the change in it: why it changes nothing."""


def reason(mutant: Mutant) -> str | None:
    """Why nothing can notice a mutant; None if something should."""
    return REASONS.get(mutant.file.name, {}).get(f"{mutant.function}: {mutant.text}")
