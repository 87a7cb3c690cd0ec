package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// fakeBackups keeps backups that are not there.
type fakeBackups struct {
	mu   sync.Mutex
	list BackupList
	err  error
	bad  error         // what verifying finds
	hold chan struct{} // verifying waits until it is closed
	did  []string

	copies []Backup // in the bucket, newest first
	away   error    // why the bucket cannot be read
	asked  int      // how often it was
}

func (f *fakeBackups) List(context.Context) (BackupList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.list
	all.Backups = slices.Clone(all.Backups)
	return all, f.err
}

func (f *fakeBackups) Verify(ctx context.Context, dir string, restore bool, report progress.Reporter) (BackupCheck, error) {
	f.note(fmt.Sprintf("verify %s %v", dir, restore))
	report.Progress("verify", progress.Bytes, 400_000_000, 1_253_104_120)
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return BackupCheck{}, ctx.Err()
		}
	}
	if f.bad != nil {
		return BackupCheck{Bad: true}, f.bad
	}
	check := BackupCheck{Bytes: 1_253_104_120}
	if restore {
		check.Proof = &BackupProof{At: noon, Tables: 31, Rows: 12004}
		f.mu.Lock()
		defer f.mu.Unlock()
		i := slices.IndexFunc(f.list.Backups, func(b Backup) bool { return b.Dir == dir })
		f.list.Backups[i].Proof = check.Proof
	}
	return check, nil
}

func (f *fakeBackups) LookRemove(_ context.Context, dir string) (BackupRemoval, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list.Backups, func(b Backup) bool { return b.Dir == dir })
	b := f.list.Backups[i]
	if i == 0 {
		err := fault.New(b.ID+" is not removed: the newest proved one of 10.13.4, which is installed", "")
		err.State = "nothing was removed"
		return BackupRemoval{}, err
	}
	return BackupRemoval{ID: b.ID, Dir: dir, Going: []string{b.ID}, Frees: 48_210_944, Stays: f.list.Backups[0].ID, Confirm: "newsroom"}, nil
}

func (f *fakeBackups) Remove(_ context.Context, r BackupRemoval, _ progress.Reporter) (string, error) {
	said := ""
	if r.Dir != "" {
		f.note("remove " + r.Dir)
	}
	if copied := r.Copy; r.Dir == "" || copied != nil {
		if copied == nil {
			copied = &r
		}
		f.note("remove from bucket " + copied.ID)
		said = "3 objects, 1.2 MB removed that no backup used"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if said != "" {
		f.copies = slices.DeleteFunc(f.copies, func(b Backup) bool { return b.ID == r.ID })
	}
	f.list.Backups = slices.DeleteFunc(f.list.Backups, func(b Backup) bool { return b.Dir == r.Dir })
	return said, nil
}

func (f *fakeBackups) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, what)
}

func (f *fakeBackups) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.did, "\n")
}

const backupsFolder = "/var/backups/bunnyhop/newsroom/"

