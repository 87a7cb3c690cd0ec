package apply

import (
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/snapshot"
)

// field renders the type and the column of a field, as far as they were
// accepted. Directus makes a column of the field's type, with max_length,
// numeric_precision, numeric_scale, is_nullable, default_value, is_unique,
// is_indexed, is_primary_key and has_auto_increment (@directus/api 12.4.0,
// dist/services/fields.js, addColumnToTable); data_type it only compares.
func (r *renderer) field(t thing, f *snapshot.Field) error {
	created := r.whole(t)
	if created {
		f.Extra, r.made[t] = nil, true
	}
	if f.Alias() || !created && !r.changes(t, "type") && !r.changes(t, "schema") {
		return nil
	}
	if created || r.changes(t, "type") {
		kind, err := r.kind(f)
		if err != nil {
			return err
		}
		r.made[t] = true
		f.Type = kind
		f.Schema = r.column(t, f, created)
		f.Meta = r.casts(f)
	}
	f.Schema = with(f.Schema, "default_value", r.defaultValue(t, f))
	if _, there := f.Schema["is_indexed"]; there && !r.features.Indexes {
		if f.Schema["is_indexed"] == true && f.Schema["foreign_key_table"] == nil { // MySQL has one for every key
			r.lose(t, []string{"schema", "is_indexed"}, true)
		}
		delete(f.Schema, "is_indexed")
	}
	return nil
}

// kind is the type that makes Directus create such a column.
func (r *renderer) kind(f *snapshot.Field) (string, error) {
	length, measured := snapshot.Number(f.Schema, "max_length")
	_, stated := f.Schema["max_length"]
	data := strings.ToLower(snapshot.Text(f.Schema, "data_type"))
	text := f.Type == "string" || f.Type == "uuid"
	switch {
	case text && (data == "uuid" || (data == "char" || data == "character") && length == 36):
		return "uuid", nil // MySQL and SQLite have no such type
	case text && (data == "varchar" || data == "character varying") && length == 36 && r.pointsAtUUID(f):
		return "uuid", nil
	case f.Type == "string" && (data == "varchar" || data == "character varying") && stated && (!measured || length <= 0):
		return "text", nil // without a length; Directus would make it 255
	case f.Type == "integer" && snapshot.Flag(f.Schema, "has_auto_increment") && strings.HasPrefix(data, "bigint"):
		return "bigInteger", nil // MySQL's are unsigned, which Directus takes for integers
	case f.Type == "unknown" && data == "bytea":
		return "binary", nil
	case f.Type == "unknown":
		return "", &fault.Error{
			What:  "Directus cannot make the column " + f.Collection + "." + f.Field + ", which is of the type " + data,
			State: "nothing was changed",
			Hint:  "reject this change, or make the column in the database yourself",
		}
	}
	return f.Type, nil
}

// pointsAtUUID: the key of every table of Directus' own that can be related
// to is a UUID, but for a few that count up.
func (r *renderer) pointsAtUUID(f *snapshot.Field) bool {
	for _, relation := range r.wanted.Relations {
		if relation.Collection == f.Collection && relation.Field == f.Field {
			return system(relation.Related)
		}
	}
	return false
}

// column is the description of a column that is made anew.
func (r *renderer) column(t thing, f *snapshot.Field, created bool) snapshot.Object {
	column := make(snapshot.Object, len(f.Schema))
	for key, value := range f.Schema {
		column[key] = value
	}
	column["name"], column["table"] = f.Field, f.Collection
	auto := snapshot.Flag(column, "has_auto_increment")
	word, known := words[database.Vendor(r.wanted.Vendor)][f.Type]
	if auto {
		word, known = counters[database.Vendor(r.wanted.Vendor)][f.Type], true
	}
	if known && word.data != "" {
		column["data_type"] = word.data
	}
	if length, ok := snapshot.Number(column, "max_length"); f.Type != "string" || !ok || length <= 0 || !created && !r.changes(t, "schema.max_length") {
		column["max_length"] = word.length
	}
	precise := f.Type == "decimal" && column["numeric_precision"] != nil && (created || r.changes(t, "schema.numeric_precision"))
	if !precise {
		column["numeric_precision"], column["numeric_scale"] = word.precision, word.scale
	}
	return column
}

