package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/change"
)

// toggle accepts a change, or rejects one that is accepted.
func (s *reviewScreen) toggle(i int) tea.Cmd {
	accept := s.tree.states[i] != stateAccepted
	effect := s.take(accept, []int{i})
	if len(effect.Refused) > 0 {
		return send(noticeMsg(s.refusal(accept, effect.Refused[0])))
	}
	if len(effect.Followed) == 0 {
		return nil
	}
	return s.notice(effect.Followed, func(names string) string { return s.followed(accept, names) + "; u takes it back" })
}

// followed says that others had to follow one change.
func (s *reviewScreen) followed(accept bool, names string) string {
	if accept {
		return "also accepted, since this needs it: " + names
	}
	return "also rejected, since it needs this: " + names
}

// take records decisions.
func (s *reviewScreen) take(accept bool, at []int) change.Effect {
	effect := s.review.Decide(accept, at...)
	s.tree.moved(effect.Decided, effect.Followed)
	return effect
}

// decideGroup accepts or rejects what the filter shows of the branch that the
// cursor is in.
func (s *reviewScreen) decideGroup(accept bool) tea.Cmd {
	b := s.here().in
	if b == nil {
		return nil
	}
	var at []int
	for _, i := range b.changes {
		if s.hits.has(i) && !s.gate.Changes[i].Fixed() {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return send(noticeMsg("nothing in " + b.name + " can be decided"))
	}
	name := b.name
	if b.group != nil {
		name = b.group.name + "." + name
	}
	return s.together(accept, at, name+": ", "all of that is "+verb(accept)+" already")
}

// acceptOpen accepts the undecided changes of a kind that the filter shows.
func (s *reviewScreen) acceptOpen(kind string, is func(*change.Change) bool) tea.Cmd {
	var at []int
	for i := range s.gate.Changes {
		if s.tree.states[i] == stateOpen && s.hits.has(i) && is(&s.gate.Changes[i]) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return send(noticeMsg("no undecided change that the filter shows is " + kind + "; esc shows all"))
	}
	rest := ""
	cmd := s.together(true, at, kind+": ", "")
	if open := s.tree.total[stateOpen]; open > 0 && !s.hits.on() {
		rest = plural(open, "change is", "changes are") + " not " + kind + " and still to be decided"
	}
	if rest == "" {
		return cmd
	}
	told, _ := cmd().(noticeMsg)
	return send(noticeMsg(s.fitting(string(told)+"; "+rest, count(len(at))+" accepted; "+rest)))
}

// together decides several changes and tells what that did.
func (s *reviewScreen) together(accept bool, at []int, before, nothing string) tea.Cmd {
	effect := s.take(accept, at)
	if len(effect.Decided)+len(effect.Followed)+len(effect.Refused) == 0 {
		return send(noticeMsg(nothing))
	}
	if len(effect.Decided) == 0 {
		said := s.refusal(accept, effect.Refused[0])
		if more := len(effect.Refused) - 1; more > 0 {
			return send(noticeMsg(s.fitting(said+"; and "+count(more)+" more", count(len(effect.Refused))+" stay as they are: "+said)))
		}
		return send(noticeMsg(said))
	}
	did := before + count(len(effect.Decided)) + " " + verb(accept)
	destructive := 0
	for _, i := range effect.Decided {
		if s.gate.Changes[i].Risk == change.Destructive {
			destructive++
		}
	}
	if accept && destructive > 0 {
		did += ", " + count(destructive) + " destructive"
	}
	undo := "; u takes it back"
	if len(effect.Refused) > 0 {
		first := effect.Refused[0]
		did += ", " + count(len(effect.Refused)) + " not"
		return send(noticeMsg(s.fitting(did+undo+": "+s.refusal(accept, first), did+": "+s.refusal(accept, first), did+undo)))
	}
	if len(effect.Followed) == 0 {
		return send(noticeMsg(did + undo))
	}
	why := " more, needed by these: "
	if !accept {
		why = " more that need these: "
	}
	return s.notice(effect.Followed, func(names string) string {
		return did + ", and " + count(len(effect.Followed)) + why + names + undo
	})
}

// undo takes the last decision back.
func (s *reviewScreen) undo() tea.Cmd {
	changed := s.review.Undo()
	s.tree.moved(changed)
	if len(changed) == 1 {
		return send(noticeMsg("taken back: " + s.name(changed[0]) + " is " + s.word(changed[0])))
	}
	return s.notice(changed, func(names string) string {
		return "taken back for " + plural(len(changed), "change", "changes") + ": " + names
	})
}

// next goes to the next or previous undecided change, or says that there is
// none in sight.
func (s *reviewScreen) next(by int) tea.Cmd {
	if !s.jump(by) {
		return send(noticeMsg("the filter shows no undecided change; esc shows all"))
	}
	return nil
}

// refusal says why a decision was not taken.
func (s *reviewScreen) refusal(accept bool, r change.Refusal) string {
	cannot, tie := " cannot be rejected", " is needed by "
	if accept {
		cannot, tie = " cannot be accepted", " needs "
	}
	if r.By == r.At {
		return s.name(r.At) + cannot + ": " + cleanText(r.Why)
	}
	return s.name(r.At) + cannot + ": it" + tie + s.name(r.By) + ", which" + cannot + ": " + cleanText(r.Why)
}

// notice tells something with as many names as there is room for, up to three.
func (s *reviewScreen) notice(at []int, text func(names string) string) tea.Cmd {
	var shorter []string
	for n := min(3, len(at)); n > 0; n-- {
		shorter = append(shorter, text(s.names(at, n)))
	}
	return send(noticeMsg(s.fitting(shorter...)))
}

// names lists the first changes by name, and says how many more there are.
func (s *reviewScreen) names(at []int, n int) string {
	var all []string
	for _, i := range at[:min(n, len(at))] {
		all = append(all, s.name(i))
	}
	said := strings.Join(all, ", ")
	if more := len(at) - n; more > 0 {
		said += " and " + count(more) + " more"
	}
	return said
}

// fitting is the first of several texts that the footer has room for, else
// the last. The footer is never narrower than the pane, but for a sign.
func (s *reviewScreen) fitting(texts ...string) string {
	for _, text := range texts {
		if ansi.StringWidth(text) <= s.w-4 {
			return text
		}
	}
	return texts[len(texts)-1]
}

func verb(accept bool) string {
	if accept {
		return "accepted"
	}
	return "rejected"
}
