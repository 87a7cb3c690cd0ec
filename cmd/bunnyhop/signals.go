package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bunnyhop/steps"
)

// notifySignals delivers the signals that end a run.
func notifySignals() (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

// stopper is the part of an engine that signals reach.
type stopper interface {
	Interrupt()
	Detach()
}

var _ stopper = (*steps.Engine)(nil)

// act does what a signal asks for and says what happens now.
func act(engine stopper, s os.Signal, w *phaseWatch) (name, text string) {
	if s == syscall.SIGHUP {
		engine.Detach()
		if w.phase == steps.Cutover {
			return "SIGHUP", "the terminal is gone; the cutover is brought to its end"
		}
		return "SIGHUP", "the terminal is gone; stopping before anything is changed"
	}
	name = "SIGINT"
	if s == syscall.SIGTERM {
		name = "SIGTERM"
	}
	again := w.interrupted
	w.interrupted = true
	if !again {
		engine.Interrupt()
	}
	switch {
	case again && w.phase == steps.Cutover:
		return name, fmt.Sprintf("already stopping: %q is finished first, then everything is put back", w.step)
	case again:
		return name, "already stopping"
	case w.phase == steps.Cutover:
		return name, fmt.Sprintf("stopping: %q is finished first, then everything is put back", w.step)
	case w.phase == steps.Finish:
		return name, "the change is done and proved; only the report is left"
	}
	return name, "stopping; nothing of the project was changed"
}
