package tui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// reviewScreen has every change decided, one by one or by group. Changes
// start undecided.
type reviewScreen struct {
	pane
	keySet
	c        *common
	title    string
	gate     steps.Gate      // as it came: its IDs go into the answer
	shown    []change.Change // cleaned, the same order
	said     change.Decisions
	readOnly bool

	rows   []reviewRow
	folded map[string]bool
	list   list
	filter filter
	detail detail
	needs  bool // the detail shows dependencies
}

// reviewRow is one line of the list: a group's heading or a change.
type reviewRow struct {
	group  string
	change int // index, -1 for a heading
}

func newReviewScreen(c *common, gate steps.Gate) screen {
	s := newReview(c, gate, change.Decisions{})
	return s
}

func newReview(c *common, gate steps.Gate, said change.Decisions) *reviewScreen {
	s := &reviewScreen{
		c: c, title: cleanText(gate.Title), gate: gate, shown: clean(gate.Changes), said: said,
		folded: map[string]bool{}, filter: newFilter(c), detail: newDetail(),
	}
	s.keySet = keySet{s.bindings}
	s.layRows()
	s.jump(+1)
	return s
}

// counts says how many changes are in which state.
func (s *reviewScreen) counts() (open, accepted, rejected, locked int) {
	for i, ch := range s.gate.Changes {
		switch yes, decided := s.said[ch.ID]; {
		case ch.Locked != "":
			locked++
		case s.undecided(i):
			open++
		case decided && yes:
			accepted++
		default:
			rejected++
		}
	}
	return open, accepted, rejected, locked
}

// missing says why enter does not work.
func (s *reviewScreen) missing() string {
	err := s.gate.Validate(steps.Answer{Decisions: s.answer()})
	if err == nil {
		return ""
	}
	if open, _, _, _ := s.counts(); open > 0 {
		return plural(open, "change is", "changes are") + " not decided; ] goes to the next"
	}
	return err.Error()
}

// answer is the decisions with the locked changes, which are always accepted.
func (s *reviewScreen) answer() change.Decisions {
	all := change.Decisions{}
	for _, ch := range s.gate.Changes {
		if yes, decided := s.said[ch.ID]; decided || ch.Locked != "" {
			all[ch.ID] = yes || ch.Locked != ""
		}
	}
	return all
}

func (s *reviewScreen) bindings() []keyed {
	if s.filter.typing {
		return []keyed{live(as("keep filter", keyEnter)), live(as("clear", keyEscape))}
	}
	if s.readOnly {
		return []keyed{live(keyMove), live(keyFold), live(keyFilter), live(keyNeeds)}
	}
	decide := ""
	if here := s.here(); here.change < 0 {
		decide = "this is a group; a accepts and r rejects all of it"
	} else if why := s.shown[here.change].Locked; why != "" {
		decide = "cannot be rejected: " + why
	}
	next := ""
	if open, _, _, _ := s.counts(); open == 0 {
		next = "every change is decided; enter goes on"
	}
	return []keyed{
		unless(decide, keyDecide), unless(s.missing(), keyEnter), live(keyGroup), unless(next, keyNext),
		live(keyFilter), live(keyNeeds), unless(next, keyRecommended), unless(next, keyPrevious), live(keyFold), live(keyDetailDown), live(keyDetailUp),
	}
}

// Typing implements typist.
func (s *reviewScreen) Typing() bool { return s.filter.typing }

// Update implements screen.
func (s *reviewScreen) Update(msg tea.Msg) tea.Cmd {
	if s.filter.typing {
		cmd, _ := s.filter.Update(msg)
		s.layRows()
		return cmd
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case s.list.Update(press), s.detail.Update(press):
	case key.Matches(press, keyFold):
		s.fold(press.String() == "left" || press.String() == "h")
	case key.Matches(press, keyFilter):
		return s.filter.start()
	case key.Matches(press, keyEscape):
		s.filter.in.Reset()
		s.layRows()
	case key.Matches(press, keyNeeds):
		s.needs = !s.needs
	case !s.readOnly:
		return s.decide(press)
	}
	return nil
}

// decide handles the keys that say something about changes.
func (s *reviewScreen) decide(press tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(press, keyDecide):
		id := s.gate.Changes[s.here().change].ID
		return s.say([]string{id}, !s.said[id])
	case key.Matches(press, keyGroup):
		return s.say(s.members(), press.String() == "a")
	case key.Matches(press, keyNext):
		s.jump(+1)
	case key.Matches(press, keyPrevious):
		s.jump(-1)
	case key.Matches(press, keyRecommended):
		for i, ch := range s.gate.Changes {
			if s.undecided(i) && ch.Recommended {
				change.Decide(s.gate.Changes, s.said, ch.ID, true)
			}
		}
		if open, _, _, _ := s.counts(); open > 0 {
			return send(noticeMsg(plural(open, "change is", "changes are") + " not recommended and still to be decided"))
		}
	case key.Matches(press, keyEnter):
		return s.c.ses.answer(s.gate.ID, steps.Answer{Decisions: s.answer()})
	}
	return nil
}

// View implements screen.
func (s *reviewScreen) View() string {
	c := s.c
	open, accepted, rejected, locked := s.counts()
	parts := []string{fmt.Sprintf("%d accepted", accepted), fmt.Sprintf("%d rejected", rejected)}
	if !s.readOnly {
		parts = append([]string{fmt.Sprintf("%d to decide", open)}, parts...)
	}
	if locked > 0 {
		parts = append(parts, fmt.Sprintf("%d fixed", locked))
	}
	lines := []string{c.title(s.title, strings.Join(parts, " "+c.g.dot+" "), s.w), ""}
	if s.gate.Text != "" && s.h > 24 {
		lines = append(append(lines[:1], dimmed(c, wrap(cleanText(s.gate.Text), s.w))...), "")
	}
	lines = append(lines, s.filter.line(c, s.w)...)
	area := splitPane(s.w, s.h-len(lines), len(s.rows))
	s.list.resize(len(s.rows), area.listH)
	from, to := s.list.window()
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, c.listRow(s.row(s.rows[i], area.listW-2), i == s.list.at, area.listW))
	}
	if len(s.rows) == 0 {
		rows = []string{c.st.hint.Render("  nothing matches")}
	}
	about := s.about(area)
	return strings.Join(append(lines, area.join(c, rows, about, "", joinWords(s.list.where(c), s.detail.more()))...), "\n")
}
