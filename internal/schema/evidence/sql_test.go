package evidence

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
)

// Names that break what does not quote them.
const (
	nasty      = `The "quoted" 'table' 日本`
	nastyField = "a `field`; DROP TABLE x --"
)

func TestSQLCounts(t *testing.T) {
	vendors(t, func(t *testing.T, db database.Database, source Source, w writer) {
		ctx, q := context.Background(), db.Quote
		w.exec(
			"CREATE TABLE "+q(nasty)+" ("+q("Id")+" integer PRIMARY KEY, "+q(nastyField)+" varchar(40), "+q("up")+" integer)",
			"CREATE TABLE "+q("Über")+" ("+q("Key")+" integer PRIMARY KEY)",
			"CREATE TABLE "+q("empty")+" ("+q("Id")+" integer PRIMARY KEY, x varchar(9))",
			"INSERT INTO "+q("Über")+" VALUES (1), (2)",
			"INSERT INTO "+q(nasty)+" VALUES (1, '🎉🎉é', 1), (2, 'same', 7), (3, 'same', NULL), (4, NULL, 8), (5, '', 2), (6, 'SAME', 2)",
		)
		number := func(what string, want int64) func(int64, error) {
			return func(got int64, err error) {
				t.Helper()
				if err != nil || got != want {
					t.Errorf("%s: %d, not %d (%v)", what, got, want, err)
				}
			}
		}
		number("rows", 6)(source.Rows(ctx, nasty))
		number("values", 5)(source.NonNull(ctx, nasty, nastyField))
		number("nulls", 1)(source.Nulls(ctx, nasty, nastyField))
		number("characters, not bytes", 4)(source.Longest(ctx, nasty, nastyField))
		same := int64(1)
		if db.Vendor() == database.MySQL { // to its collation, capitals are the same
			same = 2
		}
		number("duplicates", same)(source.Duplicates(ctx, nasty, nastyField))
		number("dangling", 2)(source.Dangling(ctx, nasty, "up", "Über", "Key"))
		number("dangling within a table", 2)(source.Dangling(ctx, nasty, "up", nasty, "Id"))
		for _, zero := range []func(context.Context, string, string) (int64, error){source.NonNull, source.Nulls, source.Longest, source.Duplicates} {
			number("an empty table", 0)(zero(ctx, "empty", "x"))
		}
		groups, err := source.Groups(ctx, nasty, "up")
		if diff := cmp.Diff(map[string]int64{"": 1, "1": 1, "2": 2, "7": 1, "8": 1}, groups); diff != "" || err != nil {
			t.Errorf("groups (-want +got, %v):\n%s", err, diff)
		}
		for _, there := range []struct {
			collection, field string
			want              bool
		}{{nasty, "", true}, {nasty, nastyField, true}, {nasty, "none", false}, {"none", "", false}, {"none", "x", false}} {
			if got, err := source.Exists(ctx, there.collection, there.field); got != there.want || err != nil {
				t.Errorf("%s.%s exists: %v, %v", there.collection, there.field, got, err)
			}
		}
	})
}

// S7: what could not be counted is an error, and never 0.
func TestSQLFaults(t *testing.T) {
	vendors(t, func(t *testing.T, _ database.Database, source Source, w writer) {
		w.exec("CREATE TABLE here (id integer PRIMARY KEY, x integer)")
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for name, ask := range map[string]func(context.Context, string) error{
			"rows":    func(ctx context.Context, table string) error { _, err := source.Rows(ctx, table); return err },
			"values":  func(ctx context.Context, table string) error { _, err := source.NonNull(ctx, table, "x"); return err },
			"nulls":   func(ctx context.Context, table string) error { _, err := source.Nulls(ctx, table, "x"); return err },
			"longest": func(ctx context.Context, table string) error { _, err := source.Longest(ctx, table, "x"); return err },
			"duplicates": func(ctx context.Context, table string) error {
				_, err := source.Duplicates(ctx, table, "x")
				return err
			},
			"groups": func(ctx context.Context, table string) error { _, err := source.Groups(ctx, table, "x"); return err },
			"dangling": func(ctx context.Context, table string) error {
				_, err := source.Dangling(ctx, table, "x", "here", "id")
				return err
			},
			"unfit": func(ctx context.Context, table string) error {
				_, err := source.Unfit(ctx, table, "x", Column{Type: "integer"}, Column{Type: "string", Data: "character varying", Length: 3})
				return err
			},
		} {
			if err := ask(context.Background(), "gone"); err == nil {
				t.Errorf("%s of a table that is not there: no error", name)
			}
			if err := ask(ended, "here"); err == nil {
				t.Errorf("%s, cancelled: no error", name)
			}
		}
	})
}

// Directus makes an index that compares as the column does.
func TestDuplicatesAreWhatAnIndexRefuses(t *testing.T) {
	vendors(t, func(t *testing.T, _ database.Database, source Source, w writer) {
		for i, values := range [][]string{{"a", "A"}, {"e", "é"}, {"a", "a "}, {"ss", "ß"}, {"1", "1.0"}, {"", " "}, {"🎉", "🎊"}} {
			table := "t" + string(rune('a'+i))
			w.exec("CREATE TABLE "+table+" (x varchar(20))", "INSERT INTO "+table+" VALUES ('"+strings.Join(values, "'), ('")+"')")
			n, err := source.Duplicates(context.Background(), table, "x")
			if err != nil {
				t.Fatal(err)
			}
			if refused := w.try("CREATE UNIQUE INDEX u"+table+" ON "+table+" (x)") != nil; refused != (n > 0) {
				t.Errorf("%q: %d duplicates, and the index is refused: %v", values, n, refused)
			}
		}
	})
}

// A uuid and the text of one point at each other, although PostgreSQL does not
// compare them.
func TestDanglingOfAnotherType(t *testing.T) {
	vendors(t, func(t *testing.T, db database.Database, source Source, w writer) {
		kind := "char(36)"
		if db.Vendor() == database.Postgres {
			kind = "uuid"
		}
		w.exec("CREATE TABLE one (id "+kind+" PRIMARY KEY)", "CREATE TABLE many (one varchar(40))",
			"INSERT INTO one VALUES ('3f9c1a52-0000-4000-8000-000000000001')",
			"INSERT INTO many VALUES ('3f9c1a52-0000-4000-8000-000000000001'), ('x'), (NULL)")
		if n, err := source.Dangling(context.Background(), "many", "one", "one", "id"); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}
