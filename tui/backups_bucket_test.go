package tui

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

const (
	bucketPlace = "s3://backups/newsroom at s3.example.org"
	publicKey   = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	rightKey    = "/media/usb/newsroom.key"
)

func (f *fakeBackups) ListBucket(context.Context) ([]Backup, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.away != nil {
		return nil, f.away
	}
	return slices.Clone(f.copies), nil
}

func (f *fakeBackups) VerifyCopy(ctx context.Context, id string, report progress.Reporter) (BackupCheck, error) {
	f.note("verify in bucket " + id)
	report.Progress("verifying", progress.Bytes, 100_000_000, 402_118_004)
	if err := f.held(ctx); err != nil {
		return BackupCheck{}, err
	}
	if f.bad != nil {
		return BackupCheck{Bad: true}, f.bad
	}
	return BackupCheck{Bytes: 402_118_004, Notes: []string{"It is encrypted, and was compared as it is stored; with identity_file in bunnyhop.yaml its contents are compared too."}}, nil
}

func (f *fakeBackups) Send(ctx context.Context, dir string, reread bool, report progress.Reporter) (BackupSent, error) {
	what := "send "
	if reread {
		what = "send again "
	}
	f.note(what + dir)
	report.Progress("uploading", progress.Bytes, 10_000_000, 402_118_004)
	if err := f.held(ctx); err != nil {
		return BackupSent{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list.Backups, func(b Backup) bool { return b.Dir == dir })
	copied := f.list.Backups[i]
	copied.Dir, copied.Copy = "", sampleCopy()
	f.copies = append(f.copies, copied)
	return BackupSent{Stored: 402_118_004, Sent: 11_204_113, Notes: []string{"It can be read only with the private key of", "  " + publicKey, "Keep that key where this machine cannot lose it: without it the copy is lost."}}, nil
}

func (f *fakeBackups) Fetch(ctx context.Context, id, key string, report progress.Reporter) (BackupFetched, error) {
	f.note("fetch " + id + " with " + key)
	report.Progress("fetching", progress.Bytes, 300_000_000, 1_253_104_120)
	if err := f.held(ctx); err != nil {
		return BackupFetched{}, err
	}
	if key != rightKey {
		err := fault.New("the backup "+id+" could not be fetched from the bucket: it is encrypted: no private key in "+key+" fits", "name the file with the private key of "+publicKey)
		err.State = "nothing of the project was changed"
		return BackupFetched{WrongKey: true}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.copies, func(b Backup) bool { return b.ID == id })
	fetched := f.copies[i]
	fetched.Dir, fetched.Copy = backupsFolder+id, nil
	f.list.Backups = append(f.list.Backups, fetched)
	return BackupFetched{Dir: fetched.Dir, Bytes: fetched.Bytes}, nil
}

func (f *fakeBackups) LookRemoveCopy(_ context.Context, id string) (BackupRemoval, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == f.copies[0].ID {
		return BackupRemoval{}, fault.New(id+" is not removed: the newest one in the bucket", "")
	}
	return BackupRemoval{ID: id, Going: []string{id}, Frees: 402_118_004, Stays: f.copies[0].ID, Confirm: "newsroom"}, nil
}

func (f *fakeBackups) held(ctx context.Context) error {
	if f.hold == nil {
		return nil
	}
	select {
	case <-f.hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sampleCopy() *BackupCopy {
	return &BackupCopy{Uploaded: noon.Add(-71 * time.Hour), Stored: 402_118_004, Encrypted: true, Keys: []string{publicKey}, Proved: true}
}

// bucketBackups are backups here and in a bucket: the newest only here, the
// next two in both places, then damaged and unfinished ones here, and some that
// only the bucket has.
func bucketBackups() *fakeBackups {
	f := sampleBackups()
	f.list.Bucket = bucketPlace
	in := func(b Backup) Backup { b.Dir, b.Copy = "", sampleCopy(); return b }
	full, final := f.list.Backups[1], f.list.Backups[2]
	full.Proof = f.list.Backups[0].Proof
	alone := full
	alone.ID, alone.Created = "20261005-090000-backup-c0ffee", noon.Add(-16*24*time.Hour)
	foreign := alone
	foreign.ID, foreign.Created = "20260801-090000-backup-facade", noon.Add(-81*24*time.Hour)
	alone, foreign = in(alone), in(foreign)
	foreign.Copy.Host, foreign.Copy.Encrypted, foreign.Copy.Keys = "web2\x1b[2J", false, nil
	broken := Backup{
		ID: "20260701-090000-backup-bad000", State: BackupDamaged, Problem: "the backup in the bucket is damaged: backups/20260701-090000-backup-bad000.json cannot be used", Hint: "make a new one",
		Copy: &BackupCopy{Problem: "the backup in the bucket is damaged: backups/20260701-090000-backup-bad000.json cannot be used", Hint: "make a new one"},
	}
	f.copies = []Backup{in(full), alone, in(final), foreign, broken}
	f.list.Backups = f.list.Backups[:5]
	return f
}

func (p *playhouse) inBucket(keys ...string) {
	p.a.c.ses.opts.Backups = bucketBackups()
	p.backups()
	p.press(keys...)
}

var bucketScenes = map[string]func(*playhouse){
	"bucket": func(p *playhouse) { p.inBucket() },
	"bucket-reading": func(p *playhouse) {
		p.inBucket()
		s := p.a.backups
		s.bucket.forget()
		s.rebuild()
		s.bucket.reading = p.a.c.ses.chore()
	},
	"bucket-away": func(p *playhouse) {
		fake := bucketBackups()
		fake.away = fault.New("listing the backups in the bucket: listing in "+bucketPlace+": dial tcp 198.51.100.7:443: connect: connection refused", "nothing answers at that address: check the endpoint and its port, and whether the storage server runs")
		p.a.c.ses.opts.Backups = fake
		p.backups()
	},
	"bucket-alone": func(p *playhouse) { // nothing is left on this machine
		p.a.c.ses.opts.Backups = bucketBackups()
		p.fake().list.Backups = nil
		p.backups()
	},
	"bucket-empty": func(p *playhouse) {
		p.a.c.ses.opts.Backups = &fakeBackups{list: BackupList{Folder: "/var/backups/bunnyhop/newsroom", Bucket: bucketPlace}}
		p.backups()
	},
	"bucket-both":       func(p *playhouse) { p.inBucket("down") },
	"bucket-only":       func(p *playhouse) { p.inBucket("down", "down") },
	"bucket-unreadable": func(p *playhouse) { p.inBucket("end") },
	"bucket-verifying": func(p *playhouse) {
		p.inBucket("down")
		p.busy(jobVerifyCopy, "verifying", 402_118_004)
	},
	"bucket-verified": func(p *playhouse) { p.inBucket("down", "V") },
	"bucket-damaged": func(p *playhouse) {
		p.inBucket()
		p.fake().bad = fault.New("the backup 20261018-090000-backup-77c0de in the bucket is damaged: data/ab/ab12f0: it does not match its digest", "if it is also here, `bunnyhop backup upload 20261018-090000-backup-77c0de --reread` replaces what is bad")
		p.press("down", "V")
	},
	"bucket-sending": func(p *playhouse) {
		p.inBucket()
		p.busy(jobSend, "uploading", 402_118_004)
	},
	"bucket-sent":     func(p *playhouse) { p.inBucket("u") },
	"bucket-key":      func(p *playhouse) { p.inBucket("down", "down", "f"); p.typed("/media/usb") },
	"bucket-fetching": func(p *playhouse) { p.inBucket("down", "down"); p.busy(jobFetch, "fetching", 1_253_104_120) },
	"bucket-key-wrong": func(p *playhouse) {
		p.inBucket("down", "down", "r")
		p.typed("/root/other.key")
		p.press("enter")
	},
	"bucket-fetched": func(p *playhouse) {
		p.inBucket("down", "down", "f")
		p.typed(rightKey)
		p.press("enter")
	},
	"bucket-remove-places":  func(p *playhouse) { p.inBucket("down", "down", "down", "x") },
	"bucket-remove-refused": func(p *playhouse) { p.inBucket("down", "x") },
	"bucket-remove-both": func(p *playhouse) {
		p.inBucket("down", "down", "down", "x", "down", "down", "enter")
		p.wait(time.Second)
		p.typed("newsr")
	},
	"bucket-remove-copy": func(p *playhouse) { p.inBucket("down", "down", "x") },
	"bucket-removed": func(p *playhouse) {
		p.inBucket("down", "down", "x")
		p.wait(time.Second)
		p.typed("newsroom")
		p.press("enter")
	},
}

func init() { maps.Copy(scenes, bucketScenes) }

// busy plays two seconds of work on the selected backup.
func (p *playhouse) busy(kind backupJobKind, label string, total int64) {
	raw, _ := p.a.backups.selected()
	if raw == nil {
		return // the terminal is too small for keys
	}
	j := p.a.backups.begin(kind, raw)
	for i := range int64(9) {
		p.send(choreMsg{of: j.chore, now: steps.Progress{Label: label, Unit: progress.Bytes, Done: total * i / 20, Total: total}})
		p.wait(250 * time.Millisecond)
	}
}

// toBackups drives to the list of a project with a bucket.
func toBackups(t *testing.T, fake *fakeBackups) *driver {
	t.Helper()
	opts := newScript().options(project(t))
	opts.Backups = fake
	return drive(t, opts).Sees("Backups").Press("down", "down", "enter")
}

func TestBackupIsRestoredFromTheBucket(t *testing.T) {
	fake := bucketBackups()
	opts := newScript().options(project(t))
	opts.Backups = fake
	var got Job
	opts.Start = func(_ context.Context, j Job) (Engine, func(context.Context) steps.Result, error) {
		got = j
		return nil, nil, errors.New("not today")
	}
	d := drive(t, opts)
	d.Sees("Backups").Press("down", "down", "enter").Sees("5 here · 5 in the bucket").Press("down", "down").Sees("20261005-090000-backup-c0ffee ─")
	d.Press("r").Sees("Which file holds the private key?", "enter fetch it")
	d.Press("enter").Sees("no file was named")
	// A key itself is neither used nor shown.
	d.Type("AGE-SECRET-KEY-1QQQQ").Press("enter").Sees("that is a private key itself").Gone("1QQQQ")
	d.Type("/root/other.key").Press("enter").Sees("no private key in /root/other.key fits", "> /root/other.key")
	for range len("/root/other.key") {
		d.Press("backspace")
	}
	d.ses.send(tea.PasteMsg{Content: rightKey})
	d.Sees("> " + rightKey).Press("enter").Sees("Put this backup's database back").Press("enter").Sees("not today")
	if want := (Job{Kind: JobRestore, Backup: backupsFolder + "20261005-090000-backup-c0ffee"}); got != want {
		t.Errorf("started %+v, want %+v", got, want)
	}
	want := "fetch 20261005-090000-backup-c0ffee with /root/other.key\nfetch 20261005-090000-backup-c0ffee with " + rightKey
	if got := fake.log(); got != want {
		t.Errorf("did\n%s\nwant\n%s", got, want)
	}
}

// With a key in the settings nobody is asked, unless it does not fit.
func TestKeyOfTheSettings(t *testing.T) {
	fake := bucketBackups()
	fake.list.HasKey = true
	d := toBackups(t, fake)
	d.Sees("5 in the bucket").Press("down", "down", "f").Sees("Which file holds the private key?", "fits").Press("esc").Gone("Which file")
	if got, want := fake.log(), "fetch 20261005-090000-backup-c0ffee with "; got != want {
		t.Errorf("did %q, want %q", got, want)
	}
}

func TestBackupIsSentAndVerifiedInTheBucket(t *testing.T) {
	fake := bucketBackups()
	fake.hold = make(chan struct{})
	d := toBackups(t, fake)
	d.Sees("5 in the bucket", "here    ✔ proved").Press("u").Sees("Sending it to the bucket", "10 MB of 402 MB").Press("esc").Sees("stopped; what was sent stays")
	close(fake.hold)
	d.Press("u").Sees("it is in the bucket: 402 MB stored, 11 MB of it sent now", "both    ✔ proved", "6 in the bucket")
	fake.mu.Lock()
	fake.bad = errors.New("data/ab/ab12f0 is damaged")
	fake.mu.Unlock()
	d.Press("V").Sees("data/ab/ab12f0 is damaged", "both !  ✔ proved").Press("u").Sees("it is in the bucket")
	dir := backupsFolder + "20261021-120210-backup-1f20aa"
	want := strings.Join([]string{"send " + dir, "send " + dir, "verify in bucket 20261021-120210-backup-1f20aa", "send again " + dir}, "\n")
	if got := fake.log(); got != want {
		t.Errorf("did\n%s\nwant\n%s", got, want)
	}
}

func TestBackupIsRemovedWhereItWasChosen(t *testing.T) {
	fake := bucketBackups()
	d := toBackups(t, fake)
	d.Sees("5 in the bucket").Press("down", "down", "down", "x").Sees("Remove it from where?", "Only from the bucket").Press("esc").Sees("! nothing was removed")
	d.Press("x").Sees("from where?").Press("down", "enter").Sees("1 backup will be removed from the bucket", "It stays here").Skip(time.Second)
	d.Type("blog").Press("enter").Sees("this is not the name").Press("esc").Gone("It stays here")
	d.Press("x").Sees("from where?").Press("down", "enter").Sees("It stays here").Skip(time.Second).Type("newsroom").Press("enter")
	d.Sees("20261001-090000-upgrade-a1b2c3-final is removed from the bucket; 3 objects", "5 here · 4 in the bucket")
	d.Press("x").Sees("will be removed for good").Skip(time.Second).Type("newsroom").Press("enter").Sees("4 here · 4 in the bucket")
	final := "20261001-090000-upgrade-a1b2c3-final"
	if got, want := fake.log(), "remove from bucket "+final+"\nremove "+backupsFolder+final; got != want {
		t.Errorf("did\n%s\nwant\n%s", got, want)
	}
}

// A bucket that cannot be read leaves what is here usable, and is read again
// on demand.
func TestBucketThatIsAway(t *testing.T) {
	fake := bucketBackups()
	fake.away = fault.New("listing the backups: connection refused", "nothing answers at that address")
	d := toBackups(t, fake)
	d.Sees("! the bucket cannot be read", "nothing answers at that address", "here ?", "b read the bucket again").Press("u").Sees("u: the bucket could not be read")
	d.Press("v").Sees("whole: 1.3 GB read again")
	fake.mu.Lock()
	fake.away = nil
	fake.mu.Unlock()
	d.Press("b").Sees("5 here · 5 in the bucket").Gone("cannot be read:")
}

// What was said to be unfinished here may be gone on with from the bucket.
func TestUnfinishedFetch(t *testing.T) {
	copied := Backup{ID: "a", Copy: sampleCopy()}
	part := Backup{ID: "a", Dir: "/b/a.partial", State: BackupUnfinished, Hint: "make another one"}
	all := withCopies([]Backup{part}, []Backup{copied})
	if len(all) != 2 || all[0].Copy != nil || !strings.Contains(all[0].Hint, "fetch it from the bucket again") || all[1].Dir != "" {
		t.Errorf("%+v", all)
	}
	bad := Backup{ID: "a", Dir: "/b/a", State: BackupDamaged}
	if all = withCopies([]Backup{bad}, []Backup{copied}); len(all) != 1 || all[0].Copy == nil {
		t.Errorf("%+v", all)
	}
}

func TestAccessibleBucket(t *testing.T) {
	opts := newScript().options(project(t))
	fake := bucketBackups()
	opts.Backups = fake
	var out bytes.Buffer
	in := strings.Join([]string{
		"3",      // backups
		"1", "5", // send the newest
		"2", "2", // verify the second in the bucket
		"4", "5", "2", "newsroom", // remove a copy
		"3", "2", "AGE-SECRET-KEY-1QQQQ", "/root/other.key", rightKey, // restore what is only there
	}, "\n") + "\n"
	var got Job
	opts.Start = func(_ context.Context, j Job) (Engine, func(context.Context) steps.Result, error) {
		got = j
		return nil, nil, errors.New("not today")
	}
	_, _ = runAccessible(context.Background(), opts, strings.NewReader(in), &out)
	for _, want := range []string{
		"Reading the bucket " + bucketPlace + ".", "8 backups in /var/backups/bunnyhop/newsroom and " + bucketPlace + ".", "here and in the bucket", "only in the bucket",
		"it is in the bucket: 402 MB stored", "whole in the bucket: 402 MB read again", "Only from the bucket: up to 402 MB come back", "Removed.\n3 objects",
		"that is a private key itself", "no private key in /root/other.key fits", "it is here: 1.3 GB fetched",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it was not said: %s", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	if strings.ContainsAny(out.String(), "\x1b\x07") || strings.Contains(out.String(), "1QQQQ") {
		t.Error("there is something in it that must not be")
	}
	if want := (Job{Kind: JobRestore, Backup: backupsFolder + "20261005-090000-backup-c0ffee"}); got != want {
		t.Errorf("started %+v, want %+v", got, want)
	}
	fake.mu.Lock()
	defer fake.mu.Unlock()
	if fake.asked != 3 { // at first, and after what changed the bucket
		t.Errorf("the bucket was read %d times", fake.asked)
	}
}
