package tui

import "strings"

// rehearseScreen shows what happened when the new version ran on the copy.
type rehearseScreen struct{ stepBase }

func newRehearseScreen(c *common, s *stepRecord) screen { return &rehearseScreen{newStepBase(c, s)} }

// View implements screen.
func (s *rehearseScreen) View() string {
	c, f := s.c, s.c.rec.facts.rehearsal
	w := min(s.w, measure)
	if f == nil {
		if s.s.state != stepRunning {
			return s.render(nil)
		}
		return s.render(append(dimmed(c, wrap("The new version migrates the copy and is started on it, with mail, flows and every other side effect off. The live project is not touched.", w)), ""))
	}
	lines := []string{c.st.ok.Render(c.g.done) + " " + c.st.strong.Render("Directus "+f.Version+" ran on the copy and answered"), ""}
	lines = append(lines, c.row("migrated", plural(len(f.Migrations), "migration", "migrations")+" in "+span(seconds(f.MigrateSeconds)), w)...)
	lines = append(lines, c.row("started in", span(seconds(f.BootSeconds)), w)...)
	if len(f.Extensions) > 0 {
		lines = append(lines, c.row("extensions", strings.Join(f.Extensions, ", "), w)...)
	}
	if len(f.SideEffectsOff) > 0 {
		lines = append(lines, c.row("switched off", strings.Join(f.SideEffectsOff, ", "), w)...)
	}
	for _, part := range []struct {
		heading string
		items   []string
	}{{"warnings", f.Warnings}, {"who may do what changes", f.AccessChanges}, {"migrations", f.Migrations}} {
		if len(part.items) == 0 {
			continue
		}
		limit := 4
		if room := s.h - len(lines) - 4; room > limit {
			limit = room
		}
		lines = append(lines, "", c.st.dim.Render(part.heading))
		lines = append(lines, c.bullets(part.items, w, limit)...)
	}
	return s.render(lines)
}
