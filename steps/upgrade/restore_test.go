package upgrade_test

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/sample"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// A backup goes back over what was written since, which is named first (RB4),
// and into the place of a database that is gone.
func TestRestore(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			before := p.Fingerprint()
			made := drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
			if made.Status != steps.Done {
				t.Fatalf("%+v", made)
			}
			dir := fmt.Sprint(made.Data["backup"])

			p.Exec("DELETE FROM letters WHERE id = (SELECT max FROM (SELECT max(id) AS max FROM letters) AS l)", "UPDATE articles SET title = 'spoilt'")
			asked := ""
			result := driveAsked(t, restore.Flow(options(p), restore.Options{Backup: dir}), p.Root, &asked)
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			for _, line := range []string{"letters: -1 row", "articles: rows were changed"} {
				if !strings.Contains(asked, line) {
					t.Errorf("%q is not told before it goes: %s", line, asked)
				}
			}
			if changed := before.Diff(p.Fingerprint(), nil); len(changed) > 0 {
				t.Fatalf("not as in the backup: %v", changed)
			}

			lose(t, p)
			result = driveAsked(t, restore.Flow(options(p), restore.Options{Backup: dir}), p.Root, &asked)
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			if !strings.Contains(asked, "cannot be saved first") {
				t.Errorf("asked: %s", asked)
			}
			if changed := before.Diff(p.Fingerprint(), nil); len(changed) > 0 {
				t.Fatalf("not as in the backup: %v", changed)
			}
			p.Serve()
			if version, err := p.Version(); err != nil || version != sample.Version {
				t.Errorf("the server says %q, %v", version, err)
			}
			noScratchLeft(t, p)
		})
	}
}

// lose drops the project's database, as a dead disk does.
func lose(t *testing.T, p *testbed.Project) {
	t.Helper()
	if p.Owner.Name == "" {
		if err := os.Remove(filepath.Join(p.Root, "data.db")); err != nil {
			t.Fatal(err)
		}
		return
	}
	place := net.JoinHostPort(p.Owner.Host, p.Owner.Port)
	driver, source, quote := "pgx", (&url.URL{Scheme: "postgres", User: url.UserPassword(p.Owner.User, p.Owner.Password), Host: place, Path: "/postgres"}).String(), `"`
	if vendor, _ := p.Owner.Vendor(); vendor == database.MySQL {
		c := mysql.NewConfig()
		c.User, c.Passwd, c.Net, c.Addr = p.Owner.User, p.Owner.Password, "tcp", place
		driver, source, quote = "mysql", c.FormatDSN(), "`"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "DROP DATABASE "+quote+p.Owner.Name+quote); err != nil {
		t.Fatal(err)
	}
}

// driveAsked is drive that also keeps what the confirmation says.
func driveAsked(t *testing.T, flow steps.Flow, root string, asked *string) steps.Result {
	t.Helper()
	return driveWatched(t, flow, root, func(event steps.Event) {
		if gate, ok := event.(steps.GateOpened); ok {
			*asked = gate.Gate.Title + "\n" + gate.Gate.Text
		}
	})
}

// A backup of another kind of database is refused before anything stops.
func TestRestoreOfAnotherVendor(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.NewOn(t, database.Postgres)
	other := testbed.New(t)
	made := drive(t, backup.Flow(options(other), backup.Options{}), other.Root)
	result := drive(t, restore.Flow(options(p), restore.Options{Backup: fmt.Sprint(made.Data["backup"])}), p.Root)
	if result.Code != fault.Blocked || !strings.Contains(result.Error, "SQLite") || !strings.Contains(result.Error, "PostgreSQL") {
		t.Errorf("%+v", result)
	}
}

// A role that may not create databases proves its backup elsewhere.
func TestScratchDatabaseElsewhere(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.NewOn(t, database.Postgres)
	owner := p.Owner
	p.Admin.Name = owner.Name
	postgrestest.Exec(t, p.Admin, "ALTER ROLE "+postgrestest.Quote(owner.User)+" NOCREATEDB")
	result := drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
	if result.Status == steps.Done || !strings.Contains(result.Hint, "CREATEDB") || !strings.Contains(result.Hint, "scratch_database") {
		t.Errorf("without the right: %+v", result)
	}
	admin := url.URL{Scheme: "postgres", User: url.UserPassword(p.Admin.User, p.Admin.Password), Host: net.JoinHostPort(p.Admin.Host, p.Admin.Port), Path: "/postgres"}
	p.Write("bunnyhop.yaml", "scratch_database: "+admin.String()+"\n")
	p.Serve()
	before := p.Fingerprint()
	if result := drive(t, upgrade.Flow(options(p), upgrade.Options{To: target}), p.Root); result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Errorf("user tables changed: %v", lost)
	}
	// Without the right the database is put back in place.
	if result := drive(t, rollback.Flow(options(p), rollback.Options{}), p.Root); result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
		t.Errorf("tables changed: %v", lost)
	}
	noScratchLeft(t, p)
	noTrace(t, p, p.Admin.Password)
}

// noTrace looks for a secret in what the runs wrote.
func noTrace(t *testing.T, p *testbed.Project, secret string) {
	t.Helper()
	err := filepath.WalkDir(p.State, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "service.json" {
			return err
		}
		if strings.Contains(contents(t, path), secret) {
			t.Errorf("%s holds a password", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
