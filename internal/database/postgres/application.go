package postgres

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"bunnyhop/internal/process"
)

// program begins the application_name of every session that this program and
// the tools it runs have on a server.
const program = "bunnyhop"

// applicationName names this very process, so that a later one can tell which
// of the sessions on a server belong to a process that is gone:
// "bunnyhop PID.START.NAMESPACE.BOOT", within the server's 63 bytes.
var applicationName = sync.OnceValue(func() string {
	return fmt.Sprintf("%s %d.%d.%s", program, os.Getpid(), startOf(os.Getpid()), machine())
})

func startOf(pid int) uint64 {
	info, err := process.Stat(pid)
	if err != nil {
		return 0
	}
	return info.Start
}

// machine tells apart the machines, boots and process namespaces in which the
// same process id means another process.
func machine() string {
	boot := process.BootID()
	var namespace uint64
	if info, err := os.Stat("/proc/self/ns/pid"); err == nil {
		namespace = info.Sys().(*syscall.Stat_t).Ino
	}
	return fmt.Sprintf("%d.%.8s", namespace, boot)
}

// deserted reports whether a session of that name was one of this program's
// on this machine, and its process is gone.
func deserted(application string) bool {
	rest, ok := strings.CutPrefix(application, program+" ")
	if !ok {
		return false
	}
	var pid int
	var start uint64
	var where string
	if n, err := fmt.Sscanf(rest, "%d.%d.%s", &pid, &start, &where); n != 3 || err != nil || where != machine() {
		return false
	}
	return !process.Info{PID: pid, Start: start}.Same()
}
