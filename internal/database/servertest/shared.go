package servertest

import (
	"sync"
	"testing"
)

// Shared is the one server of a test binary, of type S.
type Shared[S any] struct {
	mu     sync.Mutex
	server *S
}

// Get returns the server, and starts it the first time.
func (s *Shared[S]) Get(tb testing.TB, launch func(options []string) (*S, error)) *S {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		server, err := launch(nil)
		if err != nil {
			tb.Fatalf("starting the database server: %v", err)
		}
		s.server = server
	}
	return s.server
}
