package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// chore is work that is no run, such as verifying a backup. It ends with the
// screen at the latest, and the session waits for it.
type chore struct {
	ctx    context.Context //nolint:containedctx // its end is what stop asks for
	cancel context.CancelFunc
	ses    *session
	// stopped says that the person asked to stop it. The screen alone knows it.
	stopped bool

	mu   sync.Mutex
	said time.Time
	last steps.Progress
}

func (s *session) chore() *chore {
	w := &chore{ses: s}
	w.ctx, w.cancel = context.WithCancel(s.ctx)
	return w
}

// do is the command that does the work; done makes the message that ends it.
func (w *chore) do(work func(context.Context, progress.Reporter) (done tea.Msg)) tea.Cmd {
	return func() tea.Msg {
		if !w.ses.begin() {
			return nil
		}
		defer w.ses.starting.Done()
		defer w.cancel()
		return work(w.ctx, w)
	}
}

// stop asks it to end; what ends it is still its own message.
func (w *chore) stop() { w.stopped = true; w.cancel() }

// choreMsg says how far a chore is.
type choreMsg struct {
	of  *chore
	now steps.Progress
}

// Progress implements progress.Reporter. Each message draws the screen, so
// only a few a second are sent; what starts or ends something always is.
func (w *chore) Progress(label string, unit progress.Unit, done, total int64) {
	now := steps.Progress{Label: label, Unit: unit, Done: done, Total: total}
	w.mu.Lock()
	drop := label == w.last.Label && done != total && time.Since(w.said) < gatheringTime
	if !drop {
		w.said, w.last = time.Now(), now
	}
	w.mu.Unlock()
	if !drop {
		w.ses.send(choreMsg{of: w, now: clean(now)})
	}
}

// Output implements progress.Reporter.
func (w *chore) Output(string) {}

var _ progress.Reporter = (*chore)(nil)
