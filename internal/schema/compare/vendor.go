package compare

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// fieldJudge knows both descriptions of a field.
type fieldJudge struct {
	*comparison
	a, b *snapshot.Field
}

// kinds are groups of Directus' types that are one and the same on databases
// that do not tell them apart.
var kinds = [][]string{
	{"uuid", "string"},        // char(36)
	{"integer", "bigInteger"}, // bigint unsigned is an integer to Directus
	{"json", "text"},          // MariaDB keeps JSON as longtext
	{"timestamp", "dateTime"}, // SQLite has one of them
	{"binary", "unknown"},     // bytea has no name
	{"string", "text"},        // a varchar without a length
	{"float", "decimal"},      // SQLite has one of them
}

// kind judges two types.
func (j fieldJudge) kind() Reason {
	if !j.vendors {
		unlimited := snapshot.Text(j.a.Schema, "data_type") == "varchar" && j.a.Schema["max_length"] == nil && j.b.Schema["max_length"] == nil
		if unlimited && j.base.features.UnlimitedIsText != j.target.features.UnlimitedIsText && group(j.a.Type, j.b.Type) {
			return Spelling
		}
		return ""
	}
	if group(j.a.Type, j.b.Type) && (loose(j.a, j.base.Vendor) || loose(j.b, j.target.Vendor)) {
		return Vendor
	}
	return ""
}

// retyped: the two types are not one and the same.
func (j fieldJudge) retyped() bool { return j.a.Type != j.b.Type && j.kind() == "" }

func group(a, b string) bool {
	return slices.ContainsFunc(kinds, func(k []string) bool { return slices.Contains(k, a) && slices.Contains(k, b) })
}

// loose reports whether a column's type says less than Directus' type does.
func loose(f *snapshot.Field, vendor string) bool {
	length, _ := snapshot.Number(f.Schema, "max_length")
	lite := vendor == string(database.SQLite)
	switch snapshot.Text(f.Schema, "data_type") {
	case "char", "character":
		return length == 36
	case "bigint unsigned", "longtext", "bytea":
		return true
	case "datetime", "float":
		return lite
	case "integer": // a key that counts up is never larger in its name
		return lite && snapshot.Flag(f.Schema, "has_auto_increment")
	case "varchar", "character varying":
		return length <= 0
	}
	return false
}

// meta judges attributes of the field's row.
func (j fieldJudge) meta(key string, _, _ any) Reason {
	if key == "special" && j.vendors && slices.Equal(specials(j.a), specials(j.b)) {
		return Vendor
	}
	return ""
}

// specials are sorted, without those that Directus adds where a database has
// no such type (@directus/api 12.4.0, dist/database/helpers/date).
func specials(f *snapshot.Field) []string {
	all := slices.DeleteFunc(f.Special(), func(s string) bool { return s == "cast-timestamp" || s == "cast-datetime" })
	slices.Sort(all)
	return all
}

// schema judges attributes of the column.
func (j fieldJudge) schema(key string, a, b any) Reason {
	if key == "default_value" {
		return j.defaultValue(a, b)
	}
	if !j.vendors {
		return ""
	}
	if j.retyped() && (key == "max_length" && j.b.Type == "string" || key != "max_length" && j.b.Type == "decimal") && positive(b) > 0 &&
		(key == "max_length" || key == "numeric_precision" || key == "numeric_scale") {
		return "" // a part of the new type
	}
	noise := false
	switch key {
	case "data_type":
		noise = true
	case "generation_expression": // SQLite does not tell it
		noise = snapshot.Flag(j.a.Schema, "is_generated") && snapshot.Flag(j.b.Schema, "is_generated")
	case "max_length":
		noise = j.a.Type != "string" || j.b.Type != "string" || positive(a) == 0 || positive(b) == 0
	case "numeric_precision", "numeric_scale":
		noise = j.a.Type != "decimal" || j.b.Type != "decimal" || a == nil || b == nil
	case "is_unique", "is_nullable":
		noise = snapshot.Flag(j.a.Schema, "is_primary_key") && snapshot.Flag(j.b.Schema, "is_primary_key")
	case "is_indexed":
		// MySQL has an index for every foreign key, and to Directus an index of
		// several columns is one of the first there.
		noise = j.isMySQL(j.base) && a == true || j.isMySQL(j.target) && b == true
	case "foreign_key_table", "foreign_key_column":
		noise = a == nil || b == nil // relations tell
	}
	if noise {
		return Vendor
	}
	return ""
}

