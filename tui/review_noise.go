package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/change"
)

// differences counts what is noise.
func differences(noise []change.Noise) int {
	n := 0
	for _, part := range noise {
		n += part.Count
	}
	return n
}

// noiseLine says that there is noise, as far as w columns say it.
func (s *reviewScreen) noiseLine(w int) string {
	n := differences(s.gate.Noise)
	if n == 0 {
		return ""
	}
	said := plural(n, "difference is", "differences are") + " noise between versions " + s.c.g.dot + " n shows them"
	if ansi.StringWidth(said) > w {
		said = plural(n, "noise difference", "noise differences") + " " + s.c.g.dot + " n"
	}
	return said
}

// noiseView shows what was left out and why.
func (s *reviewScreen) noiseView() string {
	c, noise := s.c, s.gate.Noise
	lines := []string{c.title("Noise between versions", plural(differences(noise), "difference", "differences"), s.w), ""}
	h := s.h - len(lines) - 1
	shown := s.noise.show("", s.look(s.w), h, func() []string {
		text := dimmed(c, wrap("These differ only in how two versions of Directus, or two databases, describe the same thing. They are not changes: nothing is asked about them, and none is ever applied.", s.w))
		for _, part := range clean(noise) {
			text = append(text, "")
			for i, line := range wrap(part.Reason, s.w-10) {
				right := ""
				if i == 0 {
					right = c.st.dim.Render(count(part.Count))
				}
				text = append(text, c.ends(c.st.strong.Render(line), right, min(s.w, measure)))
			}
			for _, example := range part.Examples {
				for _, line := range wrap(example, s.w-4) {
					text = append(text, "  "+c.st.plain.Render(line))
				}
			}
			if more := part.Count - len(part.Examples); more > 0 {
				text = append(text, "  "+c.st.hint.Render("and "+count(more)+" more"))
			}
		}
		return text
	})
	return strings.Join(append(append(lines, c.box(shown, s.w, h)...), c.rule("esc goes back to the changes", s.noise.more(c), s.w)), "\n")
}

// readNoise takes the keys of the noise view.
func (s *reviewScreen) readNoise(press tea.KeyPressMsg) {
	switch {
	case s.noise.Update(press):
	case key.Matches(press, keyDown):
		s.noise.scroll(+1)
	case key.Matches(press, keyUp):
		s.noise.scroll(-1)
	case key.Matches(press, keyFirst):
		s.noise.scroll(-len(s.noise.lines))
	case key.Matches(press, keyLast):
		s.noise.scroll(len(s.noise.lines))
	case key.Matches(press, keyNoise), key.Matches(press, keyEscape):
		s.noisy = false
	}
}
