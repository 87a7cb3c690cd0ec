package tui

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// session owns what must outlive the screen: the running engine and its
// result. Screens reach it only through commands.
type session struct {
	opts   Options
	parent context.Context //nolint:containedctx // its end is a signal to stop
	ctx    context.Context //nolint:containedctx // the session is the lifetime
	cancel context.CancelFunc
	send   func(tea.Msg)

	starting   sync.WaitGroup // jobs whose engine is being made
	mu         sync.Mutex
	job        *job
	result     *steps.Result
	crash      error
	closed     bool // the screen is gone
	hangup     bool // because its terminal is
	terminated bool
}

func newSession(ctx context.Context, opts Options) *session {
	s := &session{opts: opts, parent: ctx, send: func(tea.Msg) {}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

func (s *session) attach(send func(tea.Msg)) { s.send = send }

// load is the command that looks at the project.
func (s *session) load() tea.Msg {
	home, err := s.opts.Load(s.ctx)
	return homeMsg{home: clean(home), err: err}
}

// engine returns the running engine, or nil.
func (s *session) engine() Engine {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job == nil {
		return nil
	}
	return s.job.engine
}

// answer, decline and interrupt are commands, since an engine may have to
// wait for a lock.
func (s *session) answer(gate string, a steps.Answer) tea.Cmd {
	return s.tell(func(e Engine) tea.Msg { return answeredMsg{gate: gate, err: e.Answer(gate, a)} })
}

func (s *session) decline(gate string, err error) tea.Cmd {
	return s.tell(func(e Engine) tea.Msg { return answeredMsg{gate: gate, err: e.Decline(gate, err)} })
}

func (s *session) interrupt() tea.Msg {
	return s.tell(func(e Engine) tea.Msg { e.Interrupt(); return nil })()
}

func (s *session) tell(f func(Engine) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if e := s.engine(); e != nil {
			return f(e)
		}
		return nil
	}
}

// watch turns signals and the end of the context into messages. A closed
// terminal detaches: the run goes on or stops as its phase asks for.
//
// It has to last until leave has returned: a signal's default would kill the
// process while the end of a cutover is waited for.
func (s *session) watch(hangUp func()) (stop func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	end := make(chan struct{})
	ended := s.parent.Done()
	go func() {
		for {
			select {
			case <-end:
				return
			case <-ended:
				ended = nil
				s.terminate()
			case got := <-signals:
				switch got {
				case syscall.SIGHUP:
					s.detach()
					hangUp()
				case syscall.SIGTERM:
					s.terminate()
				default:
					s.send(askQuitMsg{})
				}
			}
		}
	}()
	return func() { signal.Stop(signals); close(end) }
}

// terminate stops the run as its phase allows, and leaves when it has ended.
func (s *session) terminate() {
	if e := s.engine(); e != nil {
		e.Interrupt()
	}
	s.mu.Lock()
	s.terminated = true
	s.mu.Unlock()
	s.send(terminateMsg{})
}

func (s *session) detach() {
	if e := s.engine(); e != nil {
		e.Detach()
	}
	s.mu.Lock()
	s.hangup = true
	s.mu.Unlock()
}

func (s *session) hungUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hangup
}

// leave waits for what still runs once the screen is gone.
func (s *session) leave() (*steps.Result, error) {
	s.mu.Lock()
	s.closed = true
	running := s.job
	s.mu.Unlock()
	s.cancel()
	if running != nil {
		select {
		case <-running.done:
		default:
			s.detach()
			<-running.done
		}
	}
	s.starting.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result, s.crash
}
