package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// bucketView is what is known of the bucket. It is read in the background,
// since it may be far away, or not there at all.
type bucketView struct {
	reading *chore // going on, or nil
	current bool   // nothing has changed since copies or err was read
	copies  []Backup
	err     error
}

// forget drops what is known, and what is still being read.
func (v *bucketView) forget() {
	if v.reading != nil {
		v.reading.stop()
	}
	*v = bucketView{}
}

// drop takes out what was removed from the bucket, so that it is gone before
// the bucket is read again.
func (v *bucketView) drop(r BackupRemoval) {
	if r.Copy != nil {
		r = *r.Copy
	}
	if r.Dir == "" {
		v.copies = slices.DeleteFunc(slices.Clone(v.copies), func(b Backup) bool { return slices.Contains(r.Going, b.ID) })
	}
}

// known reports whether it can be told what is in the bucket.
func (v *bucketView) known() bool { return v.err == nil && (v.current || v.copies != nil) }

// readBucket begins to read the bucket. What was read before stands until then.
func (s *backupsScreen) readBucket() tea.Cmd {
	if s.bucket.reading != nil {
		s.bucket.reading.stop()
	}
	of := s.c.ses.chore()
	s.bucket.reading = of
	return of.do(func(ctx context.Context, _ progress.Reporter) tea.Msg {
		copies, err := s.c.ses.opts.Backups.ListBucket(ctx)
		return backupsMsg{of: of, copies: copies, err: err}
	})
}

// takeCopies takes what was read of the bucket.
func (s *backupsScreen) takeCopies(msg backupsMsg) {
	if s.bucket.reading != msg.of {
		return // a later look has begun, or nobody looks any more
	}
	s.bucket = bucketView{current: true, err: msg.err}
	if msg.err == nil {
		s.bucket.copies = msg.copies
	}
	s.rebuild()
}

// withCopies adds to the backups that are here what is in the bucket. One that
// is not whole is another thing than its copy: it is fetched, or removed, by
// itself.
func withCopies(here, copies []Backup) []Backup {
	all := slices.Clone(here)
	for _, copied := range copies {
		same := func(b Backup) bool { return b.ID == copied.ID && b.Dir != "" }
		i := slices.IndexFunc(all, func(b Backup) bool { return same(b) && (b.State == BackupWhole || b.State == BackupDamaged) })
		if i >= 0 {
			all[i].Copy = copied.Copy
			continue
		}
		if i = slices.IndexFunc(all, func(b Backup) bool { return same(b) && b.State == BackupUnfinished }); i >= 0 {
			all[i].Hint = "fetch it from the bucket again, which goes on with what is here; or remove it"
		}
		all = append(all, copied)
	}
	slices.SortStableFunc(all, func(a, b Backup) int { return b.Created.Compare(a.Created) })
	return all
}

// checkCopy reads the copy in the bucket.
func (s *backupsScreen) checkCopy(of *Backup) tea.Cmd {
	j, id := s.begin(jobVerifyCopy, of), of.ID
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		check, err := s.c.ses.opts.Backups.VerifyCopy(ctx, id, report)
		return backupDoneMsg{job: j, check: check, err: err}
	})
}

// sendCopy copies a backup to the bucket. Where what is there is known to be
// damaged it is read, and replaced.
func (s *backupsScreen) sendCopy(of *Backup) tea.Cmd {
	_, reread := s.bad(of)
	j, dir := s.begin(jobSend, of), of.Dir
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		sent, err := s.c.ses.opts.Backups.Send(ctx, dir, reread, report)
		return backupDoneMsg{job: j, sent: sent, err: err}
	})
}

// bucketLine says what is wrong with the bucket and what to do, or that it is
// being read; it is empty otherwise. Two lines are the most that it takes of a
// small terminal: the error itself stands beside the list.
func (s *backupsScreen) bucketLine(w int) []string {
	c := s.c
	switch {
	case s.here.Bucket == "":
	case s.bucket.reading != nil:
		return []string{c.glyph(stepRunning) + " " + c.st.dim.Render(c.cut("reading the bucket "+s.shown.Bucket+" "+c.g.more, w-2))}
	case s.bucket.err != nil:
		const what, most = "the bucket cannot be read: ", 2
		text := what + problemText(s.bucket.err)
		if hint := cleanText(fault.HintOf(s.bucket.err)); ansi.StringWidth(text) > w-2 && hint != "" {
			text = what + hint // which says why, and what to do
		}
		lines := c.clip(wrap(text, w-2), most)
		for i := range lines {
			lines[i] = c.st.alert.Render(lines[i])
		}
		return indent(c.st.alert.Render(c.g.warn)+" ", lines)
	}
	return nil
}

// problemText is an error and what to do about it, in one line.
func problemText(err error) string {
	text := cleanText(err.Error())
	if hint := cleanText(fault.HintOf(err)); hint != "" {
		text += "; " + hint
	}
	return text
}
