"""The numbers of `compare.py` as tables: medians, spreads and ratios, and which aims they reach."""

import csv
import json
import statistics
from dataclasses import asdict, dataclass, field

PROGRAMS = ["concord-sc", "concord"]


@dataclass
class Sample:
    """One measured number."""

    part: str
    what: str
    n_cells: int
    threads: int
    unit: str
    program: str
    repeat: int
    value: float
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    commit: str = ""


@dataclass
class Row:
    """The samples of both programs for one thing that was measured."""

    part: str
    what: str
    n_cells: int
    threads: int
    unit: str
    values: dict = field(default_factory=lambda: {program: [] for program in PROGRAMS})
    peaks: dict = field(default_factory=lambda: {program: [] for program in PROGRAMS})

    def median(self, program):
        return statistics.median(self.values[program]) if self.values[program] else None

    def peak(self, program):
        return max(self.peaks[program], default=None)

    def ratio(self):
        """How many times faster ours is; of a quality, how much higher."""
        reference, ours = (self.median(program) for program in PROGRAMS)
        if reference is None or ours is None:
            return None
        if self.unit == "s":
            return reference / ours
        return ours / reference if self.unit == "cells/s" else ours - reference


def rows_of(samples):
    rows = {}
    for sample in samples:
        key = (sample.part, sample.what, sample.n_cells, sample.threads, sample.unit)
        row = rows.setdefault(key, Row(*key))
        row.values[sample.program].append(sample.value)
        if sample.peak_mb is not None:
            row.peaks[sample.program].append(sample.peak_mb)
    return list(rows.values())


def aims(rows):
    """What was to be reached: a text, what was measured, whether it is enough. What was not measured is left out."""
    found = []

    def aim(text, value, is_met):
        if value is not None:
            found.append((text, value, is_met(value)))

    def find(part, what, value, n_cells=None):
        """Of the most threads."""
        fitting = [row for row in rows if row.part == part and row.what.startswith(what)]
        fitting = [row for row in fitting if n_cells in (None, row.n_cells)]
        return value(max(fitting, key=lambda row: row.threads)) if fitting else None

    def ours(row):
        return row.median("concord")

    def peak(row):
        return row.peak("concord")

    aim("whole notebook: at least 20 times as fast", find("tutorial", "whole", Row.ratio), lambda x: x >= 20)
    aim("whole notebook: peak memory under 200 MB", find("tutorial", "whole", peak), lambda x: x < 200)
    aim("`concord run`: at least 20 times as fast", find("tutorial", "`concord run`", Row.ratio), lambda x: x >= 20)
    aim("`concord run`: peak memory under 200 MB", find("tutorial", "`concord run`", peak), lambda x: x < 200)
    aim("`concord --help`: under 0.01 s", find("start", "", ours), lambda x: x < 0.01)
    rates = {n_cells: find("scaling", "training", ours, n_cells) for n_cells in [10_000, 100_000, 1_000_000]}
    aim("100,000 cells: at least 35,000 cell visits a second", rates[100_000], lambda x: x >= 35_000)
    if rates[10_000] and rates[1_000_000]:
        text = "a cell visit among 1,000,000: at most 1.2 times as long as among 10,000"
        aim(text, rates[10_000] / rates[1_000_000], lambda x: x <= 1.2)
    for n_cells in sorted({row.n_cells for row in rows if row.part == "umap"}):
        text = f"UMAP of {n_cells:,} cells:"
        aim(f"{text} at least 8 times as fast", find("umap", "UMAP, seeded", Row.ratio, n_cells), lambda x: x >= 8)
        for measure in ["trustworthiness", "preservation"]:
            difference = find("umap", f"{measure}, seeded", Row.ratio, n_cells)
            aim(f"{text} {measure} at most 0.005 lower", difference, lambda x: x >= -0.005)
    return found


def digits(value):
    """Three digits that count, or all of a large number."""
    if value is None:
        return ""
    if abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def spread(row, program):
    values = row.values[program]
    if not values:
        return ""
    shown = digits if row.unit else "{:.4f}".format
    return f"{shown(row.median(program))} ({shown(min(values))} to {shown(max(values))})"


def markdown(rows, machine, commits):
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = [f"# concord and concord-sc, {machine['date']}", ""]
    lines += [f"- {name}: {value}" for name, value in (machine | {"packages": packages}).items()]
    lines += [
        "",
        "Medians, with the smallest and the largest value in parentheses. The ratio says how many times faster",
    ]
    lines += [
        "concord is; of trustworthiness and preservation it is the difference. Peaks of memory are the largest of"
    ]
    lines += ["all repeats, in MB. docs/benchmarks.md says what each row is.", ""]
    lines += ["| aim | measured | met |", "|---|--:|---|"]
    lines += [f"| {text} | {digits(value)} | {'yes' if is_met else 'NO'} |" for text, value, is_met in aims(rows)]
    columns = ["what", "cells", "threads", "unit", *PROGRAMS, "ratio", *(f"peak {program}" for program in PROGRAMS)]
    for part, measured_at in commits.items():
        lines += ["", f"## {part}", "", f"Measured at commit {' and '.join(measured_at)}.", ""]
        lines += [f"| {' | '.join(columns)} |", "|---|--:|--:|---|--:|--:|--:|--:|--:|"]
        for row in (row for row in rows if row.part == part):
            ratio = digits(row.ratio()) if row.unit or row.ratio() is None else f"{row.ratio():+.4f}"
            cells = [row.what, f"{row.n_cells:,}" if row.n_cells else "", row.threads, row.unit]
            cells += [*(spread(row, program) for program in PROGRAMS), ratio]
            cells += [digits(row.peak(program)) for program in PROGRAMS]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def write(folder, samples, machine):
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(samples)
    # Parts may have been measured one by one, as the program went on.
    commits = {}
    for sample in samples:
        commits.setdefault(sample.part, {})[sample.commit or "unknown"] = None
    (folder / "table.md").write_text(markdown(rows, machine, commits))
    (folder / "machine.json").write_text(json.dumps(machine, indent=2) + "\n")
    with open(folder / "table.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        numbers = [f"{name} {program}" for program in PROGRAMS for name in ["median", "min", "max", "n", "peak_mb"]]
        table.writerow(["part", "what", "n_cells", "threads", "unit", *numbers, "ratio"])
        for row in rows:
            numbers = []
            for program in PROGRAMS:
                values = row.values[program]
                numbers += [row.median(program), min(values, default=None), max(values, default=None), len(values)]
                numbers.append(row.peak(program))
            table.writerow([row.part, row.what, row.n_cells, row.threads, row.unit, *numbers, row.ratio()])
    with open(folder / "samples.csv", "w", newline="") as file:
        table = csv.DictWriter(file, list(Sample.__annotations__), lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(sample) for sample in samples)


def read(folder):
    """The samples of an earlier run in the same folder, or none."""
    path = folder / "samples.csv"
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [sample(entry) for entry in csv.DictReader(file)]


def sample(entry):
    for name in ["n_cells", "threads", "repeat"]:
        entry[name] = int(entry[name])
    for name in ["value", "cpu_seconds", "peak_mb"]:
        entry[name] = float(entry[name]) if entry[name] else None
    return Sample(**entry)
