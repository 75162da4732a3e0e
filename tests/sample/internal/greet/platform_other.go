//go:build !windows

package greet

import "runtime"

// Platform names the operating system for people.
func Platform() string { return runtime.GOOS }
