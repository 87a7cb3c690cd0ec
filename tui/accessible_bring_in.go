package tui

import (
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
)

// bringIn asks where the data model is, and which differences count.
func (t *talk) bringIn(s *bringInScreen) (*Job, error) {
	for {
		word, err := t.ask("Where is the data model? (a folder, the file of a snapshot, or https://…; empty for none)")
		if word = strings.TrimSpace(word); err != nil || word == "" {
			return nil, err
		}
		s.in.SetValue(word)
		wrong := t.ses.opts.FindModel(t.ses.ctx, word)
		if wrong == nil {
			break
		}
		t.say("%s", cleanText(wrong.Error()))
		t.say("%s", cleanText(fault.HintOf(wrong)))
	}
	t.say("Which differences count?")
	titles := make([]string, len(review.Modes))
	for i, mode := range review.Modes {
		titles[i] = string(mode) + ": " + modeAbout[mode]
	}
	at, err := t.pick(titles, make([]string, len(titles)), slices.Index(review.Modes, s.mode))
	if err != nil {
		return nil, err
	}
	s.mode = review.Modes[at]
	job := s.job()
	return &job, nil
}
