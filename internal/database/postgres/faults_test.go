package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// forPeople checks an error's text and hint, and that it tells no password.
func forPeople(t testing.TB, err error, config database.Config, what, hint string) {
	t.Helper()
	contains(t, err, what)
	var e *fault.Error
	if !errors.As(err, &e) || !strings.Contains(fault.HintOf(err), hint) || fault.HintOf(err) == "" {
		t.Errorf("hint %q, want one with %q: %v", fault.HintOf(err), hint, err)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fault.HintOf(err), fault.StateOf(err)} {
		if config.Password != "" && strings.Contains(text, config.Password) {
			t.Errorf("the password is in %q", text)
		}
	}
}

func TestOpenRefused(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t))
	stranger := postgrestest.User(t, postgrestest.Start(t))
	postgrestest.Exec(t, config, "REVOKE CONNECT ON DATABASE "+quote(config.Name)+" FROM PUBLIC")
	with := func(change func(c *database.Config)) database.Config {
		c := config
		change(&c)
		return c
	}
	cases := []struct {
		name, what, hint string
		config           database.Config
	}{
		{"password", "refuses the password of role", "DB_PASSWORD", with(func(c *database.Config) { c.Password = "wrong secret" })},
		{"role", "refuses the password of role", "DB_USER", with(func(c *database.Config) { c.User = "nobody" })},
		{"database", `there is no database "none"`, "DB_DATABASE", with(func(c *database.Config) { c.Name = "none" })},
		{"right", "has not the right", "GRANT CONNECT ON DATABASE", with(func(c *database.Config) { c.User, c.Password = stranger.User, stranger.Password })},
		{"port", "does not answer", "DB_PORT", with(func(c *database.Config) { c.Port = "1" })},
		{"no port", "is not a port", "number", with(func(c *database.Config) { c.Port = "x" })},
		{"host", "cannot be resolved", "DB_HOST", with(func(c *database.Config) { c.Host = "no-such-host.invalid" })},
		{"socket", "PostgreSQL socket in /nonexistent does not answer", "DB_HOST", with(func(c *database.Config) { c.Host = "/nonexistent" })},
		{"tls", "cannot be reached as DB_SSL asks", "DB_SSL", with(func(c *database.Config) { c.TLS = &database.TLS{} })},
		{"ca", "DB_SSL__CA holds no certificate", "PEM", with(func(c *database.Config) { c.TLS = &database.TLS{Verify: true, CA: "x"} })},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(context.Background(), c.config, database.ReadOnly)
			forPeople(t, err, c.config, c.what, c.hint)
		})
	}
	db := open(t, config, database.ReadOnly)
	if _, err := db.SQL().Exec("CREATE TABLE t (a int)"); err == nil {
		t.Error("a read-only connection made a table")
	}
}

// forge puts a pg_dump on the PATH that says it is of the version given, and
// hides the real ones.
func forge(t *testing.T, version string) {
	t.Helper()
	dir := t.TempDir()
	if version != "" {
		script := "#!/bin/sh\necho 'pg_dump (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	real := toolFolders
	toolFolders = nil
	t.Cleanup(func() { toolFolders = real })
}

func TestToolMissingOrOld(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	good, _ := dumpOf(t, config)
	db := open(t, config, database.ReadOnly)
	major := fmt.Sprint(db.version.major())
	for version, want := range map[string]string{"": "pg_dump and pg_restore are not installed", "9.6.24": "pg_dump 9.6.24 is older than the server"} {
		t.Run(version, func(t *testing.T) {
			forge(t, version)
			_, err := db.DumpTool(context.Background())
			forPeople(t, err, config, want, "postgresql-client-"+major)
			dump := filepath.Join(t.TempDir(), "dump")
			_, err = db.Dump(context.Background(), dump, progress.Discard)
			forPeople(t, err, config, want, "postgresql-client-"+major)
			nothingIn(t, filepath.Dir(dump))
			forPeople(t, Restore(context.Background(), config, good, progress.Discard), config, want, "postgresql-client-"+major)
			_, err = RestoreScratch(context.Background(), config, good, "bunnyhop_old_tool", progress.Discard)
			forPeople(t, err, config, want, "postgresql-client-"+major)
		})
	}
}

// TestToolReallyOlder: the installed tools refuse a server that is newer than
// they are.
func TestToolReallyOlder(t *testing.T) {
	config := postgrestest.PrivateOf(t, "18.1.0-beta.16").Database(t)
	db := open(t, config, database.ReadOnly)
	if major := db.version.major(); major != 18 {
		t.Fatalf("the server is %d", major)
	}
	installed := exec.Command(postgrestest.Binary(t, "pg_dump"), "--version")
	if said, err := installed.Output(); err != nil || strings.Contains(string(said), " 18") {
		t.Fatalf("the tools are not older: %s, %v", said, err)
	}
	postgrestest.Exec(t, config, "CREATE TABLE notes (id int PRIMARY KEY, body text)", "INSERT INTO notes VALUES (1, 'one')")
	before := fingerprintOf(t, config)
	dump := filepath.Join(t.TempDir(), "dump")
	_, err := db.Dump(context.Background(), dump, progress.Discard)
	forPeople(t, err, config, "is older than the server", "postgresql-client-18")
	nothingIn(t, filepath.Dir(dump))
	if lost := before.Diff(fingerprintOf(t, config), nil); len(lost) > 0 {
		t.Errorf("the database changed: %v", lost)
	}
}

// TestToolNearest takes the tools of the server's own version where there are
// newer ones too.
func TestToolNearest(t *testing.T) {
	config := postgrestest.Start(t)
	db := open(t, config, database.ReadOnly)
	real := toolFolders
	forge(t, fmt.Sprint(db.version.major()+2)+"beta1")
	toolFolders = real
	tools, err := findTools(context.Background(), config, db.version)
	if err != nil || tools.major != db.version.major() {
		t.Errorf("tools %+v, %v", tools, err)
	}
	older := version{number: (db.version.major() + 1) * 10000}
	tools, err = findTools(context.Background(), config, older)
	if err != nil || tools.major != db.version.major()+2 {
		t.Errorf("tools %+v, %v", tools, err)
	}
}

func nothingIn(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left in %s: %v, %v", dir, entries, err)
	}
}

