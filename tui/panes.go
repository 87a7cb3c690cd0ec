package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// top is what keys go to.
func (a *app) top() screen {
	switch {
	case a.overlay != nil:
		return a.overlay
	case a.dialog != nil:
		return a.dialog
	}
	return a.pane()
}

// pane is the screen that fills the pane.
func (a *app) pane() screen {
	rec := a.c.rec
	switch {
	case a.mode == modeHome && a.front != nil, a.mode == modeRefused:
		return a.front
	case a.mode == modeHome:
		return a.home
	case a.looking != "":
		return a.stepScreen(rec.step(a.looking))
	case a.mode == modeEnded:
		return a.result()
	case a.gate != nil:
		return a.gate
	case rec.undoing:
		a.cutover.at = nil
		return a.cutover
	case rec.current != nil:
		return a.stepScreen(rec.current)
	}
	return a.keep("", func() screen { return newStartingScreen(a.c, a.job) })
}

// stepScreen is the screen of a step, made when it is first needed.
func (a *app) stepScreen(s *stepRecord) screen {
	if a.gate != nil && s == a.c.rec.gateStep {
		return a.gate
	}
	if make, known := stepScreens[s.ID]; known {
		return a.keep(s.ID, func() screen { return make(a.c, s) })
	}
	if s.Phase == steps.Cutover {
		a.cutover.at = nil
		if a.looking != "" {
			a.cutover.at = s
		}
		return a.cutover
	}
	return a.keep(s.ID, func() screen { return newPlainScreen(a.c, s) })
}

// result is the last screen. It is the report step's screen in every flow.
func (a *app) result() screen {
	return a.keep("report", func() screen { return newReportScreen(a.c, a.c.rec.find("report")) })
}

func (a *app) keep(id string, make func() screen) screen {
	s, ok := a.screens[id]
	if !ok {
		s = make()
		a.screens[id] = s
	}
	return s
}

// look moves to the screen of an earlier or a later step that has begun.
func (a *app) look(by int) tea.Cmd {
	rec := a.c.rec
	if a.mode != modeRunning && a.mode != modeEnded {
		return nil
	}
	var seen []string
	for _, s := range rec.steps {
		if s.state != stepWaiting && (a.mode != modeEnded || s.ID != "report") {
			seen = append(seen, s.ID)
		}
	}
	at := len(seen) // the result, after all steps
	if a.looking != "" {
		at = slices.Index(seen, a.looking)
	} else if a.mode == modeRunning && rec.current != nil {
		at = slices.Index(seen, rec.current.ID)
	}
	at += by
	switch {
	case at < 0:
		a.notice = "this is the first step"
	case at >= len(seen):
		a.looking = ""
	default:
		a.looking = seen[at]
	}
	if a.mode == modeRunning && rec.current != nil && a.looking == rec.current.ID {
		a.looking = ""
	}
	return nil
}
