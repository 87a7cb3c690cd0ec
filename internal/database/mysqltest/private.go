package mysqltest

import (
	"syscall"
	"testing"
)

// Kill ends the server as a crash does, cutting all sessions; Restart brings
// it back. What was committed in the last second is only there then if the
// server was told to write it at once
// (--innodb-flush-log-at-trx-commit=2).
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.Signal(tb, syscall.SIGKILL)
	s.gone(tb)
}
