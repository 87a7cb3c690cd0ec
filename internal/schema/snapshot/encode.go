package snapshot

import (
	"encoding/json"
	"maps"
)

// MarshalJSON writes the snapshot as Directus does, with everything that was
// read, and sorted keys.
func (s *Snapshot) MarshalJSON() ([]byte, error) { return json.Marshal(s.Object()) }

// Object is the document that Directus takes and gives. What is in it is the
// snapshot's own, not a copy.
func (s *Snapshot) Object() Object {
	document := document(s.Extra, "version", s.Version, "directus", s.Directus)
	if s.Vendor != "" {
		document["vendor"] = s.Vendor
	}
	document["collections"] = objects(s.Collections, Collection.Object)
	document["fields"] = objects(s.Fields, Field.Object)
	if s.SystemFields != nil {
		document["systemFields"] = objects(s.SystemFields, SystemField.Object)
	}
	document["relations"] = objects(s.Relations, Relation.Object)
	return document
}

// Object is the entry as Directus writes it: without schema for a folder.
func (c Collection) Object() Object {
	return withSchema(document(c.Extra, "collection", c.Collection, "meta", orNull(c.Meta)), c.Schema)
}

// Object is the entry as Directus writes it: without schema for an alias.
func (f Field) Object() Object {
	return withSchema(document(f.Extra, "collection", f.Collection, "field", f.Field, "type", f.Type, "meta", orNull(f.Meta)), f.Schema)
}

// Object is the entry as Directus writes it.
func (f SystemField) Object() Object {
	return withSchema(document(f.Extra, "collection", f.Collection, "field", f.Field), f.Schema)
}

// Object is the entry as Directus writes it: without schema where there is no
// foreign key.
func (r Relation) Object() Object {
	var related any
	if r.Related != "" {
		related = r.Related
	}
	return withSchema(document(r.Extra, "collection", r.Collection, "field", r.Field, "related_collection", related, "meta", orNull(r.Meta)), r.Schema)
}

func document(extra Object, pairs ...any) Object {
	o := make(Object, len(pairs)/2+len(extra)+4)
	maps.Copy(o, extra)
	for i := 0; i+1 < len(pairs); i += 2 {
		o[pairs[i].(string)] = pairs[i+1]
	}
	return o
}

func withSchema(o, schema Object) Object {
	if schema != nil {
		o["schema"] = schema
	}
	return o
}

// orNull keeps a nil map from being written as something else than null.
func orNull(o Object) any {
	if o == nil {
		return nil
	}
	return o
}

func objects[T any](all []T, object func(T) Object) []any {
	list := make([]any, len(all))
	for i, one := range all {
		list[i] = object(one)
	}
	return list
}
