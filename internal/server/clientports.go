package server

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ClientPorts lists the local TCP ports from which processes are connected to
// a remote port at this moment, each process in its own network. Processes of
// other users can be seen by root only.
func ClientPorts(pids []int, remote string) map[int]bool {
	number, err := strconv.ParseUint(remote, 10, 16)
	if err != nil {
		return nil
	}
	ports := map[int]bool{}
	for _, pid := range pids {
		dir := filepath.Join("/proc", strconv.Itoa(pid))
		files, err := os.ReadDir(filepath.Join(dir, "fd"))
		if err != nil {
			continue // it has ended, or is somebody else's
		}
		connected := connections(filepath.Join(dir, "net"), number)
		for _, file := range files {
			target, err := os.Readlink(filepath.Join(dir, "fd", file.Name()))
			if port, ok := connected[target]; err == nil && ok {
				ports[port] = true
			}
		}
	}
	return ports
}

// connections maps the sockets that are connected to a remote port, in the
// form in which /proc/PID/fd shows them, to their local ports.
func connections(dir string, remote uint64) map[string]int {
	found := map[string]int{}
	for _, name := range []string{"tcp", "tcp6"} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			// sl local_address rem_address st tx:rx tr:tm->when retrnsmt uid timeout inode
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != "01" { // established
				continue
			}
			_, to, _ := strings.Cut(fields[2], ":")
			_, from, _ := strings.Cut(fields[1], ":")
			if n, err := strconv.ParseUint(to, 16, 16); err != nil || n != remote {
				continue
			}
			if n, err := strconv.ParseUint(from, 16, 16); err == nil {
				found["socket:["+fields[9]+"]"] = int(n) //nolint:gosec // sixteen bits
			}
		}
		_ = file.Close()
	}
	return found
}
