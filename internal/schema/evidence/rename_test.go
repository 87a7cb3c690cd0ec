package evidence

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// ab is a table with a key and the columns a and b of one type.
func ab(vendor database.Vendor, kind string, standard any) *snapshot.Snapshot {
	s := &snapshot.Snapshot{Version: 1, Directus: "11.17.4", Vendor: string(vendor)}
	s.Fields = []snapshot.Field{column("pairs", "id", "integer", object{"is_primary_key": true})}
	for _, name := range []string{"a", "b"} {
		s.Fields = append(s.Fields, column("pairs", name, kind, object{"default_value": standard}))
	}
	return s
}

// saidOf is what the finding says of the values.
func saidOf(t *testing.T, ends Ends, moved bool) (said string, f Finding) {
	t.Helper()
	r := compare.Rename{Collection: "pairs", From: "a", To: "b", Moved: moved}
	found, err := Renames(t.Context(), ends, []compare.Rename{r}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	f = found[r.Key()]
	for _, e := range f.Evidence {
		if e.Label == "same values" {
			said = e.Value
		}
	}
	return said, f
}

// pairs are rows with values of a, in the target, and b, in the base.
func pairs(all ...[2]string) []string {
	statements := []string{"DELETE FROM pairs"}
	for i, p := range all {
		statements = append(statements, fmt.Sprintf("INSERT INTO pairs (id, a, b) VALUES (%d, %s, %s)", i+1, p[0], p[1]))
	}
	return statements
}

func same(values ...string) (all [][2]string) {
	for _, value := range values {
		all = append(all, [2]string{value, value})
	}
	return all
}

// TestRenamesByValues has one database stand for both sides: the old column is
// the target's, the new one the base's.
func TestRenamesByValues(t *testing.T) {
	vendors(t, func(t *testing.T, db database.Database, _ Source, w writer) {
		w.exec("CREATE TABLE pairs (id integer PRIMARY KEY, a varchar(255), b varchar(255))")
		model := ab(db.Vendor(), "string", nil)
		ends := Ends{Current: model, Wanted: model, Target: db, Base: db}
		for _, test := range []struct {
			name      string
			rows      [][2]string
			standard  any
			moved     bool
			said      string
			withdrawn bool
		}{
			{"all the same", same("'one'", "'Zwei ''n'''", "'三 🦘'"), nil, false, "3 of 3 values are the same as in the base's b", false},
			{"case and spaces tell apart", [][2]string{{"'a'", "'A'"}, {"'a '", "'a'"}}, nil, false, "0 of 2", true},
			{"some are other", append(same("'1'", "'2'", "'3'"), [2]string{"'4'", "'5'"}), nil, false, "3 of 4", false},
			{"most are other", append(same("'1'"), [2]string{"'2'", "'x'"}, [2]string{"'3'", "'y'"}), nil, false, "1 of 3", true},
			{"the base has none", [][2]string{{"'1'", "NULL"}, {"'2'", "NULL"}}, nil, false, "not compared, for no row has a value", false},
			{"the base has its default", [][2]string{{"'1'", "'draft'"}, {"'2'", "'draft'"}}, "draft", false, "not compared, for no row has a value", false},
			{"no rows", nil, nil, false, "not compared, for no row has a value", false},
			{"moved, and proved", same("'1'", "'2'", "'3'"), nil, true, "3 of 3", false},
			{"moved, and one value everywhere", same("'1'", "'1'", "'1'"), nil, true, "3 of 3", true},
			{"moved, and some are other", append(same("'1'", "'2'", "'3'"), [2]string{"'4'", "'5'"}), nil, true, "3 of 4", true},
			{"moved, without values", nil, nil, true, "not compared", true},
		} {
			t.Run(test.name, func(t *testing.T) {
				w.exec(pairs(test.rows...)...)
				ends.Wanted = ab(db.Vendor(), "string", test.standard)
				said, f := saidOf(t, ends, test.moved)
				if !strings.HasPrefix(said, test.said) || f.Withdrawn != test.withdrawn {
					t.Errorf("%q, withdrawn %v", said, f.Withdrawn)
				}
				if f.Risk != "" || f.Blocked != "" {
					t.Errorf("%+v", f)
				}
			})
		}
		t.Run("a column that is not there", func(t *testing.T) {
			w.exec("CREATE TABLE lone (id integer PRIMARY KEY, a integer)")
			r := compare.Rename{Collection: "lone", From: "a", To: "b"}
			lone := &snapshot.Snapshot{Version: 1, Directus: "11.17.4", Vendor: string(db.Vendor())}
			lone.Fields = []snapshot.Field{
				column("lone", "id", "integer", object{"is_primary_key": true}), column("lone", "a", "integer", nil), column("lone", "b", "integer", nil),
			}
			found, err := Renames(t.Context(), Ends{Current: lone, Wanted: lone, Target: db, Base: db}, []compare.Rename{r}, progress.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if f := found[r.Key()]; f.Withdrawn || !strings.Contains(fmt.Sprint(f.Evidence), "could not be compared: asking the database") {
				t.Errorf("%+v", f)
			}
		})
	})
}

// TestRenamesOfEveryType: values of one type are the same where they are, and
// are not where they differ in the least.
func TestRenamesOfEveryType(t *testing.T) {
	columns := map[database.Vendor]map[string][3]string{ // the column, a value, another one
		database.SQLite: {
			"integer": {"integer", "7", "8"}, "boolean": {"boolean", "1", "0"}, "float": {"float", "1.5", "1.25"}, "json": {"json", `'{"a": 1}'`, `'{"a": 2}'`},
			"date": {"date", "'2026-01-02'", "'2026-01-03'"}, "timestamp": {"datetime", "1767312000000", "1767312001000"}, "uuid": {"char(36)", "'0e8'", "'0e9'"},
		},
		database.Postgres: {
			"integer": {"integer", "7", "8"}, "boolean": {"boolean", "true", "false"}, "float": {"real", "1.5", "1.25"}, "json": {"json", `'{"a": 1}'`, `'{"a": 2}'`},
			"date": {"date", "'2026-01-02'", "'2026-01-03'"}, "timestamp": {"timestamptz", "'2026-01-02T00:00:00Z'", "'2026-01-02T00:00:01Z'"},
			"uuid": {"uuid", "'0e80a7f2-1c5b-4d7e-9d3a-3f5b8f6f2a11'", "'0e80a7f2-1c5b-4d7e-9d3a-3f5b8f6f2a12'"},
		},
		database.MySQL: {
			"integer": {"int", "7", "8"}, "boolean": {"tinyint(1)", "1", "0"}, "float": {"float(10,5)", "1.5", "1.25"}, "json": {"json", `'{"a": 1}'`, `'{"a": 2}'`},
			"date": {"date", "'2026-01-02'", "'2026-01-03'"}, "timestamp": {"timestamp null", "'2026-01-02 00:00:00'", "'2026-01-02 00:00:01'"}, "uuid": {"char(36)", "'0e8'", "'0e9'"},
		},
	}
	vendors(t, func(t *testing.T, db database.Database, _ Source, w writer) {
		for kind, c := range columns[db.Vendor()] {
			w.exec("DROP TABLE IF EXISTS pairs", "CREATE TABLE pairs (id integer PRIMARY KEY, a "+c[0]+", b "+c[0]+")")
			w.exec(pairs([2]string{c[1], c[1]}, [2]string{c[2], c[2]}, [2]string{c[1], c[2]})...)
			model := ab(db.Vendor(), kind, nil)
			if said, _ := saidOf(t, Ends{Current: model, Wanted: model, Target: db, Base: db}, false); !strings.HasPrefix(said, "2 of 3 values are the same") {
				t.Errorf("%s: %s", kind, said)
			}
		}
	})
}

// TestRenamesAcrossVendors compares what both kinds of database tell alike.
func TestRenamesAcrossVendors(t *testing.T) {
	made := func(vendor database.Vendor, truth string) database.Database {
		config := configOf(t, vendor)
		w := writer{t, open(t, config, connect.ReadWrite)}
		w.exec("CREATE TABLE pairs (id integer PRIMARY KEY, a boolean, b boolean, at timestamp)")
		w.exec(pairs([2]string{truth, truth}, [2]string{"NOT " + truth, "NOT " + truth})...)
		return open(t, config, connect.ReadOnly)
	}
	lite, post := made(database.SQLite, "1"), made(database.Postgres, "true")
	ends := Ends{Current: ab(database.SQLite, "boolean", nil), Wanted: ab(database.Postgres, "boolean", nil), Target: lite, Base: post}
	if said, _ := saidOf(t, ends, false); !strings.HasPrefix(said, "2 of 2") {
		t.Error(said)
	}
	ends.Current, ends.Wanted = ab(database.SQLite, "timestamp", nil), ab(database.Postgres, "timestamp", nil)
	if said, f := saidOf(t, ends, false); !strings.Contains(said, "tell such values differently") || f.Withdrawn {
		t.Error(said)
	}
}

func TestRenamesWithoutData(t *testing.T) {
	model := ab(database.SQLite, "string", nil)
	said, f := saidOf(t, Ends{Current: model, Wanted: model, Unread: "the base is a file without data"}, false)
	if said != "not compared, for the base is a file without data: it may be another field of the same type" || f.Withdrawn {
		t.Errorf("%q, %+v", said, f)
	}
	if _, f = saidOf(t, Ends{Current: model, Wanted: model, Unread: "the base is a file without data"}, true); !f.Withdrawn {
		t.Error("nothing but the type speaks for it, and it is offered")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := Renames(ended, Ends{Current: model, Wanted: model}, []compare.Rename{{Collection: "pairs", From: "a", To: "b"}}, progress.Discard); err == nil {
		t.Error("the end of the context is no error")
	}
}
