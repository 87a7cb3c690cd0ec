package tui

import (
	"context"
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/progress"
)

// backupsScreen lists the backups of the project, and does with the selected
// one what is asked for.
type backupsScreen struct {
	pane
	keySet
	c *common

	all    BackupList // as it is: what is asked for is asked of this
	shown  BackupList // as it may be shown
	err    error
	loaded bool
	list   list
	detail detail
	// at is the folder of the selected backup, so that it stays selected when
	// the list is read again.
	at string

	job      *backupJob
	outcomes map[string]backupOutcome // of the last job on each backup, by folder
	gone     string                   // says what was removed, until something else is done
}

// backupJob is what is being done with a backup.
type backupJob struct {
	*chore
	kind  backupJobKind
	dir   string
	began time.Time
	work  *work
	reads string // what is read when it verifies
}

type backupJobKind string

const (
	jobVerify     backupJobKind = "verify"
	jobProve      backupJobKind = "prove"
	jobLookRemove backupJobKind = "look"
	jobRemove     backupJobKind = "remove"
)

// backupOutcome is how a job ended.
type backupOutcome struct {
	kind    backupJobKind
	check   BackupCheck
	took    time.Duration
	err     error
	stopped bool
}

// What comes back from the commands of this screen.
type (
	backupsMsg struct {
		list BackupList
		err  error
	}
	backupDoneMsg struct {
		job   *backupJob
		check BackupCheck
		err   error
	}
	backupRemovalMsg struct {
		job     *backupJob
		removal BackupRemoval
		err     error
	}
	// removeBackupMsg says that the person agreed to a removal.
	removeBackupMsg struct{ removal BackupRemoval }
)

func newBackupsScreen(c *common) *backupsScreen {
	s := &backupsScreen{c: c, detail: newDetail(), outcomes: map[string]backupOutcome{}}
	s.keySet = keySet{s.bindings}
	return s
}

// open shows the list as it is now.
func (s *backupsScreen) open() tea.Cmd {
	s.outcomes, s.gone, s.loaded = map[string]backupOutcome{}, "", false
	return s.load
}

// load is the command that reads the list.
func (s *backupsScreen) load() tea.Msg {
	all, err := s.c.ses.opts.Backups.List(s.c.ses.ctx)
	return backupsMsg{list: all, err: err}
}

// working reports whether something goes on, so that the clocks have to turn.
func (s *backupsScreen) working() bool { return s.job != nil || !s.loaded }

// stop stops what is being done, and reports whether there was anything to
// stop that had not been told to yet.
func (s *backupsScreen) stop() bool {
	if s.job == nil || s.job.stopped {
		return false
	}
	s.job.stop()
	return true
}

// selected is the backup under the cursor, as it is and as it may be shown.
func (s *backupsScreen) selected() (raw, shown *Backup) {
	if s.list.at >= len(s.all.Backups) {
		return nil, nil
	}
	return &s.all.Backups[s.list.at], &s.shown.Backups[s.list.at]
}

func (s *backupsScreen) bindings() []keyed {
	switch {
	case s.job != nil && s.job.stopped:
		return []keyed{unless("it is stopping already", as("stop it", keyEscape))}
	case s.job != nil:
		return []keyed{live(as("stop it", keyEscape))}
	}
	_, b := s.selected()
	if b == nil {
		return []keyed{live(keyEscape)}
	}
	whole, database := "", ""
	switch {
	case b.State == BackupDamaged:
		whole = "its manifest cannot be read"
	case b.State != BackupWhole:
		whole = "it is " + string(b.State)
	case !hasDatabase(b):
		database = "it holds no database"
	}
	keys := []keyed{
		unless(whole, keyVerify), unless(whole+database, keyProve), unless(s.unrestorable(whole+database), keyRestore), live(keyRemove), live(keyEscape),
	}
	if len(s.shown.Backups) > 1 {
		keys = append(keys, live(keyMove))
	}
	if view := &s.detail.view; !view.AtBottom() || view.YOffset() > 0 {
		keys = append(keys, live(keyDetailDown), live(keyDetailUp))
	}
	return keys
}

// unrestorable is why no restore can be begun now.
func (s *backupsScreen) unrestorable(why string) string {
	if open := s.c.home.Unfinished; why == "" && open != nil && open.Touched {
		return "the unfinished " + open.Flow + " comes first"
	}
	return why
}

func hasDatabase(b *Backup) bool {
	for _, part := range b.Parts {
		if part.Name == backupParts[0] {
			return part.Included
		}
	}
	return false
}

