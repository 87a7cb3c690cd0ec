package project

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
)

// copied writes the configuration of a copy as a rehearsal does, in a new
// folder and without the project's environment, and reads it.
func copied(t *testing.T, c *Config, scratch database.Config) (*Config, map[string]string) {
	t.Helper()
	changed := c.DatabaseValues(scratch)
	values := c.All()
	for key, value := range changed {
		delete(values, key+"_FILE")
		if values[key] = value; value == "" {
			delete(values, key)
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return mustLoad(t, map[string]string{"r.json": string(data)}, "CONFIG_PATH=r.json", "USER=os"), changed
}

// Whatever the project's configuration is, Directus with the changed values
// reaches the same server in the same way, and another name.
func TestDatabaseValuesLeadToTheCopy(t *testing.T) {
	cert, key := keyPair(t)
	files := map[string]string{"ca.pem": cert, "key.pem": key, "secret": "postgres://u:p@h/live\n"}
	const server = "DB_HOST=h|DB_PORT=5433|DB_DATABASE=live|DB_USER=u|DB_PASSWORD=string:true|"
	const pg, my, whole = "DB_CLIENT=pg|" + server, "DB_CLIENT=mysql|" + server, "DB_CLIENT=pg|DB_CONNECTION_STRING="
	for _, lines := range []string{
		pg, pg + "DB_SSL=true", pg + "DB_SSL=true|DB_SSL__REJECT_UNAUTHORIZED=false", pg + "DB_SSL__REJECT_UNAUTHORIZED=false|DB_SSL=true",
		pg + "DB_SSL__CA_FILE=ca.pem|DB_SSL__CERT_FILE=ca.pem|DB_SSL__KEY_FILE=key.pem", pg + "DB_SEARCH_PATH=a, b", pg + "DB_SEARCH_PATH=x|DB_OPTIONS=-c jit=off",
		pg + "DB_PASSWORD=json:1|environ PGSSLMODE=require", pg + "DB_PASSWORD=|environ PGPASSWORD=true", pg + "environ PGOPTIONS=-c search_path=a",
		pg + "DB_SSL=true|environ NODE_TLS_REJECT_UNAUTHORIZED=0", "DB_CLIENT=pg|DB_CONNECTION_STRING_FILE=secret",
		my, my + "DB_SOCKET_PATH=run/m.sock", my + "DB_SSL=true", my + "DB_SSL__CA_FILE=ca.pem|DB_CHARSET=utf8mb4", my + "DB_CONNECTION_STRING=mysql://u:p@h/live?charset=utf8",
		my + "DB_CONNECTION_STRING=mysql://u:p@h/x?database=live&socketPath=run/m.sock", my + "DB_CONNECTION_STRING=postgres://u:p@h/live",
		whole + "postgres://u:p%40@h:1/live?sslmode=require", whole + "postgres://u:p@h", whole + "string:postgres://u:p,w@h/live?application_name=x#frag",
		whole + "postgres://u:p w%40%4f@h/live", whole + "postgres://u:p%4f@h/li ve", whole + "postgresql:///live?host=/var/run/postgresql&user=me",
		whole + "postgres://u:p@%2Frun/live", whole + "postgres://u:p@%2Frun/live?host=/x", whole + "pg://u:p@h/x?database=live&ssl=true",
		whole + "postgres://u:p@h/live?sslrootcert=ca.pem&sslcert=ca.pem&sslkey=key.pem", whole + "postgres://h/live|environ PGPASSWORD=p|environ PGSSLMODE=no-verify|environ USER=os",
		whole + "postgres://h/live|DB_SEARCH_PATH=a,b|DB_DATABASE=live|environ USER=os", whole + "postgres://u:p@h/live?options=-c%20search_path%3Da|DB_SSL__REJECT_UNAUTHORIZED=false|environ PGPORT=9",
	} {
		var environ, rest []string
		for line := range strings.SplitSeq(strings.TrimSuffix(lines, "|"), "|") {
			if variable, ok := strings.CutPrefix(line, "environ "); ok {
				environ = append(environ, variable)
			} else {
				rest = append(rest, line)
			}
		}
		all := dotenv(rest...)
		maps.Copy(all, files)
		c := mustLoad(t, all, environ...)
		want := c.Database()
		if err := c.DatabaseProblem(); err != nil || want.Name == "" {
			t.Fatalf("%s: %v", lines, err)
		}
		want.Name = "bunnyhop_1"
		read, changed := copied(t, c, want)
		if diff := cmp.Diff(want, read.Database()); diff != "" || read.DatabaseProblem() != nil {
			t.Errorf("%s: %v %v\n%s", lines, changed, read.DatabaseProblem(), diff)
		}
		for key, value := range changed {
			if strings.Contains(value, "live") || !strings.HasPrefix(key, "DB_") {
				t.Errorf("%s: %s=%s", lines, key, value)
			}
		}
		if got := read.Get("DB_DATABASE"); got != "bunnyhop_1" { // the check of MySQL's collations looks here
			t.Errorf("%s: DB_DATABASE is %q", lines, got)
		}
	}
}

func TestDatabaseValues(t *testing.T) {
	for _, c := range []struct {
		lines   string
		scratch database.Config
		want    map[string]string
	}{
		{
			"DB_CLIENT=pg|DB_HOST=h|DB_PORT=1|DB_DATABASE=live|DB_USER=u|db_database=live",
			database.Config{Client: "pg", Name: "copy"},
			map[string]string{"DB_DATABASE": "copy", "db_database": "", "DB_CONNECTION_STRING": ""},
		},
		{
			"DB_CLIENT=pg|DB_CONNECTION_STRING=postgres://u:p%40@h:1/live?sslmode=no-verify&application_name=a+b",
			database.Config{Client: "pg", Name: "copy"},
			map[string]string{"DB_DATABASE": "copy", "DB_CONNECTION_STRING": "postgres://u:p%40@h:1/copy?sslmode=no-verify&application_name=a+b"},
		},
		{
			"DB_CLIENT=pg|DB_CONNECTION_STRING=string:postgres://u:p,w@h/live",
			database.Config{Client: "pg", Name: "copy"},
			map[string]string{"DB_DATABASE": "copy", "DB_CONNECTION_STRING": "string:postgres://u:p,w@h/copy"},
		},
		{ // cannot be used, so it must not stay
			"DB_CLIENT=pg|DB_CONNECTION_STRING=postgres://u:p#w@h/live",
			database.Config{Client: "pg", Host: "h", Port: "5432", Name: "copy", User: "u", Password: "json:x"},
			map[string]string{
				"DB_CONNECTION_STRING": "", "DB_SOCKET_PATH": "", "DB_HOST": "h", "DB_PORT": "5432", "DB_DATABASE": "copy", "DB_USER": "u",
				"DB_PASSWORD": "string:json:x", "DB_SSL": "false",
			},
		},
		{
			"DB_CLIENT=sqlite3|DB_FILENAME=live.db|DB_CONNECTION_STRING=live.db",
			database.Config{Client: "sqlite3", Filename: "/x/copy.db"},
			map[string]string{"DB_FILENAME": "/x/copy.db", "DB_CONNECTION_STRING": ""},
		},
		{
			"DB_CLIENT=sqlite3|DB_FILENAME=live.db",
			database.Config{Client: "sqlite3", Filename: "/x,y/copy.db"},
			map[string]string{"DB_FILENAME": "string:/x,y/copy.db", "DB_CONNECTION_STRING": ""},
		},
	} {
		config := mustLoad(t, dotenv(strings.Split(c.lines, "|")...))
		if diff := cmp.Diff(c.want, config.DatabaseValues(c.scratch)); diff != "" {
			t.Errorf("%s: %s", c.lines, diff)
		}
	}
}

// A copy on another server takes none of the project's own values along.
func TestScratchDatabase(t *testing.T) {
	for own, text := range map[string]string{
		"DB_CLIENT=pg|DB_HOST=h|DB_PORT=5433|DB_DATABASE=live|DB_USER=u|DB_PASSWORD=p|DB_SSL=true|DB_SEARCH_PATH=a": "postgres://s:p%40,w@scratch:5499/postgres",
		"DB_CLIENT=pg|DB_CONNECTION_STRING=postgres://u:p@h/live":                                                   "postgres://s:pw@scratch/x?sslmode=no-verify",
		"DB_CLIENT=mysql|DB_HOST=h|DB_PORT=3307|DB_DATABASE=live|DB_USER=u|DB_PASSWORD=p|DB_CHARSET=utf8mb4":        "mysql://s:p%40w@scratch/x",
		"DB_CLIENT=mysql|DB_SOCKET_PATH=/run/m.sock|DB_DATABASE=live|DB_USER=u|DB_PASSWORD=p":                       "mysql://s:pw@scratch:3399/x",
	} {
		c := mustLoad(t, map[string]string{".env": strings.ReplaceAll(own, "|", "\n")}, "USER=os")
		scratch, err := c.ScratchDatabase(text)
		if err != nil {
			t.Errorf("%s: %v", own, err)
			continue
		}
		if scratch.Host != "scratch" || scratch.User != "s" || !strings.HasPrefix(scratch.Password, "p") || scratch.Client != c.Get("DB_CLIENT") {
			t.Errorf("%s: %s", text, scratch)
		}
		scratch.Name = "copy"
		there, changed := copied(t, c, scratch)
		if diff := cmp.Diff(scratch, there.Database()); diff != "" || there.DatabaseProblem() != nil {
			t.Errorf("%s: %s (%v)", own, diff, there.DatabaseProblem())
		}
		for key, value := range changed {
			if strings.Contains(value, "live") {
				t.Errorf("%s leads back: %s", key, value)
			}
		}
	}
	sqlite := mustLoad(t, map[string]string{".env": "DB_CLIENT=sqlite3\nDB_FILENAME=x.db"})
	if _, err := sqlite.ScratchDatabase("postgres://u:hunter2@h/d"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("SQLite: %v", err)
	}
	server := mustLoad(t, map[string]string{".env": "DB_CLIENT=pg\nDB_HOST=h\nDB_PORT=1\nDB_DATABASE=d\nDB_USER=u\nDB_PASSWORD=p"})
	for _, bad := range []string{"hunter2", "mysql//hunter2", "postgres://u:hunter2@h:port/d"} {
		if _, err := server.ScratchDatabase(bad); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
