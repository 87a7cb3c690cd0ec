package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// decisionsScreen shows the review step while it is prepared and once it is
// decided.
type decisionsScreen struct {
	stepBase
	of     *change.Change // the first of the changes that review was made from
	review *reviewScreen
}

func newDecisionsScreen(c *common, s *stepRecord) screen {
	return &decisionsScreen{stepBase: newStepBase(c, s)}
}

// inner is the review without its keys, or nil before there is one.
func (s *decisionsScreen) inner() *reviewScreen {
	f := s.c.rec.facts.review
	if f == nil || len(f.Changes) == 0 || s.s.state == stepFailed {
		return nil
	}
	if s.review == nil || s.of != &f.Changes[0] {
		gate := steps.Gate{Title: s.s.Title, Kind: steps.GateReview, Changes: f.Changes}
		s.review = newReview(s.c, gate, f.Decisions)
		s.review.readOnly, s.of = true, &f.Changes[0]
		s.keySet = s.review.keySet
	}
	s.review.SetSize(s.w, s.h)
	return s.review
}

// Update implements screen.
func (s *decisionsScreen) Update(msg tea.Msg) tea.Cmd {
	if r := s.inner(); r != nil {
		return r.Update(msg)
	}
	return s.stepBase.Update(msg)
}

// Point implements pointable.
func (s *decisionsScreen) Point(msg tea.MouseMsg, x, y int) tea.Cmd {
	if r := s.inner(); r != nil {
		return r.Point(msg, x, y)
	}
	return nil
}

// FullHelp implements help.KeyMap.
func (s *decisionsScreen) FullHelp() [][]key.Binding {
	if r := s.inner(); r != nil {
		return r.FullHelp()
	}
	return s.stepBase.FullHelp()
}

// Hint implements hinted.
func (s *decisionsScreen) Hint() string {
	if r := s.inner(); r != nil {
		return r.Hint()
	}
	return ""
}

// View implements screen.
func (s *decisionsScreen) View() string {
	if r := s.inner(); r != nil {
		return r.View()
	}
	return s.render(nil)
}

// Typing implements typist.
func (s *decisionsScreen) Typing() bool { return s.review != nil && s.review.Typing() }
