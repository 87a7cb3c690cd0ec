package server

import (
	"net"
	"os"
	"strconv"
	"testing"
)

func TestClientPorts(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	remote := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	local := conn.LocalAddr().(*net.TCPAddr).Port
	if ports := ClientPorts([]int{os.Getpid()}, remote); len(ports) != 1 || !ports[local] {
		t.Errorf("%v, want %d", ports, local)
	}
	if ports := ClientPorts([]int{os.Getppid()}, remote); len(ports) > 0 {
		t.Errorf("another process has %v", ports)
	}
	if ports := ClientPorts([]int{os.Getpid()}, "1"); len(ports) > 0 {
		t.Errorf("to another port: %v", ports)
	}
}
