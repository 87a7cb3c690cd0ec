package tui

// verifyScreen shows what was looked at after the start.
type verifyScreen struct{ stepBase }

func newVerifyScreen(c *common, s *stepRecord) screen { return &verifyScreen{newStepBase(c, s)} }

// View implements screen.
func (s *verifyScreen) View() string {
	c, f := s.c, s.c.rec.facts.verification
	if f == nil {
		return s.render(nil)
	}
	w := min(s.w, measure)
	column := 12
	for _, check := range f.Checks {
		column = max(column, min(len(check.Name), w/3))
	}
	var lines []string
	for _, check := range f.Checks {
		sign, detail := c.st.ok.Render(c.g.done), c.st.dim
		if !check.OK {
			sign, detail = c.st.fail.Render(c.g.failed), c.st.plain
		}
		text := wrap(check.Detail, w-column-3)
		if len(text) == 0 {
			text = []string{""}
		}
		for i, line := range text {
			left := sign + " " + c.fit(c.st.plain.Render(check.Name), column) + " "
			if i > 0 {
				left = c.fit("", column+3)
			}
			lines = append(lines, left+detail.Render(line))
		}
	}
	return s.render(lines)
}
