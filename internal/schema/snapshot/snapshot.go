// Package snapshot is the description of a project's data model that Directus
// gives at GET /schema/snapshot, and the ways to read one: from JSON and YAML
// files and from the folders that directus-sync writes. Whatever the source
// says is kept, also what this program does not know, so that nothing is lost
// between versions.
package snapshot

// Object is a JSON object. Values are nil, bool, float64, string, []any and
// Object: numbers are what they are to Directus, which is JavaScript.
type Object = map[string]any

// Snapshot is the data model of a project.
type Snapshot struct {
	Version  int    // 1: the whole model; 2: some collections (12.2 or later)
	Directus string // the exact version that describes it: "11.17.4"
	Vendor   string // as database.Vendor; empty before 9.23

	Collections []Collection
	Fields      []Field
	// SystemFields are the indexed fields of Directus' own tables; nil before
	// 11.13, which does not describe them.
	SystemFields []SystemField
	Relations    []Relation

	Extra Object // further keys of the document
}

// Collection is a table, or a folder in the Studio's list of tables.
type Collection struct {
	Collection string
	Meta       Object // the row of directus_collections; nil: not tracked
	Schema     Object // nil: a folder
	Extra      Object // further keys of the entry
}

// Field is a column, or an alias that has none.
type Field struct {
	Collection string
	Field      string
	Type       string // Directus' own, not the vendor's: "string", "alias"
	Meta       Object // the row of directus_fields; nil: not tracked
	Schema     Object // nil: an alias
	Extra      Object
}

// SystemField is an indexed field of one of Directus' own tables.
type SystemField struct {
	Collection string
	Field      string
	Schema     Object
	Extra      Object
}

// Relation is a foreign key, a row of directus_relations, or both.
type Relation struct {
	Collection string
	Field      string
	Related    string // empty: many-to-any, which relates to several
	Meta       Object // the row of directus_relations; nil: only a foreign key
	Schema     Object // nil: no foreign key
	Extra      Object
}

// Folder reports whether a collection has no table.
func (c Collection) Folder() bool { return c.Schema == nil }

// Alias reports whether a field has no column.
func (f Field) Alias() bool { return f.Schema == nil }

// Text is a value as a string; null and what is not a string are "".
func Text(o Object, key string) string {
	text, _ := o[key].(string)
	return text
}

// Flag is a value as a boolean; null and what is not a boolean are false.
func Flag(o Object, key string) bool {
	flag, _ := o[key].(bool)
	return flag
}

// Number is a value as a number, and whether it is one.
func Number(o Object, key string) (float64, bool) {
	number, ok := o[key].(float64)
	return number, ok
}

// Strings is the strings of a list; what is no list has none.
func Strings(o Object, key string) []string {
	list, _ := o[key].([]any)
	all := make([]string, 0, len(list))
	for _, value := range list {
		if text, ok := value.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// Special lists the treatments of a field ("m2o", "cast-json").
func (f Field) Special() []string { return Strings(f.Meta, "special") }
