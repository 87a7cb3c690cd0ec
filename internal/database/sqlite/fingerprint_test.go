package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
)

func TestFingerprintTellsChangesApart(t *testing.T) {
	cases := map[string]struct{ statement, want string }{
		"integer, text":      {`UPDATE "weird ""name""" SET "select" = 1`, `table weird "name": same number of rows (2), other contents`},
		"value":              {`UPDATE posts SET body = 'z' WHERE id = 'a'`, "table posts: same number of rows (2), other contents"},
		"after a zero byte":  {`UPDATE posts SET body = 'x' || char(0) || 'z' WHERE id = 'a'`, "table posts: same number of rows (2), other contents"},
		"null, empty":        {`UPDATE posts SET body = '' WHERE id = 'b'`, "table posts: same number of rows (2), other contents"},
		"minus zero":         {`UPDATE posts SET score = 0.25 WHERE id = 'b'`, "table posts: same number of rows (2), other contents"},
		"date as written":    {`UPDATE authors SET born = '2024-01-02T03:04:05Z' WHERE name = 'Bob'`, "table authors: same number of rows (3), other contents"},
		"boolean 2":          {`UPDATE authors SET active = 2 WHERE name = 'Ada'`, "table authors: same number of rows (3), other contents"},
		"row gone":           {`DELETE FROM posts WHERE id = 'b'`, "table posts: 2 rows before, 1 row after"},
		"stored generated":   {`UPDATE counted SET b = 5 WHERE a = 3`, "table counted: same number of rows (2), other contents"},
		"column added":       {`ALTER TABLE "weird ""name""" ADD COLUMN more text`, `table weird "name": same number of rows (2), other contents`},
		"index gone":         {`DROP INDEX posts_title_unique`, "table posts: columns, indexes or constraints differ"},
		"table gone":         {`DROP TABLE counted`, "table counted is gone (it had 2 rows)"},
		"table new":          {`CREATE TABLE fresh (a)`, "table fresh is new (it has 0 rows)"},
		"view":               {`DROP VIEW titles`, "views or triggers differ"},
		"trigger":            {`CREATE TRIGGER tr AFTER INSERT ON posts BEGIN SELECT 1; END`, "views or triggers differ"},
		"automatic number":   {`UPDATE sqlite_sequence SET seq = 9 WHERE name = 'authors'`, "table authors: last automatic number was 3, is 9"},
		"partial index":      {`CREATE INDEX p ON posts (score) WHERE score > 1`, "table posts: columns, indexes or constraints differ"},
		"row on another row": {`UPDATE posts SET title = CASE id WHEN 'a' THEN 'T3' ELSE 'Über' END`, "table posts: same number of rows (2), other contents"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := newFile(t, newsroom...)
			before := fingerprintOf(t, path)
			run(t, path, c.statement)
			lines := before.Diff(fingerprintOf(t, path), nil)
			if len(lines) == 0 || lines[0] != c.want {
				t.Errorf("differences %q, want first %q", lines, c.want)
			}
		})
	}
}

