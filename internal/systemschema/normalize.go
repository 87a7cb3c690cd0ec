package systemschema

import (
	"regexp"
	"strings"

	"bunnyhop/internal/database"
)

// Normalize brings a table into the form that is compared. Left out is what
// depends on the server, its settings or the way a database was moved: the
// order of columns, collations, storage options, the text of defaults, checks,
// and names that no migration uses.
func Normalize(vendor database.Vendor, schema database.TableSchema) Objects {
	objects := Objects{Table: "exists"}
	var key []string
	for _, c := range schema.Columns {
		objects["column "+c.Name] = column(vendor, c)
		if c.PrimaryKey > 0 {
			for len(key) < c.PrimaryKey {
				key = append(key, "")
			}
			key[c.PrimaryKey-1] = c.Name
		}
	}
	if len(key) > 0 {
		objects["primary key"] = "(" + strings.Join(key, ", ") + ")"
	}
	for _, text := range append(append([]string(nil), schema.Indexes...), schema.Constraints...) {
		name, definition := part(vendor, text)
		if name == "" {
			continue
		}
		if other, twice := objects[name]; twice && other != definition {
			definition = other + " and " + definition // SQLite's keys have no names
		}
		objects[name] = definition
	}
	return objects
}

var (
	collation    = regexp.MustCompile(`(?i) collate \S+`)
	displayWidth = regexp.MustCompile(`^((?:small|medium|big)?int)\(\d+\)`)
)

// column describes a column by its type, whether it may be empty, and the kind
// of its default.
func column(vendor database.Vendor, c database.Column) string {
	text := strings.ToLower(strings.TrimSpace(collation.ReplaceAllString(c.Type, "")))
	initial := defaultKind(c.Default)
	if vendor == database.MySQL {
		text = displayWidth.ReplaceAllString(text, "$1") // MySQL 8 has none any more
		if text == "json" {
			text = "longtext" // what MariaDB makes of it
		}
		if text == "timestamp" && c.NotNull {
			initial = "" // explicit_defaults_for_timestamp decides
		}
	}
	if c.NotNull {
		text += " not null"
	}
	if c.Generated {
		text += " generated"
	}
	return text + initial
}

var (
	cast    = regexp.MustCompile(`::[a-z][a-z ]*(\(\d+\))?$`)
	current = regexp.MustCompile(`^(current_timestamp|now)\b`)
)

// defaultKind is what matters of a default: where the value comes from, not
// which one it is.
func defaultKind(text string) string {
	text = cast.ReplaceAllString(strings.ToLower(text), "")
	switch {
	case text == "", text == "null":
		return ""
	case strings.HasPrefix(text, "nextval("), strings.HasPrefix(text, "generated "), text == "auto_increment":
		return " numbered"
	case current.MatchString(text):
		return " default now"
	case strings.HasPrefix(text, "on update"):
		return ""
	}
	return " default"
}

const name = "(`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[^\\s(\"`]+)"

var (
	postgresIndex = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX ` + name + ` ON .*? USING (?:btree )?(.*)$`)
	mysqlIndex    = regexp.MustCompile(`^(UNIQUE |FULLTEXT |SPATIAL )?(?:KEY|INDEX) ` + name + ` (.*)$`)
	sqliteIndex   = regexp.MustCompile(`^(UNIQUE )?INDEX ` + name + ` on ` + name + `(.*)$`)
	unique        = regexp.MustCompile(`^(?:CONSTRAINT ` + name + ` )?UNIQUE (.*)$`)
	foreignKey    = regexp.MustCompile(`^(?:CONSTRAINT ` + name + ` )?FOREIGN KEY (\([^)]*\)) REFERENCES (?:` + name + `\.)?` + name + ` ?(\([^)]*\))(.*)$`)
)

// part takes an index or a constraint apart into its name and definition. Both
// are empty for what is not compared.
func part(vendor database.Vendor, text string) (object, definition string) {
	index := map[database.Vendor]*regexp.Regexp{
		database.Postgres: postgresIndex, database.MySQL: mysqlIndex, database.SQLite: sqliteIndex,
	}[vendor]
	if index == nil {
		return "", ""
	}
	if m := index.FindStringSubmatch(text); m != nil {
		kind := strings.ToLower(m[1])
		if vendor == database.MySQL && kind == "" && strings.HasSuffix(plain(m[2]), "_foreign") {
			return "", "" // made for a foreign key, and dropped by the server when another index serves
		}
		return "index " + plain(m[2]), kind + plain(m[len(m)-1])
	}
	if m := unique.FindStringSubmatch(text); m != nil {
		if m[1] == "" {
			return "unique " + plain(m[2]), "unique"
		}
		return "index " + plain(m[1]), "unique " + plain(m[2])
	}
	if m := foreignKey.FindStringSubmatch(text); m != nil {
		definition = "to " + plain(m[4]) + " " + plain(m[5]) + actions(m[6])
		if m[1] == "" {
			return "foreign key " + plain(m[2]), definition
		}
		return "foreign key " + plain(m[1]), plain(m[2]) + " " + definition
	}
	return "", ""
}

// noAction is the default, and to InnoDB RESTRICT is the same.
var noAction = regexp.MustCompile(` on (update|delete) (no action|restrict)`)

func actions(text string) string { return noAction.ReplaceAllString(strings.ToLower(text), "") }

// tight takes out the blanks and quotes in which texts of one meaning differ.
var tight = strings.NewReplacer("`", "", `"`, "", "( ", "(", " )", ")", " ,", ",")

func plain(text string) string { return strings.TrimSpace(tight.Replace(text)) }
