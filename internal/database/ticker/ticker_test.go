package ticker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		stop := Start(time.Second, func() { looks++ })
		time.Sleep(3500 * time.Millisecond)
		stop()
		stop()
		time.Sleep(time.Minute)
		if looks != 3 {
			t.Errorf("looked %d times, want 3", looks)
		}
	})
}
