package upgrade_test

import (
	"database/sql"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/sample"
	"bunnyhop/steps/testbed"
)

// hosted is a project, with its server running, on a database server of its
// own that is stopped and started again.
type hosted struct {
	t      *testing.T
	p      *testbed.Project
	server testbed.Server
	tools  *holding
	before *original
	maria  bool
}

// sleeping is a migration that does damage and then waits for the database
// server, on the copy or on the live database, as migrations/fault.txt says.
const sleeping = `const fs = require('fs'), path = require('path');
exports.up = async (knex) => {
	const { client, connection } = knex.client.config;
	const where = connection.database.startsWith('bunnyhop_') ? 'copy' : 'live';
	let wanted = '';
	try { wanted = fs.readFileSync(path.join(__dirname, 'fault.txt'), 'utf8'); } catch {}
	if (wanted !== where) return;
	fs.appendFileSync(path.join(__dirname, 'attempts.txt'), 'x');
	await knex.schema.createTable('half_done', (t) => t.integer('id'));
	await knex('articles').update({ title: 'damaged' });
	await knex('letters').del();
	await knex.raw(client.startsWith('mysql') ? 'SELECT SLEEP(3600)' : 'SELECT pg_sleep(3600)');
	throw new Error('nobody cut it short');
};
exports.down = async () => {};
`

func host(t *testing.T, vendor database.Vendor) *hosted {
	t.Helper()
	h := &hosted{t: t, maria: vendor == database.MySQL}
	h.p, h.server = testbed.OnPrivate(t, vendor)
	h.tools = holdTools(t, vendor)
	h.p.Write("migrations/29990101A-sleeping.js", sleeping)
	h.before = remember(t, h.p, h.p.Serve())
	return h
}

// do and begin run a task with the tools that can be held.
func (h *hosted) do(name string, job task, change ...func(*exec.Cmd)) outcome {
	h.t.Helper()
	return do(h.t, h.p, name, job, append(change, h.tools.first)...)
}

func (h *hosted) begin(job task) *running {
	h.t.Helper()
	return begin(h.t, h.p, job, h.tools.first)
}

// comesTo waits until something is so that is not in the child's messages.
func (r *running) comesTo(what string, so func() bool) {
	r.t.Helper()
	for end := time.Now().Add(maxWait); !so(); time.Sleep(20 * time.Millisecond) {
		r.mu.Lock()
		ended, said := r.ended, r.raw.String()
		r.mu.Unlock()
		if ended || time.Now().After(end) {
			_ = r.cmd.Process.Signal(syscall.SIGQUIT)
			r.t.Fatalf("the child did not come to %s\n%s", what, brief(said))
		}
	}
}

// migrate says where the sleeping migration is to sleep: "copy", "live" or "".
func (h *hosted) migrate(where string) {
	h.p.Write("migrations/fault.txt", where)
}

