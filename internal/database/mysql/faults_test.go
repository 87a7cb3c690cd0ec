package mysql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// when is a reporter that does something once, at a progress that is told.
type when struct {
	label string
	do    func()
	once  sync.Once
}

func (w *when) Output(string) {}

func (w *when) Progress(label string, _ progress.Unit, done, _ int64) {
	if label == w.label && done > 0 {
		w.once.Do(w.do)
	}
}

// large makes a table that takes a while.
func large(t testing.TB, config database.Config) {
	t.Helper()
	mysqltest.Exec(t, config, "CREATE TABLE large (id int PRIMARY KEY, a varchar(100), b char(36), KEY (b))",
		"INSERT INTO large SELECT seq, concat(md5(seq), md5(seq+1), md5(seq+2)), uuid() FROM seq_1_to_60000")
}

func entries(t testing.TB, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

// TestTools works with a PATH of its own.
func TestTools(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, config, paper...)
	db := open(t, config, database.ReadOnly)
	dump := func() error {
		_, err := db.Dump(context.Background(), filepath.Join(t.TempDir(), "dump"), progress.Discard)
		return err
	}
	forged := func(names [2]string, version string) string {
		dir := t.TempDir()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+name+" "+version+"'\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	real := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	err := dump()
	contains(t, err, "neither mariadb-dump nor mysqldump is installed here")
	if !strings.Contains(fault.HintOf(err), "Debian package mariadb-client") || fault.CodeOf(err) != fault.Blocked {
		t.Errorf("hint %q, code %d", fault.HintOf(err), fault.CodeOf(err))
	}
	t.Setenv("PATH", forged(toolNames[0], " Ver 10.19 Distrib 10.3.39-MariaDB, for debian-linux-gnu (x86_64)"))
	contains(t, dump(), "mariadb-dump 10.3 is older than the server (MariaDB ")
	t.Setenv("PATH", forged(toolNames[0], "from 99.1.2-MariaDB, client 10.19 for Linux (x86_64)"))
	contains(t, dump(), "ended without saying that the dump is complete")
	// An older one, and one of the other kind, are passed over.
	t.Setenv("PATH", forged(toolNames[1], " Ver 8.0.39 for Linux on x86_64 (MySQL Community Server - GPL)")+":"+
		forged(toolNames[0], " Ver 10.19 Distrib 10.3.39-MariaDB, for debian-linux-gnu (x86_64)")+":"+real)
	if err := dump(); err != nil {
		t.Error(err)
	}
}

func TestRightsMissing(t *testing.T) {
	ctx := context.Background()
	admin := mysqltest.Start(t)
	config := mysqltest.User(t, admin)
	mysqltest.Exec(t, config, paper...)
	dump, info := dumpOf(t, config)
	before := fingerprintOf(t, config)
	_, scratchErr := RestoreScratch(ctx, config, dump, "bunnyhop_a", progress.Discard)
	for _, err := range []error{scratchErr, Restore(ctx, config, dump, progress.Discard)} {
		contains(t, err, "may not make the database `bunnyhop_")
		want := "GRANT ALL PRIVILEGES ON `bunnyhop\\_%`.* TO " + mysqltest.Account(config)
		if !strings.Contains(fault.HintOf(err), want) {
			t.Errorf("hint %q lacks %q", fault.HintOf(err), want)
		}
		if fault.StateOf(err) == "" {
			t.Errorf("no state in %v", err)
		}
	}
	equal(t, before, fingerprintOf(t, config), "after restores without the right")
	// What the hint says helps.
	mysqltest.Exec(t, admin, "GRANT ALL PRIVILEGES ON `bunnyhop\\_%`.* TO "+mysqltest.Account(config))
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")

	// Without the right to lock, what the tool writes inexactly is not dumped,
	// and otherwise the state is not told.
	mysqltest.Exec(t, admin, "REVOKE LOCK TABLES ON "+quote(pattern(config.Name))+".* FROM "+mysqltest.Account(config))
	db := open(t, config, database.ReadOnly)
	path := filepath.Join(t.TempDir(), "dump")
	_, err := db.Dump(ctx, path, progress.Discard)
	contains(t, err, "(FLOAT)", "authors")
	if !strings.Contains(fault.HintOf(err), "GRANT LOCK TABLES") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
	mysqltest.Exec(t, config, "ALTER TABLE authors MODIFY rating double")
	report := &told{t: t}
	info, err = db.Dump(ctx, path, report)
	if err != nil || info.Fingerprint != nil || info.FromSource || len(report.lines) != 1 {
		t.Errorf("%+v, %v, told %q", info, err, report.lines)
	}
	scratch := scratchOf(t, config, path, "bunnyhop_a")
	equal(t, fingerprintOf(t, config), fingerprintOf(t, scratch), "scratch")

	// A table that may not be read is an error, not an empty one.
	poor := mysqltest.User(t, database.Config{Client: "mysql", Host: admin.Host, Port: admin.Port, User: admin.User, Password: admin.Password},
		"SELECT ON "+quote(config.Name)+".posts", "INSERT ON "+quote(config.Name)+".authors")
	poor.Name = config.Name
	_, err = open(t, poor, database.ReadOnly).Fingerprint(ctx, nil, progress.Discard)
	contains(t, err, "has not the right to do this")
	if !strings.Contains(fault.HintOf(err), "GRANT ALL PRIVILEGES ON") {
		t.Errorf("hint %q", fault.HintOf(err))
	}
}

func TestDumpRefuses(t *testing.T) {
	ctx := context.Background()
	config := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, config, "CREATE TABLE history (a int) WITH SYSTEM VERSIONING")
	db := open(t, config, database.ReadOnly)
	dir := t.TempDir()
	_, err := db.Dump(ctx, filepath.Join(dir, "dump"), progress.Discard)
	contains(t, err, "system-versioned", "history")
	mysqltest.Exec(t, config, "DROP TABLE history", "CREATE TABLE a (a int)", "CREATE VIEW broken AS SELECT a FROM a", "DROP TABLE a")
	_, err = db.Dump(ctx, filepath.Join(dir, "dump"), progress.Discard)
	contains(t, err, `the view "broken" cannot be used`)
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestDumpEmpty(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	dump, info := dumpOf(t, config)
	mysqltest.Exec(t, config, "CREATE TABLE a (a int)")
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
}

func TestCancelled(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	large(t, config)
	dump, _ := dumpOf(t, config)
	db := open(t, config, database.ReadOnly)
	dir := t.TempDir()
	for name, work := range map[string]func(context.Context, progress.Reporter) error{
		"dump": func(ctx context.Context, r progress.Reporter) error {
			_, err := db.Dump(ctx, filepath.Join(dir, "dump"), r)
			return err
		},
		"fingerprint": func(ctx context.Context, r progress.Reporter) error {
			_, err := db.Fingerprint(ctx, nil, r)
			return err
		},
		"scratch": func(ctx context.Context, r progress.Reporter) error {
			_, err := RestoreScratch(ctx, config, dump, "bunnyhop_a", r)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		label := "database"
		if name == "fingerprint" {
			label = name
		}
		err := work(ctx, &when{label: label, do: func() { at = time.Now(); cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
		if took := time.Since(at); took > 5*time.Second {
			t.Errorf("%s took %s to end", name, took)
		}
		cancel()
	}
	if left := append(entries(t, dir), schemas(t, config)...); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestServerGone stops the server in the middle, and ends sessions.
func TestServerGone(t *testing.T) {
	ctx := context.Background()
	server := mysqltest.Private(t)
	admin := server.Database(t)
	config := mysqltest.User(t, admin, mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, former...)
	large(t, config)
	dump, info := dumpOf(t, config)
	db := open(t, config, database.ReadOnly)
	dir := t.TempDir()
	works := map[string]func(progress.Reporter) error{
		"database": func(r progress.Reporter) error {
			_, err := db.Dump(ctx, filepath.Join(dir, "dump"), r)
			return err
		},
		"fingerprint": func(r progress.Reporter) error {
			_, err := db.Fingerprint(ctx, nil, r)
			return err
		},
	}
	end := func() {
		// Whatever sessions the user has.
		mysqltest.Exec(t, admin, "KILL CONNECTION USER "+mysqltest.Account(config))
	}
	for label, work := range works {
		err := work(&when{label: label, do: end})
		var person *fault.Error
		if !errors.As(err, &person) || fault.HintOf(err) == "" {
			t.Errorf("%s with its session ended: %v, hint %q", label, err, fault.HintOf(err))
		}
		if err := work(progress.Discard); err != nil {
			t.Errorf("%s again: %v", label, err)
		}
	}
	for label, work := range works {
		err := work(&when{label: label, do: func() { server.Stop(t) }})
		server.Restart(t)
		var person *fault.Error
		if !errors.As(err, &person) || fault.HintOf(err) == "" {
			t.Errorf("%s with its server stopped: %v, hint %q", label, err, fault.HintOf(err))
		}
	}
	if left := entries(t, dir); !slices.Equal(left, []string{"dump"}) {
		t.Errorf("left: %q", left)
	}
	mysqltest.Exec(t, config, "DROP TABLE large")
	before := fingerprintOf(t, config)
	err := Restore(ctx, config, dump, &when{label: "database", do: func() { server.Stop(t) }})
	if fault.HintOf(err) == "" || fault.StateOf(err) == "" {
		t.Errorf("a restore with its server stopped: %v, state %q, hint %q", err, fault.StateOf(err), fault.HintOf(err))
	}
	server.Restart(t)
	equal(t, before, fingerprintOf(t, config), "after a restore that broke off")
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
	if left := schemas(t, config); len(left) > 0 {
		t.Errorf("left on the server: %q", left)
	}
}

// smallDisk mounts a disk of the size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("mounting a small disk, which this test needs root for: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v: %s", err, out)
		}
	})
	return dir
}

func TestDumpDiskFull(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	large(t, config)
	dir := smallDisk(t, "1m")
	_, err := open(t, config, database.ReadOnly).Dump(context.Background(), filepath.Join(dir, "dump"), progress.Discard)
	if !errors.Is(err, syscall.ENOSPC) || fault.HintOf(err) == "" {
		t.Errorf("error %v, want no space left", err)
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestSecrets looks at every child while a dump and a restore run.
func TestSecrets(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	large(t, config)
	var seen atomic.Int64
	stop := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			all, _ := process.All()
			for _, p := range all {
				if p.Parent != os.Getpid() || !strings.Contains(p.Exe, "mariadb") || strings.Contains(p.Exe, "mariadbd") {
					continue
				}
				seen.Add(1)
				env, _ := process.Environ(p.PID)
				if text := fmt.Sprint(p.Command, env); strings.Contains(text, config.Password) {
					t.Errorf("a child shows the password: %s", text)
				}
			}
		}
	})
	dump, _ := dumpOf(t, config)
	scratchOf(t, config, dump, "bunnyhop_a")
	close(stop)
	watcher.Wait()
	if seen.Load() == 0 {
		t.Error("no child was seen")
	}
	if text := textOf(t, dump); strings.Contains(text, config.Password) {
		t.Error("the dump holds the password")
	}
}