func TestDumpWithoutRights(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	for name, statements := range map[string][]string{
		"table":  {"CREATE TABLE foreign_one (a int)"},
		"policy": {"CREATE TABLE foreign_two (a int)", "ALTER TABLE foreign_two ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON foreign_two TO " + quote(config.User)},
	} {
		t.Run(name, func(t *testing.T) {
			postgrestest.Exec(t, admin, statements...)
			table := strings.Fields(statements[0])[2]
			defer postgrestest.Exec(t, admin, "DROP TABLE "+table)
			dump := filepath.Join(t.TempDir(), "dump")
			_, err := open(t, config, database.ReadOnly).Dump(context.Background(), dump, progress.Discard)
			forPeople(t, err, config, table, "as a superuser")
			nothingIn(t, filepath.Dir(dump))
		})
	}
}

func TestRestoreWithoutRights(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	dump, _ := dumpOf(t, config)
	_, err := RestoreScratch(context.Background(), config, dump, "bunnyhop_no_right", progress.Discard)
	forPeople(t, err, config, "may not create databases", "ALTER ROLE "+quote(config.User)+" CREATEDB")

	// In place, the role must own everything that is replaced.
	postgrestest.Exec(t, admin, "CREATE SCHEMA locked", "CREATE TABLE locked.one (a int)", "GRANT USAGE ON SCHEMA locked TO PUBLIC", "GRANT SELECT ON locked.one TO PUBLIC")
	before := fingerprintOf(t, config)
	err = Restore(context.Background(), config, dump, progress.Discard)
	forPeople(t, err, config, "must be owner of table one", "OWNER TO")
	if fault.StateOf(err) != "the database is as it was" {
		t.Errorf("state %q", fault.StateOf(err))
	}
	equal(t, before, fingerprintOf(t, config), "after a refused restore")

	missing := config
	missing.Name = "none such"
	forPeople(t, Restore(context.Background(), missing, dump, progress.Discard), config, "may not make one", "CREATEDB")
}

// fill makes a table that takes a while to dump and to restore.
func fill(t testing.TB, config database.Config, rows int) {
	t.Helper()
	postgrestest.Exec(t, config, "CREATE TABLE big (id bigserial PRIMARY KEY, text text, number float8)", fmt.Sprintf(
		`INSERT INTO big (text, number) SELECT md5(i::text) || md5((i * 3)::text) || md5((i * 7)::text), i / 3.0 FROM generate_series(1, %d) AS i`, rows))
}

// then is a reporter that does something once, when work has reported a number
// of times.
type then struct {
	after int
	do    func()
	mu    sync.Mutex
	once  sync.Once
	seen  int
}

