// Package ticker looks at something again and again while other work goes on.
package ticker

import (
	"sync"
	"time"
)

// Start calls look at every interval until stop is called. When stop returns,
// look does not run any more; it may be called more than once.
func Start(interval time.Duration, look func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		clock := time.NewTicker(interval)
		defer clock.Stop()
		for {
			select {
			case <-done:
				return
			case <-clock.C:
				look()
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
	})
}
