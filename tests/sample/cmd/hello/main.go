// Command hello is the sample that xbuild's own targets.toml builds: third-party modules, an embedded file, and a
// file per operating system.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/dustin/go-humanize"
	"github.com/spf13/pflag"

	"example.com/hello/internal/greet"
)

// Set by the linker; see targets.toml.
var (
	version = "unset"
	commit  = "unset"
	date    = "unset"
)

func main() {
	name := pflag.StringP("name", "n", "world", "whom to greet")
	showVersion := pflag.Bool("version", false, "print the version and leave")
	pflag.Parse()
	if *showVersion {
		fmt.Printf("hello %s (%s, %s) %s/%s\n", version, commit, date, runtime.GOOS, runtime.GOARCH)
		return
	}
	fmt.Println(greet.Line(*name))
	if executable, err := os.Executable(); err == nil {
		if info, err := os.Stat(executable); err == nil {
			fmt.Printf("This program is %s on %s.\n", humanize.Bytes(uint64(info.Size())), greet.Platform())
		}
	}
}
