// Probe tries to leave the place it runs in, in every way it knows, and says of each whether it got out.
//
// It stands in for the compiler of a copy of the SDK, so that the real `go build` starts it inside the real sandbox:
// questions about the compiler's version go to the real one, kept beside it, and of all packages only one is used, so
// that there is one report. Each attempt is a process of its own,
// because many change the process that makes them.
//
// Its targets are servers, files and processes that are really there: see serve.go. It is told of them by the file
// probe.txt of the project.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// attempt returns what it got hold of, or why not.
type attempt struct {
	name string
	try  func() (string, error)
}

// hints are the lines `key value` of probe.txt.
var hints = map[string]string{}

const (
	hintFile = "probe.txt"
	patience = 5 * time.Second
)

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch {
	case mode == "-V=full" || mode == "-flags" || mode == "-V":
		err := syscall.Exec(os.Args[0]+".real", os.Args, os.Environ())
		fail("the real compiler: %v", err)
	case mode == "serve":
		serve(os.Args[2:])
	case mode == "linger":
		time.Sleep(30 * time.Second)
	case mode == "nothing":
	case mode == "from-memory":
		say(memoryAttempt, "ESCAPED", "ran")
	case mode == "attempt":
		readHints()
		one(os.Args[2])
	case mode == "all" || strings.Contains(strings.Join(os.Args, " "), " -p internal/goarch "):
		readHints()
		if hints["bomb"] != "" {
			bomb()
		}
		if hints["trap"] != "" {
			trap()
		}
		all()
	default:
		os.Exit(1)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "probe: "+format+"\n", args...)
	os.Exit(3)
}

func readHints() {
	text, err := os.ReadFile(hintFile)
	if err != nil {
		fail("%v", err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		key, value, _ := strings.Cut(line, " ")
		hints[key] = value
	}
}

func attempts() []attempt {
	var every []attempt
	for _, some := range [][]attempt{network(), reading(), writing(), running(), neighbours(), views(), users(), kernel()} {
		every = append(every, some...)
	}
	return every
}

// all runs every attempt and fails, as the step would: what failed steps say is shown.
func all() {
	if err := linger(); err != nil {
		say("linger after the step", "denied", err.Error())
	}
	for _, each := range attempts() {
		command := exec.Command(os.Args[0], "attempt", each.name)
		command.Stderr = os.Stderr
		if err := command.Start(); err != nil {
			say(each.name, "broken", err.Error())
			continue
		}
		late := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		err := command.Wait()
		if !late.Stop() {
			say(each.name, "denied", "no answer")
		} else if err != nil {
			verdict := "broken"
			var ended *exec.ExitError
			if errors.As(err, &ended) && ended.Sys().(syscall.WaitStatus).Signal() == syscall.SIGSYS {
				verdict = "denied"
			}
			say(each.name, verdict, err.Error())
		}
	}
	os.Exit(1)
}

func one(name string) {
	for _, each := range attempts() {
		if each.name == name {
			detail, err := each.try()
			if err != nil {
				say(name, "denied", err.Error())
			} else {
				say(name, "ESCAPED", detail)
			}
			return
		}
	}
	fail("there is no attempt %q", name)
}

func say(name, verdict, detail string) {
	detail = strings.ReplaceAll(detail, "\n", " ")
	if len(detail) > 120 {
		detail = detail[:120]
	}
	fmt.Fprintf(os.Stderr, "probe|%s|%s|%s\n", name, verdict, detail)
}

// call makes a system call. The kernel refuses with EPERM, EACCES or ENOSYS; with any other error it has already looked
// at the arguments, so nothing kept the caller from making the call.
func call(number uintptr, args ...uintptr) (string, error) {
	var six [6]uintptr
	copy(six[:], args)
	result, _, errno := syscall.Syscall6(number, six[0], six[1], six[2], six[3], six[4], six[5])
	switch errno {
	case 0:
		return fmt.Sprintf("returned %d", result), nil
	case syscall.EPERM, syscall.EACCES, syscall.ENOSYS:
		return "", errno
	}
	return "the kernel considered it: " + errno.Error(), nil
}

func calling(name string, number uintptr, args ...uintptr) attempt {
	return attempt{name, func() (string, error) { return call(number, args...) }}
}

// trap leaves links where xbuild reads what a step leaves and what cannot simply be removed, and says more than anybody wants to hear.
func trap() {
	for dir := os.Getenv("TMPDIR"); len(dir) > 1; dir = filepath.Dir(dir) {
		graph := filepath.Join(dir, "graph.json")
		if os.Remove(graph) == nil {
			_ = os.Symlink("/dev/zero", graph)
			break
		}
	}
	// A directory that its owner can neither list nor, without more, remove.
	locked := scratch()
	_ = syscall.Mkdir(filepath.Join(locked, "locked"), 0o300)
	_ = os.WriteFile(filepath.Join(locked, "locked", "file"), nil, 0o400)
	line := strings.Repeat("x", 3<<20) + "\n"
	for range 10 {
		_, _ = os.Stderr.WriteString(line)
	}
	say("trap", "denied", "set")
	os.Exit(1)
}

// here is the project, sdk the SDK, scratch the directory for temporary files: as the step sees them.
func here() string {
	dir, _ := os.Getwd()
	return dir
}

func sdk() string {
	return filepath.Clean(filepath.Join(filepath.Dir(os.Args[0]), "../../.."))
}

func scratch() string {
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		fail("%v", err)
	}
	return dir
}

var all1 = ^uintptr(0)
