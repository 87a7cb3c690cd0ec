package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/progress"
)

// TestFingerprintProperty holds that neither the order of rows and columns
// nor the name of the schema counts, and that every value does.
func TestFingerprintProperty(t *testing.T) {
	ctx := context.Background()
	admin := mysqltest.Start(t)
	other := mysqltest.Start(t)
	const columns = "i bigint, f float, d double, s varchar(200), b varbinary(200), n decimal(20,5)"
	const reordered = "b varbinary(200), n decimal(20,5), i bigint, s varchar(200), d double, f float"
	one, two := openDirect(t, admin), openDirect(t, other)
	dbOne, dbTwo := open(t, admin, database.ReadOnly), open(t, other, database.ReadOnly)
	value := rapid.Custom(func(t *rapid.T) []string {
		either := func(value string) string {
			if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
				return "NULL"
			}
			return value
		}
		number := func(bits int, f float64) string { return strconv.FormatFloat(f, 'e', -1, bits) }
		return []string{
			either(strconv.FormatInt(rapid.Int64().Draw(t, "i"), 10)),
			either(number(32, float64(rapid.Float32Range(-1e30, 1e30).Draw(t, "f")))),
			either(number(64, rapid.Float64Range(-1e300, 1e300).Draw(t, "d"))),
			either(literal(strings.ToValidUTF8(rapid.StringN(0, 60, 200).Draw(t, "s"), "?"))),
			either(fmt.Sprintf("x'%x'", rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "b"))),
			either(fmt.Sprintf("%d.%05d", rapid.IntRange(-1e9, 1e9).Draw(t, "n"), rapid.IntRange(0, 99999).Draw(t, "decimals"))),
		}
	})
	run := func(t *rapid.T, db *sql.DB, statements ...string) {
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	state := func(t *rapid.T, d *DB) database.Fingerprint {
		f, err := d.Fingerprint(ctx, nil, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	insert := func(rows [][]string) string {
		all := make([]string, len(rows))
		for i, r := range rows {
			all[i] = "(" + strings.Join(r, ",") + ")"
		}
		return "INSERT INTO t (i, f, d, s, b, n) VALUES " + strings.Join(all, ",")
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(value, 1, 6).Draw(t, "rows")
		run(t, one, "DROP TABLE IF EXISTS t", "CREATE TABLE t ("+columns+")", insert(rows))
		run(t, two, "DROP TABLE IF EXISTS t", "CREATE TABLE t ("+reordered+")", insert(rapid.Permutation(rows).Draw(t, "shuffled")))
		before := state(t, dbOne)
		if lines := before.Diff(state(t, dbTwo), nil); len(lines) > 0 {
			t.Fatalf("the same rows: %q", lines)
		}
		changed := rapid.SampledFrom([]string{"i", "f", "d", "s", "b", "n"}).Draw(t, "changed")
		to := map[string]string{"i": "17", "f": "1.5", "d": "1.5", "s": "'changed'", "b": "'changed'", "n": "17.5"}[changed]
		if result, err := one.Exec("UPDATE t SET " + changed + " = " + to + " LIMIT 1"); err != nil {
			t.Fatal(err)
		} else if n, _ := result.RowsAffected(); n == 0 {
			return // it was that value
		}
		if len(before.Diff(state(t, dbOne), nil)) != 1 {
			t.Fatal("a changed value does not show")
		}
	})
}

// TestFingerprintDifferences changes one thing at a time.
func TestFingerprintDifferences(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), "SELECT ON mysql.help_topic")
	newsroom(t, config)
	before := fingerprintOf(t, config)
	equal(t, before, fingerprintOf(t, config), "nothing changed")
	for _, c := range []struct{ change, back, want string }{
		{"UPDATE kinds SET ts = ts, f = 16777216 WHERE id = 2", "UPDATE kinds SET ts = ts, f = 16777217 WHERE id = 2", ""}, // the same FLOAT
		{"UPDATE kinds SET ts = ts, f = 16777218 WHERE id = 2", "UPDATE kinds SET ts = ts, f = 16777216 WHERE id = 2", "table kinds: same number"},
		{"UPDATE kinds SET ts = ts, d = 0.3 WHERE id > 4", "UPDATE kinds SET ts = ts, d = 0.1e0+0.2e0 WHERE id > 4", "table kinds: same number"},
		{"UPDATE kinds SET ts = ts, vb = NULL WHERE id = 2", "UPDATE kinds SET ts = ts, vb = '' WHERE id = 2", "table kinds: same number"},
		{"UPDATE kinds SET ts = ts, inv = 8 WHERE id > 4", "UPDATE kinds SET ts = ts, inv = 9 WHERE id > 4", "table kinds: same number"},
		{"INSERT INTO plain VALUES (1)", "DELETE FROM plain LIMIT 1", "table plain: 2 rows before"},
		{"CREATE INDEX more ON parts (v(5))", "DROP INDEX more ON parts", "table parts: columns"},
		{"ALTER TABLE tree MODIFY parent int COMMENT 'x'", "ALTER TABLE tree MODIFY parent int", "table tree: columns"},
		{"ALTER TABLE tree ADD CONSTRAINT c CHECK (id > 0)", "ALTER TABLE tree DROP CONSTRAINT c", "table tree: columns"},
		{"ALTER TABLE nothing CONVERT TO CHARACTER SET latin1", "ALTER TABLE nothing CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "table nothing: columns"},
		{"ALTER TABLE authors AUTO_INCREMENT = 500", "ALTER TABLE authors AUTO_INCREMENT = 103", "last automatic number was 102, is 499"},
		{"CREATE OR REPLACE VIEW aa AS SELECT id FROM zz", "CREATE OR REPLACE VIEW aa AS SELECT * FROM zz", "views or triggers"},
		{"CREATE TRIGGER x BEFORE DELETE ON tree FOR EACH ROW BEGIN END", "DROP TRIGGER x", "views or triggers"},
		{"CREATE PROCEDURE x() BEGIN END", "DROP PROCEDURE x", "views or triggers"},
		{"CREATE EVENT x ON SCHEDULE EVERY 1 DAY DO SELECT 1", "DROP EVENT x", "views or triggers"},
		{"ALTER SEQUENCE tickets INCREMENT BY 4", "ALTER SEQUENCE tickets INCREMENT BY 3", "views or triggers"},
		{"CREATE TABLE fresh (a int)", "DROP TABLE fresh", "table fresh is new"},
	} {
		mysqltest.Exec(t, config, c.change)
		lines := before.Diff(fingerprintOf(t, config), nil)
		if c.want == "" && len(lines) > 0 || c.want != "" && (len(lines) != 1 || !strings.Contains(lines[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.change, lines, c.want)
		}
		mysqltest.Exec(t, config, c.back)
		equal(t, before, fingerprintOf(t, config), "after "+c.back)
	}
	only := func(name string) bool { return name == "tree" }
	f, err := open(t, config, database.ReadOnly).Fingerprint(context.Background(), only, progress.Discard)
	if err != nil || len(f.Tables) != 1 || f.Tables["tree"].Rows != 2 {
		t.Errorf("only one table: %+v, %v", f, err)
	}
}

// TestNumbersSurvive dumps and restores floating point numbers of all sizes.
func TestNumbersSurvive(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, "CREATE TABLE numbers (id int AUTO_INCREMENT PRIMARY KEY, f float, s float(10,5), d double, e double(30,10))")
	var rows []string
	bits := uint64(0x9e3779b97f4a7c15)
	for range 3000 {
		bits = bits*6364136223846793005 + 1442695040888963407
		f, d := float64(math.Float32frombits(uint32(bits>>32))), math.Float64frombits(bits)
		if math.IsNaN(f) || math.IsInf(f, 0) || math.IsNaN(d) || math.IsInf(d, 0) {
			continue
		}
		rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s)", strconv.FormatFloat(f, 'e', -1, 64), strconv.FormatFloat(math.Remainder(f, 1e5), 'e', -1, 64),
			strconv.FormatFloat(d, 'e', -1, 64), strconv.FormatFloat(math.Remainder(d, 1e19), 'e', -1, 64)))
	}
	mysqltest.Exec(t, config, "INSERT INTO numbers (f, s, d, e) VALUES "+strings.Join(rows, ","))
	dump, info := dumpOf(t, config)
	scratch := scratchOf(t, config, dump, "bunnyhop_numbers")
	equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "restored")
}