// sampleBackups are backups of all kinds. The text in them is foreign: what
// could do something to a terminal must not reach it.
func sampleBackups() *fakeBackups {
	make := func(id string, ago time.Duration) Backup {
		return Backup{
			ID: id, Dir: backupsFolder + id, Created: noon.Add(-ago), Project: "/srv/newsroom", Directus: "10.13.4", Database: "SQLite", Full: true,
			Bytes: 1_253_104_120, Shared: 1_204_771_002, Tool: "SQLite online backup 3.53.4", Run: id,
			Parts: []facts.BackupPart{
				{Name: "database", Included: true, Files: 1, Bytes: 48_210_944},
				{Name: "files", Included: true, Files: 5204, Bytes: 1_204_771_002},
				{Name: "extensions", Reason: "the folder\x1b[2J is empty"},
				{Name: "config", Included: true, Files: 4, Bytes: 122_174},
			},
		}
	}
	const hour, day = time.Hour, 24 * time.Hour
	newest := make("20261021-120210-backup-1f20aa", 2*hour)
	newest.Proof = &BackupProof{At: noon.Add(-2 * hour), Tables: 31, Rows: 12004, ForeignKeys: 2}
	newest.External = []string{"s3 (s3): not on this machine; 812 rows of directus_files"}
	newest.Skipped = []string{"uploads/\x07live.sock: a socket"}
	full := make("20261018-090000-backup-77c0de", 3*day)
	final := make("20261001-090000-upgrade-a1b2c3-final", 20*day)
	final.Full, final.Bytes, final.Shared, final.Directus = false, 48_210_944, 0, "10.8.3"
	final.Parts = []facts.BackupPart{
		{Name: "database", Included: true, Files: 1, Bytes: 48_210_944},
		{Name: "files", Reason: "taken in the cutover, which does not touch them; the full backup of the same run has them"},
		{Name: "extensions", Reason: "not asked for"},
		{Name: "config", Reason: "not asked for"},
	}
	other := make("20260401-120000-backup-0ddba1", 203*day)
	other.Project, other.Proof = "/srv/blog", newest.Proof
	return &fakeBackups{list: BackupList{Folder: strings.TrimSuffix(backupsFolder, "/"), Backups: []Backup{
		newest, full, final,
		{
			ID: "20260920-101112-backup-dead00", Dir: backupsFolder + "20260920-101112-backup-dead00", Created: noon.Add(-31 * day), State: BackupDamaged,
			Problem: "the manifest of the backup is damaged: it does not match its digest", Hint: "take another backup; the database dump and the files in the folder may still be good",
		},
		{
			ID: "20260901-101112-backup-beef00", Dir: backupsFolder + "20260901-101112-backup-beef00.partial", Created: noon.Add(-50 * day), State: BackupUnfinished,
			Problem: "it was not written to its end", Hint: "make another one, and remove this one",
		},
		{
			ID: "20260801-101112-backup-c0ffee", Dir: backupsFolder + "20260801-101112-backup-c0ffee.removing", Created: noon.Add(-81 * day), State: BackupRemoving,
			Problem: "its removal was begun and did not come to its end", Hint: "remove it again",
		},
		other,
	}}}
}

func manyBackups(n int) *fakeBackups {
	f := sampleBackups()
	one := f.list.Backups[1]
	f.list.Backups = nil
	for i := range n {
		b := one
		b.Created = noon.Add(-time.Duration(i) * 20 * time.Hour)
		b.ID = b.Created.Format("20060102-150405") + "-backup-" + fmt.Sprintf("%06x", i*9973)
		b.Dir = backupsFolder + b.ID
		f.list.Backups = append(f.list.Backups, b)
	}
	return f
}

// backups goes to the list of backups.
func (p *playhouse) backups() {
	p.t.Helper()
	home := sampleHome()
	run := sampleRun()
	home.CanRollBack = &run
	p.send(homeMsg{home: home})
	p.press("down", "down", "enter")
}

func (p *playhouse) fake() *fakeBackups { return p.a.c.ses.opts.Backups.(*fakeBackups) }

// working plays two seconds of work on the first backup.
func (p *playhouse) working(kind backupJobKind) {
	if len(p.a.backups.all.Backups) == 0 {
		return // the terminal is too small for keys
	}
	j := p.a.backups.begin(kind, &p.a.backups.all.Backups[0])
	for i := range int64(9) {
		p.send(choreMsg{of: j.chore, now: steps.Progress{Label: "verify", Unit: progress.Bytes, Done: 50_000_000 * i, Total: 1_253_104_120}})
		p.wait(250 * time.Millisecond)
	}
}

func TestBackupsAreVerifiedFromTheHomeScreen(t *testing.T) {
	s := newScript()
	opts := s.options(project(t))
	fake := sampleBackups()
	fake.hold = make(chan struct{})
	opts.Backups = fake
	d := drive(t, opts)
	d.Sees("Backups").Press("down", "down").Sees("▌ Backups").Press("enter")
	d.Sees("7 backups", "✖ damaged", "20261021-120210-backup-1f20aa").Press("down", "v")
	d.Sees("Verifying it", "400 MB of 1.3 GB", "esc stop it").Press("x", "r").Sees("Verifying it")
	d.Press("q").Sees("stopped; nothing was found out") // it stops the work, and does not leave
	d.Press("v").Sees("Verifying it")
	close(fake.hold)
	d.Sees("whole: 1.3 GB read again").Press("p").Sees("proved: every file is whole", "31 tables, 12,004 rows")
	d.Press("esc").Sees("Upgrade to 11.17.4").Press("q")
	if result, err := d.Result(); result != nil || err != nil {
		t.Errorf("got %v, %v", result, err)
	}
	dir := backupsFolder + "20261018-090000-backup-77c0de"
	want := strings.Join([]string{"verify " + dir + " false", "verify " + dir + " false", "verify " + dir + " true"}, "\n")
	if got := fake.log(); got != want {
		t.Errorf("did\n%s\nwant\n%s", got, want)
	}
}