// TestFingerprintTypes puts values that look alike into a column without a
// type, which keeps each as it is.
func TestFingerprintTypes(t *testing.T) {
	values := []string{"1", "'1'", "1.0", "x'31'", "NULL", "''", "x''", "0", "0.0", "'1.0'", "1e300", "9223372036854775807", "'NULL'", "' 1'"}
	seen := map[string]string{}
	for _, value := range values {
		data := fingerprintOf(t, newFile(t, "CREATE TABLE t (a)", "INSERT INTO t VALUES ("+value+")")).Tables["t"].Data
		if other := seen[data]; other != "" {
			t.Errorf("%s and %s have the same digest", value, other)
		}
		seen[data] = value
	}
	one := fingerprintOf(t, newFile(t, "CREATE TABLE t (a, b)", "INSERT INTO t VALUES ('ab', 'c')"))
	two := fingerprintOf(t, newFile(t, "CREATE TABLE t (a, b)", "INSERT INTO t VALUES ('a', 'bc')"))
	if one.Tables["t"].Data == two.Tables["t"].Data {
		t.Error("values run into each other")
	}
	twice := fingerprintOf(t, newFile(t, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (1)"))
	pairs := fingerprintOf(t, newFile(t, "CREATE TABLE t (a)", "INSERT INTO t VALUES (2), (2)"))
	if twice.Tables["t"].Data == pairs.Tables["t"].Data {
		t.Error("equal rows cancel each other out")
	}
}

// TestFingerprintKeepsThroughVacuumAndOrder proves that neither the order of
// rows and columns nor the layout of the file counts.
func TestFingerprintKeepsThroughVacuumAndOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		count := rapid.IntRange(0, 40).Draw(rt, "rows")
		var rows []string
		for range count {
			value := rapid.SampledFrom([]string{"1", "'1'", "1.0", "NULL", "''", "x'00'", "'ü'", "-7"})
			rows = append(rows, fmt.Sprintf("(%s, %s)", value.Draw(rt, "a"), value.Draw(rt, "b")))
		}
		shuffled := slices.Clone(rows)
		rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed"))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		one := memory(rt, "CREATE TABLE t (a, b)", rows)
		two := memory(rt, "CREATE TABLE t (a, b)", shuffled)
		if diff := cmp.Diff(one, two); diff != "" {
			rt.Errorf("other order, other fingerprint: %s", diff)
		}
		if count > 0 {
			changed := append(slices.Clone(shuffled[:count-1]), "('changed', NULL)")
			if len(one.Diff(memory(rt, "CREATE TABLE t (a, b)", changed), nil)) == 0 {
				rt.Error("a changed row does not show")
			}
		}
	})
	path := newFile(t, newsroom...)
	fill(t, path, 200)
	run(t, path, "DELETE FROM posts WHERE rowid % 3 = 0")
	before := fingerprintOf(t, path)
	run(t, path, "VACUUM", "REINDEX", "ANALYZE", "PRAGMA journal_mode=WAL")
	if lines := before.Diff(fingerprintOf(t, path), nil); len(lines) > 0 {
		t.Errorf("VACUUM changed the fingerprint: %v", lines)
	}
}

