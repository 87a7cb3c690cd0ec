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
	for {
		screen := newBackupsScreen(t.c)
		msg, _ := screen.load().(backupsMsg)
		screen.take(msg)
		if screen.err != nil {
			return nil, screen.err
		}
		var titles []string
		for i := range screen.shown.Backups {
			titles = append(titles, screen.line(i))
		}
		t.say("")
		t.say("%s in %s.", plural(len(titles), "backup", "backups"), screen.shown.Folder)
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

// line is a backup in a line.
func (s *backupsScreen) line(i int) string {
	b := &s.shown.Backups[i]
	parts := []string{s.c.madeText(b)}
	if b.State == BackupWhole {
		parts = append(parts, "Directus "+s.c.orMissing(b.Directus), b.kindText(), size(b.Bytes))
	}
	return strings.Join(append(parts, strings.TrimSpace(stripped(s.state(i)))), ", ")
}

// backup tells of the selected backup and asks what to do with it.
func (t *talk) backup(s *backupsScreen) (*Job, error) {
	raw, shown := s.selected()
	t.say("")
	for _, line := range s.about(shown, measure) {
		t.say("%s", stripped(line))
	}
	keys := s.bindings()
	titles := []string{"Verify: read every byte again", "Prove: also restore it into a scratch database", "Restore", "Remove", "Back to the list"}
	why := make([]string, len(titles))
	for i := range why[:4] {
		why[i] = keys[i].why
	}
	at, err := t.pick(titles, why, -1)
	if err != nil {
		return nil, err
	}
	switch at {
	case 0, 1:
		return nil, t.check(raw.Dir, at == 1)
	case 2:
		return &Job{Kind: JobRestore, Backup: raw.Dir}, nil
	case 3:
		return nil, t.remove(raw.Dir)
	}
	return nil, nil //nolint:nilnil // nothing was to be done
}

func (t *talk) check(dir string, restore bool) error {
	kind, began := jobVerify, t.c.now()
	if restore {
		kind = jobProve
	}
	var o backupOutcome
	err := t.chore(func(ctx context.Context, report progress.Reporter) error {
		check, err := t.ses.opts.Backups.Verify(ctx, dir, restore, report)
		o = backupOutcome{kind: kind, check: check, took: t.c.now().Sub(began), err: err}
		return err
	})
	if errors.Is(err, errHalted) {
		return err
	}
	for _, line := range o.lines(t.c, measure) {
		t.say("%s", stripped(line))
	}
	return nil
}

func (t *talk) remove(dir string) error {
	all := t.ses.opts.Backups
	removal, err := all.LookRemove(t.ses.ctx, dir)
	if err != nil {
		t.tellFault(err)
		return nil
	}
	t.say("%s", cleanText(removalText(removal)))
	if removal.Confirm != "" {
		line, err := t.ask("Type " + cleanText(removal.Confirm) + " to remove it, empty for no:")
		if err != nil {
			return err
		}
		if line != strings.TrimSpace(cleanText(removal.Confirm)) {
			t.say("Nothing was removed.")
			return nil
		}
	}
	err = t.chore(func(ctx context.Context, report progress.Reporter) error { return all.Remove(ctx, removal, report) })
	switch {
	case errors.Is(err, errHalted):
		return err
	case err != nil:
		t.tellFault(err)
		return nil
	}
	t.say("Removed.")
	return nil
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
