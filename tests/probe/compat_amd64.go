package main

import (
	"fmt"
	"syscall"
)

// interrupt makes a system call as a 32-bit program would: other numbers, and a filter for this architecture alone
// would not know them.
func interrupt(number, a, b, c uintptr) (result int32)

func socket32() (string, error) {
	const socket = 359
	result := interrupt(socket, syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if result < 0 {
		return "", syscall.Errno(-result)
	}
	return fmt.Sprintf("descriptor %d", result), nil
}

func socketX32() (string, error) {
	const x32 = 0x40000000
	return call(x32|syscall.SYS_SOCKET, syscall.AF_INET, syscall.SOCK_STREAM, 0)
}
