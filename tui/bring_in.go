package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
)

// modeAbout says what a mode means for this project.
var modeAbout = map[review.Mode]string{
	review.Add:    "only what this project does not have",
	review.Merge:  "and what is otherwise here",
	review.Mirror: "and what only this project has, to be deleted; nothing is deleted unless you accept it",
}

// bringInScreen asks where the data model is that this project is to get, and
// which differences count.
type bringInScreen struct {
	pane
	keySet
	c    *common
	in   textinput.Model
	mode review.Mode
	err  error // what is wrong with the place
	busy bool  // it is being looked at
}

// basedMsg is what a look at the place has shown.
type basedMsg struct {
	word string
	err  error
}

func newBringInScreen(c *common) screen {
	s := &bringInScreen{c: c, in: c.input(""), mode: review.Merge}
	s.keySet = keySet{func() []keyed {
		return []keyed{unless(s.why(), as("compare", keyEnter)), live(keyMode), live(keyEscape)}
	}}
	return s
}

func (s *bringInScreen) why() string {
	if s.word() == "" {
		return "say first where the data model is"
	}
	return ""
}

func (s *bringInScreen) word() string { return strings.TrimSpace(s.in.Value()) }

// Init implements screen.
func (s *bringInScreen) Init() tea.Cmd { return s.in.Focus() }

// Typing implements typist.
func (s *bringInScreen) Typing() bool { return true }

// Update implements screen.
func (s *bringInScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case basedMsg:
		s.busy = false
		if s.err = msg.err; s.err == nil && msg.word == s.word() {
			return send(startMsg{s.job()})
		}
		return nil
	case tea.KeyPressMsg:
		at := slices.Index(review.Modes, s.mode)
		switch {
		case msg.String() == "esc":
			return send(backMsg{})
		case msg.String() == "up":
			s.mode = review.Modes[max(at-1, 0)]
			return nil
		case msg.String() == "down":
			s.mode = review.Modes[min(at+1, len(review.Modes)-1)]
			return nil
		case key.Matches(msg, keyMode):
			s.mode = review.Modes[(at+1)%len(review.Modes)]
			return nil
		case msg.String() == "enter":
			return s.look()
		}
		s.err = nil
	}
	var cmd tea.Cmd
	s.in, cmd = s.in.Update(msg)
	return cmd
}

// look finds out whether a data model is there, before a run is begun.
func (s *bringInScreen) look() tea.Cmd {
	word := s.word()
	if why := s.why(); why != "" {
		return send(noticeMsg(why))
	}
	if s.busy {
		return nil
	}
	s.busy, s.err = true, nil
	return func() tea.Msg { return basedMsg{word, s.c.ses.opts.FindModel(s.c.ses.ctx, word)} }
}

func (s *bringInScreen) job() Job { return Job{Kind: JobPromote, Base: s.word(), Mode: s.mode} }

// View implements screen.
func (s *bringInScreen) View() string {
	c, w := s.c, min(s.w, measure)
	lines := []string{c.title("Bring in a data model", "", s.w), ""}
	for _, line := range wrap("The collections, fields and relations of another project are compared with those of this one. "+
		"You accept or reject each difference; a proved backup comes first, and nothing but what you accepted is changed.", w) {
		lines = append(lines, c.st.plain.Render(line))
	}
	c.dress(&s.in)
	s.in.SetWidth(max(8, w-10))
	lines = append(lines, "", c.st.dim.Render("from")+"  "+c.st.mark.Render("> ")+s.in.View())
	lines = append(lines, dimmed(c, indent("        ", wrap("a project's folder, the file of a snapshot (JSON or YAML), a folder of directus-sync, or the address of a server", w-8)))...)
	lines = append(lines, "", c.st.dim.Render("differences that count"))
	for _, mode := range review.Modes {
		lines = append(lines, s.choice(mode, w)...)
	}
	switch {
	case s.busy:
		lines = append(lines, "", c.glyph(stepRunning)+" "+c.st.plain.Render("looking there "+c.g.more))
	case s.err != nil:
		lines = append(lines, "")
		lines = append(lines, c.failure(cleanText(s.err.Error()), "", cleanText(fault.HintOf(s.err)), w)...)
	}
	return strings.Join(lines, "\n")
}

func (s *bringInScreen) choice(mode review.Mode, w int) []string {
	c := s.c
	name := c.fit(string(mode), 8)
	if mode != s.mode {
		return indent("  "+c.st.plain.Render(name), dimmed(c, wrap(modeAbout[mode], w-10)))
	}
	return indent(c.st.mark.Render(c.g.cursor)+" "+c.st.strong.Render(name), dimmed(c, wrap(modeAbout[mode], w-10)))
}
