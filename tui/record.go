package tui

import (
	"slices"
	"time"

	"bunnyhop/steps"
)

// stepState is how a step stands on screen.
type stepState uint8

const (
	stepWaiting stepState = iota
	stepRunning
	stepDone
	stepFailed
	stepUndoing
	stepUndone
	stepStuck // taking it back failed
)

// stepRecord is what events have said of one step.
type stepRecord struct {
	steps.StepInfo
	state   stepState
	summary string
	proved  bool // done by an earlier process, proved again
	began   time.Time
	elapsed time.Duration
	failure *steps.StepFailed
	stuck   *steps.UndoFailed
	work    *work
}

// record is what events have said of a run. It is the only thing that step
// screens read.
type record struct {
	run, flow, title, project string
	resumed                   bool
	steps                     []*stepRecord
	current                   *stepRecord
	facts                     learned
	gate                      *steps.Gate // as it came, to be answered
	gateStep                  *stepRecord
	undoing                   bool
	began                     time.Time
	down                      downtime
	// ending is what is done after the last step, as "removing …": what only
	// the run needed goes.
	ending string
	result *steps.Result
}

// downtime is the clock between the stop and the first good answer.
type downtime struct {
	from, to time.Time
	measured time.Duration // what the flow itself measured; it wins
	idle     bool          // the server was not running anyway
}

func (d downtime) known() bool { return !d.from.IsZero() || d.measured > 0 }

func (d downtime) running() bool {
	return !d.from.IsZero() && d.to.IsZero() && d.measured == 0
}

func (d downtime) length(now time.Time) time.Duration {
	switch {
	case d.measured > 0:
		return d.measured
	case d.from.IsZero():
		return 0
	case d.to.IsZero():
		return now.Sub(d.from)
	}
	return d.to.Sub(d.from)
}

func newRecord() *record { return &record{} }

// step finds a step; one that was not announced is added at the end, so that
// nothing is ever hidden.
func (r *record) step(id string) *stepRecord {
	for _, s := range r.steps {
		if s.ID == id {
			return s
		}
	}
	s := &stepRecord{StepInfo: steps.StepInfo{ID: id, Title: id, Phase: steps.Prepare}, work: newWork()}
	if id != "" {
		r.steps = append(r.steps, s)
	}
	return s
}

// next is the step that follows, nil for the last one and for none.
func (r *record) next(s *stepRecord) *stepRecord {
	for i, one := range r.steps[:max(len(r.steps)-1, 0)] {
		if one == s {
			return r.steps[i+1]
		}
	}
	return nil
}

// apply takes one event in. Text in it is cleaned here, and nowhere else.
func (r *record) apply(event steps.Event, now time.Time) {
	switch e := event.(type) {
	case steps.GateOpened:
		gate := e.Gate // not cleaned: its IDs are what an answer has to name
		r.gate, r.gateStep = &gate, r.step(e.Step)
	case steps.GateAnswered:
		if r.gate != nil && r.gate.ID == e.Gate {
			r.gate, r.gateStep = nil, nil
		}
	case steps.Learned:
		r.facts.take(e.Key, e.Value)
		r.measure()
	case steps.RunStarted:
		r.start(clean(e), now)
	case steps.Progress:
		e = clean(e)
		s := r.step(e.Step)
		s.work.progress(e, now)
		if s.over() {
			r.ending = e.Label
		}
	case steps.Output:
		e = clean(e)
		r.step(e.Step).work.output(e.Line)
	case steps.RunFinished:
		result := clean(e.Result)
		r.finish(&result, now)
	default:
		r.turn(event, now)
	}
}

func (r *record) start(e steps.RunStarted, now time.Time) {
	r.run, r.flow, r.title, r.project, r.resumed = e.Run, e.Flow, e.Title, e.Project, e.Resumed
	r.began = now
	for _, info := range e.Steps {
		r.step(info.ID).StepInfo = info
	}
}