func (r *then) Progress(string, progress.Unit, int64, int64) {
	r.mu.Lock()
	r.seen++
	now := r.seen == r.after
	r.mu.Unlock()
	if now {
		r.once.Do(r.do)
	}
}
func (r *then) Output(string) {}

func (r *then) check(t *testing.T) {
	t.Helper()
	if r.seen < r.after {
		t.Errorf("the work was over after %d reports, before it could be disturbed", r.seen)
	}
}

const bigRows = 600_000

func TestServerStops(t *testing.T) {
	ctx := context.Background()
	server := postgrestest.Private(t)
	config := postgrestest.User(t, server.Database(t), postgrestest.CreateDatabases)
	plain := postgrestest.User(t, server.Database(t))
	newsroom(t, config)
	newsroom(t, plain)
	fill(t, config, bigRows)
	dump, info := dumpOf(t, config)

	t.Run("dump", func(t *testing.T) {
		db := open(t, config, database.ReadOnly)
		path := filepath.Join(t.TempDir(), "dump")
		disturb := &then{after: 2, do: func() { server.Stop(t) }}
		_, err := db.Dump(ctx, path, disturb)
		disturb.check(t)
		if err == nil || fault.HintOf(err) == "" {
			t.Errorf("error %v, hint %q", err, fault.HintOf(err))
		}
		t.Log(err)
		nothingIn(t, filepath.Dir(path))
		server.Restart(t)
	})
	for name, config := range map[string]database.Config{"swap": config, "in place": plain} {
		t.Run("restore by "+name, func(t *testing.T) {
			before := fingerprintOf(t, config)
			disturb := &then{after: 2, do: func() { server.Stop(t) }}
			err := Restore(ctx, config, dump, disturb)
			disturb.check(t)
			if err == nil || fault.HintOf(err) == "" || fault.StateOf(err) != "the database is as it was" {
				t.Errorf("error %v, hint %q, state %q", err, fault.HintOf(err), fault.StateOf(err))
			}
			t.Log(err)
			server.Restart(t)
			equal(t, before, fingerprintOf(t, config), "after the stop")
			if err := Restore(ctx, config, dump, progress.Discard); err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored again")
			if left := databases(t, config); len(left) > 0 {
				t.Errorf("left on the server: %q", left)
			}
		})
	}
}

// TestSessionEnded has an administrator end sessions in the middle of a dump,
// one kind at a time.
func TestSessionEnded(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	fill(t, config, bigRows)
	for name, which := range map[string]string{"ours": "query LIKE 'COPY (SELECT%'", "the tool's": "query LIKE 'COPY public.%'"} {
		t.Run(name, func(t *testing.T) {
			db := open(t, config, database.ReadOnly)
			path := filepath.Join(t.TempDir(), "dump")
			disturb := &then{after: 2, do: func() {
				conn := connectAs(t, admin, "administrator")
				for ended := 0; ended == 0; {
					err := conn.QueryRow(context.Background(), "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active' AND "+which).Scan(&ended)
					if err != nil {
						t.Error(err)
						return
					}
				}
			}}
			_, err := db.Dump(context.Background(), path, disturb)
			disturb.check(t)
			forPeople(t, err, config, "connection", "server")
			if err != nil && strings.Contains(err.Error(), "COPY ") {
				t.Errorf("the whole statement is told: %v", err)
			}
			nothingIn(t, filepath.Dir(path))
		})
	}
}

func TestCancel(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	fill(t, config, bigRows)
	db := open(t, config, database.ReadOnly)
	good, info := dumpOf(t, config)
	cancelled := func(work func(ctx context.Context, report progress.Reporter) error) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		disturb := &then{after: 2, do: func() { at = time.Now(); cancel() }}
		err := work(ctx, disturb)
		disturb.check(t)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that it was cancelled", err)
		}
		t.Logf("ended %s after the cancel", time.Since(at))
	}
	path := filepath.Join(t.TempDir(), "dump")
	cancelled(func(ctx context.Context, report progress.Reporter) error {
		_, err := db.Dump(ctx, path, report)
		return err
	})
	nothingIn(t, filepath.Dir(path))
	cancelled(func(ctx context.Context, report progress.Reporter) error {
		_, err := RestoreScratch(ctx, config, good, "bunnyhop_cancelled", report)
		return err
	})
	db.Close()
	cancelled(func(ctx context.Context, report progress.Reporter) error { return Restore(ctx, config, good, report) })
	if left := databases(t, config); len(left) > 0 {
		t.Errorf("left on the server: %q", left)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "after the cancels")
}

