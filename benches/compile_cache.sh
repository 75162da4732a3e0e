#!/usr/bin/env bash
# What the compile cache costs: `go build` of a real program for one target, with the same sealed environment, once with
# Go's own cache directory and once with xbuild as its cache (GOCACHEPROG), in turn. Cold: both are empty. Warm: all is
# there and the program is linked anew. What the parent does after a step (hashing and moving the outputs) is not in it.
#
#   benches/compile_cache.sh [ROUNDS]      (5 by default)
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
xbuild=${XBUILD:-$PWD/target/release/xbuild}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -R target/testdata/task "$work/task"
export GOMODCACHE=$PWD/target/testdata/modcache
(cd "$work/task" && GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local go mod vendor)
printf 'schema = 1\ntargets = ["linux/amd64"]\n[project]\nname = "task"\nversion = "3.40.0"\n[[build]]\nmain = "./cmd/task"\nldflags = ["-s", "-w"]\n' \
    >"$work/task/targets.toml"
goroot=$(go env GOROOT)

go_build() { # GOCACHE GOCACHEPROG
    (cd "$work/task" && env -i PATH="$goroot/bin" GOROOT="$goroot" GOCACHE="$1" ${2:+GOCACHEPROG="$2"} \
        GOPATH="$work/gopath" GOMODCACHE="$work/gomodcache" TMPDIR="$work" GOENV=off GOFLAGS=-mod=vendor GOPROXY=off \
        GONOPROXY=none GONOSUMDB=none GOPRIVATE=none GOSUMDB=off GOVCS='*:off' GOTOOLCHAIN=local GOWORK=off \
        GO111MODULE=on CGO_ENABLED=0 GODEBUG=goindex=0 TZ=UTC LC_ALL=C GOOS=linux GOARCH=amd64 \
        GOMAXPROCS=2 GOGC=off GOMEMLIMIT=1GiB \
        go build -p 2 -trimpath -buildvcs=false '-ldflags=-s -w' -o "$work/out" ./cmd/task)
}

timed() { # COMMAND...: seconds of wall time and CPU time into wall and cpu
    local before after cpu_before cpu_after
    sync
    before=$(date +%s.%N)
    cpu_before=$(awk '{print $16+$17}' /proc/$$/stat)
    "$@"
    after=$(date +%s.%N)
    cpu_after=$(awk '{print $16+$17}' /proc/$$/stat)
    wall=$(awk "BEGIN {printf \"%.2f\", $after - $before}")
    cpu=$(awk "BEGIN {printf \"%.2f\", ($cpu_after - $cpu_before) / $(getconf CLK_TCK)}")
}

row() { # NAME ROUND
    printf '%-6s %-6s %8s (%s) %8s (%s) %8s (%s)\n' "$1" "$2" "$d" "$dc" "$p" "$pc" \
        "$(awk "BEGIN {printf \"%.3f\", $p/$d}")" "$(awk "BEGIN {printf \"%.3f\", $pc/$dc}")"
    echo "$d $dc $p $pc" >>"$work/rows-$1"
}

total() { # NAME
    awk -v name="$1" '{d += $1; dc += $2; p += $3; pc += $4} END {
        printf "%-6s all    %8.2f (%.2f) %8.2f (%.2f) %8.3f (%.3f)\n", name, d, dc, p, pc, p/d, pc/dc }' "$work/rows-$1"
}

# A store with everything in it, for the warm rounds. Go's names for actions do not hold directories (-trimpath).
"$xbuild" -C "$work/task" --cache-dir "$work/store" --dist "$work/dist" --seal=env --no-package 2>/dev/null
space=env/$(ls "$work/store/compile-v0/env")
program() { echo "$xbuild __gocache $1/compile-v0/$space $1/cas-v0 $2 $space"; }
go_build "$work/warm" ""

go version
echo "$(nproc) cores, $rounds rounds; wall seconds, CPU seconds in brackets"
printf '%-6s %-6s %16s %16s %16s\n' '' round "Go's directory" 'xbuild' 'ratio'
mkdir -p "$work/empty/compile-v0/$space" "$work/empty/cas-v0"
for round in $(seq "$rounds"); do
    rm -rf "$work/cold" "$work/puts"
    mkdir -p "$work/cold" "$work/puts"
    directory() { rm -f "$work/out"; timed go_build "$work/cold" ""; d=$wall dc=$cpu; cp "$work/out" "$work/out1"; }
    ours() { rm -f "$work/out"; timed go_build "$work/puts/go" "$(program "$work/empty" "$work/puts")"; p=$wall pc=$cpu; }
    if ((round % 2)); then directory; ours; else ours; directory; fi
    cmp "$work/out" "$work/out1"
    row cold "$round"
done
for round in $(seq $((rounds * 3))); do
    rm -rf "$work/puts"
    mkdir -p "$work/puts"
    directory() { rm -f "$work/out"; timed go_build "$work/warm" ""; d=$wall dc=$cpu; }
    ours() { rm -f "$work/out"; timed go_build "$work/puts/go" "$(program "$work/store" "$work/puts")"; p=$wall pc=$cpu; }
    if ((round % 2)); then directory; ours; else ours; directory; fi
    if grep -q '^put' "$work/puts/journal"; then echo "not warm"; fi
    row warm "$round"
done
total cold
total warm
