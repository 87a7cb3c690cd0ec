package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// The range from which FreePort takes ports: above those of well-known
// services, below those that kernels hand out by themselves.
const lowest, highest = 10000, 32000

// FreePort returns a port of the loopback address that nobody listens on now.
// It is none that the kernel gives to outgoing connections, so that it is
// still free a while later, when a server is started on it.
func FreePort() (int, error) {
	top := min(highest, firstEphemeral())
	for range 200 {
		port := lowest + rand.IntN(max(top-lowest, 1))                                        //nolint:gosec // no secret
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // it returns at once
		if err == nil {
			return port, listener.Close()
		}
	}
	// Somebody set the machine up in another way; any port is better than none.
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(fmt.Errorf("looking for a free port: unexpected address %s", listener.Addr()), listener.Close())
	}
	return address.Port, listener.Close()
}

// firstEphemeral is the lowest port that the kernel hands out by itself.
func firstEphemeral() int {
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var first, last int
	if err == nil {
		_, err = fmt.Sscan(string(data), &first, &last)
	}
	if err != nil {
		return 32768 // Linux' own
	}
	return first
}
