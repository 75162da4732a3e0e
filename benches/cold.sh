#!/usr/bin/env bash
# Cold builds of a real program for four targets: xbuild, with inspection, hashing and packaging, beside two plain
# loops of `go build` with the same flags and an equally cold cache, in turn, in one run. `make bench` calls it.
#
#   benches/cold.sh [ROUNDS]      (3 by default)
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
xbuild=$PWD/target/release/xbuild
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -R target/testdata/task "$work/task"
export GOMODCACHE=$PWD/target/testdata/modcache
(cd "$work/task" && GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local go mod vendor)
targets="linux/amd64 linux/arm64 darwin/arm64 windows/amd64"
printf 'schema = 1\ntargets = [%s]\n[project]\nname = "task"\nversion = "3.40.0"\n[[build]]\nmain = "./cmd/task"\nldflags = ["-s", "-w"]\n' \
    "$(printf '"%s", ' $targets)" >"$work/task/targets.toml"

go_build() { # TARGET CACHE OUT
    (cd "$work/task" && env -i PATH="$PATH" GOCACHE="$2" GOPATH="$work/gopath" GOENV=off GOFLAGS=-mod=vendor \
        GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 GOOS="${1%/*}" GOARCH="${1#*/}" \
        go build -trimpath -buildvcs=false '-ldflags=-s -w' -o "$3/${1//\//_}" ./cmd/task)
}
export -f go_build
export work

one_by_one() { for target in $targets; do go_build "$target" "$1" "$1.out"; done; }
two_at_a_time() { printf '%s\n' $targets | xargs -P 2 -I{} bash -c 'go_build "$1" "$2" "$2.out"' - {} "$1"; }
with_xbuild() {
    "$xbuild" -C "$work/task" --cache-dir "$1" --dist "$1.out" -v 2>"$work/said" || { cat "$work/said"; exit 1; }
    peak=$(sed -n 's/^peak memory of xbuild itself: *//p' "$work/said")
}

timed() { # NAME: seconds of wall time and CPU time into the variable NAME
    local cache=$work/cache before after
    rm -rf "$cache" "$cache.out"
    mkdir -p "$cache" "$cache.out"
    sync
    before=$(date +%s.%N)
    cpu_before=$(awk '{print $16+$17}' /proc/$$/stat)
    "$1" "$cache"
    after=$(date +%s.%N)
    cpu_after=$(awk '{print $16+$17}' /proc/$$/stat)
    wall=$(awk "BEGIN {printf \"%.2f\", $after - $before}")
    cpu=$(awk "BEGIN {printf \"%.2f\", ($cpu_after - $cpu_before) / $(getconf CLK_TCK)}")
}

go version
echo "$(nproc) cores, $rounds rounds, 4 targets: $targets"
printf '%-6s %10s %10s %10s %8s %8s   %s\n' round xbuild 'two loops' 'one loop' ratio2 ratio1 'CPU seconds (xbuild, two, one)'
peak=
for round in $(seq "$rounds"); do
    timed with_xbuild; x=$wall xc=$cpu
    timed two_at_a_time; t=$wall tc=$cpu
    timed one_by_one; o=$wall oc=$cpu
    printf '%-6s %8s s %8s s %8s s %8s %8s   %s %s %s\n' "$round" "$x" "$t" "$o" \
        "$(awk "BEGIN {printf \"%.3f\", $x/$t}")" "$(awk "BEGIN {printf \"%.3f\", $x/$o}")" "$xc" "$tc" "$oc"
done
echo "peak memory of xbuild itself: $peak"
