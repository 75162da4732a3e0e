package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// secret is in every file that the test puts where no step may read.
const secret = "PROBE-SECRET"

func reading() []attempt {
	list := []attempt{
		read("read a file of the home directory", hints["home_secret"]),
		read("read a file of the directory above", hints["above_secret"]),
		read("read a file of the directory above, relative", "../secret"),
		read("read another project", hints["other_secret"]),
		read("read dist/", hints["dist_secret"]),
		read("read dist/, by the step's name", "dist/secret"),
		read("read .git", hints["git_secret"]),
		read("read .git, by the step's name", ".git/secret"),
		read("read the store's other directories", hints["store_secret"]),
		read("read /etc/passwd", "/etc/passwd"),
		read("read /etc/hostname", "/etc/hostname"),
		read("read /proc/1/environ", "/proc/1/environ"),
		read("read /proc/self/status", "/proc/self/status"),
		read("read /proc/self/root", "/proc/self/root/etc/passwd"),
		read("read /proc/self/cwd", "/proc/self/cwd/../secret"),
		read("read /proc/version", "/proc/version"),
		read("read what a mount below the source covers", "mounted/beneath"),
		list("list /", "/"),
		list("list /proc", "/proc"),
		list("list /sys", "/sys/kernel"),
		list("list /dev/shm", "/dev/shm"),
		list("list the home directory", hints["home"]),
	}
	for _, device := range []string{"mem", "kmsg", "fuse", "tty", "ptmx", "zero", "vda", "net/tun", "loop-control"} {
		list = append(list, device_(device))
	}
	return append(list,
		attempt{"learn that a file of the home directory is there", func() (string, error) {
			found, err := os.Stat(hints["home_secret"])
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%d bytes", found.Size()), nil
		}},
		attempt{"read through a link in the scratch directory", func() (string, error) {
			link := filepath.Join(scratch(), "link")
			if err := os.Symlink(hints["home_secret"], link); err != nil {
				return "", err
			}
			return contents(link)
		}},
		attempt{"read through a chain of .. in the scratch directory", func() (string, error) {
			return contents(filepath.Join(scratch(), strings.Repeat("../", 40)) + hints["home_secret"])
		}},
		attempt{"read an inherited descriptor", inherited},
		attempt{"read the user's environment", func() (string, error) {
			if value := os.Getenv("PROBE_SECRET"); value != "" {
				return value, nil
			}
			return "", errors.New("not set")
		}},
	)
}

func read(name, path string) attempt {
	return attempt{name, func() (string, error) { return contents(path) }}
}

func contents(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text := make([]byte, 64)
	n, err := file.Read(text)
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(text[:n], []byte("\n"))
	return strings.ToValidUTF8(strings.ReplaceAll(string(line), "\x00", " "), "?"), nil
}

func list(name, path string) attempt {
	return attempt{name, func() (string, error) {
		names, err := os.ReadDir(path)
		if err != nil {
			return "", err
		}
		foreign := 0
		for _, each := range names {
			// A root of its own has these and nothing of the host.
			if path == "/" && strings.Contains(" blobs cache dev empty index out puts sdk src tmp xbuild ", " "+each.Name()+" ") {
				continue
			}
			foreign++
		}
		if foreign == 0 {
			return "", errors.New("nothing of the host")
		}
		return fmt.Sprintf("%d names", foreign), nil
	}}
}

