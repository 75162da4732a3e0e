package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

func text(value string) uintptr {
	bytes := append([]byte(value), 0)
	pinned = append(pinned, bytes)
	return uintptr(unsafe.Pointer(&bytes[0]))
}

// pinned keeps what system calls read.
var pinned [][]byte

// cwd stands for the current directory where a call takes a descriptor.
var cwd = ^uintptr(99)

func views() []attempt {
	bind := func(flags uintptr) func() (string, error) {
		return func() (string, error) {
			from, to := scratch(), scratch()
			detail, err := call(syscall.SYS_MOUNT, text(from), text(to), text(""), syscall.MS_BIND|flags, 0)
			if err == nil {
				_ = syscall.Unmount(to, syscall.MNT_DETACH)
			}
			return detail, err
		}
	}
	return []attempt{
		{"remount the root for writing", func() (string, error) {
			return call(syscall.SYS_MOUNT, text("none"), text("/"), 0, syscall.MS_REMOUNT|syscall.MS_BIND, 0)
		}},
		{"remount the source for writing", func() (string, error) {
			return call(syscall.SYS_MOUNT, text("none"), text(here()), 0, syscall.MS_REMOUNT|syscall.MS_BIND, 0)
		}},
		{"bind mount", bind(0)},
		{"mount a tmpfs", func() (string, error) {
			to := scratch()
			detail, err := call(syscall.SYS_MOUNT, text("tmpfs"), text(to), text("tmpfs"), 0, 0)
			if err == nil {
				_ = syscall.Unmount(to, syscall.MNT_DETACH)
			}
			return detail, err
		}},
		{"unmount", func() (string, error) { return call(syscall.SYS_UMOUNT2, text(here()), 0) }},
		{"pivot_root", func() (string, error) {
			return call(syscall.SYS_PIVOT_ROOT, text("/nowhere"), text("/nowhere"))
		}},
		calling("mount_setattr", sysMountSetattr, all1, 0, 0, 0, 0),
		{"fsopen", func() (string, error) { return call(sysFsopen, text("tmpfs"), 0) }},
		{"open_tree", func() (string, error) { return call(sysOpenTree, cwd, text("/"), 1) }},
		{"move_mount", func() (string, error) { return call(sysMoveMount, all1, text(""), all1, text(""), 4|64) }},
		{"open_by_handle_at", func() (string, error) {
			handle := make([]byte, 144)
			handle[0] = 128
			var id int32
			_, err := call(sysNameToHandleAt, cwd, text("."), uintptr(unsafe.Pointer(&handle[0])), uintptr(unsafe.Pointer(&id)), 0)
			if err != nil {
				return "", err
			}
			return call(sysOpenByHandleAt, cwd, uintptr(unsafe.Pointer(&handle[0])), 0)
		}},
		{"chroot", func() (string, error) { return call(syscall.SYS_CHROOT, text("/")) }},
		{"new user namespace, unshare", func() (string, error) { return inNew(&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWUSER}) }},
		{"new user namespace, clone", func() (string, error) { return inNew(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}) }},
		{"new user and network namespaces", func() (string, error) {
			return inNew(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET})
		}},
		{"new network namespace", func() (string, error) { return inNew(&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}) }},
		{"new mount namespace", func() (string, error) { return inNew(&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}) }},
		{"new time namespace, unshare", func() (string, error) { return inNew(&syscall.SysProcAttr{Unshareflags: 0x80}) }},
		// A size that no kernel takes: whether the call is there is the question.
		calling("clone3", sysClone3, 0, 1),
		{"enter a namespace of a neighbour", func() (string, error) {
			file, err := os.Open(fmt.Sprintf("/proc/%s/ns/net", hints["pid"]))
			if err != nil {
				return "", err
			}
			runtime.LockOSThread()
			return call(sysSetns, file.Fd(), 0)
		}},
		calling("setns", sysSetns, all1, 0),
	}
}

// inNew starts a process in new namespaces.
func inNew(attributes *syscall.SysProcAttr) (string, error) {
	command := exec.Command(os.Args[0], "nothing")
	command.SysProcAttr = attributes
	return "started", command.Run()
}