func memory(t rapid.TB, create string, rows []string) database.Fingerprint {
	pool, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	statements := []string{create}
	if len(rows) > 0 {
		statements = append(statements, "INSERT INTO t VALUES "+strings.Join(rows, ", "))
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	f, err := fingerprint(context.Background(), conn, nil, wholeTables, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSchemaComparesMeaningNotText(t *testing.T) {
	same := []string{
		"CREATE TABLE t (`a` integer not null, \"b\" text collate nocase, check (a > 0), unique (a, b))",
		"create table t ( -- a comment, with a comma\n a integer NOT NULL, [b] text COLLATE NOCASE, /* ( */ UNIQUE(a,b), CHECK( a>0 ) )",
	}
	other := []string{
		"CREATE TABLE t (a integer not null, b text collate nocase, check (a > 1), unique (a, b))",
		"CREATE TABLE t (a integer not null, b text collate rtrim, check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer, b text collate nocase, check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer not null, b text collate nocase, check (a > 0), unique (b, a))",
		"CREATE TABLE t (a integer not null, b text collate nocase, check (a > 0), unique (a, b)) STRICT",
		"CREATE TABLE t (a integer not null default 5, b text collate nocase, check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer not null references u (id), b text collate nocase, check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer not null references u (id) deferrable initially deferred, b text collate nocase, check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer not null, b text collate nocase, c int as (a + 1), check (a > 0), unique (a, b))",
		"CREATE TABLE t (a integer not null, b text collate nocase, c int as (a + 2), check (a > 0), unique (a, b))",
	}
	seen := map[string]string{}
	for _, statement := range same {
		seen[fingerprintOf(t, newFile(t, statement)).Tables["t"].Schema] = statement
	}
	if len(seen) != 1 {
		t.Errorf("the same schema, written differently, differs: %v", seen)
	}
	for _, statement := range other {
		digest := fingerprintOf(t, newFile(t, statement)).Tables["t"].Schema
		if before := seen[digest]; before != "" {
			t.Errorf("no difference between\n%s\n%s", before, statement)
		}
		seen[digest] = statement
	}
}

func TestSchemaReads(t *testing.T) {
	db := openFile(t, newFile(t, newsroom...), database.ReadOnly)
	got, err := db.Schema(context.Background(), "posts")
	if err != nil {
		t.Fatal(err)
	}
	want := database.TableSchema{
		Columns: []database.Column{
			{Name: "id", Type: "char(36)", NotNull: true, PrimaryKey: 1},
			{Name: "title", Type: "varchar(255)"},
			{Name: "body", Type: "TEXT"},
			{Name: "meta", Type: "json"},
			{Name: "score", Type: "float"},
			{Name: "author", Type: "INTEGER"},
		},
		Indexes:     []string{`UNIQUE INDEX "posts_title_unique" on posts ( title )`},
		Constraints: []string{`FOREIGN KEY ("author") REFERENCES "authors" ("id") ON UPDATE NO ACTION ON DELETE SET NULL`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = db.Schema(context.Background(), "nothing")
	contains(t, err, `no table "nothing"`)
	names, err := db.Tables(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"authors", "counted", "posts", `weird "name"`}, names); diff != "" {
		t.Error(diff)
	}
}

func TestVirtualTables(t *testing.T) {
	path := newFile(t, "CREATE VIRTUAL TABLE words USING fts4(body)", "INSERT INTO words VALUES ('one two')",
		"CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)", "INSERT INTO boxes VALUES (1, 0, 1)")
	names, err := openFile(t, path, database.ReadOnly).Tables(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"boxes", "words"}, names); diff != "" {
		t.Error(diff)
	}
	before := fingerprintOf(t, path)
	run(t, path, "INSERT INTO words VALUES ('three')")
	if lines := before.Diff(fingerprintOf(t, path), nil); len(lines) == 0 {
		t.Error("a row in a virtual table does not show")
	}
	// A module that this program does not have must not make the rest
	// unreadable.
	run(t, path, "PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE words USING spellfix9(body)' WHERE name = 'words'")
	if got := fingerprintOf(t, path).Tables["words_content"].Rows; got != 2 {
		t.Errorf("%d rows stored, want 2", got)
	}
}

// TestFingerprintInPieces reads as from a large database that others write
// to, and must come to the same result. One table has a column named rowid.
func TestFingerprintInPieces(t *testing.T) {
	path := newFile(t, append([]string{
		"CREATE TABLE tricky (rowid text, _rowid_ text)",
		"INSERT INTO tricky VALUES ('b', '1'), ('a', '2'), ('c', NULL), ('a', '2'), (NULL, NULL)",
	}, newsroom...)...)
	fill(t, path, 10)
	run(t, path, "DELETE FROM posts WHERE rowid % 4 = 0", "INSERT INTO posts (rowid, id) VALUES (-5, 'negative')")
	conn, err := openFile(t, path, database.ReadOnly).SQL().Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	whole := fingerprintOf(t, path)
	for size := range 6 {
		pieces, err := fingerprint(context.Background(), conn, nil, size+1, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Errorf("in pieces of %d rows: %s", size+1, diff)
		}
	}
}

func TestFingerprintOnlyAndCancel(t *testing.T) {
	path := newFile(t, newsroom...)
	fill(t, path, 30000)
	db := openFile(t, path, database.ReadOnly)
	f, err := db.Fingerprint(context.Background(), func(table string) bool { return table == "authors" }, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tables) != 1 || f.Tables["authors"].Rows != 3 {
		t.Errorf("tables %v", f.Tables)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err = db.Fingerprint(ctx, nil, stopAt(cancel)); err == nil {
		t.Error("a cancelled fingerprint came to an end")
	}
}

// stopAt cancels at the first progress.
type stopAt context.CancelFunc

func (s stopAt) Progress(string, progress.Unit, int64, int64) { s() }
func (s stopAt) Output(string)                                {}