func device_(name string) attempt {
	return attempt{"open /dev/" + name, func() (string, error) {
		fd, err := syscall.Open("/dev/"+name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		return fmt.Sprintf("descriptor %d", fd), err
	}}
}

func inherited() (string, error) {
	for fd := 3; fd < 64; fd++ {
		text := make([]byte, 64)
		if n, err := syscall.Pread(fd, text, 0); err == nil && bytes.Contains(text[:n], []byte(secret)) {
			return fmt.Sprintf("descriptor %d", fd), nil
		}
	}
	return "", errors.New("none is that file")
}

func writing() []attempt {
	var every []attempt
	for _, place := range []struct{ name, dir, file string }{
		{"the source", here(), "main.go"},
		{"vendor/", filepath.Join(here(), "vendor"), "modules.txt"},
		{"the SDK", sdk(), "VERSION"},
		{"a mount below the source", filepath.Join(here(), "mounted"), "above"},
	} {
		every = append(every, changes(place.name, place.dir, filepath.Join(place.dir, place.file))...)
	}
	for _, dir := range []string{"/", "/dev", "/etc", "/out/..", "/dev/shm", hints["home"], hints["store"], hints["above"]} {
		name := dir
		switch dir {
		case hints["home"]:
			name = "the home directory"
		case hints["store"]:
			name = "the store"
		case hints["above"]:
			name = "the directory above"
		}
		every = append(every, attempt{"create in " + name, func() (string, error) { return create(dir) }})
	}
	// INDEX_DIR CAS_DIR PUTS_DIR SPACE: the first two are the store's own.
	words := strings.Fields(os.Getenv("GOCACHEPROG"))
	for back, name := range map[int]string{4: "the index of compiled packages", 3: "the blobs of the store"} {
		every = append(every, attempt{"create in " + name, func() (string, error) {
			if len(words) < 4 {
				return "", errors.New("there is none")
			}
			return create(words[len(words)-back])
		}})
	}
	return append(every,
		attempt{"change the mode of a file of the home directory", func() (string, error) {
			return "done", os.Chmod(hints["home_secret"], 0o640)
		}},
		attempt{"change the times of a file of the home directory", func() (string, error) {
			return "done", syscall.UtimesNano(hints["home_secret"], make([]syscall.Timespec, 2))
		}},
		attempt{"change an attribute of a file of the home directory", func() (string, error) {
			return "done", syscall.Setxattr(hints["home_secret"], "user.probe", []byte("x"), 0)
		}},
		attempt{"hard link of a foreign file into the scratch directory", func() (string, error) {
			return "done", os.Link(hints["home_secret"], filepath.Join(scratch(), "linked"))
		}},
		attempt{"make a device", func() (string, error) {
			return "done", syscall.Mknod(filepath.Join(scratch(), "device"), syscall.S_IFCHR|0o600, 1<<8|5)
		}},
		attempt{"make a FIFO in the output", func() (string, error) {
			return "done", syscall.Mknod(filepath.Join(scratch(), "fifo"), syscall.S_IFIFO|0o600, 0)
		}},
	)
}

func create(dir string) (string, error) {
	file, err := os.CreateTemp(dir, "probe")
	if err != nil {
		return "", err
	}
	return file.Name(), os.Remove(file.Name())
}

// changes never alters a byte: outside a sandbox the files are the test's own, but some are links to the SDK's.
func changes(what, dir, path string) []attempt {
	opening := func(flags int) func() (string, error) {
		return func() (string, error) {
			file, err := os.OpenFile(path, flags, 0)
			if err != nil {
				return "", err
			}
			return "opened", file.Close()
		}
	}
	mode := func() os.FileMode {
		found, err := os.Stat(path)
		if err != nil {
			return 0o644
		}
		return found.Mode()
	}
	return []attempt{
		{"create in " + what, func() (string, error) { return create(dir) }},
		{"append to " + what, opening(os.O_WRONLY | os.O_APPEND)},
		{"truncate " + what, func() (string, error) {
			found, err := os.Stat(path)
			if err != nil {
				return "", err
			}
			return "done", os.Truncate(path, found.Size())
		}},
		{"rename in " + what, func() (string, error) {
			if err := os.Rename(path, path+".probe"); err != nil {
				return "", err
			}
			return "done", os.Rename(path+".probe", path)
		}},
		{"make a directory in " + what, func() (string, error) {
			made := filepath.Join(dir, "probe-made")
			if err := os.Mkdir(made, 0o755); err != nil {
				return "", err
			}
			return "done", os.Remove(made)
		}},
		{"change the mode of " + what, func() (string, error) { return "done", os.Chmod(path, mode()) }},
		{"change the mode of " + what + ", open", func() (string, error) {
			file, err := os.Open(path)
			if err != nil {
				return "", err
			}
			return "done", file.Chmod(mode())
		}},
		{"hard link into " + what, func() (string, error) {
			from, to := filepath.Join(scratch(), "f"), filepath.Join(dir, "probe-link")
			if err := os.WriteFile(from, nil, 0o600); err != nil {
				return "", err
			}
			if err := os.Link(from, to); err != nil && !errors.Is(err, syscall.EXDEV) {
				return "", err
			} else if err != nil {
				return "", fmt.Errorf("EXDEV")
			}
			return "done", os.Remove(to)
		}},
		{"write to " + what + " by /proc/self/fd", func() (string, error) {
			file, err := os.Open(path)
			if err != nil {
				return "", err
			}
			again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), os.O_WRONLY, 0)
			if err != nil {
				return "", err
			}
			return "opened", again.Close()
		}},
	}
}
