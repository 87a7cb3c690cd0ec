package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/digest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// columnKinds are types with values that differ from each other, each as SQL.
var columnKinds = map[string][]string{
	"int":              {"0", "-1", "2147483647"},
	"bigint":           {"0", "9223372036854775807"},
	"numeric":          {"0", "0.0", "1e30", "'NaN'", "1.10", "-1.1"},
	"float8":           {"0", "'-0'", "'NaN'", "'Infinity'", "0.1", "0.30000000000000004"},
	"float4":           {"0", "1e-30", "'NaN'"},
	"boolean":          {"true", "false"},
	"text":             {"''", "'a'", "'ä'", "E'a\\nb'", "repeat('x', 100000)", "repeat('y', 3000)"},
	"varchar(9)":       {"''", "'a'", "'a '"},
	"char(3)":          {"'a'", "'ab'"},
	"bytea":            {"'\\x'", "'\\x00'", "'\\x0001'"},
	"uuid":             {"'00000000-0000-0000-0000-000000000000'", "'8a4b1ae6-6d6e-4d2f-9c3e-0123456789ab'"},
	"timestamptz":      {"'2024-01-02 03:04:05+00'", "'2024-01-02 03:04:05.000001+00'", "'infinity'", "'0044-03-15 BC'"},
	"timestamp":        {"'2024-01-02 03:04:05'", "'-infinity'"},
	"date":             {"'2024-01-02'", "'infinity'"},
	"time":             {"'00:00'", "'24:00'"},
	"timetz":           {"'00:00+00'", "'01:00+01'"},
	"interval":         {"'1 month'", "'30 days'", "'720:00'"},
	"json":             {"'{}'", "'{ }'", "'null'"},
	"jsonb":            {"'{}'", "'null'", `'{"a":1.0}'`, `'{"a":1.00}'`},
	"bit(3)":           {"B'000'", "B'001'"},
	"varbit":           {"B''", "B'0'", "B'00'"},
	"inet":             {"'10.0.0.1'", "'10.0.0.1/8'", "'::1'"},
	"point":            {"'(0,0)'", "'(1,2)'"},
	"polygon":          {"'((0,0),(1,1))'", "'((0,0),(1,2))'"},
	"int4range":        {"'empty'", "'[1,2)'", "'[1,3)'"},
	"text[]":           {"'{}'", "'{NULL}'", "'{\"\"}'", "'[2:2]={a}'", "'{a}'"},
	"mood":             {"'happy'", "'sad'"},
	"mood[]":           {"'{happy}'", "'{}'"},
	"pair":             {"'(1,sad)'", "'(1,)'", "'(,)'"},
	"score":            {"1", "2", "'NaN'"},
	"citext":           {"'a'", "'A'"},
	"hstore":           {"''", "'a=>NULL'", "'a=>\"\"'"},
	"tsvector":         {"'a:1'", "'a:2'"},
	"xml":              {"'<a/>'", "'<a></a>'"},
	"regclass":         {"'pg_class'", "'pg_proc'"},
	"money":            {"1", "2"},
	"macaddr":          {"'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"},
	"pg_lsn":           {"'0/1'", "'0/2'"},
	"aclitem":          {"'=r/postgres'", "'=w/postgres'"},
	"\"char\"":         {"'a'", "'b'"},
	"int4multirange":   {"'{}'", "'{[1,2)}'"},
	"tstzrange":        {"'empty'", "'[2024-01-01,)'"},
	"mood_range":       {"'empty'", "'[happy,sad]'"},
	"float8[]":         {"'{NaN}'", "'{0.1}'", "'{-0}'"},
	"numeric(9,2)":     {"1", "2"},
	"timestamptz(0)":   {"'2024-01-02'", "'2024-01-03'"},
	"character(1)":     {"'a'", "'b'"},
	"jsonpath":         {"'$.a'", "'$.b'"},
	"txid_snapshot":    {"'1:2:'", "'1:3:'"},
	"oid":              {"1", "2"},
	"tsquery":          {"'a & b'", "'a | b'"},
	"cidr":             {"'10.0.0.0/8'", "'10.0.0.0/9'"},
	"name":             {"'a'", "'b'"},
	"line":             {"'{1,2,3}'", "'{1,2,4}'"},
	"circle":           {"'<(0,0),1>'", "'<(0,0),2>'"},
	"int[][]":          {"'{{1},{2}}'", "'{1,2}'"},
	"regtype":          {"'int'", "'text'"},
	"positive":         {"'{1}'", "'{1,2}'"},
	"public.mood":      {"'happy'", "'sad'"},
	"box":              {"'(0,0),(1,1)'", "'(0,0),(1,2)'"},
	"lseg":             {"'[(0,0),(1,1)]'", "'[(0,0),(1,2)]'"},
	"path":             {"'[(0,0),(1,1)]'", "'((0,0),(1,1))'"},
	"macaddr8":         {"'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03:04:06'"},
	"varchar":          {"''", "'x'"},
	"interval(0)":      {"'1 s'", "'2 s'"},
	"bit varying(2)":   {"B'1'", "B'11'"},
	"pg_snapshot":      {"'1:2:'", "'1:3:'"},
	"datemultirange":   {"'{}'", "'{[2024-01-01,2024-01-02)}'"},
	"timestamp(3)":     {"'2024-01-02 03:04:05.001'", "'2024-01-02 03:04:05.002'"},
	"double precision": {"1e308", "5e-324"},
}

