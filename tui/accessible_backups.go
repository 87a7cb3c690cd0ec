package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// errHalted says that a signal came while a backup was worked on.
var errHalted = fault.New("stopped", "").WithCode(fault.Interrupted)

// backups lists the backups and does what is asked for until the person is
// done with them, or wants to restore one.
func (t *talk) backups() (*Job, error) {
	screen := newBackupsScreen(t.c)
	for {
		if err := t.readBackups(screen); err != nil {
			return nil, err
		}
		var titles []string
		for i := range screen.shown.Backups {
			titles = append(titles, screen.line(i))
		}
		t.say("")
		if screen.shown.Bucket == "" {
			t.say("%s in %s.", plural(len(titles), "backup", "backups"), screen.shown.Folder)
		} else {
			t.say("%s in %s and %s.", plural(len(titles), "backup", "backups"), screen.shown.Folder, screen.shown.Bucket)
		}
		at, err := t.pick(append(titles, "Leave"), make([]string, len(titles)+1), -1)
		if err != nil || at == len(titles) {
			return nil, err
		}
		screen.list.at = at
		job, err := t.backup(screen)
		if err != nil || job != nil {
			return job, err
		}
	}
}

// readBackups reads what is here, and the bucket where that is due. A bucket
// that cannot be read is said; what is here can be worked with all the same.
func (t *talk) readBackups(s *backupsScreen) error {
	here, _ := s.load().(backupsMsg)
	reading := s.show(here)
	if s.err != nil || reading == nil {
		return s.err
	}
	t.say("Reading the bucket %s.", s.shown.Bucket)
	of := s.bucket.reading
	err := t.chore(func(ctx context.Context, _ progress.Reporter) error {
		copies, err := t.ses.opts.Backups.ListBucket(ctx)
		s.takeCopies(backupsMsg{of: of, copies: copies, err: err})
		return err
	})
	if errors.Is(err, errHalted) {
		return err
	}
	if err != nil {
		t.say("The bucket cannot be read: %s", problemText(err))
	}
	return nil
}

// line is a backup in a line.
func (s *backupsScreen) line(i int) string {
	b := &s.shown.Backups[i]
	parts := []string{s.c.madeText(b)}
	if b.State == BackupWhole {
		parts = append(parts, "Directus "+s.c.orMissing(b.Directus), b.kindText(), size(b.Bytes))
	}
	if s.here.Bucket != "" {
		parts = append(parts, s.whereText(b))
	}
	return strings.Join(append(parts, strings.TrimSpace(stripped(s.state(i)))), ", ")
}

// whereText is where in words.
func (s *backupsScreen) whereText(b *Backup) string {
	switch {
	case b.Dir == "":
		return "only in the bucket"
	case b.Copy != nil:
		return "here and in the bucket"
	case s.bucket.known():
		return "only here"
	}
	return "here"
}

// backup tells of the selected backup and asks what to do with it.
func (t *talk) backup(s *backupsScreen) (*Job, error) {
	raw, shown := s.selected()
	t.say("")
	for _, line := range s.about(shown, measure) {
		t.say("%s", stripped(line))
	}
	actions := s.actions(raw, shown)
	var titles, why []string
	for _, action := range actions {
		titles, why = append(titles, action.title), append(why, action.why)
	}
	at, err := t.pick(append(titles, "Back to the list"), append(why, ""), -1)
	if err != nil || at == len(actions) {
		return nil, err
	}
	switch kind := actions[at].kind; kind {
	case jobRestore:
		dir := raw.Dir
		if dir == "" {
			dir, err = t.fetch(s, raw)
		}
		if err != nil || dir == "" {
			return nil, err
		}
		return &Job{Kind: JobRestore, Backup: dir}, nil
	case jobFetch:
		_, err := t.fetch(s, raw)
		return nil, err
	case jobRemove:
		return nil, t.remove(s, raw)
	default:
		return nil, t.look(s, raw, kind)
	}
}

// look does the work on a backup that changes nothing of it here.
func (t *talk) look(s *backupsScreen, raw *Backup, kind backupJobKind) error {
	all, began := t.ses.opts.Backups, t.c.now()
	o := backupOutcome{kind: kind}
	err := t.chore(func(ctx context.Context, report progress.Reporter) (err error) {
		switch kind {
		case jobVerifyCopy:
			o.check, err = all.VerifyCopy(ctx, raw.ID, report)
		case jobSend:
			_, reread := s.bad(raw)
			o.sent, err = all.Send(ctx, raw.Dir, reread, report)
			s.bucket.current = false
		default:
			o.check, err = all.Verify(ctx, raw.Dir, kind == jobProve, report)
		}
		return err
	})
	if errors.Is(err, errHalted) {
		return err
	}
	o.err, o.took = err, t.c.now().Sub(began)
	delete(s.outcomes, raw.key())
	if o.check.Bad {
		s.outcomes[raw.key()] = o
	}
	for _, line := range o.lines(t.c, measure) {
		t.say("%s", stripped(line))
	}
	return nil
}

