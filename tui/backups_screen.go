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

	here   BackupList // what was read of the folder
	bucket bucketView
	all    BackupList // of both, as it is: what is asked for is asked of this
	shown  BackupList // as it may be shown
	err    error
	loaded bool
	list   list
	detail detail
	// at is the key of the selected backup, so that it stays selected when the
	// list is read again.
	at string

	question *keyQuestion // open, or nil
	keyFile  string       // the last one that opened something
	job      *backupJob
	outcomes map[string]backupOutcome // of the last job on each backup, by key
	gone     string                   // says what was removed, until something else is done
}

// backupJob is what is being done with a backup.
type backupJob struct {
	*chore
	kind  backupJobKind
	of    Backup // as it was when the job began
	began time.Time
	work  *work
	reads string // what is read when it verifies
	// restore says that a fetched backup is to be put back then; path is the
	// file with the private key that was named for it.
	restore bool
	path    string
	removal BackupRemoval
}

type backupJobKind string

const (
	jobVerify     backupJobKind = "verify"
	jobProve      backupJobKind = "prove"
	jobVerifyCopy backupJobKind = "verify-copy"
	jobSend       backupJobKind = "send"
	jobFetch      backupJobKind = "fetch"
	jobRestore    backupJobKind = "restore" // no job by itself: what is only in the bucket is fetched
	jobLookRemove backupJobKind = "look"
	jobRemove     backupJobKind = "remove"
)

// inBucket reports whether a job may have changed what the bucket holds.
func (j *backupJob) inBucket() bool {
	switch j.kind {
	case jobVerifyCopy, jobSend:
		return true
	case jobRemove:
		return j.removal.Dir == "" || j.removal.Copy != nil
	case jobVerify, jobProve, jobFetch, jobRestore, jobLookRemove:
	}
	return false
}

// backupOutcome is how a job ended.
type backupOutcome struct {
	kind    backupJobKind
	check   BackupCheck
	sent    BackupSent
	fetched BackupFetched
	took    time.Duration
	err     error
	stopped bool
}

// What comes back from the commands of this screen.
type (
	backupsMsg struct {
		list BackupList
		err  error
		// of is the reading of the bucket that brought copies; nil where the
		// list is of the folder.
		of     *chore
		copies []Backup
	}
	backupDoneMsg struct {
		job     *backupJob
		check   BackupCheck
		sent    BackupSent
		fetched BackupFetched
		said    string // of a removal
		err     error
	}
	backupRemovalMsg struct {
		job *backupJob
		// here and copy are the removals that are possible, or nil; err says why
		// none is, or with a removal why the other one is not.
		here, copy *BackupRemoval
		err        error
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
	s.outcomes, s.gone, s.loaded, s.question = map[string]backupOutcome{}, "", false, nil
	s.bucket.forget()
	return s.load
}

// load is the command that reads the list.
func (s *backupsScreen) load() tea.Msg {
	all, err := s.c.ses.opts.Backups.List(s.c.ses.ctx)
	return backupsMsg{list: all, err: err}
}

// working reports whether something goes on, so that the clocks have to turn.
func (s *backupsScreen) working() bool { return s.job != nil || !s.loaded || s.bucket.reading != nil }

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

// key is what a backup is known by while the list is read again.
func (b *Backup) key() string {
	if b.Dir == "" {
		return "bucket:" + b.ID
	}
	return b.Dir
}

// Typing implements typist.
func (s *backupsScreen) Typing() bool { return s.question != nil }

// Update implements screen.
func (s *backupsScreen) Update(msg tea.Msg) tea.Cmd {
	if s.question != nil {
		return s.answer(msg)
	}
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
		s.bucket.forget()
		return send(backMsg{})
	case key.Matches(press, keyReadBucket) && s.here.Bucket != "":
		return s.readBucket()
	case raw == nil:
	case s.list.Update(press):
		s.at = s.all.Backups[s.list.at].key()
	case s.detail.Update(press):
	default:
		for _, action := range s.actions(raw, shown) {
			if key.Matches(press, action.key) {
				return s.act(action.kind, raw, shown)
			}
		}
	}
	return nil
}

