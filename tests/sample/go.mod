module example.com/hello

go 1.24.0

require (
	github.com/dustin/go-humanize v1.1.0
	github.com/spf13/pflag v1.1.0
)
