package schematest

import (
	"bytes"
	"context"
	"embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// Versions are those of which snapshots are kept, oldest first.
var Versions = []string{"10.13.4", "11.17.4", "12.4.0"}

// Vendors are those of which snapshots are kept.
var Vendors = []database.Vendor{database.SQLite, database.Postgres, database.MySQL}

// Fixture is the model on one version and vendor.
type Fixture struct {
	// Made is the version that made it, Version the one that described it: the
	// same, or, of what was upgraded in between, a later one.
	Made, Version string
	Vendor        database.Vendor
}

// Fixtures are all that is kept.
func Fixtures() []Fixture {
	var all []Fixture
	for _, vendor := range Vendors {
		for _, version := range Versions {
			all = append(all, Fixture{version, version, vendor})
		}
		all = append(all, Upgraded(vendor))
	}
	return all
}

// Fresh is the model as a version made it.
func Fresh(version string, vendor database.Vendor) Fixture { return Fixture{version, version, vendor} }

// Upgraded is the oldest version's model after an upgrade to the newest.
func Upgraded(vendor database.Vendor) Fixture {
	return Fixture{Versions[0], Versions[len(Versions)-1], vendor}
}

// String names the fixture, and its files.
func (f Fixture) String() string {
	name := f.Made
	if f.Version != f.Made {
		name += "-" + f.Version
	}
	return name + "-" + string(f.Vendor)
}

//go:embed testdata/*.zst
var files embed.FS

// Snapshot is what GET /schema/snapshot answered, without its envelope.
func (f Fixture) Snapshot(tb testing.TB) []byte {
	tb.Helper()
	return unpack(tb, f.String()+".json.zst")
}

// Database opens the database, which is of this test alone.
func (f Fixture) Database(tb testing.TB) database.Database {
	tb.Helper()
	config := f.Config(tb)
	db, err := connect.Open(context.Background(), config, connect.ReadOnly)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Config leads to the database, which is made for this call.
func (f Fixture) Config(tb testing.TB) database.Config {
	tb.Helper()
	switch f.Vendor {
	case database.Postgres:
		c := postgrestest.Start(tb)
		feed(tb, f.dump(tb), "PGPASSWORD="+c.Password, postgrestest.Binary(tb, "psql"), "--no-psqlrc", "--quiet", "--single-transaction",
			"--set", "ON_ERROR_STOP=1", "--no-password", "--host", c.Host, "--port", c.Port, "--username", c.User, "--dbname", c.Name)
		return c
	case database.MySQL:
		c := mysqltest.Start(tb)
		feed(tb, f.dump(tb), "MYSQL_PWD="+c.Password, mysqltest.Binary(tb, "mariadb"), "--no-defaults", "--protocol", "tcp", "--host", c.Host,
			"--port", c.Port, "--user", c.User, "--default-character-set", "utf8mb4", "--database", c.Name)
		return c
	default:
		path := filepath.Join(tb.TempDir(), "data.db")
		if err := os.WriteFile(path, unpack(tb, f.String()+".db.zst"), 0o600); err != nil {
			tb.Fatal(err)
		}
		return database.Config{Client: "sqlite3", Filename: path}
	}
}

func (f Fixture) dump(tb testing.TB) []byte {
	tb.Helper()
	return unpack(tb, f.String()+".sql.zst")
}

func unpack(tb testing.TB, name string) []byte {
	tb.Helper()
	packed, err := files.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer decoder.Close()
	content, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

func feed(tb testing.TB, input []byte, variable, program string, args ...string) {
	tb.Helper()
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // a tool of the test's server
	cmd.Env = append(os.Environ(), variable)
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), io.Discard, &complaints
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s: %v\n%s", program, err, &complaints)
	}
}