func TestDumpDiskFull(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t))
	newsroom(t, config)
	fill(t, config, 100_000)
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("mounting a small disk, which this test needs root for: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	_, err := open(t, config, database.ReadOnly).Dump(context.Background(), filepath.Join(dir, "dump"), progress.Discard)
	forPeople(t, err, config, "the disk is full", "make room")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v does not match ENOSPC", err)
	}
	nothingIn(t, dir)
}

func TestDamagedDump(t *testing.T) {
	for name, rights := range map[string][]string{"swap": {postgrestest.CreateDatabases}, "in place": nil} {
		t.Run(name, func(t *testing.T) {
			config := postgrestest.User(t, postgrestest.Start(t), rights...)
			newsroom(t, config)
			fill(t, config, 50_000)
			dump, info := dumpOf(t, config)
			data, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			holed := append([]byte(nil), data...)
			copy(holed[len(holed)/2:], make([]byte, 20000))
			for what, content := range map[string][]byte{"cut": data[:len(data)/2], "holed": holed, "text": []byte(strings.Repeat("no dump at all ", 100)), "empty": nil} {
				bad := filepath.Join(t.TempDir(), what)
				if err := os.WriteFile(bad, content, 0o600); err != nil {
					t.Fatal(err)
				}
				err := Restore(context.Background(), config, bad, progress.Discard)
				t.Log(what, err)
				if err == nil || fault.HintOf(err) == "" {
					t.Errorf("%s: error %v, hint %q", what, err, fault.HintOf(err))
				}
				equal(t, *info.Fingerprint, fingerprintOf(t, config), "after "+what)
			}
			if left := databases(t, config); len(left) > 0 {
				t.Errorf("left on the server: %q", left)
			}
		})
	}
}

// TestDumpWithoutMigrations refuses to put a Directus database without its
// migrations in place.
func TestDumpWithoutMigrations(t *testing.T) {
	for name, rights := range map[string][]string{"swap": {postgrestest.CreateDatabases}, "in place": nil} {
		t.Run(name, func(t *testing.T) {
			config := postgrestest.User(t, postgrestest.Start(t), rights...)
			postgrestest.Exec(t, config, "CREATE TABLE directus_migrations (version text)")
			dump, _ := dumpOf(t, config)
			postgrestest.Exec(t, config, "INSERT INTO directus_migrations VALUES ('a')")
			before := fingerprintOf(t, config)
			contains(t, Restore(context.Background(), config, dump, progress.Discard), "directus_migrations without rows")
			equal(t, before, fingerprintOf(t, config), "after a refused restore")
		})
	}
}

func TestInUse(t *testing.T) {
	ctx := context.Background()
	for name, rights := range map[string][]string{"swap": {postgrestest.CreateDatabases}, "in place": nil} {
		t.Run(name, func(t *testing.T) {
			config := postgrestest.User(t, postgrestest.Start(t), rights...)
			newsroom(t, config)
			dump, info := dumpOf(t, config)
			db := open(t, config, database.ReadOnly)
			forPeople(t, Restore(ctx, config, dump, progress.Discard), config, "in use by this very process", "stop the server")
			if sessions, err := db.Sessions(ctx); err != nil || len(sessions) > 0 {
				t.Errorf("sessions %q, %v; want none but ours", sessions, err)
			}
			conn := connectAs(t, config, "Directus' own")
			sessions, err := db.Sessions(ctx)
			if err != nil || len(sessions) != 1 || !strings.Contains(sessions[0], "Directus' own of role") {
				t.Errorf("sessions %q, %v", sessions, err)
			}
			db.Close()
			forPeople(t, Restore(ctx, config, dump, progress.Discard), config, "in use by Directus' own", "stop the server")
			conn.Close(ctx)

			// A session of a run that was killed is ended; one that lives is not.
			living := exec.Command("sleep", "60")
			if err := living.Start(); err != nil {
				t.Fatal(err)
			}
			defer living.Process.Kill()
			run := fmt.Sprintf("bunnyhop %d.%d.%s", living.Process.Pid, startOf(living.Process.Pid), machine())
			connectAs(t, config, run)
			forPeople(t, Restore(ctx, config, dump, progress.Discard), config, "in use by "+run, "stop the server")
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "after refused restores")
			_ = living.Process.Kill()
			_ = living.Wait()
			if err := Restore(ctx, config, dump, progress.Discard); err != nil {
				t.Error(err)
			}
		})
	}
}

func connectAs(t *testing.T, config database.Config, application string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(postgrestest.URL(config))
	if err != nil {
		t.Fatal(err)
	}
	cfg.RuntimeParams["application_name"] = application
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
