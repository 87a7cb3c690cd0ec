package tui

import "strings"

// stageScreen shows the new code being installed beside the old.
type stageScreen struct{ stepBase }

func newStageScreen(c *common, s *stepRecord) screen { return &stageScreen{newStepBase(c, s)} }

// View implements screen.
func (s *stageScreen) View() string {
	c, f := s.c, s.c.rec.facts.stage
	w := min(s.w, measure)
	if f == nil {
		if s.s.state != stepRunning {
			return s.render(nil)
		}
		return s.render(append(dimmed(c, wrap("The new version is installed in a folder beside the old one. The running project does not notice.", w)), ""))
	}
	lines := c.row("directus", f.Version, w)
	lines = append(lines, c.row("node", strings.Join(nonEmpty(f.NodeVers, f.Node), "  "), w)...)
	if len(f.Modules) > 0 {
		lines = append(lines, c.row("loaded", strings.Join(f.Modules, ", "), w)...)
	}
	if f.Reused {
		lines = append(lines, c.row("installed", "earlier, for the same lockfile; proved again", w)...)
	}
	lines = append(lines, c.row("folder", f.Dir, w)...)
	return s.render(lines)
}
