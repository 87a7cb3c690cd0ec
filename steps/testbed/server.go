package testbed

import (
	"bytes"
	"context"
	_ "embed" // the dumps
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/project"
)

// The sample's database as SQL, made with cmd/mksample.
var (
	//go:embed newsroom.postgres.sql.zst
	postgresDump []byte
	//go:embed newsroom.mysql.sql.zst
	mysqlDump []byte
)

// Vendors are those that On and NewOn take.
var Vendors = []database.Vendor{database.SQLite, database.Postgres, database.MySQL}

// NewOn is New with the project's database on a server of the vendor.
func NewOn(tb testing.TB, vendor database.Vendor) *Project {
	tb.Helper()
	p := On(tb, vendor)
	p.settle()
	return p
}

// On is Apart with the project's database on a server of the vendor, which
// the tests of a binary share; with SQLite it is just Apart. The database is
// of this project alone and gone when the test ends. Its owner has the rights
// that bunnyhop asks for and no more; Admin leads to the same database with
// all rights.
func On(tb testing.TB, vendor database.Vendor) *Project {
	tb.Helper()
	p := Apart(tb)
	switch vendor {
	case database.SQLite:
		return p
	case database.Postgres:
		p.on(postgrestest.Shared(tb))
	case database.MySQL:
		p.on(mysqltest.Shared(tb))
	default:
		tb.Fatalf("no server of %s for tests", vendor)
	}
	return p
}

// Server is a database server that a test may stop, which cuts all sessions
// and keeps what was committed, and start again.
type Server interface {
	Stop(testing.TB)
	Restart(testing.TB)
}

// OnPrivate is On with a server of the project's own.
func OnPrivate(tb testing.TB, vendor database.Vendor) (*Project, Server) {
	tb.Helper()
	p := Apart(tb)
	if vendor == database.MySQL {
		// What was committed outlives a killed server.
		server := mysqltest.Private(tb, "--innodb-flush-log-at-trx-commit=2")
		p.on(server)
		return p, crashing{server}
	}
	server := postgrestest.Private(tb)
	p.on(server)
	return p, server
}

// crashing is a server whose Stop is as sudden as PostgreSQL's.
type crashing struct{ *mysqltest.Server }

// Stop kills the server.
func (c crashing) Stop(tb testing.TB) { c.Kill(tb) }

// on gives the project a database on a server.
func (p *Project) on(server interface {
	Database(testing.TB) database.Config
},
) {
	p.tb.Helper()
	p.Admin = server.Database(p.tb)
	vendor, _ := p.Admin.Vendor()
	if vendor == database.MySQL {
		p.Owner = mysqltest.User(p.tb, p.Admin, mysqltest.CreateDatabases)
	} else {
		p.Owner = postgrestest.User(p.tb, p.Admin, postgrestest.CreateDatabases)
	}
	// The server that a test leaves running is gone before its database is.
	p.tb.Cleanup(p.StopAll)
	p.restore(vendor)
	p.point()
}

// Administer runs statements on the project's database with all rights.
func (p *Project) Administer(statements ...string) {
	p.tb.Helper()
	if vendor, _ := p.Admin.Vendor(); vendor == database.MySQL {
		mysqltest.Exec(p.tb, p.Admin, statements...)
		return
	}
	postgrestest.Exec(p.tb, p.Admin, statements...)
}

// restore fills the empty database as its owner.
func (p *Project) restore(vendor database.Vendor) {
	p.tb.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	var cmd *exec.Cmd
	dump, c := postgresDump, p.Owner
	if vendor == database.MySQL {
		dump = mysqlDump
		cmd = exec.CommandContext(ctx, mysqltest.Binary(p.tb, "mariadb"), "--no-defaults", "--protocol", "tcp", "--host", c.Host, "--port", c.Port, "--user", c.User,
			"--default-character-set", "utf8mb4", "--database", c.Name)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+c.Password)
	} else {
		cmd = exec.CommandContext(ctx, postgrestest.Binary(p.tb, "psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1",
			"--no-password", "--host", c.Host, "--port", c.Port, "--username", c.User, "--dbname", c.Name)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	}
	reader, err := zstd.NewReader(bytes.NewReader(dump))
	if err != nil {
		p.tb.Fatal(err)
	}
	defer reader.Close()
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, io.Discard, &complaints
	if err := cmd.Run(); err != nil {
		p.tb.Fatalf("restoring the sample to %s: %v\n%s", c, err, &complaints)
	}
}

// point makes the project use its database on the server.
func (p *Project) point() {
	p.tb.Helper()
	path := filepath.Join(p.Root, ".env")
	content, err := os.ReadFile(path)
	if err == nil {
		content, err = project.RemoveLine(content, "DB_FILENAME")
	}
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err == nil {
		err = os.Remove(filepath.Join(p.Root, "data.db"))
	}
	if err != nil {
		p.tb.Fatal(err)
	}
	c := p.Owner
	for _, line := range [][2]string{
		{"DB_CLIENT", c.Client},
		{"DB_HOST", c.Host},
		{"DB_PORT", c.Port},
		{"DB_DATABASE", c.Name},
		{"DB_USER", c.User},
		{"DB_PASSWORD", c.Password},
	} {
		p.Set(line[0], line[1])
	}
	if c.Client == "mysql" {
		// Directus 10 cannot read emoji without it.
		p.Set("DB_CHARSET", "utf8mb4")
	}
}
