package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// MarshalJSON writes the snapshot as Directus does, with everything that was
// read, and sorted keys.
func (s *Snapshot) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	err := s.Write(&text)
	return text.Bytes(), err
}

// Write writes what MarshalJSON gives, an entry at a time: that of a large
// model as a whole takes as much memory as the model.
func (s *Snapshot) Write(w io.Writer) error {
	document := s.heading()
	lists := map[string]func() error{
		"collections": func() error { return list(w, s.Collections, Collection.Object) },
		"fields":      func() error { return list(w, s.Fields, Field.Object) },
		"relations":   func() error { return list(w, s.Relations, Relation.Object) },
	}
	if s.SystemFields != nil {
		lists["systemFields"] = func() error { return list(w, s.SystemFields, SystemField.Object) }
	}
	for key := range lists {
		document[key] = nil
	}
	before := "{"
	for _, key := range slices.Sorted(maps.Keys(document)) {
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s:", before, name); err != nil {
			return err
		}
		before = ","
		if write, ok := lists[key]; ok {
			err = write()
		} else {
			err = item(w, document[key])
		}
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}")
	return err
}

func list[T any](w io.Writer, all []T, object func(T) Object) error {
	before := ""
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	for _, one := range all {
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		before = ","
		if err := item(w, object(one)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "]")
	return err
}

func item(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

// heading is the document without its lists.
func (s *Snapshot) heading() Object {
	document := document(s.Extra, "version", s.Version, "directus", s.Directus)
	if s.Vendor != "" {
		document["vendor"] = s.Vendor
	}
	return document
}

// Object is the document that Directus takes and gives. What is in it is the
// snapshot's own, not a copy.
func (s *Snapshot) Object() Object {
	document := s.heading()
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
