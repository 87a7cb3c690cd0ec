package servertest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// reaper waits until its input ends, which it does with this process; then it
// ends the server and removes its data, which nobody needs.
const reaper = `cat >/dev/null
pid=$(head -n 1 "$1/$2" 2>/dev/null) && kill -"$3" "$pid" 2>/dev/null
n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"`

func (s *Server) startReaper() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", reaper, "reaper", s.Dir, s.kind.PIDFile, s.kind.Reap) //nolint:gosec // a folder of its own
	cmd.Stdin, cmd.Dir = reader, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = reader.Close()
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	s.alive = writer
	go func() {
		_ = cmd.Wait()
		close(s.reaped)
	}()
	return nil
}

// End ends the server and removes its data.
func (s *Server) End() {
	_ = s.alive.Close()
	<-s.reaped
}