// Update implements screen.
func (s *backupsScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	if s.job != nil {
		switch {
		case key.Matches(press, keyEscape):
			s.stop()
		default:
			s.detail.Update(press)
		}
		return nil
	}
	raw, shown := s.selected()
	switch {
	case key.Matches(press, keyEscape):
		return send(backMsg{})
	case raw == nil:
	case s.list.Update(press):
		s.at = s.all.Backups[s.list.at].Dir
	case s.detail.Update(press):
	case key.Matches(press, keyVerify):
		return s.check(raw.Dir, jobVerify)
	case key.Matches(press, keyProve):
		return s.check(raw.Dir, jobProve)
	case key.Matches(press, keyRestore):
		return send(openMsg{newRestoreScreen(s.c, s, *raw, *shown)})
	case key.Matches(press, keyRemove):
		return s.lookRemove(raw.Dir)
	}
	return nil
}

// begin starts a job on a backup.
func (s *backupsScreen) begin(kind backupJobKind, dir string) *backupJob {
	s.job = &backupJob{chore: s.c.ses.chore(), kind: kind, dir: dir, began: s.c.now(), work: newWork(), reads: "reading every byte again"}
	s.gone = ""
	delete(s.outcomes, dir)
	s.detail.view.GotoTop()
	return s.job
}

func (s *backupsScreen) check(dir string, kind backupJobKind) tea.Cmd {
	j := s.begin(kind, dir)
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		check, err := s.c.ses.opts.Backups.Verify(ctx, dir, kind == jobProve, report)
		return backupDoneMsg{job: j, check: check, err: err}
	})
}

func (s *backupsScreen) lookRemove(dir string) tea.Cmd {
	j := s.begin(jobLookRemove, dir)
	return j.do(func(ctx context.Context, _ progress.Reporter) tea.Msg {
		removal, err := s.c.ses.opts.Backups.LookRemove(ctx, dir)
		return backupRemovalMsg{job: j, removal: removal, err: err}
	})
}

func (s *backupsScreen) remove(r BackupRemoval) tea.Cmd {
	j := s.begin(jobRemove, r.Dir)
	j.reads = "first reading " + cleanText(r.Stays) + " again, which stays"
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		return backupDoneMsg{job: j, err: s.c.ses.opts.Backups.Remove(ctx, r, report)}
	})
}

// take handles what came back, whatever is shown at the moment.
func (s *backupsScreen) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case backupsMsg:
		s.show(msg)
	case choreMsg:
		if s.job != nil && s.job.chore == msg.of {
			if msg.now.Label == "verify" {
				msg.now.Label = s.job.reads
			}
			s.job.work.progress(msg.now, s.c.now())
		}
	case backupDoneMsg:
		if s.job == msg.job {
			return s.ended(msg)
		}
	case backupRemovalMsg:
		if s.job == msg.job {
			return s.ask(msg)
		}
	case removeBackupMsg:
		return s.remove(msg.removal)
	}
	return nil
}

// show takes a list that was read, and keeps what was selected selected.
func (s *backupsScreen) show(msg backupsMsg) {
	s.loaded, s.err = true, msg.err
	if msg.err != nil {
		msg.list = BackupList{}
	}
	s.all, s.shown = msg.list, clean(msg.list)
	if i := slices.IndexFunc(s.all.Backups, func(b Backup) bool { return b.Dir == s.at }); i >= 0 {
		s.list.at = i
	}
	s.list.resize(len(s.all.Backups), s.list.rows)
	s.at = ""
	if raw, _ := s.selected(); raw != nil {
		s.at = raw.Dir
	}
}

// ended takes the end of a job. The list is read again in any case: a proof
// stands in the manifest.
func (s *backupsScreen) ended(msg backupDoneMsg) tea.Cmd {
	j := s.job
	s.job = nil
	s.detail.view.GotoTop()
	switch {
	case msg.err == nil && j.kind == jobRemove:
		s.gone = "removed"
		for _, b := range s.shown.Backups {
			if b.Dir == cleanText(j.dir) {
				s.gone = b.ID + " is removed"
			}
		}
	default:
		s.outcomes[j.dir] = backupOutcome{
			kind: j.kind, check: msg.check, took: s.c.now().Sub(j.began), err: msg.err,
			stopped: msg.err != nil && j.stopped && !msg.check.Bad,
		}
	}
	return s.load
}

// ask has a removal agreed to, or says why it cannot be.
func (s *backupsScreen) ask(msg backupRemovalMsg) tea.Cmd {
	j := s.job
	s.job = nil
	switch {
	case msg.err != nil:
		s.outcomes[j.dir] = backupOutcome{kind: jobRemove, err: msg.err, stopped: j.stopped}
		return nil
	case j.stopped:
		return nil
	case msg.removal.Confirm == "":
		return s.remove(msg.removal)
	}
	return send(askMsg{newRemoveDialog(s.c, msg.removal)})
}