func (c *comparison) isMySQL(s side) bool { return s.Vendor == string(database.MySQL) }

func (c *comparison) either(vendor database.Vendor) bool {
	return c.base.Vendor == string(vendor) || c.target.Vendor == string(vendor)
}

func positive(value any) float64 {
	n, _ := value.(float64)
	return max(n, 0)
}

// keySchema judges attributes of a foreign key.
func (c *comparison) keySchema(key string, a, b any) Reason {
	switch key {
	case "constraint_name":
		return ConstraintName
	case "on_delete", "on_update":
		if !refuses(a) || !refuses(b) {
			return ""
		}
		if c.vendors {
			return Vendor
		}
		if c.either(database.MySQL) {
			return Spelling
		}
	case "foreign_key_column":
		if c.vendors && (a == nil || b == nil) {
			return Vendor
		}
	}
	return ""
}

// refuses: both keep a row that others point at, and differ only in when.
func refuses(rule any) bool { return rule == "NO ACTION" || rule == "RESTRICT" }

func (j fieldJudge) defaultValue(a, b any) Reason {
	counts := snapshot.Flag(j.a.Schema, "has_auto_increment") && snapshot.Flag(j.b.Schema, "has_auto_increment") // a sequence has a name
	if !counts && !same(standard(j.a.Type, a), standard(j.b.Type, b)) && !j.cutOff(a, b) && !j.lostOnMySQL(a, b) {
		return ""
	}
	if j.vendors {
		return Vendor
	}
	return Spelling
}

var now = regexp.MustCompile(`(?i)^(?:current_timestamp(?:\s*\(\s*[0-6]?\s*\))?|now\(\)|localtimestamp)$`)

// standard is a default in one way of writing.
func standard(kind string, value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	if now.MatchString(strings.TrimSpace(text)) {
		return "CURRENT_TIMESTAMP"
	}
	switch kind {
	case "boolean":
		return text != "0" && text != "false" && text != ""
	case "integer", "bigInteger", "float", "decimal":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "json":
		var parsed any
		if json.Unmarshal([]byte(text), &parsed) == nil {
			return parsed
		}
	}
	return strings.NewReplacer("''", "'", `\'`, "'", `\"`, `"`, `\\`, `\`).Replace(text)
}

// cutOff: Directus cuts a default of PostgreSQL at its first "::", even one
// within quotes, and so leaves the first quote.
func (j fieldJudge) cutOff(a, b any) bool {
	if !j.vendors || !j.either(database.Postgres) {
		return false
	}
	cut, whole := a, b
	if j.target.Vendor == string(database.Postgres) {
		cut, whole = b, a
	}
	start, ok := cut.(string)
	full, fullOK := whole.(string)
	if !ok || !fullOK || !strings.HasPrefix(start, "'") {
		return false
	}
	start, _ = standard("string", start[1:]).(string)
	full, _ = standard("string", full).(string)
	return strings.HasPrefix(full, start+"::")
}

// lostOnMySQL: it has no defaults for long text, and its catalogue writes a
// question mark for every character beyond the basic plane.
func (j fieldJudge) lostOnMySQL(a, b any) bool {
	if !j.vendors || !j.either(database.MySQL) {
		return false
	}
	there, field := a, j.a
	if j.isMySQL(j.target) {
		there, field = b, j.b
	}
	if there == nil {
		return strings.HasSuffix(snapshot.Text(field.Schema, "data_type"), "text")
	}
	at, aOK := standard(j.a.Type, a).(string)
	bt, bOK := standard(j.b.Type, b).(string)
	return aOK && bOK && basic(at) == basic(bt)
}

func basic(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '?'
		}
		return r
	}, text)
}
