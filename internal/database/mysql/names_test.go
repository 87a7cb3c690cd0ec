package mysql

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// blog is a schema with a table of its own name, whose columns look like
// names in the schema, and with a trigger that names the schema.
func blog(t *testing.T) database.Config {
	t.Helper()
	config := mysqltest.Private(t).Database(t)
	mysqltest.Exec(t, config, "CREATE DATABASE blog CHARACTER SET latin1 COLLATE latin1_german2_ci")
	config.Name = "blog"
	mysqltest.Exec(t, config,
		"CREATE TABLE directus_migrations (version varchar(20) PRIMARY KEY)", "INSERT INTO directus_migrations VALUES ('20201028A')",
		"CREATE TABLE blog (id int PRIMARY KEY, author int)", "CREATE TABLE author (id int PRIMARY KEY)", "CREATE TABLE log (id int)",
		"INSERT INTO author VALUES (1)", "INSERT INTO blog VALUES (1, 1)",
		"CREATE VIEW written AS SELECT blog.id, author.id AS who, 'see blog.author' AS hint FROM blog JOIN author ON author.id = blog.author",
		"CREATE FUNCTION newest() RETURNS int READS SQL DATA RETURN (SELECT max(blog.id) FROM blog.blog)",
		"CREATE TRIGGER logged AFTER INSERT ON author FOR EACH ROW INSERT INTO blog.log SELECT blog.id FROM blog",
		"SET sql_mode = 'ORACLE'", "CREATE PACKAGE pack AS FUNCTION one RETURN INT; END", "CREATE PACKAGE BODY pack AS FUNCTION one RETURN INT AS BEGIN RETURN 1; END; END",
	)
	return config
}

func dumpedBlog(t *testing.T, config database.Config) (string, database.Fingerprint) {
	t.Helper()
	db := open(t, config, database.ReadOnly)
	defer db.Close()
	path := filepath.Join(t.TempDir(), "dump")
	info, err := db.Dump(context.Background(), path, progress.Discard)
	if err != nil {
		t.Fatalf("%v; %s", err, fault.HintOf(err))
	}
	return path, *info.Fingerprint
}

// TestSchemaNamedLikeTable restores into a copy, in place of the database, and
// into a database of another name. None may lose a column or write elsewhere.
func TestSchemaNamedLikeTable(t *testing.T) {
	ctx := context.Background()
	config := blog(t)
	dump, want := dumpedBlog(t, config)
	scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_names", progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	mysqltest.Exec(t, config, "CREATE DATABASE moved")
	moved := withName(config, "moved")
	for range 2 { // once over what the first has made
		if err := Restore(ctx, moved, dump, progress.Discard); err != nil {
			t.Fatalf("%v; %s", err, fault.HintOf(err))
		}
	}
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	for i, c := range []database.Config{scratch, moved, config} {
		equal(t, want, fingerprintOf(t, c), c.Name)
		mysqltest.Exec(t, c, "SELECT * FROM written", "DO newest()", "INSERT INTO author VALUES (2)")
		for j, other := range []database.Config{scratch, moved, config} {
			var logged int
			if err := open(t, other, database.ReadOnly).SQL().QueryRow("SELECT count(*) FROM log").Scan(&logged); err != nil {
				t.Fatal(err)
			}
			if logged != map[bool]int{true: 1}[j <= i] {
				t.Errorf("after an insert into %s, %d rows in the log of %s", c.Name, logged, other.Name)
			}
		}
	}
}

// TestDefaults: new tables of Directus get the database's character set, and
// have to fit those that are there.
func TestDefaults(t *testing.T) {
	config := blog(t)
	dump, want := dumpedBlog(t, config)
	mysqltest.Exec(t, config, "ALTER DATABASE blog CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	if lines := want.Diff(fingerprintOf(t, config), nil); len(lines) == 0 {
		t.Error("another default does not show")
	}
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, want, fingerprintOf(t, config), "restored")
	var collation string
	if err := open(t, config, database.ReadOnly).SQL().QueryRow("SELECT @@collation_database").Scan(&collation); err != nil || collation != "latin1_german2_ci" {
		t.Errorf("%s, %v", collation, err)
	}
}

// TestHidden: what a user may not see is not left out in silence.
func TestHidden(t *testing.T) {
	config := blog(t)
	nowhere := withName(config, "")
	const rights = "SELECT, LOCK TABLES, SHOW VIEW, TRIGGER"
	for extra, text := range map[string]string{"": "has not the right to see events", ", EVENT": "has not the right to see functions"} {
		user := withName(mysqltest.User(t, nowhere, rights+extra+" ON blog.*"), "blog")
		_, err := open(t, user, database.ReadOnly).Dump(context.Background(), filepath.Join(t.TempDir(), "dump"), progress.Discard)
		contains(t, err, text)
	}
}

// TestReadLetsGo: a table that was read can be changed while others are.
func TestReadLetsGo(t *testing.T) {
	config := blog(t)
	db := open(t, config, database.ReadOnly)
	err := db.read(context.Background(), func(conn *sql.Conn) error {
		s, err := takeSurvey(context.Background(), conn, db.name, nil)
		if err != nil {
			return err
		}
		if err := s.readRows(context.Background(), conn, progress.Discard); err != nil {
			return err
		}
		mysqltest.Exec(t, config, "SET lock_wait_timeout = 1", "ALTER TABLE log ADD COLUMN more int")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
