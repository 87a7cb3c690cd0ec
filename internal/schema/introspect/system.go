package introspect

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/directus"
)

// systemText lists the fields and relations that Directus keeps in code, not
// in rows: all of 10.13.4, 11.17.4 and 12.4.0 (@directus/system-data). One that
// another version does not have is no column there either.
//
//go:embed system.txt
var systemText string

type name [2]string // table and column

type systemData struct {
	fields    map[name]bool
	relations map[name]string // the related collection
}

var system = sync.OnceValue(func() systemData {
	s := systemData{fields: map[name]bool{}, relations: map[name]string{}}
	for line := range strings.Lines(systemText) {
		words := strings.Fields(line)
		switch words[0] {
		case "fields":
			for _, field := range words[2:] {
				s.fields[name{words[1], field}] = true
			}
		case "relation":
			collection, field, _ := strings.Cut(words[1], ".")
			s.relations[name{collection, field}] = words[2]
		}
	}
	return s
})

// systemField reports whether a field without a row is Directus' own.
func (b *builder) systemField(table, column string) bool {
	return system().fields[name{table, column}] || b.older && directus.SystemTable(table)
}

// systemRelation reports whether a foreign key without a row is Directus' own.
func (b *builder) systemRelation(key foreignKey) bool {
	related, known := system().relations[name{key.table, key.column}]
	return known && (related == "-" || related == key.refTable) || b.older && directus.SystemTable(key.table)
}

// casts say how Directus turns what the database keeps into values
// (@directus/system-data 12.4.0, the special of these fields).
var casts = map[string]map[string]string{
	"directus_collections": {
		"hidden": castBoolean, "singleton": castBoolean, "translations": castJSON, "versioning": castBoolean,
		"archive_app_filter": castBoolean, "item_duplication_fields": castJSON,
	},
	"directus_fields": {
		"special": castCSV, "options": castJSON, "display_options": castJSON, "readonly": castBoolean, "hidden": castBoolean, "required": castBoolean,
		"searchable": castBoolean, "translations": castJSON, "conditions": castJSON, "validation": castJSON,
	},
	"directus_relations": {"one_allowed_collections": castCSV},
}

const (
	castBoolean = "cast-boolean"
	castJSON    = "cast-json"
	castCSV     = "cast-csv"
)

// older reports whether a version is older than those whose system fields are
// listed here: what it keeps in Directus' own tables without a row about it is
// taken for its own.
func older(version string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && v.LessThan(semver.MustParse("10.13.4"))
}
