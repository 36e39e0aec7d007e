"""Runs concord and the Python package concord-sc in turn, and writes what they took as tables.

    cargo xtask bench

builds concord, makes a Python environment of requirements.txt and starts this program. docs/benchmarks.md says what is
measured. Uses nothing but Python's own library, so that it stays small: the peak memory of a child is at least what its
parent had when it was started.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True  # No folders of compiled files beside the sources.

import bench_tables  # noqa: E402

HERE = Path(__file__).resolve().parent
REFERENCE = HERE / "reference.py"
CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))

# About 8 % of the values are not 0, and one of ten genes is on in all cells.
POPULATION = """--n-genes 2000 --n-states 20 --distribution negative_binomial --level 2 --dispersion 2 --n-batches 1
    --batch-effect none"""

SCALING_CELLS = [1_000, 10_000, 100_000, 1_000_000]
REFERENCE_UP_TO = 100_000  # cells; with more, it takes longer than minutes
UMAP_CELLS = [20_000, 100_000]  # beside those of pbmc3k
MANY_CELLS = 100_000  # from here on two repeats are enough
N_PBMC = 2638
N_EPOCHS = 15
SAMPLE = 5000  # cells over which the quality of a picture is measured
CONTEXT = "CD4 T cells"
STRIPS = ["CD4 T cells", "CD8 T cells", "CD14+ Monocytes"]
PAPER = "attribute --by louvain --method gradient --no-contrast --include-lowered --no-trust"


@dataclass
class Run:
    """What one process took, or several one after the other."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    text: str = ""

    def __add__(self, other):
        peak = max(self.peak_mb, other.peak_mb)
        return Run(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds, peak)


class Bench:
    """The programs, the folder that is thrown away, and the numbers so far."""

    def __init__(self, args, folder):
        self.concord = Path(args.concord).resolve()
        self.data = Path(args.shared).resolve() / "data"
        self.gmt = self.data / "GO_Biological_Process_2021.gmt"
        self.folder = folder
        self.repeats = args.repeats
        self.max_cells = args.max_cells
        self.threads = sorted({1, min(2, len(CORES))})
        self.commit = commit()
        self.samples = []

    def ours(self, threads, command, *arguments):
        """Runs `concord` with the words of the command, and with arguments that may hold blanks."""
        return run([self.concord, "--threads", threads, *command.split(), *arguments], threads)

    def reference(self, threads, command, **options):
        words = [word for name, value in options.items() for word in [f"--{name}", value]]
        return run([sys.executable, REFERENCE, "--threads", threads, command, *words], threads)

    def add(self, row, program, repeat, value, taken=None, unit="s"):
        part, what, n_cells, threads = row
        cost = (taken.cpu_seconds, taken.peak_mb) if taken else (None, None)
        place = (part, what, n_cells, threads, unit)
        self.samples.append(bench_tables.Sample(*place, program, repeat, value, *cost, self.commit))

    def add_run(self, row, program, repeat, taken):
        self.add(row, program, repeat, taken.seconds, taken)

    def few(self, n_cells):
        return min(self.repeats, 2) if n_cells >= MANY_CELLS else self.repeats

    def fresh(self, name):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def simulate(self, n_cells):
        path = self.folder / "simulated.h5ad"
        self.ours(max(self.threads), f"simulate --n-cells {n_cells} {POPULATION} -o", path)
        return path


