package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// kept is what a neighbour has in its memory.
var kept = []byte(secret)

// serve is the neighbour, of the same user as the step: it answers on every kind of socket, holds secrets in memory
// and in a descriptor, writes where all of it is to the project's probe.txt, and only then runs a command beside
// itself, with a descriptor that nobody asked for. Arguments: the directory of it all, further hints `key=value`,
// `--`, the command.
func serve(args []string) {
	root := args[0]
	project := filepath.Join(root, "home/work/project")
	raiseLoopback()
	var lines []string
	hint := func(key string, value any) { lines = append(lines, fmt.Sprintf("%s %v", key, value)) }
	for args = args[1:]; args[0] != "--"; args = args[1:] {
		key, value, _ := strings.Cut(args[0], "=")
		hint(key, value)
	}
	loopback := map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "udp4": "127.0.0.1:0", "udp6": "[::1]:0"}
	for _, network := range []string{"tcp4", "tcp6"} {
		if listener, err := net.Listen(network, loopback[network]); err == nil {
			hint(network, listener.Addr())
			go greet(listener)
		}
	}
	for _, network := range []string{"udp4", "udp6"} {
		if conn, err := net.ListenPacket(network, loopback[network]); err == nil {
			hint(network, conn.LocalAddr())
			go echo(conn, func(asked []byte) []byte { return []byte("greetings") })
		}
	}
	if conn, err := net.ListenPacket("udp4", loopback["udp4"]); err == nil {
		hint("dns", conn.LocalAddr())
		go echo(conn, answer)
	}
	token := fmt.Sprintf("probe-%d-%d", os.Getpid(), time.Now().UnixNano())
	hint("token", token)
	for key, path := range map[string]string{
		"abstract":     "@" + token,
		"socket":       filepath.Join(root, "server.sock"),
		"store_socket": filepath.Join(root, "home/store/server.sock"),
		"dist_socket":  filepath.Join(project, "dist/server.sock"),
	} {
		_ = os.Remove(path)
		listener, err := net.Listen("unix", path)
		if err != nil {
			fail("%v", err)
		}
		hint(key, path)
		go greet(listener)
	}
	datagrams := filepath.Join(root, "datagrams.sock")
	_ = os.Remove(datagrams)
	if conn, err := net.ListenPacket("unixgram", datagrams); err == nil {
		hint("datagrams", datagrams)
		defer conn.Close()
	}
	hint("pid", os.Getpid())
	hint("address", uintptr(unsafe.Pointer(&kept[0])))
	held, err := os.Open(filepath.Join(root, "home/secret"))
	if err != nil {
		fail("%v", err)
	}
	hint("descriptor", held.Fd())
	forget := shared(hint)
	defer forget()
	for key, path := range map[string]string{
		"home": "home", "home_secret": "home/secret", "above": "home/work", "above_secret": "home/work/secret",
		"other_secret": "home/work/other/secret", "dist": "home/work/project/dist",
		"dist_secret": "home/work/project/dist/secret", "git_secret": "home/work/project/.git/secret",
		"store": "home/store", "store_secret": "home/store/outputs-v0/secret",
	} {
		hint(key, filepath.Join(root, path))
	}
	mountBelow(filepath.Join(project, "mounted"), hint)
	if err := os.WriteFile(filepath.Join(project, hintFile), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		fail("%v", err)
	}

	var signals atomic.Int32
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGWINCH)
	go func() {
		for range came {
			signals.Add(1)
		}
	}()
	command := exec.Command(args[1], args[2:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Dir = project
	command.Env = append(os.Environ(), "PROBE_SECRET="+secret)
	// Descriptor 9 is the secret file.
	for range 7 {
		command.ExtraFiles = append(command.ExtraFiles, held)
	}
	_ = command.Run()
	time.Sleep(100 * time.Millisecond)
	if signals.Load() > 0 {
		say("signal a neighbour", "ESCAPED", "it came")
	}
	survivors(token)
}

// survivors looks whether what a step left behind is still there two seconds later, and ends it.
func survivors(token string) {
	const name = "linger after the step"
	for range 20 {
		if len(alive(token)) == 0 {
			say(name, "denied", "it is gone")
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	found := alive(token)
	say(name, "ESCAPED", fmt.Sprintf("%d alive after 2 s", len(found)))
	for _, pid := range found {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func alive(token string) []int {
	var found []int
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		words, _ := os.ReadFile(path)
		if strings.Contains(string(words), "\x00linger\x00"+token+"\x00") {
			var pid int
			fmt.Sscanf(path, "/proc/%d/", &pid)
			found = append(found, pid)
		}
	}
	return found
}

func greet(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = conn.Write([]byte("greetings\n"))
			conn.Close()
		}()
	}
}

func echo(conn net.PacketConn, answer func([]byte) []byte) {
	asked := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(asked)
		if err != nil {
			return
		}
		_, _ = conn.WriteTo(answer(asked[:n]), from)
	}
}

// answer gives every name the address 192.0.2.7.
func answer(query []byte) []byte {
	reply := append([]byte{}, query...)
	binary.BigEndian.PutUint16(reply[2:], 0x8180)
	binary.BigEndian.PutUint16(reply[6:], 1)
	return append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7)
}

// shared makes the objects that have keys instead of paths; the returned function takes them away.
func shared(hint func(string, any)) func() {
	const create = 0o1000 | 0o600
	// A process id is no other's only in one pid namespace, and these keys are the whole host's.
	key := uintptr(time.Now().UnixNano()&0xffffff) | 0x5a<<24
	memory, _, memoryErr := syscall.Syscall(sysShmget, key, 4096, create)
	if memoryErr == 0 {
		hint("shared_memory", key)
	}
	queue, _, queueErr := syscall.Syscall(sysMsgget, key, create, 0)
	if queueErr == 0 {
		hint("message_queue", key)
	}
	name := fmt.Sprintf("probe-%d", os.Getpid())
	hint("posix_queue", name)
	_, _, _ = syscall.Syscall6(sysMqOpen, text(name), syscall.O_CREAT|syscall.O_RDWR, 0o600, 0, 0, 0)
	return func() {
		_, _, _ = syscall.Syscall(sysMqUnlink, text(name), 0, 0)
		if memoryErr == 0 {
			_, _, _ = syscall.Syscall(sysShmctl, memory, 0, 0)
		}
		if queueErr == 0 {
			_, _, _ = syscall.Syscall(sysMsgctl, queue, 0, 0)
		}
	}
}

// mountBelow puts a file system on a directory of the project, where this user may, and leaves a secret underneath.
func mountBelow(dir string, hint func(string, any)) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		fail("%v", err)
	}
	_ = os.WriteFile(filepath.Join(dir, "beneath"), []byte(secret), 0o644)
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "") == nil {
		_ = os.WriteFile(filepath.Join(dir, "above"), nil, 0o644)
		hint("mounted", "yes")
	} else {
		_ = os.Rename(filepath.Join(dir, "beneath"), filepath.Join(dir, "above"))
	}
}

// raiseLoopback is for a network namespace that was just made, in which nothing is reachable.
func raiseLoopback() {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	var request [40]byte
	copy(request[:], "lo")
	request[16] = syscall.IFF_UP
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
}
