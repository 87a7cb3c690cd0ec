package server

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// PortFree returns nil when a server can listen on host and port now, and
// else an error that names, where it can be seen, the process that holds it.
func PortFree(host, port string) error {
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fault.New("PORT is not a port number", "give a number between 1 and 65535")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port)) //nolint:noctx // it returns at once
	if err == nil {
		return listener.Close()
	}
	what := fmt.Sprintf("port %s on %s cannot be used", port, host)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		what = "port " + port + " is taken"
		if p, ok := Listener(port); ok {
			what += fmt.Sprintf(" by process %d (%s)", p.PID, programName(p))
		}
		return fault.Wrap(err, what, "stop what listens there, or change PORT in the configuration")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.Wrap(err, what, "HOST is not an address of this machine")
	case errors.Is(err, syscall.EACCES):
		return fault.Wrap(err, what, "ports below 1024 need more rights")
	}
	return fault.Wrap(err, what, "")
}

// programName is the first word of a command, without arguments, which may
// hold secrets.
func programName(p process.Info) string {
	argv, _ := words(p)
	if len(argv) == 0 || argv[0] == "" {
		return "unknown"
	}
	return filepath.Base(argv[0])
}

// Listener returns the process that listens on a TCP port of this machine, on
// any of its addresses. Processes of other users can be seen by root only.
func Listener(port string) (process.Info, bool) {
	inodes := listeningInodes(port)
	if len(inodes) == 0 {
		return process.Info{}, false
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return process.Info{}, false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", entry.Name(), "fd")
		files, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, file := range files {
			target, err := os.Readlink(filepath.Join(dir, file.Name()))
			if err != nil || !inodes[target] {
				continue
			}
			if p, err := process.Stat(pid); err == nil {
				return p, true
			}
		}
	}
	return process.Info{}, false
}

func listensOn(port string) bool { return len(listeningInodes(port)) > 0 }

// listeningInodes returns the sockets that listen on a port, in the form in
// which /proc/PID/fd shows them.
func listeningInodes(port string) map[string]bool {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil
	}
	inodes := map[string]bool{}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			// sl local_address rem_address st tx:rx tr:tm->when retrnsmt uid timeout inode
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != "0A" {
				continue
			}
			_, hex, _ := strings.Cut(fields[1], ":")
			if n, err := strconv.ParseUint(hex, 16, 16); err == nil && n == number {
				inodes["socket:["+fields[9]+"]"] = true
			}
		}
		_ = file.Close()
	}
	return inodes
}