func users() []attempt {
	runtime.LockOSThread()
	const (
		setKeep         = 8
		boundingRead    = 23
		lastCapability  = 40
		capabilityForm3 = 0x20080522
	)
	return []attempt{
		calling("setuid to root", syscall.SYS_SETUID, 0),
		calling("setgid to root", syscall.SYS_SETGID, 0),
		calling("setreuid to root", syscall.SYS_SETREUID, 0, 0),
		calling("setresuid to root", syscall.SYS_SETRESUID, 0, 0, 0),
		calling("setfsuid", syscall.SYS_SETFSUID, all1),
		calling("setgroups", syscall.SYS_SETGROUPS, 0, 0),
		{"be root", func() (string, error) {
			if os.Geteuid() != 0 {
				return "", fmt.Errorf("user %d", os.Geteuid())
			}
			return "user 0", nil
		}},
		{"capset", func() (string, error) {
			head := [2]uint32{capabilityForm3, 0}
			var sets [6]uint32
			if _, _, errno := syscall.Syscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&sets)), 0); errno != 0 {
				return "", errno
			}
			return call(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&sets)))
		}},
		{"have a capability", func() (string, error) {
			head := [2]uint32{capabilityForm3, 0}
			var sets [6]uint32
			if _, _, errno := syscall.Syscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&sets)), 0); errno != 0 {
				return "", errno
			}
			if sets[0]|sets[1]|sets[2]|sets[3]|sets[4]|sets[5] == 0 {
				return "", errors.New("none, in any set")
			}
			return fmt.Sprintf("effective %08x%08x", sets[3], sets[0]), nil
		}},
		{"gain privileges by execve", func() (string, error) {
			const getNoNewPrivs = 39
			kept, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, getNoNewPrivs, 0, 0, 0, 0, 0)
			if errno != 0 {
				return "", errno
			}
			if kept == 1 {
				return "", errors.New("no new privileges, ever")
			}
			return "set-user-ID programs work", nil
		}},
	}
}

func kernel() []attempt {
	every := []attempt{
		calling("keyctl", syscall.SYS_KEYCTL, 0, all1-2, 1),
		{"add_key", func() (string, error) {
			return call(syscall.SYS_ADD_KEY, text("user"), text("probe"), text("x"), 1, all1-1)
		}},
		{"request_key", func() (string, error) {
			return call(syscall.SYS_REQUEST_KEY, text("user"), text("no such key"), 0, 0)
		}},
		{"bpf", func() (string, error) {
			var attributes [32]uint32
			attributes[0], attributes[1], attributes[2], attributes[3] = 2, 4, 4, 1
			return call(sysBpf, 0, uintptr(unsafe.Pointer(&attributes)), 128)
		}},
		{"perf_event_open", func() (string, error) {
			var attributes [28]uint32
			attributes[0], attributes[1] = 1, 112
			return call(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&attributes)), 0, all1, all1, 0)
		}},
		calling("userfaultfd", sysUserfaultfd, 1),
		calling("init_module", syscall.SYS_INIT_MODULE, 0, 0, 0),
		calling("kexec_load", sysKexecLoad, 0, 17, 0, 0),
		calling("reboot, with the wrong word", syscall.SYS_REBOOT, 1, 2, 3, 0),
		calling("read the kernel's log", syscall.SYS_SYSLOG, 10, 0, 0),
		{"sethostname", func() (string, error) {
			name, err := os.Hostname()
			if err != nil {
				name = "xbuild"
			}
			return call(syscall.SYS_SETHOSTNAME, text(name), uintptr(len(name)))
		}},
		// Standard error is a pipe here: a call that is let through is no terminal's.
		calling("type into a terminal", syscall.SYS_IOCTL, 2, 0x5412, text("x")),
		calling("type into a terminal, request of 64 bits", syscall.SYS_IOCTL, 2, 0x5412|1<<32, text("x")),
		{"the user's own quota, acct, swap", func() (string, error) { return call(syscall.SYS_ACCT, text("/nowhere")) }},
	}
	if hints["filter"] != "" {
		every = append(every, attempt{"any call that the filter names", filtered})
	}
	return every
}

// filtered makes each call of the filter's list with nonsense for arguments, which the kernel itself would mostly
// refuse in other words.
func filtered() (string, error) {
	var let []string
	for _, word := range strings.Fields(hints["filter"]) {
		number, err := strconv.Atoi(word)
		if err != nil {
			return "", err
		}
		_, _, errno := syscall.RawSyscall6(uintptr(number), all1, all1, all1, all1, all1, all1)
		if errno != syscall.EPERM && errno != syscall.ENOSYS {
			let = append(let, fmt.Sprintf("%d: %v", number, errno))
		}
	}
	if len(let) > 0 {
		return strings.Join(let, ", "), nil
	}
	return "", errors.New("each is refused")
}