def environment(threads):
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"]
    return os.environ | dict.fromkeys(names, str(threads)) | {"CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "Agg"}


def keep_on(threads):
    """Keeps this program and its children on as many cores as there are threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(CORES)[:threads])


def run(command, threads):
    """Runs a program to its end and says what it took; its standard output is the text."""
    command = [str(word) for word in command]
    keep_on(threads)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=environment(threads))
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            sys.exit(f"failed ({child.returncode}): {' '.join(command)}\n{errors.read()[-4000:]}")
        n_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Run(seconds, usage.ru_utime + usage.ru_stime, n_bytes / 1e6, out.read())


def start(bench):
    """How long it takes until a program does anything at all."""
    row = ("start", "`concord --help`; `import concord, scanpy, torch`", 0, 1)
    for repeat in range(bench.repeats):
        bench.add_run(row, "concord-sc", repeat, bench.reference(1, "imports"))
        # Milliseconds scatter more than seconds: the middle one of eleven counts as one.
        runs = sorted((run([bench.concord, "--help"], 1) for _ in range(11)), key=lambda taken: taken.seconds)
        bench.add_run(row, "concord", repeat, runs[5])


def tutorial(bench):
    """The authors' notebook, as a whole and in its steps; and all that `concord run` does."""
    for threads in bench.threads:
        for repeat in range(bench.repeats):
            add_tutorial(bench, threads, repeat)


def add_tutorial(bench, threads, repeat):
    source = bench.data / "pbmc3k_processed.h5ad"
    notebook = ("tutorial", "whole notebook", N_PBMC, threads)
    command = ("tutorial", "`concord run`, more than the notebook", N_PBMC, threads)

    out = bench.fresh("reference")
    taken = bench.reference(threads, "tutorial", input=source, gmt=bench.gmt, out=out)
    answer = json.loads(taken.text)
    steps = answer["steps"]
    steps["attribute"] += steps.pop("lists")
    add_steps(bench, threads, "concord-sc", repeat, steps, answer["n_batches"])
    bench.add_run(notebook, "concord-sc", repeat, taken)
    bench.add_run(command, "concord-sc", repeat, taken)

    taken, steps, n_batches = our_tutorial(bench, source, threads)
    add_steps(bench, threads, "concord", repeat, steps, n_batches)
    bench.add_run(notebook, "concord", repeat, taken)
    options = ["--gmt", bench.gmt, "-o", bench.fresh("run")]
    taken = bench.ours(threads, "run --use-raw --tutorial --label louvain", source, *options)
    bench.add_run(command, "concord", repeat, taken)


def our_tutorial(bench, source, threads):
    """The notebook with our commands: what they took in all, the seconds of the steps, the number of batches."""
    out = bench.fresh("ours")
    cells, genes = out / "annotated.h5ad", out / "top/ranked_genes.csv"
    steps, all_of_them = {}, Run()

    def call(step, command, *arguments):
        nonlocal all_of_them
        taken = bench.ours(threads, command, *arguments)
        steps[step] = steps.get(step, 0.0) + taken.seconds
        all_of_them += taken
        return taken.text

    call("train", "train --use-raw --tutorial", source, "-o", out)
    record = json.loads((out / "train.json").read_text())
    steps |= {step["name"]: step["seconds"] for step in record["steps"]}
    # What is written is the code and the model, as by the reference's `fit_transform`.
    steps["embed"] += steps.pop("write")

    call("umap", "umap --in-place", cells)
    embedding = "plot embedding --color n_genes,louvain --legend on-data --dpi 600"
    call("figures", embedding, cells, "-o", out / "umap.png")
    call("figures", "plot heatmap --by louvain --n-cells 1000 --dpi 600", cells, "-o", out / "latent.pdf")
    text = call("figures", "--json plot neurons --by louvain", cells, "-o", out / "neurons.png")
    top = {entry["context"]: entry["neurons"] for entry in json.loads(text)["contexts"]}

    # The lists of all neurons, as in the notebook; then once more those of two neurons, which is all that is drawn.
    model = ["--use-raw", cells, "--model", out / "model"]
    call("attribute", f"{PAPER} --neurons all", *model, "-o", out / "all")
    call("strips", PAPER, *model, "-o", genes.parent)
    chosen = [word for context in STRIPS for word in ["--context", context]]
    chosen += ["--only", "{context}", "-o", out / "{context} {target}.pdf"]
    call("strips", "plot genes --use-raw --by louvain", cells, "--table", genes, *chosen)
    terms = out / "terms.csv"
    chosen = ["--context", CONTEXT, "--gmt", bench.gmt, "-o", terms]
    call("enrich", "enrich --background gene-sets --ora-compatibility gseapy", genes, *chosen)
    for neuron in top[CONTEXT]:
        figure = out / f"terms {neuron}.pdf"
        call("enrich", "plot terms --dpi 600", terms, "--target", f"neuron {neuron}", "-o", figure)
    return all_of_them, steps, sum(epoch["n_batches"] for epoch in record["history"])


STEPS = {
    "imports": "imports",
    "read": "read",
    "select": "select genes",
    "normalise": "normalise",
    "train": "train",
    "embed": "embed, write the model",
    "umap": "UMAP, its compilation included",
    "figures": "three figures",
    "attribute": "attribute 100 neurons in 8 contexts",
    "strips": "six strips of genes",
    "enrich": "ORA of two lists, with figures",
}


def add_steps(bench, threads, program, repeat, steps, n_batches):
    per_step = {what: steps[step] for step, what in STEPS.items() if step in steps}
    per_step["train, an epoch"] = steps["train"] / N_EPOCHS
    per_step["train, a step of 256 cells"] = steps["train"] / n_batches
    for what, seconds in per_step.items():
        bench.add(("tutorial", what, N_PBMC, threads), program, repeat, seconds)


def enrich(bench):
    """Both tests on the same lists: the most active neuron of each cell type."""
    source, out = bench.data / "pbmc3k_counts.h5ad", bench.fresh("enrich")
    most = max(bench.threads)
    bench.ours(most, "train", source, "-o", out)
    for name, fraction in [("top", 0.03), ("all", 0)]:
        command = f"{PAPER} --top-neurons 1 --min-nonzero-fraction {fraction}"
        bench.ours(most, command, source, "--model", out / "model", "-o", out / name)
    top, ranked = out / "top/ranked_genes.csv", out / "all/ranked_genes.csv"
    tests = {
        "ORA of 8 lists": ("enrich --background gene-sets --ora-compatibility gseapy", top),
        "GSEA of 8 lists, 1,000 permutations": ("enrich --gsea --gsea-compatibility gseapy", ranked),
    }
    for threads in bench.threads:
        for repeat in range(bench.repeats):
            taken = bench.reference(threads, "enrich", top=top, ranked=ranked, gmt=bench.gmt)
            for what, seconds in zip(tests, json.loads(taken.text)["steps"].values(), strict=True):
                bench.add(("enrich", what, N_PBMC, threads), "concord-sc", repeat, seconds)
            for what, (command, lists) in tests.items():
                taken = bench.ours(threads, command, lists, "--gmt", bench.gmt, "-o", out / "terms.csv")
                bench.add_run(("enrich", what, N_PBMC, threads), "concord", repeat, taken)


def umap(bench):
    """UMAP of the same latent codes, and how good the pictures are by the same measures."""
    compare_pictures(bench, "train --use-raw --tutorial", bench.data / "pbmc3k_processed.h5ad")
    for n_cells in (n for n in UMAP_CELLS if n <= bench.max_cells):
        compare_pictures(bench, "train", bench.simulate(n_cells))


def compare_pictures(bench, command, source):
    threads, out = max(bench.threads), bench.fresh("umap")
    bench.ours(threads, command, source, "-o", out)
    code, ours, theirs = out / "code.h5ad", out / "ours.h5ad", out / "theirs.npy"
    answer = bench.reference(threads, "latent", input=out / "annotated.h5ad", out=code)
    n_cells = json.loads(answer.text)["n_cells"]
    # As `run_umap` calls it, which leaves it one thread; and as fast as it can.
    servers = {"seeded": UmapServer(code, threads, "--seeded"), "unseeded": UmapServer(code, threads)}
    for repeat in range(bench.few(n_cells)):
        taken = bench.ours(threads, f"umap --seed {repeat}", code, "-o", ours)
        our_quality = quality(bench, code, ours)
        for name, server in servers.items():
            row = ("umap", f"UMAP, {name}", n_cells, threads)
            bench.add(row, "concord-sc", repeat, server.draw(repeat, theirs))
            bench.add_run(row, "concord", repeat, taken)
            for measure, value in quality(bench, code, theirs).items():
                row = ("umap", f"{measure}, {name}", n_cells, threads)
                bench.add(row, "concord-sc", repeat, value, unit="")
                bench.add(row, "concord", repeat, our_quality[measure], unit="")
    for server in servers.values():
        server.stop()


def quality(bench, code, picture):
    return json.loads(bench.reference(1, "quality", input=code, picture=picture, sample=SAMPLE).text)


class UmapServer:
    """umap-learn in a process that has compiled everything, and draws when it is asked to."""

    def __init__(self, code, threads, *options):
        keep_on(threads)
        command = [sys.executable, REFERENCE, "--threads", str(threads), "umap", "--input", code, *options]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **pipes, text=True, env=environment(threads))
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"umap-learn does not run: {' '.join(map(str, command))}")

    def draw(self, seed, out):
        """The seconds of one picture."""
        self.process.stdin.write(json.dumps({"seed": seed, "out": str(out)}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["seconds"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def scaling(bench):
    """Training on more and more cells."""
    threads = max(bench.threads)
    for n_cells in (n for n in SCALING_CELLS if n <= bench.max_cells):
        source = bench.simulate(n_cells)
        visits = ("scaling", f"training, {N_EPOCHS} epochs", n_cells, threads)
        whole = ("scaling", f"file to latent code, {N_EPOCHS} epochs", n_cells, threads)
        for repeat in range(bench.few(n_cells) if n_cells <= REFERENCE_UP_TO else 1):
            if n_cells <= REFERENCE_UP_TO:
                options = {"input": source, "epochs": N_EPOCHS, "out": bench.fresh("reference")}
                taken = bench.reference(threads, "training", **options)
                answer = json.loads(taken.text)
                rate = answer["n_visits"] / answer["steps"]["train"]
                bench.add(visits, "concord-sc", repeat, rate, unit="cells/s")
                bench.add_run(whole, "concord-sc", repeat, taken)
            out = bench.fresh("ours")
            taken = bench.ours(threads, f"train --epochs {N_EPOCHS}", source, "-o", out)
            record = json.loads((out / "train.json").read_text())
            seconds = next(step["seconds"] for step in record["steps"] if step["name"] == "train")
            rate = sum(epoch["n_cells"] for epoch in record["history"]) / seconds
            bench.add(visits, "concord", repeat, rate, unit="cells/s")
            bench.add_run(whole, "concord", repeat, taken)


PARTS = {part.__name__: part for part in [start, tutorial, enrich, umap, scaling]}


def commit():
    """The commit that is measured, and whether files differ from it; tables of measurements do not count."""

    def git(*words):
        return subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude)runs")
    return git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")


def describe_machine(bench):
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""

    def field(name):
        found = re.search(rf"{name}\s*:\s*(.+)", info)
        return found.group(1).strip() if found else ""

    version = bench.ours(1, "--version").text.split()[1]
    return {
        "date": datetime.date.today().isoformat(),
        "processor": field("model name") or platform.processor() or platform.machine(),
        "instruction sets": " ".join(name for name in ["avx2", "fma", "avx512f"] if name in field("flags").split()),
        "cores": len(CORES),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB",
        "system": platform.platform(),
        "concord": f"{version}, commit {bench.commit}",
        "packages": json.loads(bench.reference(1, "versions").text),
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concord", required=True, help="the program to measure")
    parser.add_argument("--shared", required=True, help="the folder with data/pbmc3k_processed.h5ad and others")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; others keep their numbers")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--max-cells", type=int, default=max(SCALING_CELLS), help="of simulations; leave out larger")
    parser.add_argument("--out", type=Path, help="folder of the tables [default: runs/<date>-<processor>]")
    return parser.parse_args()


def main():
    args = arguments()
    parts = args.only or list(PARTS)
    with tempfile.TemporaryDirectory(prefix="concord-bench-") as folder:
        bench = Bench(args, Path(folder))
        machine = describe_machine(bench)
        slug = re.sub("[^a-z0-9]+", "-", machine["processor"].lower()).strip("-")
        out = args.out or HERE / "runs" / f"{machine['date']}-{slug}"
        earlier = [sample for sample in bench_tables.read(out) if sample.part not in parts]
        # The first import of a package may write compiled files: no measurement is to pay for that.
        bench.reference(1, "imports")
        for part in parts:
            print(f"{part}: {PARTS[part].__doc__}", flush=True)
            begin = time.perf_counter()
            PARTS[part](bench)
            print(f"{part}: {time.perf_counter() - begin:.0f} s", flush=True)
            # After every part, so that a failure costs one part only.
            samples = sorted(earlier + bench.samples, key=lambda sample: list(PARTS).index(sample.part))
            bench_tables.write(out, samples, machine)
    print((out / "table.md").read_text())
    print(f"written to {out}")


if __name__ == "__main__":
    main()
