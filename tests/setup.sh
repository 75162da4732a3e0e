#!/bin/sh
# Brings what the tests need and is not there yet, saying so. After it has run once, the tests need no network.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'test-setup: %s\n' "$*"; }

# Programs, with the Debian package that has each.
missing=
need() {
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need git git
need python3 python3
need file file
need unshare util-linux
need setpriv util-linux
need flock util-linux
need pkill procps
need strace strace
need filefrag e2fsprogs
need mkfs.xfs xfsprogs
need openssl openssl
need b3sum b3sum
need qemu-aarch64-static qemu-user-static
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        say "these are missing; install them with this system's package manager:$missing"
        exit 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then as_root=sudo; fi
    say "installing with apt-get:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if ! command -v go >/dev/null 2>&1; then
    say "no Go SDK on PATH: unpack the archive of Go 1.24 or newer for this host from https://go.dev/dl and put its bin/ on PATH"
    exit 1
fi

# The real program: a command-line tool of 400 packages, at one version, by Go's own client. Its modules go into a
# module cache of the tests' own, where xbuild finds them without a network.
module=github.com/go-task/task/v3
version=v3.40.0
data="$PWD/target/testdata"
if [ ! -f "$data/task-$version.ok" ]; then
    say "fetching $module@$version and its modules through go"
    mkdir -p "$data"
    export GOMODCACHE="$data/modcache" GOFLAGS=-modcacherw GOTOOLCHAIN=local GOWORK=off
    dir=$(cd "$data" && go mod download -json "$module@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
    rm -rf "$data/task"
    cp -R "$dir" "$data/task"
    chmod -R u+w "$data/task"
    (cd "$data/task" && go mod download)
    touch "$data/task-$version.ok"
fi

say "fetching this project's own crates"
cargo fetch --locked
