// Package reaper ends the servers of tests, and removes their data, when the
// test binary ends, however it ends.
package reaper

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// script waits until its input ends, which it does with this process; then it
// ends the server and removes its folder, which nobody needs.
const script = `cat >/dev/null
pid=$(head -n 1 "$1/$2" 2>/dev/null) && kill -"$3" "$pid" 2>/dev/null
n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"`

// Reaper watches over one server.
type Reaper struct {
	alive  *os.File // its closing lets the script go on
	reaped chan struct{}
}

// Start watches over a server that owns the folder dir. The file pidFile in it
// has the server's process in its first line, and signal ("KILL") ends it.
func Start(dir, pidFile, signal string) (*Reaper, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", script, "reaper", dir, pidFile, signal) //nolint:gosec // a folder of its own
	cmd.Stdin, cmd.Dir = reader, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = reader.Close()
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	r := &Reaper{alive: writer, reaped: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(r.reaped)
	}()
	return r, nil
}

// End ends the server and removes its folder, and waits for both.
func (r *Reaper) End() {
	_ = r.alive.Close()
	<-r.reaped
}
