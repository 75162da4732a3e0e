package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const memoryAttempt = "run a program from memory"

func running() []attempt {
	return []attempt{
		{"run a program from the scratch directory", func() (string, error) { return written(scratch()) }},
		{"run a program from the output directory", func() (string, error) {
			found, _ := filepath.Glob("/out")
			if len(found) == 0 {
				found, _ = filepath.Glob(hints["dist"] + "/.xbuild-*/*")
			}
			if len(found) == 0 {
				found = []string{hints["above"]}
			}
			return written(found[0])
		}},
		{"run a program from the cache", func() (string, error) {
			cache := os.Getenv("GOCACHE")
			if cache == "" {
				cache = hints["above"]
			}
			return written(cache)
		}},
		{memoryAttempt, fromMemory},
		{"run /bin/sh", func() (string, error) { return "ran", exec.Command("/bin/sh", "-c", "exit 0").Run() }},
		{"allow core files", func() (string, error) {
			most := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
			return "done", syscall.Setrlimit(syscall.RLIMIT_CORE, &most)
		}},
		calling("choose a personality", syscall.SYS_PERSONALITY, 0x0040000),
	}
}

// written copies this program and runs the copy.
func written(dir string) (string, error) {
	path := filepath.Join(dir, "probe-copy")
	from, err := os.Open(os.Args[0])
	if err != nil {
		return "", err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return "", err
	}
	defer os.Remove(path)
	if _, err := io.Copy(to, from); err != nil {
		return "", err
	}
	to.Close()
	return "ran", exec.Command(path, "nothing").Run()
}

func fromMemory() (string, error) {
	name := []byte("probe\x00")
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	if errno != 0 {
		return "", errno
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		return "", err
	}
	file := os.NewFile(fd, "memory")
	if _, err := file.Write(program); err != nil {
		return "", err
	}
	// This process becomes the program, which then speaks for itself.
	empty, name0, mode := []byte("\x00"), []byte("probe\x00"), []byte("from-memory\x00")
	argv, env := [3]*byte{&name0[0], &mode[0], nil}, [1]*byte{nil}
	const emptyPath = 0x1000
	_, _, errno = syscall.Syscall6(sysExecveat, fd, uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&argv)), uintptr(unsafe.Pointer(&env)), emptyPath, 0)
	return "", errno
}

func neighbours() []attempt {
	pid, _ := strconv.Atoi(hints["pid"])
	number := uintptr(pid)
	var limits [2]uint64
	return []attempt{
		// The neighbour ignores this one, and says whether it came: see serve.go.
		{"signal a neighbour", func() (string, error) {
			_ = syscall.Kill(pid, syscall.SIGWINCH)
			return "", errors.New("sent, if at all")
		}},
		{"trace a neighbour", func() (string, error) {
			const seize = 0x4206
			runtime.LockOSThread()
			return call(syscall.SYS_PTRACE, seize, number, 0, 0)
		}},
		calling("leave the session", syscall.SYS_SETSID),
		calling("leave the process group", syscall.SYS_SETPGID, 0, 0),
		{"read a neighbour's memory", func() (string, error) { return memory(pid) }},
		{"read a neighbour's memory by /proc", func() (string, error) { return memoryByProc(pid) }},
		calling("hold a neighbour", sysPidfdOpen, number, 0),
		{"take a neighbour's descriptor", func() (string, error) {
			held, _, errno := syscall.Syscall(sysPidfdOpen, number, 0, 0)
			if errno != 0 {
				// Whether the call itself is refused is the question, whoever the descriptor is of.
				held = all1
			}
			theirs, _ := strconv.Atoi(hints["descriptor"])
			return call(sysPidfdGetfd, held, uintptr(theirs), 0)
		}},
		{"compare with a neighbour", func() (string, error) {
			return call(sysKcmp, uintptr(os.Getpid()), number, 0, 0, 0)
		}},
		calling("read a neighbour's limits", syscall.SYS_PRLIMIT64, number, syscall.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&limits))),
		{"change a neighbour's priority", func() (string, error) { return "done", syscall.Setpriority(0, pid, 0) }},
		read("read /proc/<neighbour>/environ", fmt.Sprintf("/proc/%d/environ", pid)),
		read("read /proc/<neighbour>/cmdline", fmt.Sprintf("/proc/%d/cmdline", pid)),
		{"shared memory of a neighbour", func() (string, error) {
			key, _ := strconv.Atoi(hints["shared_memory"])
			id, _, errno := syscall.Syscall(sysShmget, uintptr(key), 4096, 0)
			if errno != 0 {
				return "", errno
			}
			at, _, errno := syscall.Syscall(sysShmat, id, 0, 0)
			if errno != 0 {
				return "", errno
			}
			return fmt.Sprintf("attached at %x", at), nil
		}},
		{"message queue of a neighbour", func() (string, error) {
			key, _ := strconv.Atoi(hints["message_queue"])
			id, _, errno := syscall.Syscall(sysMsgget, uintptr(key), 0, 0)
			if errno != 0 {
				return "", errno
			}
			return fmt.Sprintf("queue %d", id), nil
		}},
		{"POSIX message queue of a neighbour", func() (string, error) {
			name := []byte(hints["posix_queue"] + "\x00")
			fd, _, errno := syscall.Syscall6(sysMqOpen, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0, 0, 0)
			if errno != 0 {
				return "", errno
			}
			return fmt.Sprintf("descriptor %d", fd), nil
		}},
	}
}

type vector struct {
	base   uintptr
	length uintptr
}

func memory(pid int) (string, error) {
	address, _ := strconv.ParseUint(hints["address"], 10, 64)
	text := make([]byte, len(secret))
	mine := vector{uintptr(unsafe.Pointer(&text[0])), uintptr(len(text))}
	theirs := vector{uintptr(address), uintptr(len(text))}
	_, _, errno := syscall.Syscall6(sysProcessVMReadv, uintptr(pid), uintptr(unsafe.Pointer(&mine)), 1,
		uintptr(unsafe.Pointer(&theirs)), 1, 0)
	runtime.KeepAlive(text)
	if errno != 0 {
		return "", errno
	}
	if !bytes.Equal(text, []byte(secret)) {
		return "", errors.New("read something else")
	}
	return "read its secret", nil
}

func memoryByProc(pid int) (string, error) {
	address, _ := strconv.ParseInt(hints["address"], 10, 64)
	file, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return "", err
	}
	text := make([]byte, len(secret))
	if _, err := file.ReadAt(text, address); err != nil {
		return "", err
	}
	return "read its secret", nil
}

// linger starts two processes, orphans soon, that mean to outlive the step: one of the step's session, one of another.
func linger() error {
	first := exec.Command(os.Args[0], "linger", hints["token"]).Start()
	command := exec.Command(os.Args[0], "linger", hints["token"])
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = command.Start()
	return first
}

// bomb starts processes until none can be started any more, and then waits to be ended: who only looks now and then
// needs time to see them.
func bomb() {
	most, _ := strconv.Atoi(hints["bomb"])
	for started := range most {
		if err := exec.Command(os.Args[0], "linger", hints["token"]).Start(); err != nil {
			say("fork bomb", "denied", fmt.Sprintf("%v after %d", err, started))
			os.Exit(1)
		}
	}
	time.Sleep(20 * time.Second)
	say("fork bomb", "ESCAPED", fmt.Sprintf("%d processes", most))
	os.Exit(1)
}