// turn is what moves a step from one state to another.
func (r *record) turn(event steps.Event, now time.Time) {
	switch e := event.(type) {
	case steps.StepStarted:
		s := r.enter(e.Step, stepRunning, now)
		s.failure, s.summary = nil, ""
		if s.ID == "stop" && s.Phase == steps.Cutover && r.down.from.IsZero() {
			r.down.from = now
		}
	case steps.StepDone:
		e = clean(e)
		s := r.leave(e.Step)
		s.state, s.summary, s.elapsed, s.proved = stepDone, e.Summary, e.Elapsed, e.Proved
		if s.ID == "start" && r.down.running() {
			r.down.to = now
		}
	case steps.StepFailed:
		e = clean(e)
		s := r.leave(e.Step)
		s.state, s.failure = stepFailed, &e
		if !s.began.IsZero() {
			s.elapsed = now.Sub(s.began)
		}
	case steps.UndoStarted:
		r.undoing = true
		r.enter(e.Step, stepUndoing, now)
	case steps.UndoDone:
		s := r.step(e.Step)
		s.state = stepUndone
		if s.ID == "stop" && r.down.running() {
			r.down.to = now
		}
	case steps.UndoFailed:
		e = clean(e)
		s := r.step(e.Step)
		s.state, s.stuck = stepStuck, &e
	}
}

func (r *record) enter(id string, state stepState, now time.Time) *stepRecord {
	r.ending = ""
	s := r.step(id)
	s.state, s.began = state, now
	s.work.reset()
	r.current = s
	return s
}

// leave is step for one that has ended: a gate of it that was declined is
// closed without an answer.
func (r *record) leave(id string) *stepRecord {
	s := r.step(id)
	if r.gateStep == s {
		r.gate, r.gateStep = nil, nil
	}
	return s
}

// measure takes what the flow says of the downtime over our own clock.
func (r *record) measure() {
	if stop := r.facts.stop; stop != nil {
		r.down.idle = !stop.Running
		if r.down.from.IsZero() && stop.Running { // stopped by an earlier process
			r.down.from = stop.At
		}
	}
	if start := r.facts.start; start != nil && start.DowntimeSeconds > 0 {
		r.down.measured = seconds(start.DowntimeSeconds)
	}
}

func (r *record) finish(result *steps.Result, now time.Time) {
	if r.result != nil {
		return
	}
	r.result, r.gate, r.gateStep = result, nil, nil
	if r.down.running() && result.Status != steps.NeedsPerson {
		r.down.to = now
	}
}

// index is the step's place in the flow, from 1.
func (r *record) index(s *stepRecord) int { return slices.Index(r.steps, s) + 1 }

// phase is the phase that the run is in.
func (r *record) phase() steps.Phase {
	if r.current == nil {
		return steps.Prepare
	}
	return r.current.Phase
}

// cutover returns the steps that change the live project.
func (r *record) cutover() []*stepRecord {
	var all []*stepRecord
	for _, s := range r.steps {
		if s.Phase == steps.Cutover {
			all = append(all, s)
		}
	}
	return all
}

// stops reports whether the run stops the server: not every one does.
func (r *record) stops() bool {
	return slices.ContainsFunc(r.cutover(), func(s *stepRecord) bool { return s.ID == "stop" })
}

// touched reports whether a step of the cutover has begun.
func (r *record) touched() bool {
	return slices.ContainsFunc(r.cutover(), func(s *stepRecord) bool { return s.state != stepWaiting })
}

// over reports whether the step has ended.
func (s *stepRecord) over() bool {
	switch s.state {
	case stepDone, stepFailed, stepUndone, stepStuck:
		return true
	case stepWaiting, stepRunning, stepUndoing:
	}
	return false
}

// time is how long a step has taken, or takes so far.
func (s *stepRecord) time(now time.Time) time.Duration {
	if (s.state == stepRunning || s.state == stepUndoing) && !s.began.IsZero() {
		return now.Sub(s.began)
	}
	return s.elapsed
}

// find is step for an ID that may not be there.
func (r *record) find(id string) *stepRecord {
	for _, s := range r.steps {
		if s.ID == id {
			return s
		}
	}
	return &stepRecord{StepInfo: steps.StepInfo{ID: id, Title: id, Phase: steps.Finish}, work: newWork()}
}
