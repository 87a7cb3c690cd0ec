package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// job is a run being executed.
type job struct {
	kind   JobKind
	engine Engine
	told   chan struct{} // closed when all events were handed on
	done   chan struct{} // closed when the engine has ended and was closed
}

// tellingTime is how long the end of a run waits for its events to be handed
// on. An engine that ends without a last event must not hold it up for good.
const tellingTime = 5 * time.Second

// gatheringTime is how long progress and output are gathered.
const gatheringTime = 50 * time.Millisecond

// start is the command that makes an engine and sets it going. What it has to
// say comes as messages: jobReadyMsg and the run's events, or jobRefusedMsg.
func (s *session) start(j Job) tea.Cmd {
	return func() tea.Msg {
		if !s.begin() {
			return nil
		}
		defer s.starting.Done()
		engine, run, err := s.opts.Start(s.ctx, j)
		if err != nil {
			return jobRefusedMsg{job: j, err: err}
		}
		running := &job{kind: j.Kind, engine: engine, told: make(chan struct{}), done: make(chan struct{})}
		events := engine.Subscribe()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			_ = engine.Close() // nobody is there any more; nothing was begun
			return nil
		}
		s.job = running
		go s.relay(running, events)
		go s.execute(running, run)
		return nil
	}
}

// begin counts a job that is being made, unless the screen is gone.
func (s *session) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.starting.Add(1)
	}
	return !s.closed
}

// relay is the one goroutine that hands events to the program. What may come
// in floods is gathered for a moment, since each message draws the screen.
func (s *session) relay(j *job, events <-chan steps.Event) {
	defer close(j.told)
	s.send(jobReadyMsg{kind: j.kind})
	var gathered eventsMsg
	var due <-chan time.Time
	hand := func() {
		if len(gathered) > 0 {
			s.send(gathered)
		}
		gathered, due = nil, nil
	}
	for {
		select {
		case <-due:
			hand()
		case event, more := <-events:
			if !more {
				hand()
				return
			}
			gathered = append(gathered, event)
			switch event.(type) {
			case steps.Progress, steps.Output:
				if due == nil {
					due = time.After(gatheringTime)
				}
			default:
				hand()
			}
		}
	}
}

// execute runs a job to its end. The context it gives is not the screen's:
// a run ends when its engine is told to stop, not when a screen closes.
func (s *session) execute(j *job, run func(context.Context) steps.Result) {
	defer close(j.done)
	defer func() {
		if p := recover(); p != nil {
			s.mu.Lock()
			s.crash = fmt.Errorf("running the job panicked: %v\n%s", p, debug.Stack())
			s.mu.Unlock()
			s.send(crashedMsg{})
		}
	}()
	result := run(context.WithoutCancel(s.ctx))
	s.mu.Lock()
	s.result = &result
	s.mu.Unlock()
	closing := j.engine.Close()
	select {
	case <-j.told:
	case <-time.After(tellingTime):
	}
	s.send(jobEndedMsg{result: result, closing: closing})
}
