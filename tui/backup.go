package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"bunnyhop/steps/facts"
)

// backupParts are the four parts of every backup, in the order in which they
// are shown.
var backupParts = []string{"database", "files", "extensions", "config"}

// backupScreen shows a backup, or its proof, part by part.
type backupScreen struct{ stepBase }

func newBackupScreen(c *common, s *stepRecord) screen { return &backupScreen{newStepBase(c, s)} }

// View implements screen.
func (s *backupScreen) View() string {
	f := s.c.rec.facts
	if s.s.ID == "prove" {
		return s.render(s.proof(f.backup, f.proof))
	}
	return s.render(s.c.backupLines(f.backup, s.s, s.w))
}

// proof is what restoring the backup has shown.
func (s *backupScreen) proof(b *facts.Backup, p *facts.BackupProof) []string {
	c, w := s.c, min(s.w, measure)
	if p == nil {
		return append(dimmed(c, wrap("The backup is restored into a scratch database, and every table is compared with the live one by its row count and a digest. The live database is only read.", w)), "")
	}
	lines := []string{
		c.st.ok.Render(c.g.done) + " " + c.st.strong.Render("restored into a scratch database; every table is equal"), "",
	}
	lines = append(lines, c.row("tables", count(p.Tables), w)...)
	lines = append(lines, c.row("rows", count(p.Rows), w)...)
	if !p.At.IsZero() {
		lines = append(lines, c.row("proved", p.At.Local().Format("2 January 2006, 15:04:05"), w)...)
	}
	if b != nil {
		lines = append(lines, "")
		lines = append(lines, c.backupLines(b, s.s, s.w)...)
	}
	return lines
}

// backupLines is the table of parts. Before the backup is finished it shows
// which part is worked on, as far as the progress names it.
func (c *common) backupLines(b *facts.Backup, s *stepRecord, w int) []string {
	w = min(w, 76)
	head := c.partRow(" ", c.st.dim.Render("part"), c.st.dim.Render("copied"), c.st.dim.Render("size"), c.st.dim.Render("files"), w)
	lines := []string{head}
	if b == nil {
		at := -1
		for i, part := range backupParts {
			if slices.ContainsFunc(s.work.labels, func(label string) bool { return names(label, part) }) {
				at = max(at, i)
			}
		}
		for i, part := range backupParts {
			state := stepWaiting
			switch {
			case i == at && s.state == stepRunning && names(s.work.now.Label, part):
				state = stepRunning
			case i <= at:
				state = stepDone
			}
			lines = append(lines, c.partRow(c.glyph(state), c.st.plain.Render(part), "", "", "", w))
		}
		return lines
	}
	for _, part := range b.Parts {
		sign, copied := c.st.ok.Render(c.g.done), "yes"
		if !part.Included {
			sign, copied = c.st.alert.Render(c.g.missing), "no"
			lines = append(lines, sign+" "+c.fit(c.st.plain.Render(part.Name), 13)+c.fit(c.st.alert.Render(copied), 8)+
				c.st.dim.Render(c.cut(part.Reason, w-23)))
			continue
		}
		ink := c.st.plain.Render
		lines = append(lines, c.partRow(sign, ink(part.Name), ink(copied), ink(size(part.Bytes)), ink(count(part.Files)), w))
	}
	lines = append(lines, c.partRow(" ", c.st.dim.Render("together"), "", c.st.strong.Render(size(b.Bytes)), "", w), "")
	return append(lines, c.row("stored in", b.Dir, w)...)
}

func (c *common) partRow(sign, name, copied, bytes, files string, w int) string {
	return sign + " " + c.fit(name, 13) + c.fit(copied, 8) + c.right(bytes, 10) + c.right(files, min(12, max(7, w-33)))
}

// names reports whether a progress label speaks of a part.
func names(label, part string) bool {
	label = strings.ToLower(ansi.Strip(label))
	if part == "config" && strings.Contains(label, ".env") {
		return true
	}
	return strings.Contains(label, part)
}
