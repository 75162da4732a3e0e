#!/usr/bin/env bash
# Verifying a vendored tree of 6,000 files: cold (no stat index, page cache warm) and warm. `make bench` calls it.
#
#   benches/vendor.sh [ROUNDS]      (5 by default)
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
xbuild=${CARGO_TARGET_DIR:-$PWD/target}/release/xbuild
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One module of 60 packages with 100 files each, of about 8 KiB, as a file:// GOPROXY.
python3 - "$work" <<'PYTHON'
import base64, hashlib, os, sys, zipfile

work = sys.argv[1]
module, version = "dep.test/large", "v1.0.0"
files = {"go.mod": f"module {module}\n\ngo 1.24\n"}
for package in range(60):
    for file in range(100):
        lines = "".join(f"// {package} {file} {line}: {'words ' * 10}\n" for line in range(110))
        files[f"p{package}/f{file}.go"] = f"package p{package}\n\n{lines}"
place = f"{work}/proxy/{module}/@v"
os.makedirs(place)
digest = lambda text: hashlib.sha256(text.encode())
with zipfile.ZipFile(f"{place}/{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    listing = ""
    for name in sorted(files):
        archive.writestr(f"{module}@{version}/{name}", files[name])
        listing += f"{digest(files[name]).hexdigest()}  {module}@{version}/{name}\n"
h1 = lambda text: "h1:" + base64.b64encode(digest(text).digest()).decode()
for name, text in [("mod", files["go.mod"]), ("info", f'{{"Version":"{version}"}}')]:
    open(f"{place}/{version}.{name}", "w").write(text)
app = f"{work}/app"
os.makedirs(app)
go_mod_sum = h1(f"{digest(files['go.mod']).hexdigest()}  go.mod\n")
open(f"{app}/go.mod", "w").write(f"module example.test/app\n\ngo 1.24\n\nrequire {module} {version}\n")
open(f"{app}/go.sum", "w").write(f"{module} {version} {h1(listing)}\n{module} {version}/go.mod {go_mod_sum}\n")
imports = "".join(f'\t_ "{module}/p{package}"\n' for package in range(60))
open(f"{app}/main.go", "w").write(f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n")
PYTHON

export XBUILD_CACHE_DIR=$work/store GOPROXY=file://$work/proxy
milliseconds() { echo $((($2 - $1) / 1000000)); }
start=$(date +%s%N)
"$xbuild" -C "$work/app" vendor -q
echo "$(nproc) cores; $(find "$work/app/vendor" -type f | wc -l) files, $(du -sh --apparent-size "$work/app/vendor" | cut -f1)"
echo "xbuild vendor: $(milliseconds "$start" "$(date +%s%N)") ms"
sleep 1
# Milliseconds: verification alone by xbuild's own clock, wall time and CPU time of the whole run.
check() {
    local said times
    TIMEFORMAT='%R %U %S'
    times=$({ time "$xbuild" -C "$work/app" vendor --check --json -q >"$work/said"; } 2>&1)
    said=$(awk '/"seconds"/ {printf "%.0f", $2 * 1000}' "$work/said")
    awk -v said="$said" '{printf "%s / %.0f / %.0f", said, $1 * 1000, ($2 + $3) * 1000}' <<<"$times"
}
echo 'milliseconds: verification / whole run / CPU of the whole run'
printf '%-6s %22s %22s\n' round cold warm
for round in $(seq "$rounds"); do
    rm -rf "$work/store/index-v0"
    cold=$(check)
    printf '%-6s %22s %22s\n' "$round" "$cold" "$(check)"
done
start=$(date +%s%N)
find "$work/app/vendor" -type f -print0 | xargs -0 -P "$(nproc)" -n 200 sha256sum >/dev/null
echo "sha256sum over the same files, $(nproc) at a time: $(milliseconds "$start" "$(date +%s%N)") ms"
