package tui

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// versionScreen asks for the version: the releases by their majors, and what
// the one under the cursor means for this project.
type versionScreen struct {
	pane
	keySet
	c        *common
	gate     steps.Gate // as it came
	releases *facts.Releases
	filter   filter
	list     list
	detail   detail
	majors   []versionMajor
	rows     []versionRow
}

// versionMajor is the releases of one major, newest first.
type versionMajor struct {
	major   string
	members []int // places in the releases
	hits    int   // how many the filter leaves
	folded  bool
}

// versionRow is one line of the list: a heading or a release.
type versionRow struct{ major, release int } // release is -1 for a heading

// newVersionScreen makes the screen for a question that asks for one of the
// releases that the run has recorded; nil for any other question.
func newVersionScreen(c *common, gate steps.Gate) screen {
	releases := c.rec.facts.releases
	if releases == nil || len(releases.Rows) == 0 || len(releases.Rows) != len(gate.Choices) {
		return nil
	}
	for i, choice := range gate.Choices {
		if releases.Rows[i].Version != cleanText(choice.ID) {
			return nil
		}
	}
	s := &versionScreen{c: c, gate: gate, releases: releases, filter: newFilter(c), detail: newDetail()}
	s.keySet = keySet{s.bindings}
	for i, r := range releases.Rows {
		name, _, _ := strings.Cut(r.Version, ".")
		if n := len(s.majors); n == 0 || s.majors[n-1].major != name {
			s.majors = append(s.majors, versionMajor{major: name, folded: true})
		}
		last := &s.majors[len(s.majors)-1]
		last.members = append(last.members, i)
	}
	start := max(0, slices.IndexFunc(releases.Rows, func(r facts.Release) bool { return r.Version == releases.Recommended }))
	for m := range s.majors {
		if slices.Contains(s.majors[m].members, start) {
			s.majors[m].folded = false
		}
	}
	s.lay()
	s.moveTo(start)
	return s
}

// lay makes the rows out of majors, folds and the filter. While there is a
// filter nothing is folded.
func (s *versionScreen) lay() {
	s.rows = s.rows[:0]
	for m := range s.majors {
		major := &s.majors[m]
		var hits []versionRow
		for _, i := range major.members {
			if s.matches(s.releases.Rows[i]) {
				hits = append(hits, versionRow{m, i})
			}
		}
		if major.hits = len(hits); len(hits) == 0 {
			continue
		}
		s.rows = append(s.rows, versionRow{m, -1})
		if !major.folded || s.filter.on() {
			s.rows = append(s.rows, hits...)
		}
	}
	s.list.n = len(s.rows)
	s.list.clamp()
}

func (s *versionScreen) matches(r facts.Release) bool {
	// A number after the word is that of a Node, and no part of a date.
	text := s.filter.in.Value()
	for _, wanted := range nodeWord.FindAllStringSubmatch(text, -1) {
		if !slices.ContainsFunc(r.Node, func(major int) bool { return strconv.Itoa(major) == wanted[1] }) {
			return false
		}
	}
	return matches(nodeWord.ReplaceAllString(text, " "), r.Version, date(r.Date), s.tag(r).word, r.KnownBad, r.Deprecated, "node")
}

var nodeWord = regexp.MustCompile(`(?i)\bnode\s*(\d+)`)

func (s *versionScreen) moveTo(release int) {
	if at := slices.IndexFunc(s.rows, func(r versionRow) bool { return r.release == release }); at >= 0 {
		s.list.at = at
		s.list.clamp()
	}
}

func (s *versionScreen) here() (versionRow, bool) {
	if len(s.rows) == 0 {
		return versionRow{-1, -1}, false
	}
	return s.rows[s.list.at], true
}

// release is the one under the cursor, nil on a heading.
func (s *versionScreen) release() *facts.Release {
	if here, ok := s.here(); ok && here.release >= 0 {
		return &s.releases.Rows[here.release]
	}
	return nil
}

// missing says why the version under the cursor cannot be chosen.
func (s *versionScreen) missing() string {
	here, ok := s.here()
	switch {
	case !ok:
		return "nothing is left by the filter"
	case here.release < 0:
		return "this is a group of versions; choose one of them"
	}
	return s.releases.Rows[here.release].Missing
}

func (s *versionScreen) bindings() []keyed {
	if s.filter.typing {
		return []keyed{live(as("keep filter", keyEnter)), live(as("clear", keyEscape))}
	}
	enter := unless(s.missing(), as("choose", keyEnter))
	if here, ok := s.here(); ok && here.release < 0 {
		enter = live(as("fold", keyEnter))
	}
	keys := []keyed{enter, live(keyMove), live(keyFold), live(keyFilter)}
	if s.filter.on() {
		keys = append(keys, live(as("clear filter", keyEscape)))
	}
	if s.detail.more() != "" {
		keys = append(keys, live(keyDetailDown))
	}
	return keys
}

// Typing implements typist.
func (s *versionScreen) Typing() bool { return s.filter.typing }

// Update implements screen.
func (s *versionScreen) Update(msg tea.Msg) tea.Cmd {
	if s.filter.typing {
		at := s.at()
		cmd, _ := s.filter.Update(msg)
		s.lay()
		s.moveTo(at)
		s.leaveHeading()
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
		at := s.at()
		s.filter.in.Reset()
		if r := s.release(); r != nil {
			s.majors[s.rows[s.list.at].major].folded = false
		}
		s.lay()
		s.moveTo(at)
	case key.Matches(press, keyEnter):
		return s.enter()
	}
	return nil
}

// at is the place of the release under the cursor, -1 on a heading.
func (s *versionScreen) at() int {
	here, _ := s.here()
	return here.release
}

// leaveHeading moves from a heading to the first release that the filter
// leaves: that is what was looked for.
func (s *versionScreen) leaveHeading() {
	if here, ok := s.here(); ok && here.release < 0 && s.filter.on() && s.list.at+1 < len(s.rows) {
		s.list.at++
		s.list.clamp()
	}
}

func (s *versionScreen) enter() tea.Cmd {
	here, ok := s.here()
	switch {
	case !ok:
		return nil
	case here.release < 0:
		s.fold(!s.majors[here.major].folded)
		return nil
	}
	return s.c.ses.answer(s.gate.ID, steps.Answer{Choice: s.gate.Choices[here.release].ID})
}

// fold folds the major under the cursor, or unfolds it.
func (s *versionScreen) fold(shut bool) {
	here, ok := s.here()
	if !ok || s.filter.on() {
		return
	}
	s.majors[here.major].folded = shut
	s.lay()
	if shut {
		s.list.at = slices.Index(s.rows, versionRow{here.major, -1})
		s.list.clamp()
	}
}

// expected is what a check of a version would find, and whether that is known
// yet.
func (s *versionScreen) expected(version string) ([]advisory.Expected, bool) {
	if s.c.rec.facts.outlook == nil {
		return nil, false
	}
	return s.c.rec.facts.outlook.Of(version)
}
