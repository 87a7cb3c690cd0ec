package tui

import (
	"bunnyhop/internal/fault"
)

// doing is what goes on with the selected backup, or how it ended.
func (s *backupsScreen) doing(w int) []string {
	c := s.c
	raw, _ := s.selected()
	if s.job != nil && s.job.of.key() == raw.key() {
		j := s.job
		lines := []string{c.ends(c.glyph(stepRunning)+" "+c.st.strong.Render(j.title()), c.st.dim.Render(clock(c.now().Sub(j.began))), w)}
		if j.stopped {
			lines = append(lines, c.st.alert.Render("stopping "+c.g.more))
		} else {
			lines = append(lines, j.work.bar(c, w)...)
		}
		// As high all the time, so that what stands below does not jump.
		return append(lines, make([]string, max(0, 5-len(lines)))...)
	}
	o, known := s.outcomes[raw.key()]
	if !known {
		return nil
	}
	return append(o.lines(c, w), "")
}

func (j *backupJob) title() string {
	switch j.kind {
	case jobVerify:
		return "Verifying it"
	case jobProve:
		return "Proving it in a scratch database"
	case jobVerifyCopy:
		return "Verifying it in the bucket"
	case jobSend:
		return "Sending it to the bucket"
	case jobFetch, jobRestore:
		return "Fetching it from the bucket"
	case jobRemove:
		return "Removing it"
	case jobLookRemove:
	}
	return "Looking whether the project needs it"
}

// lines is how a job ended, for a person.
func (o backupOutcome) lines(c *common, w int) []string {
	switch {
	case o.stopped && o.kind == jobRemove:
		return indent(c.st.alert.Render(c.g.undone)+" ", wrap("stopped; it is whole, or removed the next time", w-2))
	case o.stopped && o.kind == jobSend:
		return indent(c.st.alert.Render(c.g.undone)+" ", wrap("stopped; what was sent stays, and the next try goes on with it", w-2))
	case o.stopped && o.kind == jobFetch:
		return indent(c.st.alert.Render(c.g.undone)+" ", wrap("stopped; what was fetched stays, and the next try goes on with it", w-2))
	case o.stopped:
		return indent(c.st.alert.Render(c.g.undone)+" ", wrap("stopped; nothing was found out, and nothing changed", w-2))
	case o.err != nil:
		return c.failureAt(aboutColumn, cleanText(o.err.Error()), cleanText(fault.StateOf(o.err)), cleanText(fault.HintOf(o.err)), w)
	}
	text, notes := o.good()
	lines := wrap(text, w-2)
	for i := range lines {
		lines[i] = c.st.strong.Render(lines[i])
	}
	lines = indent(c.st.ok.Render(c.g.done)+" ", lines)
	for _, note := range notes {
		for _, line := range wrap(cleanText(note), w-2) {
			lines = append(lines, "  "+c.st.plain.Render(line))
		}
	}
	return lines
}

// good is how a job that did what it should ended.
func (o backupOutcome) good() (text string, notes []string) {
	took := " in " + span(o.took)
	switch p := o.check.Proof; {
	case o.kind == jobSend:
		return "it is in the bucket: " + size(o.sent.Stored) + " stored, " + size(o.sent.Sent) + " of it sent now" + took, o.sent.Notes
	case o.kind == jobFetch:
		return "it is here: " + size(o.fetched.Bytes) + " fetched and read again" + took + ", every digest is right", nil
	case o.kind == jobVerifyCopy:
		return "whole in the bucket: " + size(o.check.Bytes) + " read again" + took + ", every digest is right", o.check.Notes
	case p != nil:
		return "proved: every file is whole, and the restored database is equal: " +
			plural(p.Tables, "table", "tables") + ", " + plural(p.Rows, "row", "rows") + "," + took, o.check.Notes
	}
	return "whole: " + size(o.check.Bytes) + " read again" + took + ", every digest is right", o.check.Notes
}
