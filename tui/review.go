package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// reviewScreen has every change decided, one by one or by group. Changes
// start undecided.
//
// There can be tens of thousands of them. What a key costs is therefore kept
// to what it changes, and what a frame costs to what is in sight: counts are
// kept, rows are laid out anew only when folds or the filter change, and text
// is cleaned when it is drawn.
type reviewScreen struct {
	pane
	keySet
	c           *common
	title, text string
	gate        steps.Gate // as it came: its IDs go into the answer
	review      *change.Review
	readOnly    bool

	tree    reviewTree
	cleaned map[int]change.Change // what was drawn of gate.Changes

	rows   []reviewRow
	list   list
	area   split // as it was drawn last; the mouse is read by it
	top    int   // the lines above it
	filter filter
	hits   hits

	about   scroller
	needs   bool // the detail shows dependencies
	noise   scroller
	noisy   bool // the noise is shown in place of the changes
	checked struct {
		gen int
		why string
	}
}

func newReviewScreen(c *common, gate steps.Gate) screen {
	return newReview(c, gate, nil)
}

func newReview(c *common, gate steps.Gate, decided change.Decisions) *reviewScreen {
	s := &reviewScreen{
		c: c, title: cleanText(gate.Title), text: cleanText(gate.Text), gate: gate, review: change.NewReview(gate.Changes, decided),
		cleaned: map[int]change.Change{}, filter: newFilter(c),
	}
	s.tree = newReviewTree(s.review)
	s.keySet = keySet{s.bindings}
	s.layRows()
	s.jump(+1)
	return s
}

// shown is a change, cleaned. Only what was drawn is kept.
func (s *reviewScreen) shown(i int) change.Change {
	if s.gate.Changes[i].Relief != nil { // it is otherwise with another one
		return clean(s.review.Shown(i))
	}
	ch, ok := s.cleaned[i]
	if !ok {
		const many = 2000
		if len(s.cleaned) >= many {
			clear(s.cleaned)
		}
		ch = clean(s.gate.Changes[i])
		s.cleaned[i] = ch
	}
	return ch
}

// missing says why enter does not work.
func (s *reviewScreen) missing() string {
	if open := s.tree.total[stateOpen]; open > 0 {
		return plural(open, "change is", "changes are") + " not decided; ] goes to the next"
	}
	if s.checked.gen != s.tree.gen {
		s.checked.gen, s.checked.why = s.tree.gen, ""
		if err := s.gate.Validate(steps.Answer{Decisions: s.answer()}); err != nil {
			s.checked.why = cleanText(err.Error())
		}
	}
	return s.checked.why
}

// answer is the decisions with those that are fixed.
func (s *reviewScreen) answer() change.Decisions { return s.review.Decisions() }

func (s *reviewScreen) bindings() []keyed {
	noise := ""
	if len(s.gate.Noise) == 0 {
		noise = "there is no noise between versions here"
	}
	switch {
	case s.filter.typing:
		return []keyed{live(as("keep filter", keyEnter)), live(as("clear", keyEscape))}
	case s.noisy:
		return []keyed{live(as("back", keyEscape)), live(as("scroll", keyMove)), live(keyScroll), live(keyFirst), live(keyLast)}
	}
	looking := []keyed{
		live(keyFilter), live(keyNeeds), live(keyKind), live(keyBranch), unless(noise, keyNoise), live(keyDetailDown), live(keyDetailUp),
		live(keyFirst), live(keyLast), live(keyPage),
	}
	if s.readOnly {
		return append([]keyed{live(keyMove)}, looking...)
	}
	next, undo, group := "", "", keyGroup
	if s.tree.total[stateOpen] == 0 {
		next = "every change is decided; enter goes on"
	}
	if !s.review.Undoable() {
		undo = "nothing was decided that could be taken back"
	}
	if s.here().in != nil && s.here().in.group != nil {
		group = as("field", group)
	}
	keys := []keyed{
		unless(s.undecidable(), keyDecide), unless(s.missing(), s.onward()), live(group), unless(next, keyNext), looking[0], unless(undo, keyUndo), looking[1],
		looking[2], unless(s.noneOpen(s.tree.safe, "safe", next), keySafe), unless(s.noneOpen(s.tree.recommended, "recommended", next), keyRecommended),
		unless(next, keyPrevious),
	}
	return append(keys, looking[3:]...)
}

// onward is the key that ends the review, named by what it begins where that
// touches what is live.
func (s *reviewScreen) onward() key.Binding {
	if next := s.c.rec.next(s.c.rec.gateStep); next != nil && next.Phase == steps.Cutover {
		return as(strings.ToLower(next.Title[:1])+next.Title[1:], keyEnter)
	}
	return keyEnter
}