// fetch brings a backup here, and returns its folder; empty where the person
// left it, or it could not be fetched.
func (t *talk) fetch(s *backupsScreen, raw *Backup) (dir string, err error) {
	ask := raw.Copy.Encrypted && !s.here.HasKey
	for {
		path := ""
		if ask {
			if path, err = t.ask("It is encrypted. Path of the file with the private key, empty to leave it:"); err != nil || path == "" {
				return "", err
			}
			if err := noPath(path); err != nil {
				t.tellFault(err)
				continue
			}
		}
		o, began := backupOutcome{kind: jobFetch}, t.c.now()
		err := t.chore(func(ctx context.Context, report progress.Reporter) (err error) {
			o.fetched, err = t.ses.opts.Backups.Fetch(ctx, raw.ID, path, report)
			return err
		})
		switch {
		case errors.Is(err, errHalted):
			return "", err
		case err != nil:
			t.tellFault(err)
			if ask = o.fetched.WrongKey; !ask {
				return "", nil
			}
		default:
			o.took = t.c.now().Sub(began)
			for _, line := range o.lines(t.c, measure) {
				t.say("%s", stripped(line))
			}
			return o.fetched.Dir, nil
		}
	}
}

func (t *talk) remove(s *backupsScreen, raw *Backup) error {
	all := t.ses.opts.Backups
	here, copied, err := lookEverywhere(t.ses.ctx, all, raw)
	if here == nil && copied == nil {
		t.tellFault(err)
		return nil
	}
	var removal BackupRemoval
	switch {
	case raw.Dir != "" && raw.Copy != nil:
		items, removals := placeChoices(here, copied, err)
		at, err := t.place(items)
		if err != nil || at == len(items) {
			return err
		}
		removal = removals[at]
	case here != nil:
		removal = *here
	default:
		removal = *copied
	}
	t.say("%s", cleanText(placesText(raw, removal)))
	if confirm := removal.confirm(); confirm != "" {
		line, err := t.ask("Type " + cleanText(confirm) + " to remove it, empty for no:")
		if err != nil {
			return err
		}
		if line != strings.TrimSpace(cleanText(confirm)) {
			t.say("Nothing was removed.")
			return nil
		}
	}
	said := ""
	err = t.chore(func(ctx context.Context, report progress.Reporter) (err error) {
		said, err = all.Remove(ctx, removal, report)
		return err
	})
	if removal.Dir == "" || removal.Copy != nil {
		s.bucket.current = false
	}
	switch {
	case errors.Is(err, errHalted):
		return err
	case err != nil:
		t.tellFault(err)
		return nil
	}
	t.say("Removed.")
	if said != "" {
		t.say("%s", cleanText(said))
	}
	return nil
}

// place asks from where a backup is to be removed.
func (t *talk) place(items []homeItem) (int, error) {
	var titles, why []string
	for _, item := range items {
		if item.about != "" {
			item.title += ": " + item.about
		}
		titles, why = append(titles, item.title), append(why, item.why)
	}
	return t.pick(append(titles, "Leave it"), append(why, ""), -1)
}

// tellFault says what went wrong; the conversation goes on.
func (t *talk) tellFault(err error) {
	t.say("%s", cleanText(err.Error()))
	for _, more := range []string{fault.StateOf(err), fault.HintOf(err)} {
		if more != "" {
			t.say("%s", cleanText(more))
		}
	}
}

// chore waits for work that is no run. A signal stops it.
func (t *talk) chore(work func(context.Context, progress.Reporter) error) error {
	ctx, cancel := context.WithCancel(t.ses.ctx)
	defer cancel()
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = work(ctx, &spoken{t: t})
	}()
	select {
	case <-ended:
		return err
	case <-t.quit:
		cancel()
		<-ended
		return errHalted
	}
}

// spoken tells of progress now and then.
type spoken struct {
	t    *talk
	mu   sync.Mutex
	said time.Time
}

// Progress implements progress.Reporter.
func (s *spoken) Progress(label string, unit progress.Unit, done, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.said) < tellEvery {
		return
	}
	s.said = time.Now()
	text := cleanText(label)
	if total > 0 {
		text += fmt.Sprintf(": %s of %s", amount(done, unit), amount(total, unit))
	}
	s.t.say("%s", text)
}

// Output implements progress.Reporter.
func (s *spoken) Output(string) {}
