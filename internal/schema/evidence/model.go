package evidence

import (
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

type name struct{ collection, field string }

// model is a project's data model, with the changes of it.
type model struct {
	vendor      database.Vendor
	changes     []compare.Change
	collections map[string]snapshot.Collection
	fields      map[name]snapshot.Field
	keys        map[string]string // primary keys by collection
	relations   []snapshot.Relation
	deleted     map[string]bool // collections
	// shapes are the changes that make another column of a field.
	shapes map[name][]compare.Change
}

func modelOf(current *snapshot.Snapshot, changes []compare.Change) *model {
	m := &model{
		vendor: database.Vendor(current.Vendor), changes: changes, relations: current.Relations,
		collections: make(map[string]snapshot.Collection, len(current.Collections)), fields: make(map[name]snapshot.Field, len(current.Fields)),
		keys: map[string]string{}, deleted: map[string]bool{}, shapes: map[name][]compare.Change{},
	}
	for _, c := range current.Collections {
		m.collections[c.Collection] = c
	}
	for _, f := range current.Fields {
		m.fields[name{f.Collection, f.Field}] = f
		if snapshot.Flag(f.Schema, "is_primary_key") {
			m.keys[f.Collection] = f.Field
		}
	}
	for _, c := range changes {
		at := name{c.Collection, c.Field}
		switch {
		case c.Entity == compare.Collection && c.Action == compare.Delete:
			m.deleted[c.Collection] = true
		case c.Entity == compare.Field && c.Action == compare.Update && shaping[c.Attribute()]:
			m.shapes[at] = append(m.shapes[at], c)
		}
	}
	return m
}

// shaping are the attributes that make the type of a column.
var shaping = map[string]bool{"type": true, "schema.data_type": true, "schema.max_length": true, "schema.numeric_precision": true, "schema.numeric_scale": true}

// tabled reports whether a collection has a table of which the snapshot knows,
// or is one of Directus' own, and which stays.
func (m *model) tabled(collection string) bool {
	c, ok := m.collections[collection]
	return (ok && !c.Folder() || strings.HasPrefix(collection, "directus_")) && !m.deleted[collection]
}

// column is a field that has a column now.
func (m *model) column(at name) (snapshot.Field, bool) {
	f, ok := m.fields[at]
	return f, ok && !f.Alias()
}

// wanted is a field as the changes of its column's type make it.
func (m *model) wanted(f snapshot.Field) snapshot.Field {
	schema := make(snapshot.Object, len(f.Schema))
	for key, value := range f.Schema {
		schema[key] = value
	}
	for _, c := range m.shapes[name{f.Collection, f.Field}] {
		if c.Path[0] == "type" {
			f.Type, _ = c.After.(string)
		} else {
			schema[c.Path[1]] = c.After // Missing is no number
		}
	}
	f.Schema = schema
	return f
}

// systemKeys are the primary keys of Directus' own tables that are not "id",
// which snapshots leave out.
var systemKeys = map[string]string{"directus_collections": "collection", "directus_migrations": "version", "directus_sessions": "token"}

// key is the primary key of a collection; empty: there is no such table.
func (m *model) key(collection string) string {
	if key := m.keys[collection]; key != "" {
		return key
	}
	if key := systemKeys[collection]; key != "" {
		return key
	}
	if strings.HasPrefix(collection, "directus_") {
		return "id"
	}
	return ""
}