// act begins what was asked for.
func (s *backupsScreen) act(kind backupJobKind, raw, shown *Backup) tea.Cmd {
	switch kind {
	case jobVerify, jobProve:
		return s.check(raw, kind)
	case jobVerifyCopy:
		return s.checkCopy(raw)
	case jobSend:
		return s.sendCopy(raw)
	case jobFetch:
		return s.wantFetch(raw, false)
	case jobRestore:
		restore := newRestoreScreen(s.c, s, *raw, *shown)
		if raw.Dir == "" && restore.(*restoreScreen).unfit() == "" {
			return s.wantFetch(raw, true)
		}
		return send(openMsg{restore})
	case jobRemove:
		return s.lookRemove(raw)
	case jobLookRemove:
	}
	return nil
}

// begin starts a job on a backup.
func (s *backupsScreen) begin(kind backupJobKind, of *Backup) *backupJob {
	s.job = &backupJob{chore: s.c.ses.chore(), kind: kind, of: *of, began: s.c.now(), work: newWork(), reads: "reading every byte again"}
	s.gone = ""
	delete(s.outcomes, of.key())
	s.detail.view.GotoTop()
	return s.job
}

func (s *backupsScreen) check(of *Backup, kind backupJobKind) tea.Cmd {
	j, dir := s.begin(kind, of), of.Dir
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		check, err := s.c.ses.opts.Backups.Verify(ctx, dir, kind == jobProve, report)
		return backupDoneMsg{job: j, check: check, err: err}
	})
}

// take handles what came back, whatever is shown at the moment.
func (s *backupsScreen) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case backupsMsg:
		if msg.of != nil {
			s.takeCopies(msg)
			return nil
		}
		return s.show(msg)
	case choreMsg:
		if s.job != nil && s.job.chore == msg.of {
			msg.now.Label = s.job.label(msg.now.Label)
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

// label says what is done, where the program's own word for it is too short.
func (j *backupJob) label(word string) string {
	switch word {
	case "verify":
		return j.reads
	case "verifying":
		return "reading every object of it again"
	case "uploading":
		return "sending what is not there yet"
	case "fetching":
		return "fetching what is not here yet"
	case "removing":
		return "removing what no backup uses"
	}
	return word
}

// show takes a list that was read, and goes on with the bucket where that is
// due.
func (s *backupsScreen) show(msg backupsMsg) tea.Cmd {
	s.loaded, s.err = true, msg.err
	if msg.err != nil {
		msg.list = BackupList{}
	}
	s.here = msg.list
	s.rebuild()
	if s.here.Bucket != "" && !s.bucket.current {
		return s.readBucket()
	}
	return nil
}

// rebuild makes the list of what is here and in the bucket, and keeps what was
// selected selected.
func (s *backupsScreen) rebuild() {
	s.all = s.here
	s.all.Backups = withCopies(s.here.Backups, s.bucket.copies)
	s.shown = clean(s.all)
	if i := slices.IndexFunc(s.all.Backups, func(b Backup) bool { return b.key() == s.at }); i >= 0 {
		s.list.at = i
	}
	s.list.resize(len(s.all.Backups), s.list.rows)
	s.at = ""
	if raw, _ := s.selected(); raw != nil {
		s.at = raw.key()
	}
}

// ended takes the end of a job. The list is read again in any case: a proof
// stands in the manifest.
func (s *backupsScreen) ended(msg backupDoneMsg) tea.Cmd {
	j := s.job
	s.job = nil
	s.detail.view.GotoTop()
	if j.inBucket() {
		s.bucket.current = false
	}
	o := backupOutcome{
		kind: j.kind, check: msg.check, sent: msg.sent, fetched: msg.fetched, took: s.c.now().Sub(j.began), err: msg.err,
		stopped: msg.err != nil && j.stopped && !msg.check.Bad,
	}
	at := j.of.key()
	if j.kind == jobFetch && !msg.fetched.WrongKey {
		s.keyFile = j.path
	}
	switch {
	case j.kind == jobRemove && msg.err == nil:
		s.gone = j.goneText(msg.said)
		s.bucket.drop(j.removal)
		return s.load
	case j.kind == jobFetch && msg.err == nil:
		j.of.Dir = msg.fetched.Dir
		s.at = j.of.key()
		s.outcomes[s.at] = o
		if j.restore {
			return tea.Batch(s.load, send(openMsg{newRestoreScreen(s.c, s, j.of, clean(j.of))}))
		}
		return s.load
	case j.kind == jobFetch && msg.fetched.WrongKey && !j.stopped:
		return tea.Batch(s.load, s.askKey(&j.of, j.restore, j.path, msg.err))
	}
	s.outcomes[at] = o
	return s.load
}
