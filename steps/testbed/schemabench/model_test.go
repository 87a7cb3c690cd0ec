package schemabench_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/schema/snapshot"
)

// The size of what is compared: collections of their own with 40 columns each,
// of which every tenth is changed in one attribute. The few collections of the
// sample are there besides.
const (
	collections = 500
	columns     = 40
	changed     = 10
)

// column is what a field of the Studio is in the database and in
// directus_fields.
type column struct {
	kind                        string // of SQL
	special, interfaced, option string
}

// pattern is repeated from the third column on; the first two are the key and
// the relation to the collection before.
var pattern = []column{
	{"varchar(255)", "", "input", `{"placeholder":"A few words","trim":true}`},
	{"text", "", "input-multiline", ""},
	{"boolean NOT NULL DEFAULT '0'", "cast-boolean", "boolean", `{"label":"Shown on the front page"}`},
	{"integer", "", "input", `{"min":0,"max":1000,"step":5}`},
	{"varchar(60) DEFAULT 'draft'", "", "select-dropdown", `{"choices":[{"text":"Draft","value":"draft","icon":"edit","color":"#A2B5CD"},` +
		`{"text":"In review","value":"review"},{"text":"Published","value":"published"}],"allowOther":false}`},
	{"float", "", "slider", `{"minValue":0,"maxValue":1}`},
	{"datetime", "cast-timestamp", "datetime", ""},
	{"text", "", "input-rich-text-html", `{"toolbar":["bold","italic","underline","h1","h2","numlist","bullist","customLink","customImage","code"]}`},
	{"json", "cast-json", "list", `{"template":"{{ name }}: {{ amount }}","fields":[{"field":"name","name":"name","type":"string",` +
		`"meta":{"field":"name","width":"half","type":"string","interface":"input"}},{"field":"amount","name":"amount","type":"integer",` +
		`"meta":{"field":"amount","width":"half","type":"integer","interface":"input"}}]}`},
	{"date", "", "datetime", ""},
	{"varchar(100) NOT NULL DEFAULT ''", "", "input", `{"font":"monospace","slug":true}`},
	{"char(36)", "uuid", "input", ""},
	{"text", "cast-csv", "tags", `{"presets":["one","two","three"],"capitalization":"lowercase"}`},
	{"bigint", "", "input", ""},
}

func collectionName(i int) string { return fmt.Sprintf("catalogue_%03d", i) }

func fieldName(j int) string { return fmt.Sprintf("attribute_%02d", j) }

// fill lists the statements that make the collections, as the Studio would
// have, in one string that is run in one transaction. It is for the tables of
// Directus 12.4.0 on SQLite.
func fill() string {
	var sql strings.Builder
	sql.WriteString("BEGIN;\n")
	for i := range collections {
		name := collectionName(i)
		before := collectionName(max(i-1, 0))
		lines := []string{"`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL", "`before` integer NULL"}
		rows := []string{
			fieldRow(name, "id", 1, column{"", "", "input", ""}),
			fieldRow(name, "before", 2, column{"", "m2o", "select-dropdown-m2o", `{"template":"{{ ` + fieldName(2) + ` }}"}`}),
		}
		for j := 2; j < columns; j++ {
			c := pattern[(i+j)%len(pattern)]
			lines = append(lines, fmt.Sprintf("`%s` %s", fieldName(j), c.kind))
			rows = append(rows, fieldRow(name, fieldName(j), j+1, c))
		}
		fmt.Fprintf(&sql, "INSERT INTO directus_collections (collection, icon, note, sort) VALUES ('%s', 'inventory', 'Part %d of the catalogue', %d);\n", name, i, i)
		fmt.Fprintf(&sql, "CREATE TABLE `%s` (%s, CONSTRAINT `%s_before_foreign` FOREIGN KEY (`before`) REFERENCES `%s` (`id`) ON DELETE SET NULL);\n",
			name, strings.Join(lines, ", "), name, before)
		fmt.Fprintf(&sql, "INSERT INTO directus_fields (collection, field, special, interface, options, sort, width, translations, hidden) VALUES %s;\n", strings.Join(rows, ",\n"))
		fmt.Fprintf(&sql, "INSERT INTO directus_relations (many_collection, many_field, one_collection) VALUES ('%s', 'before', '%s');\n", name, before)
	}
	sql.WriteString("COMMIT;")
	return sql.String()
}

func fieldRow(collection, field string, position int, c column) string {
	null := func(text string) string {
		if text == "" {
			return "NULL"
		}
		return "'" + text + "'"
	}
	translations := ""
	if position%4 == 0 {
		translations = fmt.Sprintf(`[{"language":"de-DE","translation":"Eigenschaft %d"},{"language":"fr-FR","translation":"Attribut %d"}]`, position, position)
	}
	return fmt.Sprintf("('%s', '%s', %s, %s, %s, %d, '%s', %s, %d)", collection, field, null(c.special), null(c.interfaced), null(c.option),
		position, []string{"full", "half"}[position%2], null(translations), min(1, position)-min(1, position-1))
}

// desire makes the model that is wanted of the one that is there: every tenth
// field differs in one attribute, of the Studio's kind and of the column's in
// turn. It returns the names of what was changed.
func desire(tb testing.TB, current *snapshot.Snapshot) (*snapshot.Snapshot, []string) {
	tb.Helper()
	wanted := *current
	wanted.Fields = slices.Clone(current.Fields)
	var names []string
	nth := map[string]int{}
	for i, f := range wanted.Fields {
		if !strings.HasPrefix(f.Collection, "catalogue_") {
			continue
		}
		j := nth[f.Collection]
		nth[f.Collection]++
		if j%changed != changed/2 {
			continue
		}
		f.Meta, f.Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
		_, sized := snapshot.Number(f.Schema, "max_length")
		options, _ := f.Meta["options"].(snapshot.Object)
		switch n := len(names) % 5; {
		case n == 0 && sized:
			f.Schema["max_length"] = 120.0
		case n == 1:
			f.Meta["note"] = fmt.Sprintf("What number %d means, in a sentence", len(names))
		case n == 2 && options != nil:
			options = maps.Clone(options)
			options["iconLeft"] = "edit"
			f.Meta["options"] = options
		case n == 3:
			f.Meta["required"] = true
		default:
			f.Meta["sort"] = float64(100 + j)
		}
		wanted.Fields[i] = f
		names = append(names, f.Collection+"."+f.Field)
	}
	if len(names) != collections*columns/changed {
		tb.Fatalf("%d fields were changed", len(names))
	}
	return &wanted, names
}