func TestBackupIsRemovedByTheProjectsNameOnly(t *testing.T) {
	opts := newScript().options(project(t))
	fake := sampleBackups()
	opts.Backups = fake
	d := drive(t, opts)
	d.Sees("Backups").Press("down", "down", "enter").Sees("7 backups")
	d.Press("x").Sees("is not removed: the newest proved one", "nothing was removed")
	d.Press("down", "x").Sees("1 backup will be removed for good").Skip(time.Second).Press("enter").Gone("for good").Sees("! nothing was removed")
	d.Press("x").Sees("for good").Skip(time.Second).Type("blog").Press("enter").Sees("this is not the name")
	if got := fake.log(); got != "" {
		t.Fatalf("did %s", got)
	}
	d.Press("esc").Gone("for good").Press("x").Sees("for good").Skip(time.Second).Type("newsroom").Press("enter")
	d.Sees("20261018-090000-backup-77c0de is removed", "6 backups", "▌ 20 days")
	if got, want := fake.log(), "remove "+backupsFolder+"20261018-090000-backup-77c0de"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
}

// Leaving while a backup is verified stops that, and waits for its end.
func TestLeavingStopsTheVerification(t *testing.T) {
	opts := newScript().options(project(t))
	fake := sampleBackups()
	fake.hold = make(chan struct{})
	opts.Backups = fake
	d := drive(t, opts)
	d.Sees("Backups").Press("down", "down", "enter").Sees("7 backups").Press("v").Sees("Verifying it")
	d.ses.terminate()
	if result, err := d.Result(); result != nil || err != nil {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestRestoreIsStartedWithTheBackup(t *testing.T) {
	opts := newScript().options(project(t))
	var got Job
	opts.Start = func(_ context.Context, j Job) (Engine, func(context.Context) steps.Result, error) {
		got = j
		return nil, nil, errors.New("not today")
	}
	d := drive(t, opts)
	d.Sees("Backups").Press("down", "down", "enter").Sees("7 backups").Press("down", "down", "r").Sees("Not possible", "10.8.3").Press("enter").Sees("! enter: it is of Directus 10.8.3")
	d.Press("esc").Sees("7 backups").Press("up", "r").Sees("Put this backup's database back").Press("enter").Sees("not today")
	if want := (Job{Kind: JobRestore, Backup: backupsFolder + "20261018-090000-backup-77c0de"}); got != want {
		t.Errorf("started %+v, want %+v", got, want)
	}
}

func TestAccessibleBackups(t *testing.T) {
	opts := newScript().options(project(t))
	fake := sampleBackups()
	opts.Backups = fake
	var out bytes.Buffer
	in := strings.Join([]string{
		"3",      // backups
		"2", "1", // verify the second
		"4", "1", "4", "", // the damaged one cannot be verified; it is not removed without the name
		"4", "4", "newsroom",
		"1", "4", // the newest has to stay
		"7", // leave
	}, "\n") + "\n"
	result, err := runAccessible(context.Background(), opts, strings.NewReader(in), &out)
	if err != nil || result != nil {
		t.Fatalf("got %+v, %v\n%s", result, err, out.String())
	}
	for _, want := range []string{
		"7 backups in /var/backups/bunnyhop/newsroom.", "whole: 1.3 GB read again", "Not possible: its manifest cannot be read",
		"Nothing was removed.", "Removed.", "6 backups in", "is not removed: the newest proved one",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it was not said: %s\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\x07") {
		t.Error("there are control sequences in it")
	}
	want := "verify " + backupsFolder + "20261018-090000-backup-77c0de false\nremove " + backupsFolder + "20260920-101112-backup-dead00"
	if got := fake.log(); got != want {
		t.Errorf("did\n%s\nwant\n%s", got, want)
	}
}
