// Package compare tells two snapshots of data models apart, attribute by
// attribute, and keeps what is different only because two versions of Directus
// or two databases describe the same thing differently out of the way: such
// noise is counted, with its reason, and never applied.
package compare

import "strings"

// Entity is a kind of thing that a change is about.
type Entity string

// The entities, in the order in which changes are listed.
const (
	Collection Entity = "collection"
	Field      Entity = "field"
	Relation   Entity = "relation"
	// SystemIndex is the index of a field of Directus' own tables.
	SystemIndex Entity = "index"
)

// Action is what a change does to its entity.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update" // of one attribute
	Delete Action = "delete"
	// Replace makes a column of an alias, an alias of a column, a table of a
	// folder or a folder of a table: Directus deletes the one and creates the
	// other.
	Replace Action = "replace"
)

// missing is the type of Missing.
type missing struct{}

// Missing stands for an attribute that is not there, which is not the same as
// null within options.
var Missing any = missing{}

// MarshalJSON writes null.
func (missing) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Change is one difference: of a whole entity, or of one attribute of it.
type Change struct {
	Entity     Entity
	Action     Action
	Collection string
	Field      string // empty for a collection
	Related    string // of a relation; empty for many-to-any
	// Nth tells several of the same name apart, from 0: a column can have more
	// than one foreign key to the same table.
	Nth int
	// Path leads to the attribute ("schema", "max_length"); nil: the entity.
	Path []string
	// Before and After are values of snapshots, or Missing. Those of a whole
	// entity are snapshot.Collection, snapshot.Field, snapshot.SystemField and
	// snapshot.Relation, or nil.
	Before, After any
	// With are the fields and relations that go with a deleted collection.
	With []Change
}

// Key names a change, the same one in every comparison: "field posts.title
// schema.max_length", "relation posts.author → people".
func (c Change) Key() string {
	key := string(c.Entity) + " " + c.Collection
	if c.Field != "" {
		key += "." + c.Field
	}
	if c.Entity == Relation {
		key += " → " + c.Related
	}
	if c.Nth > 0 {
		key += strings.Repeat("'", c.Nth)
	}
	if len(c.Path) > 0 {
		key += " " + strings.Join(c.Path, ".")
	}
	return key
}

// Attribute is the path as one word: "schema.max_length".
func (c Change) Attribute() string { return strings.Join(c.Path, ".") }

// Noise is a difference that is none.
type Noise struct {
	Change
	Reason Reason
}

// Reason says why a difference is noise.
type Reason string

// The reasons.
const (
	// UnknownAttribute: one version does not have the attribute, and the other
	// has it at its default.
	UnknownAttribute Reason = "one version does not have the attribute, the other has it at its default"
	// NotStated: one snapshot does not say, the other has the default.
	NotStated Reason = "one snapshot does not give the attribute, the other has it at its default"
	// UnknownIndex: one version does not say what is indexed.
	UnknownIndex Reason = "one version does not say what is indexed"
	// ListOrder: versions before 11.1.2 sort lists.
	ListOrder Reason = "one version sorts lists"
	// SystemFields: an older version does not list the indexes of Directus'
	// own tables, or two versions make different ones.
	SystemFields Reason = "the indexes of Directus' own tables belong to its version"
	// NotTracked: from 11.10 on, what Directus does not track is left out.
	NotTracked Reason = "one version leaves out what Directus does not track"
	// NotInPart: one snapshot is only of some collections.
	NotInPart Reason = "one snapshot is only of some collections"
	// Vendor: two databases name or measure the same type differently.
	Vendor Reason = "two databases describe the same thing differently"
	// Spelling: two ways to write the same value.
	Spelling Reason = "the same value is written differently"
	// ConstraintName: the name of a constraint is the database's own.
	ConstraintName Reason = "the name of a constraint means nothing"
)

// Result is what tells two snapshots apart.
type Result struct {
	// Changes are in order: by collection, the collection before its fields,
	// fields before relations.
	Changes []Change
	// Noise is in the order of the snapshots.
	Noise []Noise
}

// Reasons counts the noise.
func (r *Result) Reasons() map[Reason]int {
	counts := map[Reason]int{}
	for _, n := range r.Noise {
		counts[n.Reason]++
	}
	return counts
}