// asleep waits until the migration sleeps, and returns all sessions on its
// database.
func (h *hosted) asleep(wizard *running) (sessions []string) {
	h.t.Helper()
	wizard.comesTo("the sleeping migration", func() bool {
		return len(h.column(h.vendors("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(3600)'",
			"SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(3600)'"))) > 0
	})
	return h.column(h.vendors("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		"SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"))
}

// end ends sessions by force.
func (h *hosted) end(sessions []string) {
	h.t.Helper()
	if !h.maria {
		for _, id := range sessions {
			h.p.Administer("SELECT pg_terminate_backend(" + id + ")")
		}
		return
	}
	db, err := sql.Open("mysql", mysqltest.Driver(h.p.Admin).FormatDSN())
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	for _, id := range sessions {
		_, err := db.ExecContext(h.t.Context(), "KILL "+id)
		var refused *mysql.MySQLError
		const unknown = 1094 // it ended by itself meanwhile
		if err != nil && (!errors.As(err, &refused) || refused.Number != unknown) {
			h.t.Fatal(err)
		}
	}
}

// down stops the database server in the middle of something.
func (h *hosted) down(wizard *running, name string) outcome {
	h.t.Helper()
	h.server.Stop(h.t)
	h.tools.release()
	return wizard.wait(name)
}

// up starts the database server and waits until the project's own server
// answers from it again.
func (h *hosted) up() {
	h.t.Helper()
	h.server.Restart(h.t)
	if h.before.server.Same() {
		h.answers(sample.Version)
	}
}

// answers waits until the project's server says its version.
func (h *hosted) answers(want string) {
	h.t.Helper()
	for end := time.Now().Add(maxWait); ; time.Sleep(200 * time.Millisecond) {
		version, err := h.p.Version()
		if err == nil && version == want {
			return
		}
		if time.Now().After(end) {
			h.t.Fatalf("the server says %q, %v", version, err)
		}
	}
}

// asBefore asserts that a fault before the cutover has changed nothing.
func (h *hosted) asBefore(when string) {
	h.t.Helper()
	h.same()
	h.before.holds(when)
}

// putBack asserts that a fault in the cutover was taken back whole, with the
// old server running again, and that nothing was left on the database server.
func (h *hosted) putBack(when string, attempts int) {
	h.t.Helper()
	path := filepath.Join(h.p.Root, "migrations", "attempts.txt")
	if text, _ := os.ReadFile(path); len(text) != attempts {
		h.t.Errorf("%s: the migration was tried %d times, not %d", when, len(text), attempts)
	}
	h.answers(sample.Version)
	h.before.restored(when, true)
	h.nothingLeft(when)
}

// same leaves what the tests write out of the comparison.
func (h *hosted) same() {
	now := listing(h.t, h.p.Root)
	for _, name := range []string{".bunnyhop", "migrations", "migrations/fault.txt", "migrations/attempts.txt"} {
		delete(h.before.files, name)
		if line, there := now[name]; there {
			h.before.files[name] = line
		}
	}
}

// nothingLeft looks for databases that a run made and did not drop.
func (h *hosted) nothingLeft(when string) {
	h.t.Helper()
	names := h.column(h.vendors("SELECT datname FROM pg_database WHERE datname LIKE 'bunnyhop%'",
		"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'bunnyhop%'"))
	if len(names) > 0 {
		h.t.Errorf("%s: left on the server: %q", when, names)
	}
}

// forbid takes the right to make databases away, and allow gives it back.
func (h *hosted) forbid() {
	h.t.Helper()
	h.p.Administer(h.vendors("ALTER ROLE "+postgrestest.Quote(h.p.Owner.User)+" NOCREATEDB",
		"REVOKE "+mysqltest.CreateDatabases+" FROM "+mysqltest.Account(h.p.Owner)))
}

func (h *hosted) allow() {
	h.t.Helper()
	h.p.Administer(h.vendors("ALTER ROLE "+postgrestest.Quote(h.p.Owner.User)+" CREATEDB",
		"GRANT "+mysqltest.CreateDatabases+" TO "+mysqltest.Account(h.p.Owner)))
}

// grant is what a person is told to do after forbid.
func (h *hosted) grant() string {
	return h.vendors("ALTER ROLE "+postgrestest.Quote(h.p.Owner.User)+" CREATEDB",
		"GRANT "+mysqltest.CreateDatabases+" TO "+mysqltest.Account(h.p.Owner))
}

// vendors picks the text for the database's vendor.
func (h *hosted) vendors(postgres, maria string) string {
	if h.maria {
		return maria
	}
	return postgres
}

// column runs a query with all rights and returns its first column.
func (h *hosted) column(query string) []string {
	h.t.Helper()
	driver, source := "pgx", postgrestest.URL(h.p.Admin)
	if h.maria {
		driver, source = "mysql", mysqltest.Driver(h.p.Admin).FormatDSN()
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(h.t.Context(), query)
	if err != nil {
		h.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			h.t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	return all
}

// visit opens a session in the way of a person who looks at the database with
// the server's own client and forgets a transaction.
func (h *hosted) visit() (leave func()) {
	h.t.Helper()
	c := h.p.Owner
	cmd := exec.Command(postgrestest.Binary(h.t, "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
		"--host", c.Host, "--port", c.Port, "--username", c.User, "--dbname", c.Name)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	if h.maria {
		cmd = exec.Command(mysqltest.Binary(h.t, "mariadb"), "--no-defaults", "--unbuffered", "--skip-column-names", "--protocol", "tcp",
			"--host", c.Host, "--port", c.Port, "--user", c.User, "--database", c.Name)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+c.Password)
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	leave = func() { _ = input.Close(); _ = cmd.Wait() }
	if _, err := io.WriteString(input, "START TRANSACTION;\nSELECT count(*) FROM articles;\n"); err != nil {
		h.t.Fatal(err)
	}
	answer := make([]byte, 3)
	if _, err := io.ReadFull(output, answer); err != nil || string(answer) != "60\n" {
		h.t.Fatalf("the client says %q, %v", answer, err)
	}
	return leave
}

// withTools begins the upgrade where the dump tools of the vendor are missing,
// or where one that says that it is of another version is all there is.
func (h *hosted) withTools(name, version string) outcome {
	h.t.Helper()
	script := "mount -t tmpfs none /usr/lib/postgresql"
	if h.maria {
		script = "mount --bind /dev/null " + mysqltest.Binary(h.t, "mariadb-dump")
	}
	path := os.Getenv("PATH")
	if version != "" {
		dir := h.t.TempDir()
		forged := filepath.Join(dir, filepath.Base(h.tools.dump))
		if err := os.WriteFile(forged, []byte("#!/bin/sh\necho '"+version+"'\n"), 0o755); err != nil {
			h.t.Fatal(err)
		}
		path = dir + ":" + path
		if h.maria {
			script = "mount --bind " + forged + " " + mysqltest.Binary(h.t, "mariadb-dump")
		}
	}
	return do(h.t, h.p, name, task{To: target, Yes: true}, hiding(script), func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "PATH="+path) })
}

// hiding runs a task where a shell script, in a world of its own of mounted
// filesystems, has hidden or replaced something.
func hiding(script string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Args = []string{"unshare", "--mount", "sh", "-ec", script + "\n" + `exec "$0"`, cmd.Path}
		cmd.Path = "/usr/bin/unshare"
	}
}

// failedBefore asserts how a fault before the cutover ends.
func (o outcome) failedBefore(step string, code fault.Code) outcome {
	o.t.Helper()
	if o.started("stop") {
		o.t.Errorf("%s: it went on to stop the server", o.name)
	}
	return o.ends(code).failedIn(step).says("as it was")
}
