package mysql

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/fault"
)

// openDirect is a connection of somebody else.
func openDirect(t testing.TB, config database.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(mysqltest.Driver(config))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestSchema(t *testing.T) {
	ctx := context.Background()
	config := mysqltest.User(t, mysqltest.Start(t), "SELECT ON mysql.help_topic")
	newsroom(t, config)
	db := open(t, config, database.ReadOnly)
	got, err := db.Tables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"authors", "directus_migrations", "exact", "kinds", "nokey", "nothing", "parts", "plain", "tree", "we`ird \"n'ame"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	schema, err := db.Schema(ctx, "authors")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(database.TableSchema{
		Columns: []database.Column{
			{Name: "id", Type: "int(10) unsigned", NotNull: true, Default: "AUTO_INCREMENT", PrimaryKey: 1},
			{Name: "name", Type: "varchar(50) COLLATE latin1_swedish_ci"},
			{Name: "nick", Type: "varchar(20)"},
		},
		Indexes: []string{"UNIQUE KEY `nick` (`nick`)"},
		Constraints: []string{
			"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='people; AUTO_INCREMENT=9'",
			"PRIMARY KEY (`id`)",
		},
	}, schema); diff != "" {
		t.Error(diff)
	}
	if schema, err = db.Schema(ctx, "kinds"); err != nil {
		t.Fatal(err)
	}
	for _, c := range schema.Columns {
		switch c.Name {
		case "g1":
			if !c.Generated || c.Default != "`tiny` + 1" {
				t.Errorf("column %+v", c)
			}
		case "v":
			if c.Default != "'it''s'" {
				t.Errorf("column %+v", c)
			}
		case "ts":
			if c.Default != "ON UPDATE current_timestamp(3)" {
				t.Errorf("column %+v", c)
			}
		}
	}
	_, err = db.Schema(ctx, "authors2")
	contains(t, err, `there is no table "authors2"`)
	if _, err := db.Schema(ctx, "AUTHORS"); err == nil {
		t.Error("a table of another name was described")
	}
}

// TestReadOnly holds that the server itself refuses to write.
func TestReadOnly(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, config, paper...)
	before := fingerprintOf(t, config)
	db := open(t, config, database.ReadOnly)
	for _, statement := range []string{
		"INSERT INTO posts VALUES (0, NULL)", "UPDATE authors SET name = 'x'", "DELETE FROM posts", "CREATE TABLE a (a int)", "DROP TABLE posts",
		"TRUNCATE posts", "ALTER TABLE posts ADD x int", "DROP VIEW titles", "RENAME TABLE posts TO post",
	} {
		if _, err := db.SQL().Exec(statement); err == nil {
			t.Errorf("%s was executed", statement)
		}
	}
	equal(t, before, fingerprintOf(t, config), "after attempts to write")
	write := open(t, config, database.ReadWrite)
	if _, err := write.SQL().Exec("DELETE FROM posts"); err != nil {
		t.Error(err)
	}
}

func TestIdentity(t *testing.T) {
	ctx := context.Background()
	server := mysqltest.Shared(t)
	config := server.Database(t)
	db := open(t, config, database.ReadOnly)
	id, err := db.Identity(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if id.Name != config.Name || id.Host != config.Host+":"+config.Port || !strings.Contains(id.ServerVersion, "MariaDB") || !strings.HasPrefix(id.SystemID, "server ") {
		t.Errorf("identity %+v", id)
	}
	// By another way it is the same one.
	socket := config
	socket.Host, socket.Port = server.Socket(), ""
	socket.User, socket.Password = byWord(t, config)
	other := open(t, socket, database.ReadOnly)
	again, err := other.Identity(ctx)
	if err != nil || again.SystemID != id.SystemID || again.Host != server.Socket() {
		t.Errorf("by the socket %+v, %v", again, err)
	}
	if size, err := db.Size(ctx); err != nil || size != 0 {
		t.Errorf("an empty database has %d bytes, %v", size, err)
	}
}

// byWord makes a user who may come by the socket.
func byWord(t *testing.T, admin database.Config) (string, string) {
	t.Helper()
	user := mysqltest.User(t, admin)
	return user.User, user.Password
}

func TestOpenFails(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	with := func(change func(*database.Config)) database.Config {
		c := config
		change(&c)
		return c
	}
	cases := map[string]struct {
		config database.Config
		want   string
	}{
		"password": {with(func(c *database.Config) { c.Password = "wrong secret" }), "the server refuses user '" + config.User + "' with this password"},
		"database": {with(func(c *database.Config) { c.Name += "x" }), "has not the right to do this"},
		"refused":  {with(func(c *database.Config) { c.Port = "1" }), "does not answer"},
		"host":     {with(func(c *database.Config) { c.Host = "no-such-host.invalid" }), "cannot be resolved"},
		"port":     {with(func(c *database.Config) { c.Port = "many" }), "is not a port"},
		"socket":   {with(func(c *database.Config) { c.Host = "/nonexistent/socket" }), "does not answer"},
		"tls":      {with(func(c *database.Config) { c.TLS = &database.TLS{Verify: true} }), "as DB_SSL asks"},
		"ca":       {with(func(c *database.Config) { c.TLS = &database.TLS{CA: "nonsense"} }), "DB_SSL__CA holds no certificate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Open(context.Background(), c.config, database.ReadOnly)
			contains(t, err, c.want)
			if fault.HintOf(err) == "" {
				t.Errorf("no hint for %v", err)
			}
			for _, secret := range []string{config.Password, c.config.Password} {
				if strings.Contains(err.Error()+fault.HintOf(err), secret) {
					t.Errorf("the error tells the password: %v", err)
				}
			}
		})
	}
	missing := mysqltest.Shared(t).Database(t)
	missing.Name += " gone"
	_, err := Open(context.Background(), missing, database.ReadOnly)
	contains(t, err, "there is no database")
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]string{
		"10.11.19-MariaDB-0+deb12u1": "",
		"5.5.5-10.4.2-MariaDB":       "",
		"8.0.39":                     "",
		"8.4.2-2":                    "",
		"5.7.44-log":                 "",
		"5.6.51":                     "is too old: bunnyhop needs 5.7",
		"10.1.48-MariaDB":            "is too old: bunnyhop needs 10.2",
		"8.0.11-TiDB-v7.5.1":         "neither MySQL nor MariaDB",
		"mystery":                    "neither MySQL nor MariaDB",
	} {
		_, err := supported(text, "a comment")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
