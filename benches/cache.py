#!/usr/bin/env python3
"""What the cache is worth: xbuild beside a loop of `go build` and GoReleaser, in one run, on one generated project.

    benches/cache.py                        every row
    benches/cache.py --rows 1,2 --rounds 9  some rows, more rounds
    benches/cache.py --prepare              make everything that the rows need, and measure nothing

Rows:
    1  nothing changed, the outputs are there
    2  a fresh checkout at another path: every file new, caches warm, dist/ empty
    3  the body of one function of the main package changed
    4  1,000 programs planned, nothing changed
    5  growth: nothing changed, with 1,000, 10,000 and 100,000 files
    6  memory with a file of 2 GiB in a package

What is generated, built and installed is kept below target/bench/, so the first run takes long and the next one starts
at once. Peers take turns (A B C A B C). Nothing is asserted: the figures are for reading, next to their goals.
"""
import argparse, base64, collections, contextlib, fcntl, hashlib, itertools, json, os, pathlib, random, re, shlex, shutil
import statistics, subprocess, sys, tempfile, time, zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = """linux/amd64 linux/arm64 linux/386 linux/arm linux/riscv64 linux/ppc64le darwin/amd64 darwin/arm64
    windows/amd64 windows/arm64""".split()
# Part of the stamp of what is generated: another number makes it anew.
GENERATION = 1
# The newest that Go 1.26 builds: 2.18 asks for Go 1.27, 2.17 for a module that the public proxy does not hand out.
GORELEASER = "v2.16.0"
# Incompressible bytes that a vendored package embeds.
ASSET = 44 << 20
BIG_FILE = 2 << 30
FICLONE = 0x40049409
# Names that no earlier run has used.
NOW = f"{time.time_ns():x}"
COUNTER = itertools.count()


class Failed(Exception):
    """A command that did not end well."""


def say(text=""):
    print(text, flush=True)


def note(text):
    print(f"  … {text}", file=sys.stderr, flush=True)


# Processes


def run(words, cwd, env, log):
    """Runs a command to its end; what it says goes to a file, as a terminal would cost time."""
    words = [str(word) for word in words]
    with open(log, "wb") as said:
        done = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    text = pathlib.Path(log).read_text(errors="replace")
    if done.returncode != 0:
        raise Failed(f"{shlex.join(words)}: exit status {done.returncode}\n{text[-2000:]}")
    return text


def git(directory, *words):
    env = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    for role in ("GIT_AUTHOR", "GIT_COMMITTER"):
        env |= {f"{role}_NAME": "bench", f"{role}_EMAIL": "bench@example.test", f"{role}_DATE": "2026-01-02T03:04:05Z"}
    plain = ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *plain, *map(str, words)], cwd=directory, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"git {shlex.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit(directory, tag):
    git(directory, "init", "-q")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "The project of the bench")
    git(directory, "tag", tag)
    # As after a clone: one pack, not a file per object.
    git(directory, "repack", "-q", "-a", "-d")


