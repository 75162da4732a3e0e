// Package greet makes greetings from an embedded text.
package greet

import (
	_ "embed"
	"strings"
)

//go:embed greeting.txt
var greeting string

// Line greets a name.
func Line(name string) string {
	return strings.ReplaceAll(strings.TrimSpace(greeting), "NAME", name)
}
