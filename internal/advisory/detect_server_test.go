package advisory_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/server"
)

// onServer is the input for an open database on a server, without what the
// other rules look at.
func onServer(t *testing.T, c database.Config, from, to string) advisory.Input {
	t.Helper()
	db, err := connect.Open(t.Context(), c, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return advisory.Input{
		From: from, To: to, Vendor: string(db.Vendor()), DB: db,
		// As in a project: what this process opens is its own.
		Connection: advisory.Connection{OwnPorts: func() map[int]bool { return server.ClientPorts([]int{os.Getpid()}, c.Port) }},
	}
}

// serverFindings are what the rules of servers find. The other ones need
// a whole project.
func serverFindings(t *testing.T, in advisory.Input) map[string]advisory.Finding {
	t.Helper()
	found := map[string]advisory.Finding{}
	for _, rule := range advisory.Rules() {
		if !slices.Contains(rule.Vendors, in.Vendor) {
			continue
		}
		evidence, hit, err := rule.Detect(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", rule.ID, err)
		}
		if hit {
			found[rule.ID] = advisory.Finding{ID: rule.ID, Severity: rule.Severity, Evidence: evidence}
		}
	}
	return found
}

// expect compares the findings with those wanted, each with a part of its
// evidence.
func expect(t *testing.T, found map[string]advisory.Finding, want map[string]string) {
	t.Helper()
	for id, evidence := range want {
		f, hit := found[id]
		if !hit {
			t.Errorf("%s is not found", id)
		} else if text := strings.Join(f.Evidence, "\n"); !strings.Contains(text, evidence) {
			t.Errorf("%s: the evidence lacks %q:\n%s", id, evidence, text)
		}
	}
	for id, f := range found {
		if _, wanted := want[id]; !wanted {
			t.Errorf("%s is found, which nobody expects: %q", id, f.Evidence)
		}
	}
}

// statements takes the statements at the end of lines of evidence.
func statements(f advisory.Finding) []string {
	var all []string
	for _, line := range f.Evidence {
		if _, statement, found := strings.Cut(line, ": "); found && strings.HasSuffix(statement, ";") {
			if i := strings.LastIndex(statement, ": "); i >= 0 {
				statement = statement[i+2:]
			}
			all = append(all, strings.TrimSuffix(statement, ";"))
		}
	}
	return all
}

func pendingTo(t *testing.T, to string, recorded ...string) advisory.Input {
	t.Helper()
	pending, err := advisory.PendingFor(to, nil, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return advisory.Input{Pending: pending}
}

// systemTables are enough of Directus for the rules of servers.
var systemTables = []string{
	"CREATE TABLE directus_users (id char(36) PRIMARY KEY, email varchar(128))",
	"CREATE TABLE directus_roles (id char(36) PRIMARY KEY, name varchar(100))",
	"CREATE TABLE directus_revisions (id integer PRIMARY KEY, activity integer, collection varchar(64), data text)",
	"CREATE TABLE directus_activity (id integer PRIMARY KEY, action varchar(45), user_agent varchar(255))",
	"CREATE TABLE directus_fields (id integer PRIMARY KEY, collection varchar(64), field varchar(64), special varchar(64))",
}

func TestPostgresRules(t *testing.T) {
	t.Parallel()
	admin := postgrestest.Start(t)
	owner := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	postgrestest.Exec(t, owner, systemTables...)
	in := onServer(t, owner, "10.0.0", "12.4.0")
	in.Pending = pendingTo(t, "12.4.0").Pending
	expect(t, serverFindings(t, in), nil)

	t.Run("rights", func(t *testing.T) {
		other := postgrestest.User(t, admin)
		postgrestest.Exec(t, admin, "ALTER DATABASE "+postgrestest.Quote(admin.Name)+" OWNER TO "+postgrestest.Quote(owner.User),
			"GRANT ALL ON ALL TABLES IN SCHEMA public TO "+postgrestest.Quote(other.User),
			"ALTER TABLE directus_users OWNER TO "+postgrestest.Quote(other.User),
			"REVOKE REFERENCES ON directus_users FROM "+postgrestest.Quote(other.User))
		in := onServer(t, other, "10.0.0", "12.4.0")
		found := serverFindings(t, in)
		expect(t, found, map[string]string{
			"scratch-database": `CREATEDB;`,
			"database-rights":  "table directus_revisions belongs to role " + owner.User,
		})
		rights := strings.Join(found["database-rights"].Evidence, "\n")
		for _, want := range []string{"GRANT USAGE, CREATE ON SCHEMA public TO \"" + other.User + `";`, "GRANT REFERENCES ON TABLE directus_users TO "} {
			if !strings.Contains(rights, want) {
				t.Errorf("%q lacks %q", rights, want)
			}
		}
		if strings.Contains(rights, "table directus_users belongs") {
			t.Error(rights)
		}
		// The statements say the truth: with them there is nothing to find.
		postgrestest.Exec(t, admin, append(statements(found["database-rights"]), statements(found["scratch-database"])...)...)
		expect(t, serverFindings(t, in), nil)
	})

	t.Run("lists of values of the project's own tables", func(t *testing.T) {
		postgrestest.Exec(t, admin, "CREATE TABLE articles (id integer, tags varchar(255))", "CREATE TABLE strange (id integer)",
			"INSERT INTO directus_fields VALUES (1, 'articles', 'tags', 'cast-csv')", "ALTER TABLE directus_fields OWNER TO "+postgrestest.Quote(owner.User))
		member := postgrestest.User(t, admin, postgrestest.CreateDatabases, "IN ROLE "+postgrestest.Quote(owner.User))
		other := onServer(t, member, "10.0.0", "12.4.0")
		other.Pending = in.Pending
		text := strings.Join(serverFindings(t, other)["database-rights"].Evidence, "\n")
		if !strings.Contains(text, "table articles belongs to role postgres") || strings.Contains(text, "strange") {
			t.Error(text)
		}
	})
}

func TestPostgresTimeLimits(t *testing.T) {
	t.Parallel()
	admin := postgrestest.Start(t)
	owner := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	postgrestest.Exec(t, owner, append(systemTables, "INSERT INTO directus_revisions SELECT i, i, 'articles', repeat('x', 500) FROM generate_series(1, 100000) AS i")...)
	role := "ALTER ROLE " + postgrestest.Quote(owner.User)
	inDatabase := role + " IN DATABASE " + postgrestest.Quote(admin.Name)
	cases := []struct {
		name, set string
		timeouts  map[string]string
		to        string
		want      map[string]string
	}{
		{name: "none", set: "SELECT 1"},
		{name: "a long one", set: role + " SET statement_timeout = '1h'"},
		{name: "one that is exceeded", set: role + " SET statement_timeout = '500ms'", want: map[string]string{
			"time-limit-exceeded": "statement_timeout is 500ms (set for the role)\n20251028A makes an index: directus_revisions, about 100000 rows",
		}},
		{name: "one that a slow server would exceed", set: "ALTER DATABASE " + postgrestest.Quote(admin.Name) + " SET statement_timeout = '6s'", want: map[string]string{
			"time-limit": "statement_timeout is 6s (set for the database)",
		}},
		{name: "a short one, and nothing large to do", set: inDatabase + " SET statement_timeout = '2s'", to: "11.11.0", want: map[string]string{
			"time-limit": "after it: " + inDatabase + " SET statement_timeout = '2s';",
		}},
		{name: "the project's own", set: role + " SET statement_timeout = '1h'", timeouts: map[string]string{"statement_timeout": "100"}, want: map[string]string{
			"time-limit-exceeded": "set by the project's own connection settings",
		}},
		{name: "the project's own takes it away", set: role + " SET statement_timeout = '1s'", timeouts: map[string]string{"statement_timeout": "0"}},
		{name: "waiting for a lock", set: role + " SET lock_timeout = '1s'", want: map[string]string{"time-limit": "lock_timeout is 1s"}},
		{name: "waiting long for a lock", set: role + " SET lock_timeout = '1min'"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			postgrestest.Exec(t, admin, role+" RESET ALL", inDatabase+" RESET ALL", "ALTER DATABASE "+postgrestest.Quote(admin.Name)+" RESET ALL", c.set)
			in := onServer(t, owner, "10.0.0", "12.4.0")
			// What is recorded decides whether the revisions are touched.
			in.Pending = pendingTo(t, or(c.to, "12.4.0"), "20230823A", "20240924B").Pending
			in.Connection.Timeouts = c.timeouts
			found := serverFindings(t, in)
			expect(t, found, c.want)
			// The project's own role may execute what is suggested.
			for _, f := range found {
				for _, statement := range statements(f) {
					if strings.HasPrefix(statement, "ALTER ROLE") {
						postgrestest.Exec(t, owner, statement)
					}
				}
			}
		})
	}
	postgrestest.Exec(t, admin, role+" RESET ALL", inDatabase+" RESET ALL")
}

// foreign is a connection that is not from this project's processes: as seen
// from outside, only its port tells.
func foreign(t *testing.T, in *advisory.Input, ports ...int) {
	t.Helper()
	own := in.Connection.OwnPorts
	in.Connection.OwnPorts = func() map[int]bool {
		all := own()
		for _, port := range ports {
			delete(all, port)
		}
		return all
	}
}

func TestPostgresSessions(t *testing.T) {
	t.Parallel()
	admin := postgrestest.Start(t)
	owner := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	postgrestest.Exec(t, owner, systemTables...)
	in := onServer(t, owner, "10.0.0", "12.4.0")
	replica, err := sql.Open("pgx", postgrestest.URL(owner)+" application_name=replica")
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	var port int
	if err := replica.QueryRowContext(t.Context(), "SELECT inet_client_port()").Scan(&port); err != nil {
		t.Fatal(err)
	}
	expect(t, serverFindings(t, in), nil) // it is from this very process
	foreign(t, &in, port)
	expect(t, serverFindings(t, in), map[string]string{
		"other-sessions": fmt.Sprintf("replica of role %s from %s, idle (server process ", owner.User, net.JoinHostPort("127.0.0.1", fmt.Sprint(port))),
	})
	// Of another role's session only the role can be seen, and that is enough.
	root, err := sql.Open("pgx", postgrestest.URL(admin)+" application_name=psql")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(serverFindings(t, in)["other-sessions"].Evidence, "\n"); !strings.Contains(text, "psql of role postgres (server process") {
		t.Error(text)
	}
	// A lock that somebody else may hold makes any limit for locks count.
	postgrestest.Exec(t, admin, "ALTER ROLE "+postgrestest.Quote(owner.User)+" SET lock_timeout = '1min'")
	again := onServer(t, owner, "10.0.0", "12.4.0")
	again.Pending = pendingTo(t, "12.4.0").Pending
	if text := strings.Join(serverFindings(t, again)["time-limit"].Evidence, "\n"); !strings.Contains(text, "lock_timeout is 1m0s") {
		t.Error(text)
	}
}

// A view that cannot be read is a note, and the check goes on.
func TestUnreadableViewIsANote(t *testing.T) {
	t.Parallel()
	admin := postgrestest.Start(t)
	owner := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	postgrestest.Exec(t, owner, systemTables...)
	postgrestest.Exec(t, admin, "REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC", "REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC")
	in := onServer(t, owner, "11.17.3", "11.17.4")
	in.Config = quiet()
	found := check(t, in)
	for _, id := range []string{"other-sessions", "scratch-database"} {
		if f := found[id]; f.Severity != advisory.Note || !strings.HasPrefix(f.Title, "not checked: ") || len(f.Evidence) == 0 {
			t.Errorf("%s: %+v", id, f)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := advisory.Check(ctx, in); err == nil {
		t.Error("an interrupted check passed")
	}
}

func TestMariaDBRules(t *testing.T) {
	t.Parallel()
	admin := mysqltest.Start(t)
	owner := mysqltest.User(t, admin, mysqltest.CreateDatabases, mysqltest.SeeSessions)
	mysqltest.Exec(t, owner, systemTables...)
	in := onServer(t, owner, "10.0.0", "12.4.0")
	in.Pending = pendingTo(t, "12.4.0").Pending
	expect(t, serverFindings(t, in), nil)

	t.Run("rights", func(t *testing.T) {
		nobody := admin
		nobody.Name = ""
		user := mysqltest.User(t, nobody, "SELECT, INSERT, CREATE ON "+mysqltest.Quote(strings.ReplaceAll(admin.Name, "_", `\_`))+".*",
			"ALTER ON "+mysqltest.Quote(admin.Name)+".directus_users")
		user.Name = admin.Name
		other := onServer(t, user, "10.0.0", "12.4.0")
		found := serverFindings(t, other)
		expect(t, found, map[string]string{
			"database-rights":       "lacks UPDATE, DELETE, ALTER, DROP, INDEX, REFERENCES on database " + admin.Name,
			"scratch-database":      "GRANT ALL PRIVILEGES ON `bunnyhop\\_%`.* TO '" + user.User + "'@'%';",
			"other-sessions-hidden": "GRANT PROCESS ON *.* TO",
		})
		for _, f := range found {
			mysqltest.Exec(t, admin, statements(f)...)
		}
		expect(t, serverFindings(t, onServer(t, user, "10.0.0", "12.4.0")), nil)
	})

	t.Run("rights through a role", func(t *testing.T) {
		nobody := admin
		nobody.Name = ""
		user := mysqltest.User(t, nobody, "USAGE ON *.*")
		account := mysqltest.Account(user)
		mysqltest.Exec(t, admin, "CREATE ROLE upgraders", "GRANT ALL PRIVILEGES ON *.* TO upgraders", "GRANT upgraders TO "+account, "SET DEFAULT ROLE upgraders FOR "+account)
		user.Name = admin.Name
		expect(t, serverFindings(t, onServer(t, user, "10.0.0", "12.4.0")), nil)
		mysqltest.Exec(t, admin, "DROP ROLE upgraders")
	})

	t.Run("a session of somebody else", func(t *testing.T) {
		other := onServer(t, owner, "10.0.0", "12.4.0")
		replica := onServer(t, owner, "10.0.0", "12.4.0")
		conn, err := replica.DB.SQL().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var host string
		if err := conn.QueryRowContext(t.Context(), "SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()").Scan(&host); err != nil {
			t.Fatal(err)
		}
		_, text, err := net.SplitHostPort(host)
		if err != nil {
			t.Fatal(err)
		}
		port, err := net.LookupPort("tcp", text)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, serverFindings(t, other), nil)
		foreign(t, &other, port)
		expect(t, serverFindings(t, other), map[string]string{"other-sessions": "a session of user " + owner.User + " from " + host + ", sleep (connection "})
	})
}

func TestMariaDBTimeLimits(t *testing.T) {
	t.Parallel()
	private := mysqltest.Private(t)
	admin := private.Database(t)
	owner := mysqltest.User(t, admin, mysqltest.CreateDatabases, mysqltest.SeeSessions)
	mysqltest.Exec(t, owner, append(systemTables, "INSERT INTO directus_revisions SELECT seq, seq, 'articles', REPEAT('x', 500) FROM seq_1_to_100000",
		"ANALYZE TABLE directus_revisions")...)
	find := func(t *testing.T, want map[string]string) {
		t.Helper()
		in := onServer(t, owner, "10.0.0", "12.4.0")
		in.Pending = pendingTo(t, "12.4.0").Pending
		found := serverFindings(t, in)
		expect(t, found, want)
		for _, f := range found {
			mysqltest.Exec(t, admin, statements(f)...)
		}
	}
	find(t, nil)
	mysqltest.Exec(t, admin, "SET GLOBAL max_statement_time = 1")
	find(t, map[string]string{"time-limit-exceeded": "20230823A adds a column with a foreign key: directus_revisions, about "})
	mysqltest.Exec(t, admin, "SET GLOBAL max_statement_time = 0", "ALTER USER "+mysqltest.Account(owner)+" WITH MAX_STATEMENT_TIME 15")
	find(t, map[string]string{"time-limit": "max_statement_time is 15s (set for the user " + owner.User + "@%)"})
	mysqltest.Exec(t, admin, "ALTER USER "+mysqltest.Account(owner)+" WITH MAX_STATEMENT_TIME 0", "SET GLOBAL lock_wait_timeout = 2")
	find(t, map[string]string{"time-limit": "lock_wait_timeout is 2s (set for the whole server)"})
}

func TestMariaDBSettings(t *testing.T) {
	t.Parallel()
	private := mysqltest.Private(t, "--explicit-defaults-for-timestamp=OFF")
	admin := private.Database(t)
	mysqltest.Exec(t, admin, append(systemTables, "SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE'",
		"CREATE TABLE directus_panels (id char(36), name varchar(255), type varchar(255), options JSON)",
		`INSERT INTO directus_panels VALUES ('1', 'Sales', 'metric', '{"abbreviate":true}'), ('2', 'Users', 'metric', '{"decimals":2}'), ('3', 'Fine', 'metric', '{"abbreviate":false}'), ('4', 'Other', 'list', '{"decimals":2}')`)...)
	in := onServer(t, admin, "10.0.0", "12.4.0")
	in.Pending = pendingTo(t, "12.4.0").Pending
	found := serverFindings(t, in)
	expect(t, found, map[string]string{
		"zero-dates":    "SET GLOBAL explicit_defaults_for_timestamp = ON;",
		"metric-panels": "panel 1 Sales\npanel 2 Users",
	})
	if n := len(found["metric-panels"].Evidence); n != 2 {
		t.Errorf("%d panels", n)
	}
	mysqltest.Exec(t, admin, statements(found["zero-dates"])...)
	in.Pending = pendingTo(t, "12.4.0", "20231009B").Pending
	expect(t, serverFindings(t, in), nil)
	in.To, in.Pending = "10.13.4", pendingTo(t, "10.13.4").Pending
	expect(t, serverFindings(t, in), nil)

	// What a server without explicit defaults left behind.
	mysqltest.Exec(t, admin, "SET GLOBAL sql_mode = ''")
	mysqltest.Exec(t, admin, "CREATE TABLE directus_files (id char(36) PRIMARY KEY, uploaded_on timestamp NOT NULL DEFAULT '0000-00-00 00:00:00')")
	found = serverFindings(t, in)
	expect(t, found, map[string]string{"zero-date-default": "has the default '0000-00-00 00:00:00'"})
	mysqltest.Exec(t, admin, statements(found["zero-date-default"])...)
	expect(t, serverFindings(t, in), nil)
}

func TestMariaDBLists(t *testing.T) {
	t.Parallel()
	admin := mysqltest.Start(t)
	mysqltest.Exec(t, admin, append(systemTables,
		"CREATE TABLE articles (id integer PRIMARY KEY, tags varchar(200), plain varchar(200), label text, wide longtext, short longtext, code varchar(50) UNIQUE, KEY by_tags (tags), KEY by_label (label(50)))",
		"INSERT INTO articles VALUES (1, 'a', 'a', 'a', REPEAT('x', 70000), 'a', 'a')",
		"INSERT INTO directus_fields VALUES (1, 'articles', 'tags', 'cast-csv'), (2, 'articles', 'plain', 'cast-csv'), (3, 'articles', 'label', 'cast-csv'), (4, 'articles', 'wide', 'cast-csv'), (5, 'articles', 'short', 'cast-csv'), (6, 'gone', 'x', 'cast-csv'), (7, 'articles', 'code', 'cast-csv')")...)
	in := onServer(t, admin, "10.0.0", "12.4.0")
	in.Pending = pendingTo(t, "12.4.0").Pending
	found := serverFindings(t, in)
	expect(t, found, map[string]string{"csv-unchangeable": "articles.wide has a value of 70000 bytes"})
	if evidence, err := advisory.UnchangeableOnMySQL(t.Context(), in); err != nil || !slices.Contains(evidence, "articles.tags has the index by_tags") || len(evidence) != 3 {
		t.Errorf("on MySQL: %q, %v", evidence, err)
	}
	// The server says the same.
	direct, err := sql.Open("mysql", mysqltest.Driver(admin).FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	for column, fits := range map[string]bool{"tags": true, "code": true, "plain": true, "label": true, "wide": false, "short": true} {
		if _, err := direct.ExecContext(t.Context(), "ALTER TABLE articles MODIFY "+column+" text"); (err == nil) != fits {
			t.Errorf("%s: %v", column, err)
		}
	}
	in.Pending = nil
	expect(t, serverFindings(t, in), nil)
}