var kindStatements = []string{
	"CREATE EXTENSION citext", "CREATE EXTENSION hstore", "CREATE TYPE mood AS ENUM ('happy', 'sad')", "CREATE TYPE pair AS (a int, b mood)",
	"CREATE DOMAIN score AS float8 CHECK (VALUE > 0)", "CREATE TYPE mood_range AS RANGE (subtype = mood)",
	"CREATE DOMAIN positive AS int[] CHECK (VALUE[1] > 0)",
}

// TestFingerprintProperty fills a table of random types with random rows in
// two databases, in another order and over deleted rows in the second one: the
// fingerprints are equal. With one value changed they are not.
func TestFingerprintProperty(t *testing.T) {
	first, second := postgrestest.Start(t), postgrestest.Start(t)
	// Other oids in the second one.
	postgrestest.Exec(t, second, "CREATE TYPE before AS ENUM ('x')", "CREATE TABLE first (a int)", "DROP TABLE first", "DROP TYPE before")
	kinds := make([]string, 0, len(columnKinds))
	for kind := range columnKinds {
		kinds = append(kinds, kind)
	}
	ctx := context.Background()
	var conns []*pgx.Conn
	var dbs []*DB
	for _, config := range []database.Config{first, second} {
		postgrestest.Exec(t, config, kindStatements...)
		conns = append(conns, connectAs(t, config, "filler"))
		dbs = append(dbs, open(t, config, database.ReadOnly))
	}
	exec := func(t *rapid.T, conn *pgx.Conn, statement string) {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%.300s: %v", statement, err)
		}
	}
	state := func(t *rapid.T, db *DB) database.TableFingerprint {
		f, err := db.Fingerprint(ctx, nil, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return f.Tables["t"]
	}
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom(sorted(kinds)), 1, 6).Draw(t, "types")
		row := rapid.Custom(func(t *rapid.T) []string {
			values := make([]string, len(types))
			for i, kind := range types {
				values[i] = rapid.SampledFrom(append([]string{"NULL"}, columnKinds[kind]...)).Draw(t, kind) + "::" + kind
			}
			return values
		})
		rows := rapid.SliceOfN(row, 1, 8).Draw(t, "rows")
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		create, insert := "DROP TABLE IF EXISTS t; CREATE TABLE t (", "INSERT INTO t ("
		for i, kind := range types {
			if i > 0 {
				create, insert = create+", ", insert+", "
			}
			create += fmt.Sprintf("c%d %s", i, kind)
			insert += fmt.Sprintf("c%d", i)
		}
		fillWith := func(conn *pgx.Conn, rows [][]string) {
			for _, values := range rows {
				exec(t, conn, insert+") VALUES ("+strings.Join(values, ", ")+")")
			}
		}
		exec(t, conns[0], create+")")
		fillWith(conns[0], rows)
		exec(t, conns[1], create+", gone int)")
		fillWith(conns[1], shuffled)
		exec(t, conns[1], "DELETE FROM t; ALTER TABLE t DROP COLUMN gone")
		fillWith(conns[1], shuffled)
		a, b := state(t, dbs[0]), state(t, dbs[1])
		if a != b {
			t.Fatalf("the same rows of %v: %+v and %+v", types, a, b)
		}
		// One value becomes another.
		r, c := rapid.IntRange(0, len(rows)-1).Draw(t, "row"), rapid.IntRange(0, len(types)-1).Draw(t, "column")
		changed := append([]string(nil), shuffled[r]...)
		old := changed[c]
		for _, value := range append([]string{"NULL"}, columnKinds[types[c]]...) {
			if value += "::" + types[c]; value != old {
				changed[c] = value
			}
		}
		exec(t, conns[1], "DELETE FROM t")
		fillWith(conns[1], append(append(append([][]string{}, shuffled[:r]...), changed), shuffled[r+1:]...))
		if b = state(t, dbs[1]); a.Data == b.Data || a.Rows != b.Rows {
			t.Fatalf("%s became %s and it does not show", old, changed[c])
		}
	})
}

