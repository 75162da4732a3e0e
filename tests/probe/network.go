package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"
)

const (
	afVsock       = 40
	netlinkRoute  = 0
	netlinkUevent = 15
)

func network() []attempt {
	return []attempt{
		{"TCP, IPv4", func() (string, error) { return dial("tcp4", hints["tcp4"]) }},
		{"TCP, IPv6", func() (string, error) { return dial("tcp6", hints["tcp6"]) }},
		{"UDP, IPv4", func() (string, error) { return dial("udp4", hints["udp4"]) }},
		{"UDP, IPv6", func() (string, error) { return dial("udp6", hints["udp6"]) }},
		{"listening, TCP", func() (string, error) {
			listener, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				return "", err
			}
			return listener.Addr().String(), nil
		}},
		{"DNS lookup", lookup},
		{"raw socket, ICMP", open(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)},
		{"raw socket, ICMPv6", open(syscall.AF_INET6, syscall.SOCK_RAW, syscall.IPPROTO_ICMPV6)},
		{"ping socket", open(syscall.AF_INET, syscall.SOCK_DGRAM, syscall.IPPROTO_ICMP)},
		{"packet socket", open(syscall.AF_PACKET, syscall.SOCK_RAW, 0)},
		{"netlink, routes", open(syscall.AF_NETLINK, syscall.SOCK_RAW, netlinkRoute)},
		{"netlink, uevents", open(syscall.AF_NETLINK, syscall.SOCK_RAW, netlinkUevent)},
		{"vsock", open(afVsock, syscall.SOCK_STREAM, 0)},
		{"kernel crypto socket", open(38, syscall.SOCK_SEQPACKET, 0)},
		{"unix socket, abstract", func() (string, error) { return dial("unix", hints["abstract"]) }},
		{"unix socket, beside the project", func() (string, error) { return dial("unix", hints["socket"]) }},
		{"unix socket, in the store", func() (string, error) { return dial("unix", hints["store_socket"]) }},
		{"unix socket, in dist/", func() (string, error) { return dial("unix", hints["dist_socket"]) }},
		{"unix socket, in dist/, by the step's name", func() (string, error) { return dial("unix", "dist/server.sock") }},
		{"unix socket, datagrams", func() (string, error) { return dial("unixgram", hints["datagrams"]) }},
		{"socket pair", func() (string, error) {
			pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			return fmt.Sprint(pair), err
		}},
		{"io_uring", func() (string, error) {
			var params [120]byte
			return call(sysIoUringSetup, 4, uintptr(unsafe.Pointer(&params)))
		}},
		{"io_uring, enter", func() (string, error) { return call(sysIoUringEnter, all1) }},
		{"socket, 32-bit call", socket32},
		{"socket, x32 call", socketX32},
	}
}

// dial expects the servers' greeting.
func dial(network, address string) (string, error) {
	if address == "" {
		return "", errors.New("no server")
	}
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return "", err
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	if network == "unixgram" {
		return "sent", nil
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil {
		return "", err
	}
	return "answered " + string(bytes.TrimSpace(answer[:n])), nil
}

// lookup asks the test's name server for an address, in the protocol's own bytes.
func lookup() (string, error) {
	conn, err := net.DialTimeout("udp", hints["dns"], 2*time.Second)
	if err != nil {
		return "", err
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	query := append([]byte{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, "\x06escape\x04test\x00\x00\x01\x00\x01"...)
	if _, err := conn.Write(query); err != nil {
		return "", err
	}
	answer := make([]byte, 512)
	n, err := conn.Read(answer)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("escape.test is %v", net.IP(answer[n-4:n])), nil
}

func open(family, kind, protocol int) func() (string, error) {
	return func() (string, error) {
		fd, err := syscall.Socket(family, kind, protocol)
		return fmt.Sprintf("descriptor %d", fd), err
	}
}
