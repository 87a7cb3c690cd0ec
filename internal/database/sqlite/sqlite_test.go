package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
)

// newFile makes a database from statements and returns its path. WAL mode is
// a statement like any other.
func newFile(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.db")
	run(t, path, statements...)
	return path
}

// run executes statements with a connection of their own.
func run(t testing.TB, path string, statements ...string) {
	t.Helper()
	pool, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	defer pool.Close()
	for _, statement := range statements {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func openFile(t testing.TB, path string, mode database.Mode) *DB {
	t.Helper()
	return databasetest.Open(t, func() (*DB, error) { return Open(context.Background(), path, mode) })
}

func fingerprintOf(t testing.TB, path string) database.Fingerprint {
	t.Helper()
	return databasetest.Fingerprint(t, func() (*DB, error) { return Open(context.Background(), path, database.ReadOnly) })
}

// newsroom is a schema with what Directus projects have: foreign keys,
// indexes, dates, booleans, JSON, odd names.
var newsroom = []string{
	`CREATE TABLE authors (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(255), born datetime, active boolean DEFAULT '1')`,
	`CREATE TABLE posts (id char(36) NOT NULL, title varchar(255), body text, meta json, score float, author integer,
		PRIMARY KEY (id), FOREIGN KEY (author) REFERENCES authors (id) ON DELETE SET NULL)`,
	`CREATE UNIQUE INDEX posts_title_unique ON posts (title)`,
	`CREATE TABLE "weird ""name""" ("a ""b""" text, "select" blob)`,
	`CREATE TABLE counted (a int, b int, c int GENERATED ALWAYS AS (a + b) STORED, d int AS (a * b), PRIMARY KEY (a, b)) WITHOUT ROWID`,
	`CREATE VIEW titles AS SELECT title FROM posts`,
	`INSERT INTO authors (name, born, active) VALUES ('Ada', 1700000000000, 1), ('Bob', '2024-01-02 03:04:05', 0), (NULL, NULL, NULL)`,
	`INSERT INTO posts VALUES ('a', 'Über', 'x' || char(0) || 'y', '{"k":[1]}', 1.5, 1), ('b', 'T2', NULL, NULL, -0.0, NULL)`,
	`INSERT INTO "weird ""name""" VALUES ('x', x'00ff'), (char(27) || '[31m', NULL)`,
	`INSERT INTO counted (a, b) VALUES (1, 2), (3, 4)`,
}

// fill adds n posts.
func fill(t testing.TB, path string, n int) {
	t.Helper()
	run(t, path, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO posts SELECT hex(randomblob(16)), 'title ' || i, hex(randomblob(400)), '{"n":' || i || '}', i / 3.0, 1 FROM n`, n))
}

var contains = databasetest.Contains

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