func sorted(texts []string) []string {
	texts = append([]string(nil), texts...)
	for i := range texts {
		for j := i; j > 0 && texts[j] < texts[j-1]; j-- {
			texts[j], texts[j-1] = texts[j-1], texts[j]
		}
	}
	return texts
}

// TestFingerprintShows changes one thing at a time, which has to show.
func TestFingerprintShows(t *testing.T) {
	config := postgrestest.Start(t)
	newsroom(t, config)
	before := fingerprintOf(t, config)
	for _, statement := range []string{
		"UPDATE posts SET title = 'x' WHERE title = 'T2'", "DELETE FROM events_2023", "INSERT INTO nothing DEFAULT VALUES",
		"ALTER TABLE posts ADD COLUMN more int", "ALTER TABLE posts RENAME COLUMN title TO name", "ALTER TABLE posts ALTER COLUMN body TYPE varchar",
		"ALTER TABLE authors ALTER COLUMN active SET DEFAULT false", "ALTER TABLE events ALTER COLUMN what SET NOT NULL",
		`ALTER TABLE "weird ""name""" ALTER COLUMN "a ""b""" TYPE text COLLATE "C"`,
		"DROP INDEX posts_title", "CREATE INDEX ON posts (day)", "ALTER TABLE posts DROP CONSTRAINT posts_author_fkey",
		"ALTER TABLE authors DROP CONSTRAINT authors_status_check", "ALTER TABLE numbered DISABLE ROW LEVEL SECURITY", "DROP POLICY mine ON numbered",
		"SELECT nextval('authors_id_seq')", "SELECT setval('authors_id_seq', 3, false)", `SELECT nextval('"other one".free')`, "ALTER SEQUENCE authors_id_seq INCREMENT 2",
		"CREATE OR REPLACE VIEW titles AS SELECT p.title, a.name, a.status IN ('draft') AS open FROM posts AS p LEFT JOIN authors AS a ON a.id = p.author",
		"DROP MATERIALIZED VIEW counts", "DROP TRIGGER touched ON authors", "ALTER TABLE authors DISABLE TRIGGER touched",
		"CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$", "DROP AGGREGATE product (float8)",
		"ALTER TYPE mood ADD VALUE 'new'", "ALTER TYPE mood RENAME VALUE 'sad' TO 'grim'", "ALTER DOMAIN score DROP CONSTRAINT score_check",
		"ALTER TYPE pair ADD ATTRIBUTE c int", "CREATE SCHEMA another", "CREATE EXTENSION pgcrypto", "ALTER TABLE nothing SET UNLOGGED",
		"CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')", "CREATE STATISTICS pairs ON title, day FROM posts",
		"CREATE RULE r AS ON DELETE TO nothing DO INSTEAD NOTHING", "ALTER TABLE numbered ALTER COLUMN id SET GENERATED BY DEFAULT", "SELECT lo_unlink(4711)",
	} {
		t.Run(statement, func(t *testing.T) {
			copied := config
			copied.Name += " copy"
			postgres := config
			postgres.Name = "postgres"
			postgrestest.Exec(t, postgres, "CREATE DATABASE "+quote(copied.Name)+" TEMPLATE "+quote(config.Name))
			defer postgrestest.Exec(t, postgres, "DROP DATABASE "+quote(copied.Name)+" WITH (FORCE)")
			postgrestest.Exec(t, copied, statement)
			if len(before.Diff(fingerprintOf(t, copied), nil)) == 0 {
				t.Error("it does not show")
			}
		})
	}
	// And what must not.
	postgrestest.Exec(t, config, "COMMENT ON TABLE posts IS 'x'", "VACUUM FULL", "REINDEX TABLE posts", "UPDATE posts SET title = title", "ANALYZE",
		"GRANT SELECT ON posts TO PUBLIC", "ALTER TABLE posts ADD COLUMN temporary int", "ALTER TABLE posts DROP COLUMN temporary")
	equal(t, before, fingerprintOf(t, config), "nothing of it counts")
}