// undecidable says why space does not work.
func (s *reviewScreen) undecidable() string {
	here := s.here()
	if here.change < 0 {
		return "this is a group; a accepts and r rejects all of it"
	}
	return s.c.fixed(s.shown(here.change))
}

// fixed says why there is nothing to decide about a change.
func (c *common) fixed(ch change.Change) string {
	switch {
	case ch.Locked != "":
		return "cannot be rejected: " + ch.Locked
	case ch.Blocked != "":
		return "cannot be accepted: " + ch.Blocked
	}
	return ""
}

func (s *reviewScreen) noneOpen(n int, what, decided string) string {
	if decided != "" || n > 0 {
		return decided
	}
	return "no undecided change is " + what
}

// Typing implements typist.
func (s *reviewScreen) Typing() bool { return s.filter.typing }

// Update implements screen.
func (s *reviewScreen) Update(msg tea.Msg) tea.Cmd {
	if made, ok := msg.(searchedMsg); ok && made.of == s {
		s.hits.texts = made.texts
		return nil
	}
	if s.filter.typing {
		was := s.filter.in.Value()
		cmd, _ := s.filter.Update(msg)
		if s.filter.in.Value() != was {
			s.match()
		}
		return cmd
	}
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
		return nil
	case s.noisy:
		s.readNoise(press)
		return nil
	}
	switch {
	case s.move(press), s.about.Update(press):
	case key.Matches(press, keyBranch):
		s.fold(press.String())
	case key.Matches(press, keyFilter):
		return s.filter.start()
	case key.Matches(press, keyKind):
		s.nextKind(press.String() == "f")
	case key.Matches(press, keyEscape):
		s.filter.in.Reset()
		s.hits.kind = 0
		s.match()
	case key.Matches(press, keyNeeds):
		s.needs = !s.needs
	case key.Matches(press, keyNoise):
		s.noisy = true
	case !s.readOnly:
		return s.decide(press)
	}
	return nil
}

// move moves the cursor and reports whether the key was for that.
func (s *reviewScreen) move(press tea.KeyPressMsg) bool {
	switch {
	case s.list.Update(press):
	case key.Matches(press, keyFirst):
		s.list.at = 0
	case key.Matches(press, keyLast):
		s.list.at = s.list.n - 1
	case key.Matches(press, keyPage) && press.String() == "ctrl+d":
		s.list.at += s.list.rows
	case key.Matches(press, keyPage):
		s.list.at -= s.list.rows
	default:
		return false
	}
	s.list.clamp()
	return true
}

// decide handles the keys that say something about changes.
func (s *reviewScreen) decide(press tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(press, keyDecide):
		return s.toggle(s.here().change)
	case key.Matches(press, keyGroup):
		return s.decideGroup(press.String() == "a")
	case key.Matches(press, keyUndo):
		return s.undo()
	case key.Matches(press, keySafe):
		return s.acceptOpen("safe", func(ch *change.Change) bool { return ch.Risk == change.Safe })
	case key.Matches(press, keyRecommended):
		return s.acceptOpen("recommended", func(ch *change.Change) bool { return ch.Recommended })
	case key.Matches(press, keyNext):
		return s.next(+1)
	case key.Matches(press, keyPrevious):
		return s.next(-1)
	case key.Matches(press, keyEnter):
		return s.c.ses.answer(s.gate.ID, steps.Answer{Decisions: s.answer()})
	}
	return nil
}

// FullHelp implements help.KeyMap: what does not work now is named as well,
// since it says why when it is pressed.
func (s *reviewScreen) FullHelp() [][]key.Binding {
	if s.filter.typing || s.noisy {
		return s.keySet.FullHelp()
	}
	look := []key.Binding{
		keyFilter, keyKind, keyNeeds, keyNoise, keyBranch, as("scroll detail", keyScroll), bind("g/G", "first, last", "g", "G"), keyPage,
	}
	if s.readOnly {
		return [][]key.Binding{look}
	}
	return [][]key.Binding{{
		keyDecide, as("accept, reject group", keyGroup), bind("]/[", "next, previous open", "]", "["), keySafe, keyRecommended, keyUndo, keyEnter,
	}, look}
}

// Hint implements hinted: what the signs mean.
func (s *reviewScreen) Hint() string {
	g := s.c.g
	return "The signs: " + strings.Join([]string{
		g.open + " open", g.accepted + " accepted", g.rejected + " rejected", g.locked + " locked", g.blocked + " blocked",
		g.add + " created", g.remove + " deleted", g.change + " changed", g.replace + " made anew",
	}, ", ") + ". With shift, the mouse selects text."
}
