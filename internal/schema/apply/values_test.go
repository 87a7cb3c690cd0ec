package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3" // makes the test's file

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func openOn(t *testing.T, vendor database.Vendor) database.Database {
	t.Helper()
	config := database.Config{Client: "sqlite3", Filename: filepath.Join(t.TempDir(), "data.db")}
	switch vendor {
	case database.Postgres:
		config = postgrestest.Start(t)
	case database.MySQL:
		config = mysqltest.Start(t)
	default:
		db, err := sql.Open("sqlite3", config.Filename)
		if err == nil {
			_, err = db.Exec("CREATE TABLE made (id integer)")
		}
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	db, err := connect.Open(t.Context(), config, connect.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db database.Database, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func texts(t *testing.T, db database.Database, query string) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%q %v", text.String, text.Valid))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCopyValues: every value is copied, also over a default and where there
// is none, under names that SQL has words for; a column that tells when a row
// was written stays. A trigger that makes something else of a value is an
// error that leaves all as it was.
func TestCopyValues(t *testing.T) {
	for _, vendor := range []database.Vendor{database.SQLite, database.Postgres, database.MySQL} {
		t.Run(string(vendor), func(t *testing.T) {
			db := openOn(t, vendor)
			r := compare.Rename{Collection: "order", From: "select", To: "group"}
			table, from, to := db.Quote(r.Collection), db.Quote(r.From), db.Quote(r.To)
			stamp, old := "changed varchar(30)", "'2020-01-02 03:04:05'"
			if vendor == database.MySQL {
				stamp = "changed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
			}
			exec(t, db, "CREATE TABLE "+table+" (id integer PRIMARY KEY, "+from+" varchar(50), "+to+" varchar(50) DEFAULT 'draft', "+stamp+")")
			for i, value := range []string{"'one'", "NULL", "''", "'ONE '", "'ä 🦘'", "'draft'"} {
				exec(t, db, fmt.Sprintf("INSERT INTO %s (id, %s, changed) VALUES (%d, %s, %s)", table, from, i, value, old))
			}
			want := texts(t, db, "SELECT "+from+" FROM "+table+" ORDER BY id")
			if err := SameValues(t.Context(), db, r); err == nil {
				t.Error("they are the same before they were copied")
			}
			for range 2 { // the second time nothing is left to do
				n, err := CopyValues(t.Context(), db, r)
				if err != nil || n != 5 {
					t.Fatalf("%d, %v", n, err)
				}
			}
			if err := SameValues(t.Context(), db, r); err != nil {
				t.Error(err)
			}
			for column, values := range map[string][]string{to: want, from: want} {
				if diff := cmp.Diff(values, texts(t, db, "SELECT "+column+" FROM "+table+" ORDER BY id")); diff != "" {
					t.Errorf("%s\n%s", column, diff)
				}
			}
			if changed := texts(t, db, "SELECT DISTINCT changed FROM "+table); len(changed) != 1 || !strings.Contains(changed[0], "2020") {
				t.Errorf("written at %v", changed)
			}

			exec(t, db, "UPDATE "+table+" SET "+to+" = 'draft', changed = "+old)
			before := texts(t, db, "SELECT "+to+" FROM "+table+" ORDER BY id")
			exec(t, db, map[database.Vendor][]string{
				database.SQLite: {`CREATE TRIGGER t AFTER UPDATE ON "order" WHEN new.id = 4 AND new."group" <> 'x' BEGIN UPDATE "order" SET "group" = 'x' WHERE id = 4; END`},
				database.Postgres: {
					`CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN IF new.id = 4 THEN new."group" := 'x'; END IF; RETURN new; END $$ LANGUAGE plpgsql`,
					`CREATE TRIGGER t BEFORE UPDATE ON "order" FOR EACH ROW EXECUTE FUNCTION f()`,
				},
				database.MySQL: {"CREATE TRIGGER t BEFORE UPDATE ON `order` FOR EACH ROW SET new.`group` = IF(new.id = 4, 'x', new.`group`)"},
			}[vendor]...)
			if _, err := CopyValues(t.Context(), db, r); err == nil || !strings.Contains(err.Error(), "than in the old one: 1 ") {
				t.Errorf("a trigger makes other values, and: %v", err)
			}
			if diff := cmp.Diff(before, texts(t, db, "SELECT "+to+" FROM "+table+" ORDER BY id")); diff != "" {
				t.Errorf("something was left behind\n%s", diff)
			}
			if _, err := CopyValues(t.Context(), db, compare.Rename{Collection: "order", From: "nothing", To: "group"}); err == nil {
				t.Error("a column that is not there is copied")
			}
		})
	}
}

// TestStaged: the last stage is not begun where the work between fails, and
// the outcome is of all of it.
func TestStaged(t *testing.T) {
	field := func(name string) snapshot.Field {
		return snapshot.Field{
			Collection: "posts", Field: name, Type: "string", Meta: snapshot.Object{"field": name},
			Schema: snapshot.Object{"name": name, "data_type": "varchar", "max_length": 255.0, "is_nullable": true},
		}
	}
	current := &snapshot.Snapshot{
		Version: 1, Directus: "11.17.4", Vendor: "sqlite",
		Collections: []snapshot.Collection{{Collection: "posts", Meta: snapshot.Object{"collection": "posts"}, Schema: snapshot.Object{"name": "posts"}}},
		Fields:      []snapshot.Field{field("a")},
	}
	first := []compare.Change{{Entity: compare.Field, Action: compare.Create, Collection: "posts", Field: "b", After: field("b")}}
	last := []compare.Change{{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "a", Before: field("a")}}
	all := append(slices.Clone(first), last...)
	broken := errors.New("the disk is full")
	for name, test := range map[string]struct {
		refused, worked error
		made            []string
		order           []string
	}{
		"all goes well":            {nil, nil, nil, []string{"create b", "work", "delete a"}},
		"the work fails":           {nil, broken, nil, []string{"create b", "work"}},
		"the first stage fails":    {broken, nil, nil, []string{"create b"}},
		"the first does otherwise": {nil, nil, []string{"nothing"}, []string{"create b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var order []string
			now := current
			make := func(_ context.Context, have *snapshot.Snapshot, accepted []compare.Change) (*Outcome, error) {
				order = append(order, string(accepted[0].Action)+" "+accepted[0].Field)
				if test.refused != nil {
					return nil, test.refused
				}
				if test.made == nil {
					var err error
					if now, err = compare.Apply(have, accepted); err != nil {
						t.Fatal(err)
					}
				}
				outcome, err := Reached(have, accepted, now)
				if err == nil {
					outcome.Notes = []string{"restart"}
				}
				return outcome, err
			}
			outcome, err := Staged(t.Context(), current, all, first, last, func(context.Context) error {
				order = append(order, "work")
				return test.worked
			}, make)
			if diff := cmp.Diff(test.order, order); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if wrong := errors.Join(test.refused, test.worked); (err != nil) != (wrong != nil) || wrong != nil && !errors.Is(err, broken) {
				t.Errorf("%v", err)
			}
			if err == nil && (outcome.Converged() != (test.made == nil) || !slices.Equal(outcome.Notes, []string{"restart"})) {
				t.Errorf("%+v", outcome)
			}
		})
	}
}
