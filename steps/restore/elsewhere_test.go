package restore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // makes the database of a test

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/site"
)

// tables are enough of Directus for a backup, and some rows.
var tables = []string{
	"CREATE TABLE directus_migrations (version varchar(255) PRIMARY KEY)", "INSERT INTO directus_migrations VALUES ('20240101A')",
	"CREATE TABLE directus_users (id varchar(36) PRIMARY KEY)", "INSERT INTO directus_users VALUES ('u')",
	"CREATE TABLE directus_roles (id varchar(36) PRIMARY KEY)", "INSERT INTO directus_roles VALUES ('r')",
	"CREATE TABLE posts (id integer PRIMARY KEY, title varchar(100))", "INSERT INTO posts VALUES (1, 'one'), (2, 'two')",
}

// project is a project folder that uses a database.
func project(t *testing.T, own database.Config) *site.Site {
	t.Helper()
	root := t.TempDir()
	env := fmt.Sprintf("DB_CLIENT=%q\nDB_HOST=%q\nDB_PORT=%q\nDB_DATABASE=%q\nDB_USER=%q\nDB_PASSWORD='%s'\n",
		own.Client, own.Host, own.Port, own.Name, own.User, strings.ReplaceAll(own.Password, "'", ""))
	if own.Filename != "" {
		env = fmt.Sprintf("DB_CLIENT=sqlite3\nDB_FILENAME=%q\n", own.Filename)
	}
	for name, text := range map[string]string{
		"package.json":                       `{"name": "blog", "dependencies": {"directus": "10.13.4"}}`,
		"node_modules/directus/package.json": `{"name": "directus", "version": "10.13.4"}`,
		".env":                               env,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return site.New(site.Options{Root: root, Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}})
}

// backupOf backs a database up.
func backupOf(t *testing.T, own database.Config) *backup.Manifest {
	t.Helper()
	db, err := connect.Open(t.Context(), own, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m, err := backup.Create(t.Context(), backup.Options{
		Folder: t.TempDir(), ID: "b1", Project: "blog", Directus: "10.13.4", Database: db,
	}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func equalsBackup(t *testing.T, m *backup.Manifest, target database.Config) {
	t.Helper()
	db, err := connect.Open(t.Context(), target, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now, err := db.Fingerprint(t.Context(), nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if differences := m.Fingerprint.Diff(now, nil); len(differences) > 0 {
		t.Errorf("it differs: %v", differences)
	}
}

// The server was moved, and the role has another name there (BK10). The backup
// goes into a database of that role, is owned by it, and the project's own
// database is left alone.
func TestRestoreElsewhere(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		admin := postgrestest.Start(t)
		own := postgrestest.User(t, admin, postgrestest.CreateDatabases)
		postgrestest.Exec(t, own, tables...)
		postgrestest.Exec(t, own, "GRANT SELECT ON posts TO CURRENT_USER") // a grant to a role that the other server lacks
		empty := postgrestest.Start(t)
		other := postgrestest.User(t, empty) // may not make databases
		maker := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
		maker.Name = "moved elsewhere"
		t.Cleanup(func() { postgrestest.Exec(t, admin, `DROP DATABASE IF EXISTS "moved elsewhere"`) })
		m := backupOf(t, own)
		into(t, project(t, own), m, other, false, 0)
		into(t, project(t, own), m, maker, false, 0)
		into(t, project(t, own), m, other, true, 4) // and once more, over what is there
		for _, c := range []database.Config{other, maker} {
			db, err := connect.Open(t.Context(), c, connect.ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			var owner string
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT tableowner FROM pg_tables WHERE tablename = 'posts'").Scan(&owner); err != nil || owner != c.User {
				t.Errorf("posts belongs to %q, %v; want %q", owner, err, c.User)
			}
			_ = db.Close()
		}
		refusesOwn(t, own, m, func(c *database.Config) { c.Host = "localhost" })
		renamed := postgrestest.User(t, admin) // the same database by another role
		refusesOwn(t, own, m, func(c *database.Config) { c.User, c.Password = renamed.User, renamed.Password })
	})
	t.Run("MariaDB", func(t *testing.T) {
		admin := mysqltest.Start(t)
		own := mysqltest.User(t, admin, mysqltest.CreateDatabases)
		mysqltest.Exec(t, own, tables...)
		other := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
		maker := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases, "ALL PRIVILEGES ON `moved`.*")
		maker.Name = "moved"
		t.Cleanup(func() { mysqltest.Exec(t, admin, "DROP DATABASE IF EXISTS `moved`") })
		m := backupOf(t, own)
		into(t, project(t, own), m, other, false, 0)
		into(t, project(t, own), m, maker, false, 0)
		into(t, project(t, own), m, other, true, 4)
		refusesOwn(t, own, m, func(c *database.Config) { c.Host = "localhost" })
	})
	t.Run("SQLite", func(t *testing.T) {
		own := database.Config{Client: "sqlite3", Filename: filepath.Join(t.TempDir(), "data.db")}
		pool, err := sql.Open("sqlite3", own.Filename)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range tables {
			if _, err := pool.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		_ = pool.Close()
		m := backupOf(t, own)
		target := database.Config{Client: "sqlite3", Filename: filepath.Join(t.TempDir(), "new.db")}
		into(t, project(t, own), m, target, false, 0)
		into(t, project(t, own), m, target, true, 4)
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(own.Filename, link); err != nil {
			t.Fatal(err)
		}
		refusesOwn(t, own, m, func(c *database.Config) { c.Filename = link })
	})
}

// into restores a backup into a target of which it is known what it has.
func into(t *testing.T, s *site.Site, m *backup.Manifest, target database.Config, there bool, has int) {
	t.Helper()
	e, err := restore.LookElsewhere(t.Context(), s, m.Dir, target, progress.Discard)
	if err != nil {
		t.Fatalf("%s: %v (%s)", target.Place(), err, fault.HintOf(err))
	}
	if e.Tables != has || there && !e.Exists {
		t.Errorf("%s: exists %v with %d tables, want %d", target.Place(), e.Exists, e.Tables, has)
	}
	if err := e.Restore(t.Context(), progress.Discard); err != nil {
		t.Fatalf("%s: %v (%s)", target.Place(), err, fault.HintOf(err))
	}
	equalsBackup(t, m, target)
	lines := strings.Join(e.Lines(), "\n")
	for _, want := range []string{target.Host, target.User, target.Name, target.Filename} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, lines)
		}
	}
	if target.Password != "" && strings.Contains(lines, target.Password) {
		t.Error("the password is shown")
	}
	// Filled meanwhile, it is not what was agreed to.
	if e.Tables == 0 {
		if err := e.Restore(t.Context(), progress.Discard); err == nil || fault.StateOf(err) != "nothing was changed" {
			t.Errorf("%s: tables that nobody was asked about were replaced: %v", target.Place(), err)
		}
	}
}

func refusesOwn(t *testing.T, own database.Config, m *backup.Manifest, change func(*database.Config)) {
	t.Helper()
	for _, c := range []func(*database.Config){func(*database.Config) {}, change} {
		target := own
		c(&target)
		_, err := restore.LookElsewhere(t.Context(), project(t, own), m.Dir, target, progress.Discard)
		if err == nil || fault.CodeOf(err) != fault.Blocked || !strings.Contains(err.Error(), "is the database that the project uses now") {
			t.Errorf("%s: the project's own database is not refused: %v", target, err)
		}
	}
}
