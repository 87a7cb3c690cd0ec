package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// Column is the type of a column.
type Column struct {
	Type string // Directus' own: "string"
	Data string // the database's: "character varying"; empty: any
	// Length is in characters; 0: without a limit, or without a length.
	Length int64
	// Precision is the number of digits, Scale of those after the point.
	Precision, Scale int64
}

func (c Column) String() string {
	switch {
	case c.Length > 0:
		return fmt.Sprintf("%s of %s characters", c.Type, humanize.Comma(c.Length))
	case c.Type == "decimal" && c.Precision > 0:
		return fmt.Sprintf("decimal of %d digits, %d of them after the point", c.Precision, c.Scale)
	}
	return c.Type
}

func number(f snapshot.Field, key string, otherwise int64) int64 {
	n, ok := snapshot.Number(f.Schema, key)
	if !ok {
		return otherwise
	}
	return int64(n)
}

// columnOf is the column that a field has.
func columnOf(f snapshot.Field) Column {
	c := Column{
		Type: f.Type, Data: strings.ToLower(snapshot.Text(f.Schema, "data_type")),
		Precision: number(f, "numeric_precision", 0), Scale: number(f, "numeric_scale", 0),
	}
	if limited(f.Type) {
		c.Length = max(number(f, "max_length", 0), 0)
	}
	return c
}

func limited(kind string) bool { return kind == "string" || kind == "hash" || kind == "uuid" }

// dataTypes are the columns that Directus makes for its types (@directus/api
// 12.4.0, dist/services/fields.js, addColumnToTable, with knex 3.1.0), as
// snapshots name them.
var dataTypes = map[database.Vendor]map[string][]string{
	database.Postgres: {
		"string": {"character varying"}, "hash": {"character varying"}, "text": {"text"}, "csv": {"text"},
		"integer": {"integer"}, "bigInteger": {"bigint"}, "float": {"real"}, "decimal": {"numeric"}, "boolean": {"boolean"},
		"date": {"date"}, "time": {"time without time zone"}, "dateTime": {"timestamp without time zone"}, "timestamp": {"timestamp with time zone"},
		"json": {"json"}, "uuid": {"uuid"}, "binary": {"bytea"},
	},
	database.MySQL: {
		"string": {"varchar"}, "hash": {"varchar"}, "text": {"text"}, "csv": {"text"},
		"integer": {"int"}, "bigInteger": {"bigint"}, "float": {"float"}, "decimal": {"decimal"}, "boolean": {"tinyint"},
		"date": {"date"}, "time": {"time"}, "dateTime": {"datetime"}, "timestamp": {"timestamp"},
		"json": {"json", "longtext"}, "uuid": {"char"}, "binary": {"blob"},
	},
}

// made is the column that Directus would make of a field: whenever anything of
// a column changes, it gives it its own type again. Lengths and precisions that
// are not said are its defaults (dist/services/fields.js; 10 and 5 are
// @directus/constants', 255 knex').
func made(f snapshot.Field, vendor database.Vendor) Column {
	c := Column{Type: f.Type}
	if known := dataTypes[vendor][f.Type]; len(known) > 0 {
		c.Data = known[0]
	}
	switch f.Type {
	case "string":
		c.Length = number(f, "max_length", 255)
	case "hash":
		c.Length = 255
	case "uuid":
		if vendor != database.Postgres {
			c.Length = 36
		}
	case "float", "decimal":
		c.Precision, c.Scale = number(f, "numeric_precision", 10), number(f, "numeric_scale", 5)
	}
	return c
}

// holds reports whether a column holds every value of another one, whatever it
// is, without turning it into something else than its text.
func (to Column) holds(from Column, vendor database.Vendor) bool {
	if from.Type == to.Type {
		return to.large(from) && (vendor == database.SQLite || to.Data == "" || from.Data == "" || slices.Contains(dataTypes[vendor][to.Type], from.Data))
	}
	if to.Type == "text" || to.Type == "csv" {
		short := from.Length > 0 && from.Length <= 10_000 || from.Type == "text" && from.Data == "text" || from.Type == "csv"
		return short || vendor != database.MySQL && slices.Contains([]string{"string", "hash", "text", "json", "uuid"}, from.Type)
	}
	switch from.Type + " " + to.Type {
	case "integer bigInteger", "date dateTime":
		return true
	case "hash string", "string hash", "uuid string":
		length := from.Length
		if from.Type == "uuid" {
			length = 36
		}
		return length > 0 && to.Length >= length
	case "integer string":
		return to.Length >= 11
	case "bigInteger string":
		return to.Length >= 20
	case "boolean string":
		return to.Length >= 5
	}
	return false
}

// large reports whether a column of the same type is at least as large.
func (to Column) large(from Column) bool {
	switch to.Type {
	case "string", "hash", "uuid":
		return to.Length == 0 || from.Length > 0 && to.Length >= from.Length
	case "decimal":
		return to.Scale >= from.Scale && to.Precision-to.Scale >= from.Precision-from.Scale
	}
	return true
}

// family groups types by what a value is to SQL.
type family int

const (
	other family = iota
	textual
	whole
	exact
	approximate
	truth
	day
	clock
	moment
	document
	identifier
	binary
)

var families = map[string]family{
	"string": textual, "text": textual, "csv": textual, "hash": textual, "integer": whole, "bigInteger": whole, "decimal": exact, "float": approximate,
	"boolean": truth, "date": day, "time": clock, "dateTime": moment, "timestamp": moment, "json": document, "uuid": identifier, "binary": binary,
}

func (c Column) family() family {
	switch {
	case c.Type == "uuid" && c.Data != "uuid":
		return textual
	case c.Data == "numeric": // without a precision, it is an integer to Directus
		return exact
	}
	return families[c.Type]
}
