#!/usr/bin/env python3
"""What the kernel sandbox costs per step.

Runs of xbuild with nothing to compile (`go build` finds each program up to date), sealed by the environment alone and
by namespaces in turn, with one step and with eight. The difference of two runs holds the sandboxes of their steps and
the trial that finds out what the host allows; the difference between eight steps and one leaves the steps alone.

    benches/seal.py [ROUNDS]      (25 by default)
"""
import os, pathlib, statistics, subprocess, sys, tempfile, time

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
root = pathlib.Path(__file__).resolve().parent.parent
xbuild = root / "target/release/xbuild"
targets = [f"linux/{arch}" for arch in "amd64 arm64 386 arm riscv64 s390x ppc64le loong64".split()]

with tempfile.TemporaryDirectory() as directory:
    project = pathlib.Path(directory, "project")
    project.mkdir()
    project.joinpath("go.mod").write_text("module example.test/small\n\ngo 1.24\n")
    project.joinpath("main.go").write_text("package main\n\nfunc main() { println(1) }\n")

    def run(seal, count):
        words = [xbuild, "-q", "-j1", "--no-package", f"--seal={seal}", "--cache-dir", f"{directory}/store"]
        words += [word for target in targets[:count] for word in ("--target", target)]
        started = time.perf_counter()
        subprocess.run(words, cwd=project, check=True)
        return (time.perf_counter() - started) * 1000

    kinds = [(seal, count) for seal in ("env", "strict") for count in (1, len(targets))]
    for kind in kinds:
        run(*kind)
    times = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            times[kind].append(run(*kind))

middle = {kind: statistics.median(values) for kind, values in times.items()}
print(f"{os.cpu_count()} cores, {rounds} rounds, nothing to compile; wall milliseconds of a whole run (median, min to max)")
for kind, values in times.items():
    print(f"  {kind[0]:<7} {kind[1]} steps  {middle[kind]:7.1f}  ({min(values):.1f} to {max(values):.1f})")
more = len(targets) - 1
step = {seal: (middle[seal, len(targets)] - middle[seal, 1]) / more for seal in ("env", "strict")}
print(f"a step more: env {step['env']:.1f} ms, strict {step['strict']:.1f} ms; the sandbox: {step['strict'] - step['env']:.1f} ms per step (goal: at most 15)")