func TestFingerprintOnly(t *testing.T) {
	config := postgrestest.Start(t)
	newsroom(t, config)
	f, err := open(t, config, database.ReadOnly).Fingerprint(context.Background(), func(table string) bool { return table == "posts" }, progress.Discard)
	if err != nil || len(f.Tables) != 1 || f.Tables["posts"].Rows != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestRowSplitter cuts a stream in random pieces.
func TestRowSplitter(t *testing.T) {
	stream := append(append([]byte(nil), copySignature...), 0, 0, 0, 0, 0, 0, 0, 2, 'x', 'y')
	rows := []string{"\x00\x01\x00\x00\x00\x03abc", "\x00\x02\xff\xff\xff\xff\x00\x00\x00\x00", "\x00\x00", "\x00\x01\x00\x00\x02\x00" + strings.Repeat("z", 512)}
	want := digest.New([]string{"a"})
	for _, row := range rows {
		stream = append(stream, row...)
		want.AddRaw([]byte(row))
	}
	stream = append(stream, 0xff, 0xff)
	rapid.Check(t, func(t *rapid.T) {
		s := &rowSplitter{sum: digest.New([]string{"a"}), each: func(int) {}}
		for rest := stream; len(rest) > 0; {
			n := rapid.IntRange(1, min(len(rest), 600)).Draw(t, "piece")
			if written, err := s.Write(rest[:n]); err != nil || written != n {
				t.Fatal(written, err)
			}
			rest = rest[n:]
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if s.sum.Sum() != want.Sum() || s.sum.Count() != int64(len(rows)) {
			t.Errorf("%d rows, %s", s.sum.Count(), s.sum.Sum())
		}
	})
	s := &rowSplitter{sum: digest.New([]string{"a"}), each: func(int) {}}
	if _, err := s.Write(stream[:len(stream)-2]); err != nil || s.close() == nil {
		t.Errorf("a stream without its end was taken: %v", err)
	}
	if _, err := (&rowSplitter{}).Write([]byte("ERROR: this is no stream of rows at all")); err == nil {
		t.Error("a text was taken for rows")
	}
}

func TestSettle(t *testing.T) {
	same := func(text string) string { return text }("CHECK ((a > 0))")
	cases := map[string]string{
		same: same,
		"((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]'::character varying])::text[]))":    "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b, ]'::character varying)::text]))",
		"((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))": "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))",
		"x = '(ARRAY[1])::text[]'": "x = '(ARRAY[1])::text[]'",
		"(ARRAY[f(1, 2), 3])::character varying[] || (ARRAY['x'::text])::citext[]": "ARRAY[(f(1, 2))::character varying, (3)::character varying] || ARRAY[('x'::text)::citext]",
		"(ARRAY[1":   "(ARRAY[1",
		"(ARRAY['a'": "(ARRAY['a'",
	}
	for text, want := range cases {
		if got := settle(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		once := settle(rapid.StringMatching(`[(ARY\['a,:text\])" ]*`).Draw(t, "text"))
		if settle(once) != once {
			t.Errorf("%q settles again", once)
		}
	})
}

// TestDumpBesideWriter dumps while others insert, update and take numbers from
// sequences: the copy is what the fingerprint says.
func TestDumpBesideWriter(t *testing.T) {
	ctx := context.Background()
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	fill(t, config, 100_000)
	stop, stopped := make(chan struct{}), make(chan int)
	conn := connectAs(t, config, "Directus")
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			default:
			}
			if _, err := conn.Exec(ctx, `BEGIN; INSERT INTO authors (name) VALUES ('x'); INSERT INTO big (text) VALUES ('x'); SELECT nextval('"other one".free'); COMMIT`,
				pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Error(err)
				<-stop
				stopped <- n
				return
			}
		}
	}()
	db := open(t, config, database.ReadOnly)
	for i := range 2 {
		dump := filepath.Join(t.TempDir(), "dump")
		start := time.Now()
		info, err := db.Dump(ctx, dump, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("dumped %d bytes in %s", info.Bytes, time.Since(start))
		scratch, err := RestoreScratch(ctx, config, dump, fmt.Sprintf("bunnyhop_writer_%d", i), progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		f := fingerprintOf(t, scratch)
		equal(t, *info.Fingerprint, f, "the copy")
		if f.Tables["authors"].Rows-3 != f.Tables["big"].Rows-100_000 {
			t.Errorf("half a transaction: %d authors, %d in big", f.Tables["authors"].Rows, f.Tables["big"].Rows)
		}
		if err := DropScratch(ctx, scratch); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	t.Logf("the writer made %d transactions", <-stopped)
}

// TestFingerprintWithOneConnection is of a role that may not have a second
// one.
func TestFingerprintWithOneConnection(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin, "SUPERUSER")
	newsroom(t, config)
	want := fingerprintOf(t, config)
	postgrestest.Exec(t, admin, "ALTER ROLE "+quote(config.User)+" NOSUPERUSER CONNECTION LIMIT 1")
	equal(t, want, fingerprintOf(t, config), "with one connection")
}
