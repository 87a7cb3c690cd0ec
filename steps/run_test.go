package steps_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// A step may work in several goroutines while a screen looks at the run; the
// race detector watches.
func TestRunIsUsedByManyAtOnce(t *testing.T) {
	slots := []steps.Slot[int]{steps.NewSlot[int]("a"), steps.NewSlot[int]("b"), steps.NewSlot[int]("c")}
	s := newScene(t)
	s.prepare("inspect")
	s.cutover("switch")
	work := func(_ context.Context, r *steps.Run) error {
		var all sync.WaitGroup
		for i, slot := range slots {
			all.Go(func() {
				for n := range 10 {
					r.HideSecrets([]string{fmt.Sprintf("secret-%d-%d", i, n)})
					r.Output(fmt.Sprintf("secret-%d-%d", i, n))
					r.Progress("rows", progress.Rows, int64(n), 10)
					r.Summary("%d", n)
					if err := slot.Set(r, n); err != nil {
						t.Error(err)
					}
					if _, err := slot.Need(r); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		return nil
	}
	s.fakes["inspect"].onDo, s.fakes["switch"].onDo = work, work
	s.left(t, "switch")
	s.fakes["switch"].onDo = work

	e := s.resume(t)
	stop, looking := make(chan struct{}), sync.WaitGroup{}
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = e.Run().Started("switch") || e.Run().Finished("nothing")
				_ = e.Run().Redact("text")
			}
		}
	})
	w := execute(t, e, defaults(t))
	close(stop)
	looking.Wait()
	equal(t, "status", w.result.Status, steps.RolledBack)
	lines, _ := journal(t, e.Run().Dir)
	for i, slot := range slots {
		if value, found := slot.Find(lines); !found || value != 9 {
			t.Errorf("slot %d is %d, %v at the end", i, value, found)
		}
	}
	for _, output := range find[steps.Output](w.events) {
		if strings.Contains(output.Line, "secret-") {
			t.Errorf("output %q", output.Line)
		}
	}
}