// TestDumpWhileWriting dumps while others move an amount between two tables:
// what is dumped must be one state, and the state that is told must be that
// one.
func TestDumpWhileWriting(t *testing.T) {
	ctx := context.Background()
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, "CREATE TABLE a (id int PRIMARY KEY, v int, f float)", "CREATE TABLE z (id int AUTO_INCREMENT PRIMARY KEY, v int)",
		"INSERT INTO a SELECT seq, 100, seq / 3 FROM seq_1_to_2000", "INSERT INTO z SELECT seq, 100 FROM seq_1_to_2000")
	writer := openDirect(t, config)
	stop, stopped := make(chan struct{}), make(chan error, 2)
	for n := range 2 {
		go func() {
			for i := n; ; i += 2 {
				select {
				case <-stop:
					stopped <- nil
					return
				default:
				}
				tx, err := writer.Begin()
				if err == nil {
					_, err = tx.Exec("UPDATE a SET v = v - 1, f = f + 0.1 WHERE id = ?", i%2000+1)
				}
				if err == nil {
					_, err = tx.Exec("UPDATE z SET v = v + 1 WHERE id = ?", i%2000+1)
				}
				if err == nil {
					_, err = tx.Exec("INSERT INTO z (v) VALUES (0)")
				}
				if err == nil {
					err = tx.Commit()
				}
				if err != nil {
					stopped <- err
					return
				}
			}
		}()
	}
	db := open(t, config, database.ReadOnly)
	for i := range 4 {
		dump := filepath.Join(t.TempDir(), "dump")
		info, err := db.Dump(ctx, dump, &told{t: t})
		if err != nil {
			t.Fatal(err)
		}
		scratch := scratchOf(t, config, dump, fmt.Sprintf("bunnyhop_w%d", i))
		if info.Fingerprint == nil {
			t.Fatal("no state is told")
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "scratch")
		var sum int
		if err := openDirect(t, scratch).QueryRow("SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM z)").Scan(&sum); err != nil || sum != 400000 {
			t.Errorf("the sum is %d, %v", sum, err)
		}
	}
	close(stop)
	for range 2 {
		if err := <-stopped; err != nil {
			t.Errorf("a writer: %v", err)
		}
	}
}

func TestIntegrity(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), "SELECT ON mysql.help_topic")
	newsroom(t, config)
	db := open(t, config, database.ReadOnly)
	if err := db.Integrity(context.Background()); err != nil {
		t.Error(err)
	}
	mysqltest.Exec(t, config, "SET foreign_key_checks = 0", "DELETE FROM tree WHERE id = 1", "UPDATE kinds SET author = 12345 WHERE id = 3")
	err := db.Integrity(context.Background())
	contains(t, err, "1 or more rows of tree point at nothing in tree", "1 or more rows of kinds point at nothing in authors (written)")
}
