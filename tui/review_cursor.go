package tui

import (
	"slices"
	"strings"
)

// reviewRow is one line of the list: a branch's heading, or a change.
type reviewRow struct {
	in     *branch
	change int // -1 for a heading
}

func heading(b *branch) reviewRow { return reviewRow{b, -1} }

// layRows makes the rows out of the tree, its folds and the filter. The cursor
// stays on its row, goes to the branch that the row is folded into, or to what
// comes next.
func (s *reviewScreen) layRows() {
	here := s.here()
	s.rows = s.rows[:0]
	for _, group := range s.tree.groups {
		if s.hits.on() && group.shown == 0 {
			continue
		}
		s.rows = append(s.rows, heading(group))
		if s.shut(group) {
			continue
		}
		for _, it := range group.items {
			s.layItem(group, it)
		}
	}
	s.list.n = len(s.rows)
	if s.moveTo(here) {
		return
	}
	for b := here.in; b != nil; b = b.group {
		if s.moveTo(heading(b)) {
			return
		}
	}
	s.moveNear(here)
}

// moveNear puts the cursor on the first change that comes after a row which is
// out of sight.
func (s *reviewScreen) moveNear(gone reviewRow) {
	if gone.in == nil {
		s.list.clamp()
		return
	}
	i := gone.change
	if i < 0 {
		i = gone.in.changes[0]
	}
	s.list.at = len(s.rows) - 1
	for at, row := range s.rows {
		if row.change >= 0 && s.tree.places[row.change] >= s.tree.places[i] {
			s.list.at = at
			break
		}
	}
	s.list.clamp()
}

func (s *reviewScreen) layItem(group *branch, it item) {
	if it.field == nil {
		if s.hits.has(it.change) {
			s.rows = append(s.rows, reviewRow{group, it.change})
		}
		return
	}
	if s.hits.on() && it.field.shown == 0 {
		return
	}
	s.rows = append(s.rows, heading(it.field))
	if s.shut(it.field) {
		return
	}
	for _, i := range it.field.changes {
		if s.hits.has(i) {
			s.rows = append(s.rows, reviewRow{it.field, i})
		}
	}
}

// shut reports whether a branch is folded now. A filter unfolds everything
// for as long as it is on.
func (s *reviewScreen) shut(b *branch) bool {
	if s.hits.on() {
		return b.shut
	}
	return b.folded
}

func (s *reviewScreen) setShut(b *branch, shut bool) {
	if s.hits.on() {
		b.shut = shut
	} else {
		b.folded = shut
	}
}

func (s *reviewScreen) here() reviewRow {
	if len(s.rows) == 0 {
		return reviewRow{change: -1}
	}
	return s.rows[min(s.list.at, len(s.rows)-1)]
}

// moveTo puts the cursor on a row, if there is such a one.
func (s *reviewScreen) moveTo(row reviewRow) bool {
	at := slices.Index(s.rows, row)
	if at < 0 {
		return false
	}
	s.list.at = at
	s.list.clamp()
	return true
}

// reveal moves to a change and unfolds what it is in.
func (s *reviewScreen) reveal(i int) {
	laid := true
	for b := s.tree.homes[i]; b != nil; b = b.group {
		if s.shut(b) {
			s.setShut(b, false)
			laid = false
		}
	}
	if !laid {
		s.layRows()
	}
	s.moveTo(reviewRow{s.tree.homes[i], i})
}

// jump moves to the next or previous undecided change that the filter shows.
func (s *reviewScreen) jump(by int) bool {
	n := len(s.tree.order)
	if n == 0 || s.tree.total[stateOpen] == 0 {
		return false
	}
	at := 0
	switch here := s.here(); {
	case here.change >= 0:
		at = s.tree.places[here.change]
	case here.in != nil: // on a heading: start before its first change
		at = s.tree.places[here.in.changes[0]]
		if by > 0 {
			at--
		}
	}
	for range n {
		at = (at + by + n) % n
		if i := s.tree.order[at]; s.tree.states[i] == stateOpen && s.hits.has(i) {
			s.reveal(i)
			return true
		}
	}
	return false
}

// fold folds what the cursor is in, or unfolds it.
func (s *reviewScreen) fold(press string) {
	here := s.here()
	if here.in == nil {
		return
	}
	b, shut := here.in, press == "left" || press == "h"
	switch {
	case press == "tab":
		shut = !s.shut(b)
	case shut && here.change < 0 && s.shut(b) && b.group != nil:
		b = b.group // it is folded already: the one around it
	}
	s.setShut(b, shut)
	s.layRows()
}

// label is a change's title where its branch says the rest.
func (s *reviewScreen) label(i int) string {
	ch := s.shown(i)
	if s.tree.homes[i].group == nil {
		return ch.Title
	}
	if ch.Title == ch.Model.Field {
		return ch.Model.Entity
	}
	rest, ok := strings.CutPrefix(ch.Title, ch.Model.Field+" ")
	if !ok {
		return ch.Title
	}
	if attribute, ok := strings.CutPrefix(rest, "· "); ok {
		return attribute
	}
	return ch.Model.Entity + " " + rest
}

// name is a change's title where nothing around it says what it is part of.
func (s *reviewScreen) name(i int) string {
	ch := s.shown(i)
	if m := ch.Model; m != nil && m.Field != "" && strings.HasPrefix(ch.Title, m.Field) {
		return m.Collection + "." + ch.Title
	}
	return ch.Title
}
