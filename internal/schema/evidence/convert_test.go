package evidence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// fieldOf is a field as Directus would make it.
func fieldOf(kind string, length, precision, scale float64) snapshot.Field {
	schema := snapshot.Object{}
	for key, n := range map[string]float64{"max_length": length, "numeric_precision": precision, "numeric_scale": scale} {
		if n > 0 {
			schema[key] = n
		}
	}
	return snapshot.Field{Type: kind, Schema: schema}
}

var conversionTypes = []snapshot.Field{
	fieldOf("string", 100, 0, 0), fieldOf("string", 3, 0, 0), fieldOf("text", 0, 0, 0), fieldOf("integer", 0, 0, 0), fieldOf("bigInteger", 0, 0, 0),
	fieldOf("float", 0, 0, 0), fieldOf("decimal", 0, 12, 6), fieldOf("decimal", 0, 4, 1), fieldOf("boolean", 0, 0, 0), fieldOf("date", 0, 0, 0),
	fieldOf("time", 0, 0, 0), fieldOf("dateTime", 0, 0, 0), fieldOf("timestamp", 0, 0, 0), fieldOf("json", 0, 0, 0), fieldOf("uuid", 0, 0, 0), fieldOf("hash", 0, 0, 0),
}

var conversionValues = map[string][]string{
	"string": {
		"abc", "12", "0", "-3", "007", "1.5", "12.50", "2024-01-05 10:11:12", "2024-01-05", `{"a":1}`, "true", "a🎉bc", "a🎉b", " 5 ", "1e3", "123456789012", "99999999999999999999",
		"10:11:12", "3f9c1a52-0000-4000-8000-000000000001", "2024-02-31", "12345.67891", "0.1", "",
	},
	"text":       {"12", "x"},
	"integer":    {"0", "1", "5", "-7", "123456789", "16777217"},
	"bigInteger": {"1", "9007199254740993"},
	"float":      {"1.5", "2", "0.1", "1234.5"},
	"decimal":    {"1.25", "2", "0.1", "12345.67891", "16777216.5"},
	"boolean":    {"true", "false"},
	"date":       {"2024-01-05"},
	"time":       {"10:11:12"},
	"dateTime":   {"2024-01-05 10:11:12", "2024-01-05 00:00:00", "1950-01-01 00:00:00"},
	"timestamp":  {"2024-01-05 10:11:12", "2024-01-05 00:00:00"},
	"json":       {`{"a":1}`, "5"},
	"uuid":       {"3f9c1a52-0000-4000-8000-000000000001"},
	"hash":       {"x"},
}

// declared is a column as a statement writes it.
func declared(vendor database.Vendor, f snapshot.Field) string {
	c := made(f, vendor)
	kind := c.Data
	if vendor == database.SQLite { // knex' names
		kind = map[string]string{
			"string": "varchar", "hash": "varchar", "uuid": "char", "decimal": "float", "bigInteger": "bigint", "dateTime": "datetime", "timestamp": "datetime",
		}[f.Type]
		if kind == "" {
			kind = f.Type
		}
		c.Precision = 0
	}
	switch {
	case c.Length > 0:
		kind += fmt.Sprintf("(%d)", c.Length)
	case c.Precision > 0 && (f.Type == "decimal" || vendor == database.MySQL):
		kind += fmt.Sprintf("(%d, %d)", c.Precision, c.Scale)
	case vendor == database.MySQL && f.Type == "timestamp":
		kind += " NULL"
	}
	return kind
}

// TestUnfitIsWhatConversionsDo has servers convert a value of every type into
// every other, with the statements of Directus 12.4.0's knex, and compares what
// became of it with what was said before.
func TestUnfitIsWhatConversionsDo(t *testing.T) {
	vendors(t, func(t *testing.T, db database.Database, _ Source, w writer) {
		w.db.SQL().SetMaxOpenConns(1) // which alone sees its temporary tables
		source := Database(w.db)
		n, told := 0, 0
		for i, from := range conversionTypes {
			if i > 0 && from.Type == conversionTypes[i-1].Type {
				continue // a smaller one
			}
			for _, value := range conversionValues[from.Type] {
				for _, to := range conversionTypes {
					if from.Type == to.Type && from.Type != "string" && from.Type != "decimal" {
						continue
					}
					table := fmt.Sprintf("t%d", n)
					n++
					w.exec("CREATE TEMPORARY TABLE " + table + " (x " + declared(db.Vendor(), from) + ")")
					if w.try("INSERT INTO "+table+" VALUES ('"+value+"')") != nil && w.try("INSERT INTO "+table+" VALUES ("+value+")") != nil {
						continue // of a type that does not hold it
					}
					wanted := made(to, db.Vendor())
					fit, err := source.Unfit(context.Background(), table, "x", made(from, db.Vendor()), wanted)
					if errors.Is(err, ErrCannotTell) {
						continue
					}
					if err != nil {
						t.Errorf("%s %q → %s: %v", from.Type, value, wanted, err)
						continue
					}
					told++
					before := text(t, w, table)
					became := "refused"
					if alter(w, table, declared(db.Vendor(), to)) == nil {
						became = text(t, w, table)
					}
					stays := alike(before, became)
					if said := fit.Unfit == 0 && !fit.Never; said != stays && (said || !strict(db.Vendor(), from, to)) {
						t.Errorf("%s %q → %s: became %s, and was said to be %+v", from.Type, value, wanted, became, fit)
					}
					w.exec("DROP TABLE " + table)
				}
			}
		}
		t.Logf("%d conversions were told", told)
		if told < 300 {
			t.Error("too few to say anything")
		}
	})
}

// strict are conversions of which more is said than comes true: SQLite keeps
// what is no number among numbers, MySQL has other whole numbers for true, and
// zeros at the end of a decimal may be cut off.
func strict(vendor database.Vendor, from, to snapshot.Field) bool {
	return vendor == database.SQLite || vendor == database.MySQL && to.Type == "boolean" || from.Type == "decimal" && to.Type == "string"
}

func alter(w writer, table, kind string) error {
	switch w.db.Vendor() {
	case database.Postgres:
		return w.try("ALTER TABLE " + table + " ALTER COLUMN x TYPE " + kind + " USING (x::" + kind + ")")
	case database.MySQL:
		return w.try("ALTER TABLE " + table + " MODIFY x " + kind)
	default:
		w.exec("CREATE TEMPORARY TABLE new_"+table+" (x "+kind+")", "INSERT INTO new_"+table+" SELECT x FROM "+table, "DROP TABLE "+table, "ALTER TABLE new_"+table+" RENAME TO "+table)
		return nil
	}
}

func text(t *testing.T, w writer, table string) string {
	t.Helper()
	kind := map[database.Vendor]string{database.Postgres: "text", database.MySQL: "char", database.SQLite: "text"}[w.db.Vendor()]
	var value sql.NullString
	if err := w.db.SQL().QueryRow("SELECT CAST(x AS " + kind + ") FROM " + table).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value.String
}

var (
	zeros  = regexp.MustCompile(`^(-?[0-9]+)[.]0*$|^(-?[0-9]+[.][0-9]*[1-9])0*$`)
	noTime = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})( 00:00:00)?(\+00)?$`)
)

// alike compares values but for the way in which a type writes them.
func alike(before, after string) bool { return plain(before) == plain(after) }

func plain(value string) string {
	value = zeros.ReplaceAllString(value, "$1$2")
	value = noTime.ReplaceAllString(value, "$1")
	switch value {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	return strings.TrimSuffix(strings.TrimRight(value, " "), "+00")
}
