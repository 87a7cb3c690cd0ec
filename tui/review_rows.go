package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/change"
)

// layRows makes the rows out of groups, folds and filter.
func (s *reviewScreen) layRows() {
	s.rows = s.rows[:0]
	var groups []string
	members := map[string][]int{}
	for i, ch := range s.shown {
		if !s.filter.matches(ch.Title, ch.Group, ch.Detail, string(ch.Risk)) {
			continue
		}
		if members[ch.Group] == nil {
			groups = append(groups, ch.Group)
		}
		members[ch.Group] = append(members[ch.Group], i)
	}
	for _, group := range groups {
		s.rows = append(s.rows, reviewRow{group, -1})
		if s.folded[group] && !s.filter.on() {
			continue
		}
		for _, i := range members[group] {
			s.rows = append(s.rows, reviewRow{group, i})
		}
	}
	s.list.n = len(s.rows)
	s.list.clamp()
}

func (s *reviewScreen) here() reviewRow {
	if len(s.rows) == 0 {
		return reviewRow{change: -1}
	}
	return s.rows[s.list.at]
}

func (s *reviewScreen) undecided(i int) bool {
	ch := s.gate.Changes[i]
	_, decided := s.said[ch.ID]
	return !decided && ch.Locked == ""
}

// jump moves to the next or previous undecided change and unfolds its group.
func (s *reviewScreen) jump(by int) bool {
	n := len(s.shown)
	if n == 0 {
		return false
	}
	at := s.here().change
	if at < 0 { // on a heading: start at its first change
		at = s.firstOf(s.here().group)
		if by > 0 {
			at--
		}
	}
	for range n {
		at = (at + by + n) % n
		if s.undecided(at) {
			s.moveTo(at)
			return true
		}
	}
	return false
}

func (s *reviewScreen) firstOf(group string) int {
	for i, ch := range s.shown {
		if ch.Group == group {
			return i
		}
	}
	return 0
}

func (s *reviewScreen) moveTo(i int) {
	s.folded[s.shown[i].Group] = false
	s.layRows()
	for row := range s.rows {
		if s.rows[row].change == i {
			s.list.at = row
		}
	}
	s.list.clamp()
}

// fold folds the group under the cursor, or unfolds it.
func (s *reviewScreen) fold(shut bool) {
	group := s.here().group
	s.folded[group] = shut
	s.layRows()
	if !shut {
		return
	}
	for i, row := range s.rows {
		if row.group == group && row.change < 0 {
			s.list.at = i
		}
	}
	s.list.clamp()
}

// members is the changes of the group under the cursor that can be decided
// and that the filter shows.
func (s *reviewScreen) members() []string {
	var ids []string
	for i, ch := range s.shown {
		if ch.Group == s.here().group && ch.Locked == "" && s.filter.matches(ch.Title, ch.Group, ch.Detail, string(ch.Risk)) {
			ids = append(ids, s.gate.Changes[i].ID)
		}
	}
	return ids
}

// say records decisions and tells what followed from them.
func (s *reviewScreen) say(ids []string, accept bool) tea.Cmd {
	mine := map[string]bool{}
	for _, id := range ids {
		mine[id] = true
	}
	var others []string
	for _, id := range ids {
		for _, other := range change.Decide(s.gate.Changes, s.said, id, accept) {
			if !mine[other] {
				others = append(others, s.titleOf(other))
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	verb := "also rejected, since it needs this: "
	if accept {
		verb = "also accepted, since this needs it: "
	}
	return send(noticeMsg(verb + strings.Join(others, ", ")))
}

func (s *reviewScreen) titleOf(id string) string {
	for i, ch := range s.gate.Changes {
		if ch.ID == id {
			return s.shown[i].Title
		}
	}
	return id
}
