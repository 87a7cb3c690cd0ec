package tui

import (
	"strings"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// spokenReview asks for decisions line by line, group by group.
type spokenReview struct {
	*reviewScreen
	t     *talk
	told  map[int]bool
	group *branch // that was named last
}

func (t *talk) review(gate steps.Gate) (steps.Answer, error) {
	// There is room for what a line of the terminal can take.
	s := spokenReview{reviewScreen: newReview(t.c, gate, nil), t: t, told: map[int]bool{}}
	s.w = 10 * measure
	if n := differences(gate.Noise); n > 0 {
		t.say("\n%s noise between versions; nothing is asked about them:", plural(n, "difference is", "differences are"))
		for _, part := range clean(gate.Noise) {
			t.say("  %s: %s", count(part.Count), part.Reason)
		}
	}
	for {
		i, open := s.tell()
		if !open {
			return steps.Answer{Decisions: s.answer()}, nil
		}
		if err := s.ask(i); err != nil {
			return steps.Answer{}, err
		}
	}
}

// tell says what has not been said yet, up to the first change that is to be
// decided. What was taken back is asked again, since it is undecided again.
func (s *spokenReview) tell() (at int, open bool) {
	for _, i := range s.tree.order {
		if group := s.groupOf(i); group != s.group && (!s.told[i] || s.tree.states[i] == stateOpen) {
			s.group = group
			s.t.say("\n%s: %s, %s", group.name, plural(len(group.changes), "change", "changes"), strings.Join(s.summed(group), ", "))
		}
		if s.tree.states[i] == stateOpen {
			s.describe(i)
			return i, true
		}
		if !s.told[i] {
			s.describe(i)
		}
	}
	return 0, false
}

func (s *spokenReview) groupOf(i int) *branch {
	b := s.tree.homes[i]
	if b.group != nil {
		return b.group
	}
	return b
}

// summed counts a group by state.
func (s *spokenReview) summed(b *branch) []string {
	var parts []string
	for state, n := range b.tally {
		if n > 0 {
			parts = append(parts, count(n)+" "+stateWords[state])
		}
	}
	return append(parts, "the worst is "+string(b.worst))
}

// describe says all of one change.
func (s *spokenReview) describe(i int) {
	s.told[i] = true
	t, ch := s.t, s.shown(i)
	t.say("\n%s: %s (%s)", s.groupOf(i).name, ch.Title, strings.Join(nonEmpty(spokenAction(ch), string(ch.Risk)), ", "))
	if ch.Detail != "" {
		t.say("  %s", strings.ReplaceAll(ch.Detail, "\n", "\n  "))
	}
	if why := t.c.fixed(ch); why != "" {
		t.say("  %s%s", strings.ToUpper(why[:1]), why[1:])
		if ch.Locked != "" {
			return
		}
	}
	for _, line := range t.c.stacked(ch.Before, ch.After, measure) {
		t.say("  %s", stripped(line))
	}
	for _, e := range ch.Evidence {
		loss := ""
		if e.Loss {
			loss = "; lost by this"
		}
		t.say("  seen: %s: %s%s", e.Label, e.Value, loss)
	}
	for _, part := range []struct {
		label string
		all   []int
	}{{"needs", s.review.Needs(i)}, {"needed by", s.review.NeededBy(i)}} {
		if len(part.all) > 0 {
			t.say("  %s: %s", part.label, s.names(part.all, 3))
		}
	}
	if ch.Undo != "" {
		t.say("  taken back by: %s", ch.Undo)
	}
	if !ch.Fixed() && s.tree.states[i] != stateOpen {
		t.say("  Decided already: %s", s.word(i))
	}
}

// spokenAction is what the sign of a change says to those who see it.
func spokenAction(ch change.Change) string {
	switch actionOf(&ch) {
	case actionCreate:
		return "created"
	case actionDelete:
		return "deleted"
	case actionUpdate:
		return "changed"
	case actionReplace:
		return "deleted and made anew"
	case actionCopy:
		return "values are copied"
	}
	return ""
}

// ask takes one line: a decision on the change, on all that is left of its
// group, or the last one back.
func (s *spokenReview) ask(i int) error {
	prompt := "a to accept, r to reject"
	var left []int
	for _, j := range s.groupOf(i).changes {
		if s.tree.states[j] == stateOpen {
			left = append(left, j)
		}
	}
	if len(left) > 1 {
		prompt += ", A or R for all " + count(len(left)) + " that are left in " + s.groupOf(i).name
	}
	if s.review.Undoable() {
		prompt += ", u to take the last decision back"
	}
	line, err := s.t.ask(prompt + ":")
	if err != nil {
		return err
	}
	switch line {
	case "a", "r":
		s.decided(line == "a", s.take(line == "a", []int{i}))
	case "A", "R":
		if len(left) > 1 {
			effect := s.take(line == "A", left)
			s.t.say("  %s %s: %s", count(len(effect.Decided)), verb(line == "A"), s.names(effect.Decided, 3))
			s.decided(line == "A", effect)
		}
	case "u":
		if changed := s.review.Undo(); len(changed) > 0 {
			s.tree.moved(changed)
			s.t.say("  Taken back: %s", s.names(changed, 3))
		}
	}
	return nil
}

// decided says what followed from a decision, and what could not be done.
func (s *spokenReview) decided(accept bool, effect change.Effect) {
	if len(effect.Followed) > 0 {
		s.t.say("  With it %s: %s", verb(accept), s.names(effect.Followed, 3))
	}
	for _, refused := range effect.Refused[:min(3, len(effect.Refused))] {
		s.t.say("  %s", s.refusal(accept, refused))
	}
	if more := len(effect.Refused) - 3; more > 0 {
		s.t.say("  and %s more that stay as they are", count(more))
	}
}