def seconds(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


# Generated Go


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def sha256(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode())


def h1(files, prefix=""):
    """Go's hash of a module or a go.mod."""
    lines = "".join(f"{sha256(files[name]).hexdigest()}  {prefix}{name}\n" for name in sorted(files))
    return "h1:" + base64.b64encode(sha256(lines).digest()).decode()


class ModuleTree:
    """Modules as a file:// GOPROXY, with the lines of go.mod and go.sum that name them."""

    version = "v1.2.0"

    def __init__(self, directory):
        self.directory = directory
        self.modules = []
        self.sums = []

    def add(self, module, files, requires=()):
        go_mod = f"module {module}\n\ngo 1.24\n" + "".join(f"\nrequire {name} {self.version}\n" for name in requires)
        files = {"go.mod": go_mod, **files}
        prefix = f"{module}@{self.version}"
        place = self.directory / module / "@v"
        place.mkdir(parents=True)
        with zipfile.ZipFile(place / f"{self.version}.zip", "w", zipfile.ZIP_STORED) as archive:
            for name, data in files.items():
                archive.writestr(f"{prefix}/{name}", data)
        write(place / f"{self.version}.mod", go_mod)
        write(place / f"{self.version}.info", json.dumps({"Version": self.version}))
        self.modules.append(module)
        self.sums.append(f"{module} {self.version} {h1(files, f'{prefix}/')}")
        self.sums.append(f"{module} {self.version}/go.mod {h1({'go.mod': go_mod})}")

    def go_mod(self, module):
        requires = "".join(f"\t{name} {self.version}\n" for name in self.modules)
        return f"module {module}\n\ngo 1.24\n\nrequire (\n{requires})\n"

    def go_sum(self):
        return "".join(f"{line}\n" for line in sorted(self.sums))


MODULES = "base text codec store queue wire auth metrics render schedule search cloud".split()
PACKAGES = """buffer cache client config cursor digest encoder event filter graph handler index journal lease merge node
    option parser pool query registry scanner session stream""".split()
PARTS = """batch bound chunk clock epoch frame group label limit match order probe quota range retry route shape slice token
    trail""".split()
PARTS_OF_A_PACKAGE = 13

MAIN_FILE = """package @package@

import (
	"errors"
	"fmt"
	"sync"
@imports@)

// ErrClosed is returned once a Service has been closed.
var ErrClosed = errors.New("@path@: closed")

// Part is one of the things a Service ties together.
type Part interface {
	Name() string
	Step(n int) (int, error)
}

// Service holds the parts of the package and what it stands on.
type Service struct {
	mu     sync.Mutex
	parts  []Part
	closed bool
	opts   Options
}

// New makes a Service with all of its parts.
func New(opts Options) *Service {
	return &Service{opts: opts.withDefaults(), parts: []Part{@parts@}}
}

// Run steps every part n times.
func (s *Service) Run(n int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	total := 0
	for _, part := range s.parts {
		for i := 0; i < n && i < s.opts.Limit; i++ {
			got, err := part.Step(total + i)
			if err != nil {
				return total, fmt.Errorf("%s: %w", part.Name(), err)
			}
			total += got
		}
	}
	return total + len(traits()), nil
}

// Close ends the Service.
func (s *Service) Close() { s.mu.Lock(); s.closed = true; s.mu.Unlock() }

// Walk runs the package and, down to a depth, those below it.
func Walk(depth int) (int, error) {
	total, err := New(Options{}).Run(2)
	if err != nil || depth == 0 {
		return total, err
	}
	for _, below := range []func(int) (int, error){@below@} {
		more, err := below(depth - 1)
		if err != nil {
			return total, err
		}
		total += more
	}
	return total, nil
}

// traits names what depends on the target.
func traits() []string {
	return []string{@traits@}
}
"""

OPTIONS_FILE = """package @package@

import "time"

// Options steer a Service; the zero value is ready to use.
type Options struct {
	Limit   int
	Timeout time.Duration
	Labels  map[string]string
}

func (o Options) withDefaults() Options {
	if o.Limit <= 0 {
		o.Limit = @number@
	}
	if o.Timeout <= 0 {
		o.Timeout = @number@ * time.Millisecond
	}
	if o.Labels == nil {
		o.Labels = map[string]string{"package": "@path@"}
	}
	return o
}
"""

ERRORS_FILE = """package @package@

import "fmt"

// LimitError says which part went over its limit.
type LimitError struct {
	Part  string
	Value int
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("@path@: %s: %d is over the limit of %d", e.Part, e.Value, e.Limit)
}
"""

PART_FILES = [
    """package @package@

import (
	"sort"
	"strings"
)

// @Part@ keeps names in order.
type @Part@ struct {
	names  []string
	weight map[string]int
}

func new@Part@() *@Part@ { return &@Part@{weight: map[string]int{"@path@": @number@}} }

// Name names the part.
func (p *@Part@) Name() string { return "@part@" }

// Add puts a name in its place.
func (p *@Part@) Add(name string, weight int) {
	at := sort.SearchStrings(p.names, name)
	if at < len(p.names) && p.names[at] == name {
		p.weight[name] += weight
		return
	}
	p.names = append(p.names, "")
	copy(p.names[at+1:], p.names[at:])
	p.names[at], p.weight[name] = name, weight
}

// Step adds a name and weighs what starts with it.
func (p *@Part@) Step(n int) (int, error) {
	p.Add(strings.Repeat("@letter@", n%7+1), n&@mask@)
	sum := 0
	for _, name := range p.names {
		if strings.HasPrefix(name, "@letter@") {
			sum += p.weight[name]
		}
	}
	return sum % @number@, nil
}
""",
    """package @package@

import (
	"fmt"
	"strconv"
	"strings"
)

// @Part@ reads and writes key=value lines.
type @Part@ struct {
	Key   string
	Value int
	Flags uint16
}

func new@Part@() *@Part@ { return &@Part@{Key: "@part@", Value: @number@} }

// Name names the part.
func (p *@Part@) Name() string { return p.Key }

// String is what Parse reads.
func (p *@Part@) String() string { return fmt.Sprintf("%s=%d,%#x", p.Key, p.Value, p.Flags) }

// Parse reads what String wrote.
func (p *@Part@) Parse(text string) error {
	key, rest, found := strings.Cut(text, "=")
	if !found {
		return fmt.Errorf("@part@: no value in %q", text)
	}
	value, flags, _ := strings.Cut(rest, ",")
	number, err := strconv.Atoi(value)
	if err != nil {
		return err
	}
	bits, err := strconv.ParseUint(flags, 0, 16)
	if err != nil {
		return err
	}
	p.Key, p.Value, p.Flags = key, number, uint16(bits)
	return nil
}

// Step goes once through text and back.
func (p *@Part@) Step(n int) (int, error) {
	p.Flags = uint16(n & @mask@)
	if err := p.Parse(p.String()); err != nil {
		return 0, err
	}
	return p.Value + int(p.Flags), nil
}
""",
    """package @package@

// @Part@ is a ring of recent values.
type @Part@[T ~int | ~int64] struct {
	ring [@ring@]T
	next int
	full bool
}

// @part@Entry is one value and its place.
type @part@Entry struct {
	at    int
	value int
}

func new@Part@() *@Part@[int] { return &@Part@[int]{} }

// Name names the part.
func (p *@Part@[T]) Name() string { return "@part@" }

// Push puts a value over the oldest.
func (p *@Part@[T]) Push(value T) {
	p.ring[p.next] = value
	p.next = (p.next + 1) % len(p.ring)
	p.full = p.full || p.next == 0
}

// Step pushes one value and answers with the largest.
func (p *@Part@[T]) Step(n int) (int, error) {
	p.Push(T(n ^ @number@))
	best := @part@Entry{at: -1}
	for at, value := range p.ring {
		if !p.full && at >= p.next {
			break
		}
		if best.at < 0 || int(value) > best.value {
			best = @part@Entry{at: at, value: int(value)}
		}
	}
	if best.value > 1<<30 {
		return 0, &LimitError{Part: "@part@", Value: best.value, Limit: 1 << 30}
	}
	return best.value & @mask@, nil
}
""",
    """package @package@

import "encoding/binary"

// @Part@ mixes bytes in blocks of eight.
type @Part@ struct {
	state [4]uint64
	rest  []byte
}

func new@Part@() *@Part@ { return &@Part@{state: [4]uint64{@number@, 2, 3, 4}} }

// Name names the part.
func (p *@Part@) Name() string { return "@part@" }

// Write takes any number of bytes.
func (p *@Part@) Write(data []byte) (int, error) {
	p.rest = append(p.rest, data...)
	for len(p.rest) >= 8 {
		p.mix(binary.LittleEndian.Uint64(p.rest))
		p.rest = p.rest[8:]
	}
	return len(data), nil
}

func (p *@Part@) mix(word uint64) {
	s := &p.state
	s[0] += word ^ uint64(@part@Salt[int(word)&15])
	s[1] ^= s[0]<<13 | s[0]>>51
	s[2] += s[1]
	s[3] ^= s[2]<<29 | s[2]>>35
	switch s[3] & 3 {
	case 0:
		s[0], s[1] = s[1], s[0]
	case 1:
		s[1], s[2] = s[2], s[1]
	case 2:
		s[2] = ^s[2]
	}
}

// Step mixes a few bytes in.
func (p *@Part@) Step(n int) (int, error) {
	var word [11]byte
	binary.BigEndian.PutUint32(word[3:], uint32(n))
	if _, err := p.Write(word[:]); err != nil {
		return 0, err
	}
	return int(p.state[3] & @mask@), nil
}

var @part@Salt = [16]uint32{@salt@}
""",
]

TABLE_FILE = """// Code generated by tablegen. DO NOT EDIT.

package @package@

type tableRow struct {
	id   int
	mask uint32
	name string
}

var table = []tableRow{
@rows@}
"""

TEST_FILE = """package @package@

import "testing"

func TestWalk(t *testing.T) {
	if _, err := Walk(1); err != nil {
		t.Fatal(err)
	}
}
"""

HOST_FILE = """package @package@

import "os"

func host() string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "@system@"
}
"""

TRACE_FILE = """//go:build @constraint@

package @package@

func traced() string { return "@name@" }
"""

EMBED_FILE = """package @package@

import "embed"

//go:embed schema.json
var schema string

//go:embed pages
var pages embed.FS

func page() string {
	text, _ := pages.ReadFile("pages/index.html")
	return string(text)
}
"""


def fill(template, **values):
    return re.sub("@(\\w+)@", lambda match: str(values[match[1]]), template)


def go_package(module, package, below, rng):
    """The files of one package of the project's modules."""
    path = f"{module}/{package}"
    alias = lambda name: name.replace("/", "")
    parts = rng.sample(PARTS, PARTS_OF_A_PACKAGE)
    kinds = [rng.randrange(len(PART_FILES)) for _ in parts]
    common = {"package": package, "path": path}
    traits = []
    files = {"doc.go": f"// Package {package} is the {package} of {module}.\npackage {package}\n"}
    files["options.go"] = fill(OPTIONS_FILE, number=rng.randrange(3, 99), **common)
    files["errors.go"] = fill(ERRORS_FILE, **common)
    rows = "".join(f"\t{{{at}, {rng.randrange(1 << 30):#x}, \"{rng.choice(PARTS)}\"}},\n" for at in range(40))
    files["zz_generated_table.go"] = fill(TABLE_FILE, rows=rows, **common)
    traits.append("table[len(table)-1].name")
    for part, kind in zip(parts, kinds):
        salt = ", ".join(f"{rng.randrange(1 << 32):#x}" for _ in range(16))
        files[f"{part}.go"] = fill(
            PART_FILES[kind], part=part, Part=part.capitalize(), number=rng.randrange(1000, 9999),
            mask=rng.choice([0x3F, 0xFF, 0x3FF]), ring=rng.choice([8, 16, 24]), letter=rng.choice("abcdefgh"), salt=salt,
            **common,
        )
    files[f"{package}_test.go"] = fill(TEST_FILE, **common)
    if rng.random() < 0.35:
        for system in ("linux", "darwin", "windows"):
            files[f"host_{system}.go"] = fill(HOST_FILE, system=system, **common)
        traits.append("host()")
    if rng.random() < 0.15:
        for name, constraint in (("amd64", ""), ("arm64", ""), ("other", "//go:build !amd64 && !arm64\n\n")):
            files[f"word_{name}.go"] = f'{constraint}package {package}\n\nconst wordKind = "{name}"\n'
        traits.append("wordKind")
    if rng.random() < 0.25:
        for name, constraint in (("trace", "trace"), ("notrace", "!trace")):
            files[f"{name}.go"] = fill(TRACE_FILE, name=name, constraint=constraint, **common)
        traits.append("traced()")
    if rng.random() < 0.06:
        files["schema.json"] = json.dumps({part: rng.randrange(100) for part in parts}, indent=2) + "\n"
        files["pages/index.html"] = f"<title>{path}</title>\n"
        files["pages/style.css"] = "body { margin: 0 }\n"
        files["embed.go"] = fill(EMBED_FILE, **common)
        traits += ["schema", "page()"]
    files[f"{package}.go"] = fill(
        MAIN_FILE, **common,
        imports="".join(f'\n\t{alias(name)} "dep.test/{name}"' for name in below) + ("\n" if below else ""),
        parts=", ".join(f"new{part.capitalize()}()" for part in parts),
        below=", ".join(f"{alias(name)}.Walk" for name in below),
        traits=", ".join(traits),
    )
    return files


WEB_FILE = """// Package web serves the assets.
package web

import (
	"net/http"
	"strings"
	"time"

	"dep.test/web/assets"
)

// Server is the web server of a program.
func Server(address string) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/world", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "world.bin", time.Time{}, strings.NewReader(assets.World))
	})
	return &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: time.Second}
}
"""

ASSETS_FILE = """package assets

import _ "embed"

// World is data that nothing compresses.
//
//go:embed world.bin
var World string
"""

WIRING_FILE = """// Package wiring names every package.
package wiring

import (
@imports@)

// All are the packages' walks.
func All() []func(int) (int, error) {
	return []func(int) (int, error){
@walks@	}
}
"""

PROGRAM_FILE = """// Command depot walks its packages, or serves its assets.
package main

import (
	"fmt"
	"os"

	"dep.test/web"
	"dep.test/web/assets"
	"example.test/depot/internal/wiring"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		fmt.Println(web.Server(os.Args[2]).ListenAndServe())
		return
	}
	total := 0
	for _, walk := range wiring.All() {
		sum, err := walk(0)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		total += sum
	}
	fmt.Println("depot", edition(), total, len(assets.World))
}

// edition is the function whose body changes.
func edition() string {
	return "edition-0"
}
"""

TARGETS_TOML = """schema = 1
targets = [@targets@]

[project]
name = "depot"

[[build]]
id = "depot"
main = "./cmd/depot"
ldflags = ["-s", "-w"]

[[package]]
recipe = "archive"
"""

GORELEASER_YAML = """version: 2
project_name: depot
builds:
  - id: depot
    main: ./cmd/depot
    binary: depot
    env: [CGO_ENABLED=0]
    flags: [-trimpath, -buildvcs=false]
    ldflags: ["-s -w"]
    targets: [@targets@]
archives:
  - formats: [tar.gz]
    format_overrides:
      - goos: windows
        formats: [zip]
changelog:
  disable: true
release:
  disable: true
"""


def quoted(targets):
    return ", ".join(f'"{target}"' for target in targets)


def generate_depot(directory, vendor):
    """The project of rows 1 to 3."""
    rng = random.Random(GENERATION)
    names = [f"{module}/{package}" for module in MODULES for package in PACKAGES]
    tree = ModuleTree(directory / "proxy")
    for at, module in enumerate(MODULES):
        files, requires = {"LICENSE": "MIT\n", "README.md": f"# {module}\n"}, set()
        for nth, package in enumerate(PACKAGES):
            place = at * len(PACKAGES) + nth
            near = [f"{module}/{name}" for name in PACKAGES[:nth]]
            far = names[: at * len(PACKAGES)]
            below = rng.sample(near, min(len(near), rng.randrange(1, 4)))
            below += rng.sample(far, min(len(far), rng.randrange(0, 3)))
            requires |= {f"dep.test/{name.split('/')[0]}" for name in below} - {f"dep.test/{module}"}
            files |= {f"{package}/{name}": text for name, text in go_package(module, package, below, rng).items()}
        tree.add(f"dep.test/{module}", files, sorted(requires))
    web = {"LICENSE": "MIT\n", "web.go": WEB_FILE, "assets/assets.go": ASSETS_FILE, "assets/world.bin": rng.randbytes(ASSET)}
    tree.add("dep.test/web", web)

    project = directory / "project"
    alias = lambda name: name.replace("/", "")
    imports = "".join(f'\t{alias(name)} "dep.test/{name}"\n' for name in names)
    walks = "".join(f"\t\t{alias(name)}.Walk,\n" for name in names)
    write(project / "go.mod", tree.go_mod("example.test/depot"))
    write(project / "go.sum", tree.go_sum())
    write(project / "cmd/depot/main.go", PROGRAM_FILE)
    write(project / "internal/wiring/wiring.go", fill(WIRING_FILE, imports=imports, walks=walks))
    write(project / "README.md", "# depot\n\nA program of the bench.\n")
    write(project / "LICENSE", "MIT\n")
    write(project / ".gitignore", "/dist/\n")
    write(project / "targets.toml", fill(TARGETS_TOML, targets=quoted(TARGETS)))
    # Go takes 7 for GOARM where nothing is said, GoReleaser 6.
    words = ["linux_arm_7" if target == "linux/arm" else target.replace("/", "_") for target in TARGETS]
    write(project / ".goreleaser.yaml", fill(GORELEASER_YAML, targets=", ".join(words)))
    vendor(project, tree)
    commit(project, "v1.4.0")


def generate_many(directory, programs):
    """The project of row 4: small programs and nothing else."""
    for at in range(programs):
        write(directory / f"cmd/p{at:03}/main.go", f'package main\n\nfunc main() {{ println("program {at}") }}\n')
    write(directory / "go.mod", "module example.test/many\n\ngo 1.24\n")
    write(directory / "targets.toml", f'schema = 1\ntargets = [{quoted(TARGETS)}]\n')
    write(directory / ".gitignore", "/dist/\n")
    commit(directory, "v1.0.0")


def generate_growth(directory, files, vendored, vendor):
    """A project of row 5. Packages of a hundred files, the same ones in each: what is counted is the files."""
    project = directory / "project"
    write(project / ".gitignore", "/dist/\n")
    write(project / "targets.toml", 'schema = 1\ntargets = ["linux/amd64"]\n')
    if not vendored:
        for at in range(files):
            write(project / f"docs/d{at // 100:04}/f{at % 100:02}.txt", f"{at % 100} " * 80)
        write(project / "go.mod", "module example.test/growth\n\ngo 1.24\n")
        write(project / "main.go", "package main\n\nfunc main() { println(1) }\n")
        return commit(project, "v1.0.0")
    tree, imports = ModuleTree(directory / "proxy"), []
    source = "package part\n\n// F@at@ answers.\nfunc F@at@(n int) int { return n + @at@ }\n"
    sources = {f"f{at:02}.go": fill(source, at=at) for at in range(100)}
    # A module holds at most ten thousand files.
    for first in range(0, files // 100, 100):
        module = f"dep.test/bulk{first // 100}"
        packages = [f"p{at:04}" for at in range(first, min(first + 100, files // 100))]
        tree.add(module, {f"{package}/{name}": text for package in packages for name, text in sources.items()})
        imports += [f'\t_ "{module}/{package}"\n' for package in packages]
    write(project / "go.mod", tree.go_mod("example.test/growth"))
    write(project / "go.sum", tree.go_sum())
    write(project / "main.go", f"package main\n\nimport (\n{''.join(imports)})\n\nfunc main() {{ println(1) }}\n")
    vendor(project, tree)
    commit(project, "v1.0.0")


BIG_TARGETS_TOML = """schema = 1
targets = ["linux/amd64", "windows/amd64"]

[[package]]
recipe = "with-data"
"""

BIG_RECIPE = """schema = 1
format = "tar.gz"
name = "{project}_{version}_{os}_{arch}{variant}.{format}"

[[file]]
source = "binary"
dest = "./"
mode = "0755"

[[file]]
source = "data/*"
dest = "data/"

[[override]]
os = "windows"
format = "zip"
"""


def generate_big(directory):
    """The project of row 6."""
    write(directory / "go.mod", "module example.test/big\n\ngo 1.24\n")
    write(directory / "main.go", "package main\n\nfunc main() { println(1) }\n")
    write(directory / ".gitignore", "/dist/\n/data/\n")
    write(directory / "targets.toml", BIG_TARGETS_TOML)
    write(directory / "recipes/with-data.toml", BIG_RECIPE)
    write(directory / "data/big.bin", b"")
    os.truncate(directory / "data/big.bin", BIG_FILE)
    commit(directory, "v1.0.0")


# The bench


class Bench:
    """Where everything lies, and what is made at most once."""

    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work).resolve()
        self.xbuild = pathlib.Path(options.xbuild).resolve()
        self.store = self.work / "store"
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "home").mkdir(exist_ok=True)
        self.log = self.work / "log"
        self.contestants = None
        self.go_version = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.strip()

    def env(self, **more):
        """A closed environment, the same for every peer."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.work / "home"), **more}

    def go_env(self, cache):
        return self.env(
            GOCACHE=str(self.work / cache), GOPATH=str(self.work / "gopath"), GOENV="off", GOFLAGS="-mod=vendor",
            GOPROXY="off", GOTOOLCHAIN="local", GOWORK="off", CGO_ENABLED="0",
        )

    def made(self, name, make, *facts):
        """The directory `name`, made unless it is there and of these facts. What is half made is made anew."""
        directory, stamp = self.work / name, self.work / f"{name}.stamp"
        wanted = json.dumps([GENERATION, *facts])
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            note(f"{name}: made in {seconds(lambda: make(directory)):.0f} s")
            stamp.write_text(wanted)
        return directory

    def vendor(self, project, tree):
        """vendor/ and vendor.lock; the modules and the store that it takes are thrown away."""
        with tempfile.TemporaryDirectory(dir=self.work) as store:
            env = self.env(XBUILD_CACHE_DIR=store, GOPROXY=f"file://{tree.directory}", GOSUMDB="off", GOFLAGS="-modcacherw")
            words = [self.xbuild, "vendor", "-q"]
            note(f"xbuild vendor: {seconds(lambda: run(words, project, env, self.log)):.1f} s")
            # Modules may have come into a cache with Go's read-only directories.
            subprocess.run(["chmod", "-R", "u+w", store], check=True)
        shutil.rmtree(tree.directory)

    def run_xbuild(self, directory, *words, store=None):
        return run([self.xbuild, *words], directory, self.env(XBUILD_CACHE_DIR=str(store or self.store)), self.log)

    def depot(self):
        make = lambda directory: generate_depot(directory, self.vendor)
        return self.made("depot", make, PARTS_OF_A_PACKAGE, ASSET) / "project"

    def goreleaser(self):
        """The program of the pinned version; Failed where it cannot be had."""
        place = self.work / "tools" / f"goreleaser-{GORELEASER}"
        program = place / "goreleaser"
        if not program.exists():
            note(f"installing goreleaser {GORELEASER}, which takes minutes")
            with tempfile.TemporaryDirectory(dir=self.work) as scratch:
                env = {**os.environ, "GOBIN": str(place), "GOPATH": f"{scratch}/path", "GOCACHE": f"{scratch}/cache"}
                env |= {"GOFLAGS": "-mod=mod -modcacherw", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
                words = ["nice", "-n", "19", "go", "install", f"github.com/goreleaser/goreleaser/v2@{GORELEASER}"]
                try:
                    run(words, scratch, env, self.log)
                except Failed as error:
                    raise Failed("`go install` says: " + str(error).splitlines()[-1][-160:]) from None
        return program


# Peers of rows 1 to 3


class Peer:
    """Something that builds the project for every target, in a checkout of its own."""

    store = None

    def __init__(self, bench):
        self.bench = bench
        self.checkout = bench.work / "checkouts" / self.key

    def prepare(self, origin):
        """A checkout at the project's commit, and warm caches."""
        if not self.checkout.exists() or git(self.checkout, "rev-parse", "HEAD") != git(origin, "rev-parse", "HEAD"):
            shutil.rmtree(self.checkout, ignore_errors=True)
            clone(origin, self.checkout)
        git(self.checkout, "checkout", "-q", "--", ".")
        note(f"warm-up, {self.name}: {seconds(lambda: self.build(self.checkout)):.1f} s")


class XbuildPlain(Peer):
    key, name, words = "xbuild-plain", "xbuild --no-package", ("--no-package",)

    def build(self, directory, *more):
        return self.bench.run_xbuild(directory, *self.words, *more, store=self.store)

    def memory(self, directory):
        return peak_memory(self.build(directory, "-v"))


class Xbuild(XbuildPlain):
    key, name, words = "xbuild", "xbuild, with packages", ()


class GoLoop(Peer):
    key, name = "go", "go build, one loop"

    def build(self, directory):
        env = self.bench.go_env("gocache")
        for target in TARGETS:
            system, architecture = target.split("/")
            out = directory / "dist" / f"{system}_{architecture}" / ("depot.exe" if system == "windows" else "depot")
            words = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "./cmd/depot"]
            run(words, directory, {**env, "GOOS": system, "GOARCH": architecture}, self.bench.log)


class GoReleaser(Peer):
    # `goreleaser build` makes no archives.
    key, name = "goreleaser", f"goreleaser {GORELEASER} release"

    def prepare(self, origin):
        self.program = self.bench.goreleaser()
        cache = self.bench.work / "goreleaser-gocache"
        # The same flags: what the loop has compiled need not be compiled again.
        if not cache.exists() and (self.bench.work / "gocache").exists():
            copy_tree(self.bench.work / "gocache", cache)
        super().prepare(origin)

    def build(self, directory):
        words = [self.program, "release", "--snapshot", "--clean", "--skip=publish"]
        run(words, directory, self.bench.go_env("goreleaser-gocache"), self.bench.log)


def clone(origin, directory):
    directory.parent.mkdir(parents=True, exist_ok=True)
    git(origin, "clone", "-q", origin, directory)


def copy_tree(source, target):
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def peak_memory(said):
    found = re.search(r"^peak memory of xbuild itself: *(.*)$", said, re.MULTILINE)
    return found[1] if found else "not said"


# Tables


def shown(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def spread(values):
    return f"{shown(statistics.median(values))} ({shown(min(values))} to {shown(max(values))})"


def ratio(value):
    return f"{value:.2f}x" if value < 10 else f"{value:.0f}x"


def table(title, goal, heads, lines, remarks=()):
    widths = [max(len(line[at]) for line in [heads, *lines]) for at in range(len(heads))]
    say()
    say(title)
    for line in [heads, *lines]:
        first, rest = line[0].ljust(widths[0]), [word.rjust(width) for word, width in zip(line[1:], widths[1:])]
        say("  " + "   ".join([first, *rest]).rstrip())
    for remark in remarks:
        say(f"  {remark}")
    say(f"  goal: {goal}")


# Rows 1 to 3


def contestants(bench):
    """The peers with their caches warm, and why some are left out. Made once."""
    if bench.contestants is None:
        origin, wanted = bench.depot(), bench.options.peers
        peers = [XbuildPlain(bench), *([GoLoop(bench)] if "go" in wanted else [])]
        peers += [Xbuild(bench), *([GoReleaser(bench)] if "goreleaser" in wanted else [])]
        skipped = {}
        for peer in peers:
            try:
                peer.prepare(origin)
            except Failed as error:
                if not isinstance(peer, GoReleaser):
                    raise
                skipped[peer.name] = str(error)
        bench.contestants = [peer for peer in peers if peer.name not in skipped], skipped
        project_facts(bench, origin)
    return bench.contestants


def compare(bench, title, goal, scene, remarks=()):
    """The peers in turn, each in the scene that is set for it. Only the build itself is timed."""
    peers, skipped = contestants(bench)
    times, memory = collections.defaultdict(list), {}
    for number in range(bench.options.rounds):
        for peer in peers:
            with scene(peer) as directory:
                os.sync()
                times[peer.name].append(seconds(lambda: peer.build(directory)))
        note(f"round {number + 1}: " + ", ".join(f"{name} {shown(values[-1])}" for name, values in times.items()))
    for peer in peers:
        if isinstance(peer, XbuildPlain):
            with scene(peer) as directory:
                memory[peer.name] = peer.memory(directory)
    lines = []
    for peer in peers:
        middle = statistics.median(times[peer.name])
        if isinstance(peer, XbuildPlain):
            beside = middle
        lines.append([peer.name, spread(times[peer.name]), ratio(middle / beside), memory.get(peer.name, "")])
    lines += [[name, f"skipped: {reason}"] for name, reason in skipped.items()]
    table(title, goal, ["", "median (min to max)", "ratio", "memory of xbuild"], lines, remarks)


def nothing_changed(bench):
    settle(bench)
    scene = lambda peer: contextlib.nullcontext(peer.checkout)
    compare(
        bench, "1. Nothing changed", "xbuild at most 60 ms, at least 100x faster than the loop", scene,
        ["goreleaser empties dist/ first (--clean), so it links again"],
    )


def fresh_checkout(bench):
    @contextlib.contextmanager
    def scene(peer):
        # A path that no earlier run has used: nothing that is remembered by path may help.
        directory = bench.work / "fresh" / f"{NOW}-{next(COUNTER)}" / "project"
        clone(bench.depot(), directory)
        yield directory
        shutil.rmtree(directory.parent)

    shutil.rmtree(bench.work / "fresh", ignore_errors=True)
    compare(bench, "2. A fresh checkout, caches warm", "xbuild at most 1 s, at least 30x faster than the loop", scene)


def one_function(bench):
    @contextlib.contextmanager
    def scene(peer):
        # Words that no earlier run has used: each peer has to compile and link.
        main = peer.checkout / "cmd/depot/main.go"
        main.write_text(re.sub(r'"edition-.*"', f'"edition-{NOW}-{next(COUNTER)}"', main.read_text()))
        yield peer.checkout

    # Every round leaves its programs in the store, so this row has a copy, which goes again.
    store = bench.work / "store-of-row-3"
    shutil.rmtree(store, ignore_errors=True)
    peers, _ = contestants(bench)
    copy_tree(bench.store, store)
    try:
        for peer in peers:
            peer.store = store
        settle(bench)
        compare(bench, "3. One function body of the main package changed", "xbuild at most the time of the loop", scene)
    finally:
        shutil.rmtree(store, ignore_errors=True)
        for peer in peers:
            peer.store = None


def settle(bench):
    """Runs with nothing to do, some time after the last change: what was written just before may not be trusted yet."""
    time.sleep(2)
    for peer in contestants(bench)[0]:
        peer.build(peer.checkout)


# Rows 4 to 6: xbuild alone


def unchanged(bench, directory, *words):
    """Wall times of runs with nothing changed, and what the last one says of memory; a run before is the preparation."""
    note(f"warm-up, {directory.relative_to(bench.work)}: {seconds(lambda: bench.run_xbuild(directory, *words)):.1f} s")
    if bench.options.prepare:
        return None
    time.sleep(2)
    bench.run_xbuild(directory, *words)
    times = [seconds(lambda: bench.run_xbuild(directory, *words)) for _ in range(bench.options.rounds)]
    return times, peak_memory(bench.run_xbuild(directory, *words, "-v"))


def thousand_programs(bench):
    programs = bench.options.programs
    directory = bench.made(f"many-{programs}", lambda directory: generate_many(directory, programs))
    measured = unchanged(bench, directory, "--no-package")
    if measured is None:
        return
    times, memory = measured
    title = f"4. {programs} main packages x {len(TARGETS)} targets = {programs * len(TARGETS):,} programs, nothing changed"
    lines = [["xbuild --no-package", spread(times), memory]]
    table(title, "under 1 s, at most 100 MiB", ["", "median (min to max)", "memory of xbuild"], lines)


def growth(bench):
    lines = []
    for vendored in (False, True):
        before = None
        for files in bench.options.files:
            name = f"growth-{'vendored' if vendored else 'other'}-{files}"
            make = lambda directory: generate_growth(directory, files, vendored, bench.vendor)
            project = bench.made(name, make) / "project"
            measured = unchanged(bench, project, "--no-package")
            if measured is None:
                continue
            times, memory = measured
            middle = statistics.median(times)
            # The constant part of a run is in the quotient, not in the difference.
            more = shown((middle - before[1]) / (files - before[0]) * 1000) if before else ""
            before = files, middle
            kind = "vendored and compiled" if vendored else "no input of the program"
            each = shown(middle / files * 1000)
            lines.append([f"{files:,} files, {kind}", spread(times), each, more, described(project), memory])
    heads = ["", "median (min to max)", "per 1,000 files", "a further 1,000", "git describe", "memory of xbuild"]
    if lines:
        remarks = ["git describe --dirty is what git itself takes"]
        table("5. Growth: nothing changed, one target", "linear", heads, lines, remarks)


def big_file(bench):
    directory = bench.made("big", generate_big)
    note(f"warm-up, big: {seconds(lambda: bench.run_xbuild(directory)):.1f} s")
    if bench.options.prepare:
        return
    times, memory = [], []
    for _ in range(bench.options.rounds):
        with open(directory / "data/big.bin", "r+b") as file:
            file.write(f"{NOW}-{next(COUNTER)}".encode())
        said = []
        times.append(seconds(lambda: said.append(bench.run_xbuild(directory, "-v"))))
        memory.append(peak_memory(said[0]))
    quiet, quiet_memory = unchanged(bench, directory)
    lines = [["the file changed, tar.gz and zip made again", spread(times), ", ".join(sorted(set(memory)))]]
    lines.append(["nothing changed", spread(quiet), quiet_memory])
    title = f"6. A sparse file of {BIG_FILE >> 30} GiB in two packages"
    table(title, "at most 100 MiB", ["", "median (min to max)", "memory of xbuild"], lines)


ROWS = {1: nothing_changed, 2: fresh_checkout, 3: one_function, 4: thousand_programs, 5: growth, 6: big_file}


# Facts


def described(directory):
    return shown(statistics.median(seconds(lambda: git(directory, "describe", "--tags", "--dirty")) for _ in range(5)))


def file_system(directory):
    """Its type, and whether it can share the blocks of a file with a copy."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    above = [(len(mount[1]), mount[2]) for mount in mounts if directory.is_relative_to(mount[1])]
    with tempfile.TemporaryFile(dir=directory) as source, tempfile.TemporaryFile(dir=directory) as copy:
        source.write(b"x" * 4096)
        source.flush()
        try:
            fcntl.ioctl(copy, FICLONE, source.fileno())
            reflinks = "reflinks"
        except OSError:
            reflinks = "no reflinks"
    return f"{max(above)[1]}, {reflinks}"


def facts(bench):
    xbuild = subprocess.run([bench.xbuild, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    say(f"{os.cpu_count()} cores, load {load}; {bench.go_version}; {git(bench.work, '--version')}; {xbuild}")
    say(f"file system: {file_system(bench.work)}; {bench.options.rounds} rounds")


def project_facts(bench, origin):
    vendored = [path for path in (origin / "vendor").rglob("*") if path.is_file()]
    words = ["go", "list", "-deps", "-f", "{{.ImportPath}} {{len .GoFiles}}", "./cmd/depot"]
    env = {**bench.go_env("gocache"), "GOOS": "linux", "GOARCH": "amd64"}
    listed = [line.split() for line in run(words, origin, env, bench.log).splitlines()]
    compiled = [int(count) for path, count in listed if path.startswith("dep.test/")]
    programs = {peer.key: dict(built(peer.checkout / "dist")) for peer in bench.contestants[0]}
    own = programs.pop("xbuild-plain")
    sizes = [size / 1e6 for size, _ in own.values()]
    megabytes = sum(path.stat().st_size for path in vendored) / 1e6
    say(
        f"project: {len(vendored):,} files below vendor/ ({megabytes:.0f} MB), of which {sum(compiled):,} Go files of "
        f"{len(compiled)} packages are compiled for linux/amd64; {len(listed)} packages in all"
    )
    say(f"{len(sizes)} programs of {min(sizes):.1f} to {max(sizes):.1f} MB; git describe --dirty: {described(origin)}")
    for key, found in programs.items():
        same = sum(found.get(target) == made for target, made in own.items())
        say(f"  the same bytes as xbuild --no-package, {key}: {same} of {len(own)}")


def built(dist):
    """Size and digest of the programs that a peer has left, by target."""
    for path in dist.glob("*/depot*"):
        # Of depot_linux_amd64_v1 and linux_amd64 the words of the target.
        words = path.parent.name.removeprefix("depot_").split("_")
        yield "/".join(words[:2]), (path.stat().st_size, sha256(path.read_bytes()).hexdigest())


# The command line


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    about = dict(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser = argparse.ArgumentParser(**about)
    parser.add_argument("--rows", type=numbers, default=sorted(ROWS), metavar="N,N", help="which rows; all by default")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timed runs of each variant (5)")
    parser.add_argument("--peers", default="go,goreleaser", metavar="P,P", help="of rows 1 to 3 (go,goreleaser)")
    parser.add_argument("--programs", type=int, default=100, metavar="N", help="main packages of row 4 (100)")
    sizes = [1_000, 10_000, 100_000]
    parser.add_argument("--files", type=numbers, default=sizes, metavar="N,N", help="of row 5, hundreds (1000,10000,100000)")
    parser.add_argument("--xbuild", default=target / "release/xbuild", metavar="FILE", help="(target/release/xbuild)")
    parser.add_argument("--work", default=target / "bench", metavar="DIR", help="where everything is kept (target/bench)")
    parser.add_argument("--prepare", action="store_true", help="make what the rows need, and measure nothing")
    parser.add_argument("--fresh", action="store_true", help="begin with an empty store of xbuild; Go's caches stay")
    options = parser.parse_args()
    if not set(options.rows) <= set(ROWS) or options.rounds < 1:
        parser.error(f"rows are {min(ROWS)} to {max(ROWS)}, rounds at least 1")
    options.peers = options.peers.split(",")
    bench = Bench(options)
    if options.fresh:
        for name in ("store", "checkouts/xbuild", "checkouts/xbuild-plain"):
            shutil.rmtree(bench.work / name, ignore_errors=True)
    facts(bench)
    for row in sorted(options.rows):
        if options.prepare and row < 4:
            contestants(bench)
        else:
            ROWS[row](bench)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    size = subprocess.run(["du", "-sh", bench.store], capture_output=True, text=True).stdout.split()
    say(f"\nload at the end: {load}; the store of xbuild: {size[0] if size else 'none'}")


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"cache.py: {error}")