// casts adds the marks with which SQLite keeps types apart that it does not
// have, and takes them away elsewhere. Directus itself adds them to new fields
// only (dist/database/helpers/date/dialects/sqlite.js).
func (r *renderer) casts(f *snapshot.Field) snapshot.Object {
	if f.Meta == nil || r.wanted.Vendor == "" {
		return f.Meta
	}
	lite := r.wanted.Vendor == string(database.SQLite)
	had := f.Special()
	special := slices.DeleteFunc(slices.Clone(had), func(s string) bool {
		return s == "cast-timestamp" && (!lite || f.Type != "timestamp") || s == "cast-datetime"
	})
	if lite && f.Type == "timestamp" && !slices.Contains(special, "cast-timestamp") {
		special = append(special, "cast-timestamp")
	}
	if slices.Equal(special, had) {
		return f.Meta
	}
	if len(special) == 0 {
		return with(f.Meta, "special", nil)
	}
	list := make([]any, len(special))
	for i, s := range special {
		list[i] = s
	}
	return with(f.Meta, "special", list)
}

var now = regexp.MustCompile(`(?i)^(?:current_timestamp|now|localtimestamp)(?:\s*\(\s*([0-6]?)\s*\))?$`)

// defaultValue is a default as Directus takes one. What it tells of a default
// is in the words of the database (current_timestamp(), it”s), and given back
// as it is would become a text.
func (r *renderer) defaultValue(t thing, f *snapshot.Field) any {
	value := f.Schema["default_value"]
	if snapshot.Flag(f.Schema, "has_auto_increment") {
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return value
	}
	switch f.Type {
	case "timestamp", "dateTime", "date", "time":
		if match := now.FindStringSubmatch(strings.TrimSpace(text)); match != nil {
			if match[1] != "" && match[1] != "0" {
				return "CURRENT_TIMESTAMP(" + match[1] + ")"
			}
			return "CURRENT_TIMESTAMP"
		}
	case "uuid", "string", "text", "csv", "hash":
		if text == "gen_random_uuid()" && r.wanted.Vendor != string(database.Postgres) {
			r.lose(t, []string{"schema", "default_value"}, text)
			return nil
		}
		return strings.ReplaceAll(text, "''", "'")
	}
	return value
}

// word is what a vendor calls a type, as Directus reads it from its catalogue.
type word struct {
	data                     string
	length, precision, scale any
}

var words = map[database.Vendor]map[string]word{
	database.SQLite: {
		"string": {"varchar", 255.0, nil, nil}, "text": {data: "text"}, "uuid": {"char", 36.0, nil, nil}, "hash": {"varchar", 255.0, nil, nil},
		"integer": {data: "integer"}, "bigInteger": {data: "bigint"}, "float": {data: "float"}, "decimal": {data: "float"},
		"boolean": {data: "boolean"}, "date": {data: "date"}, "time": {data: "time"}, "dateTime": {data: "datetime"},
		"timestamp": {data: "datetime"}, "json": {data: "json"}, "csv": {data: "text"}, "binary": {data: "blob"},
	},
	database.Postgres: {
		"string": {"character varying", 255.0, nil, nil}, "text": {data: "text"}, "uuid": {data: "uuid"}, "hash": {"character varying", 255.0, nil, nil},
		"integer": {"integer", nil, 32.0, 0.0}, "bigInteger": {"bigint", nil, 64.0, 0.0}, "float": {"real", nil, 24.0, nil},
		"decimal": {"numeric", nil, 10.0, 5.0}, "boolean": {data: "boolean"}, "date": {data: "date"}, "time": {data: "time without time zone"},
		"dateTime": {data: "timestamp without time zone"}, "timestamp": {data: "timestamp with time zone"}, "json": {data: "json"},
		"csv": {data: "text"}, "binary": {data: "bytea"},
	},
	database.MySQL: {
		"string": {"varchar", 255.0, nil, nil}, "text": {"text", 65535.0, nil, nil}, "uuid": {"char", 36.0, nil, nil}, "hash": {"varchar", 255.0, nil, nil},
		"integer": {"int", nil, 10.0, 0.0}, "bigInteger": {"bigint", nil, 19.0, 0.0}, "float": {"float", nil, 10.0, 5.0},
		"decimal": {"decimal", nil, 10.0, 5.0}, "boolean": {"boolean", nil, 3.0, 0.0}, "date": {data: "date"}, "time": {data: "time"},
		"dateTime": {data: "datetime"}, "timestamp": {data: "timestamp"}, "json": {data: "json"}, "csv": {"text", 65535.0, nil, nil},
		"binary": {"blob", 65535.0, nil, nil},
	},
}

// counters are keys that count up.
var counters = map[database.Vendor]map[string]word{
	database.SQLite:   {"integer": {data: "integer"}, "bigInteger": {data: "integer"}},
	database.Postgres: {"integer": {"integer", nil, 32.0, 0.0}, "bigInteger": {"bigint", nil, 64.0, 0.0}},
	database.MySQL:    {"integer": {"int unsigned", nil, 10.0, 0.0}, "bigInteger": {"bigint unsigned", nil, 20.0, 0.0}},
}
