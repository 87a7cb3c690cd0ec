package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/change"
)

// hits is what the filter shows of the changes.
type hits struct {
	kind  int    // of changeKinds; 0 is all
	shown []bool // by change; nil without a filter
	n     int
	rows  int      // that the list has for them, with everything unfolded
	texts []string // what is searched, made when something is searched first
}

func (h *hits) on() bool       { return h.shown != nil }
func (h *hits) has(i int) bool { return h.shown == nil || h.shown[i] }

// changeKind is a kind of change that a filter can show alone.
type changeKind struct {
	name string
	is   func(*change.Change, changeState) bool
}

var changeKinds = []changeKind{
	{"all", func(*change.Change, changeState) bool { return true }},
	{"undecided", func(_ *change.Change, s changeState) bool { return s == stateOpen }},
	{"created", func(ch *change.Change, _ changeState) bool { return actionOf(ch) == actionCreate }},
	{"changed", func(ch *change.Change, _ changeState) bool {
		return slices.Contains([]string{actionUpdate, actionReplace, actionCopy}, actionOf(ch))
	}},
	{"deleted", func(ch *change.Change, _ changeState) bool { return actionOf(ch) == actionDelete }},
	{"destructive", func(ch *change.Change, _ changeState) bool { return ch.Risk == change.Destructive }},
	{"caution", func(ch *change.Change, _ changeState) bool { return ch.Risk == change.Caution }},
	{"safe", func(ch *change.Change, _ changeState) bool { return ch.Risk == change.Safe }},
	{"accepted", func(_ *change.Change, s changeState) bool { return s == stateAccepted }},
	{"rejected", func(_ *change.Change, s changeState) bool { return s == stateRejected }},
	{"fixed", func(ch *change.Change, _ changeState) bool { return ch.Fixed() }},
}

// The actions of a change, in the words of change.Model.
const (
	actionCreate  = "create"
	actionUpdate  = "update"
	actionDelete  = "delete"
	actionReplace = "replace"
	actionCopy    = "copy"
)

// actionOf is what a change does to its subject, or "" where that cannot be
// told from what it shows.
func actionOf(ch *change.Change) string {
	switch {
	case ch.Model != nil:
		return ch.Model.Action
	case ch.Before == ch.After:
		return ""
	case ch.Before == "":
		return actionCreate
	case ch.After == "":
		return actionDelete
	}
	return actionUpdate
}

// nextKind goes to the next or the previous kind that there is.
func (s *reviewScreen) nextKind(on bool) {
	by := 1
	if !on {
		by = len(changeKinds) - 1
	}
	for {
		s.hits.kind = (s.hits.kind + by) % len(changeKinds)
		is := changeKinds[s.hits.kind].is
		for i := range s.gate.Changes {
			if is(&s.gate.Changes[i], s.tree.states[i]) {
				s.match()
				return
			}
		}
		if s.hits.kind == 0 { // there are no changes at all
			return
		}
	}
}

// match finds what the filter shows. What is decided afterwards stays in
// sight until the filter changes, so that nothing moves under the cursor.
func (s *reviewScreen) match() {
	words := strings.Fields(strings.ToLower(s.filter.in.Value()))
	was := s.hits.on()
	s.hits.shown, s.hits.n = nil, len(s.gate.Changes)
	for _, group := range s.tree.groups {
		group.shown = 0
		for _, it := range group.items {
			if it.field != nil {
				it.field.shown = 0
				it.field.shut = was && it.field.shut
			}
		}
		group.shut = was && group.shut
	}
	if len(words) > 0 || s.hits.kind > 0 {
		s.search(words)
	}
	s.layRows()
	s.hits.rows = len(s.rows)
}

func (s *reviewScreen) search(words []string) {
	if len(words) > 0 && s.hits.texts == nil {
		s.hits.texts = searchedIn(s.gate.Changes)
	}
	is := changeKinds[s.hits.kind].is
	s.hits.shown, s.hits.n = make([]bool, len(s.gate.Changes)), 0
	for i := range s.gate.Changes {
		if !is(&s.gate.Changes[i], s.tree.states[i]) || slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(s.hits.texts[i], word) }) {
			continue
		}
		s.hits.shown[i] = true
		s.hits.n++
		for b := s.tree.homes[i]; b != nil; b = b.group {
			b.shown++
		}
	}
}

// searchedMsg brings what is searched, made while nothing waits for it.
type searchedMsg struct {
	of    *reviewScreen
	texts []string
}

// Init implements screen.
func (s *reviewScreen) Init() tea.Cmd {
	changes := s.gate.Changes
	return func() tea.Msg { return searchedMsg{s, searchedIn(changes)} }
}

// searchedIn is what the words of a filter are looked for in.
func searchedIn(changes []change.Change) []string {
	texts := make([]string, len(changes))
	for i := range changes {
		ch := &changes[i]
		texts[i] = strings.ToLower(cleanText(ch.Group + "\n" + ch.Title + "\n" + string(ch.Risk) + "\n" + ch.Detail))
	}
	return texts
}

// filterLine says what the filter shows; an empty line keeps its place.
func (s *reviewScreen) filterLine() string {
	c, w := s.c, s.w
	said := ""
	if s.hits.on() {
		said = count(s.hits.n) + " of " + plural(len(s.gate.Changes), "change", "changes")
		if s.hits.kind > 0 {
			said = "only " + changeKinds[s.hits.kind].name + ": " + said
		}
		if !s.filter.typing && !s.readOnly {
			said += " " + c.g.dot + " esc shows all"
		}
		said = c.st.alert.Render(said)
	}
	if !s.filter.on() {
		return said
	}
	c.dress(&s.filter.in)
	s.filter.in.SetWidth(max(4, w/3))
	return c.ends(s.filter.in.View(), said, w)
}
