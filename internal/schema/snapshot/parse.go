package snapshot

import (
	"bytes"
	"errors"
	"fmt"

	"bunnyhop/internal/fault"
)

// Parse reads a snapshot in JSON or YAML, bare or wrapped in "data" as the
// server sends it. The error is a *fault.Error that says where and why.
func Parse(data []byte) (*Snapshot, error) {
	s, err := parse(data)
	if err != nil {
		return nil, fault.Wrap(err, "the snapshot cannot be read", hint(err))
	}
	return s, nil
}

var (
	errDiff  = errors.New("it is a difference (hash and diff), not a snapshot")
	errShape = errors.New("it has no list of collections")
)

func hint(err error) string {
	switch {
	case errors.Is(err, errDiff):
		return "give the snapshot itself: bunnyhop computes the difference anew, since a saved one may be of another state"
	case errors.Is(err, errShape):
		return "a snapshot is what `directus schema snapshot FILE` writes or GET /schema/snapshot answers"
	}
	return "make the snapshot again: `directus schema snapshot FILE`, with a file name, since the log goes to the same output"
}

func parse(data []byte) (*Snapshot, error) {
	data, err := prepare(data)
	if err != nil {
		return nil, err
	}
	value, err := decodeAny(data)
	if err != nil {
		return nil, err
	}
	document, ok := value.(Object)
	if !ok {
		return nil, fmt.Errorf("it holds %s, not an object", kindOf(value))
	}
	return fromObject(document)
}

// decodeAny tells JSON by its first character. YAML has documents of that
// form too, but nothing that writes snapshots makes them.
func decodeAny(data []byte) (any, error) {
	switch bytes.TrimSpace(data)[0] {
	case '{', '[':
		return decodeJSON(data)
	}
	return decodeYAML(data)
}

func fromObject(document Object) (*Snapshot, error) {
	if inner, ok := document["data"].(Object); ok && document["collections"] == nil {
		document = inner
	}
	if _, ok := document["diff"]; ok && document["hash"] != nil {
		return nil, errDiff
	}
	if document["collections"] == nil {
		return nil, errShape
	}
	e := entry{object: document}
	s := &Snapshot{Directus: e.text("directus"), Vendor: e.optionalText("vendor"), Version: e.version()}
	each(&e, "collections", &s.Collections, func(e *entry) Collection {
		return Collection{Collection: e.name("collection"), Meta: e.part("meta"), Schema: e.part("schema"), Extra: e.rest()}
	})
	each(&e, "fields", &s.Fields, func(e *entry) Field {
		return Field{
			Collection: e.name("collection"), Field: e.name("field"), Type: e.text("type"),
			Meta: e.part("meta"), Schema: e.part("schema"), Extra: e.rest(),
		}
	})
	if document["systemFields"] != nil {
		each(&e, "systemFields", &s.SystemFields, func(e *entry) SystemField {
			return SystemField{Collection: e.name("collection"), Field: e.name("field"), Schema: e.part("schema"), Extra: e.rest()}
		})
	}
	each(&e, "relations", &s.Relations, func(e *entry) Relation {
		return Relation{
			Collection: e.name("collection"), Field: e.name("field"), Related: e.optionalText("related_collection"),
			Meta: e.part("meta"), Schema: e.part("schema"), Extra: e.rest(),
		}
	})
	s.Extra = e.rest()
	if e.err == nil {
		e.err = s.unique()
	}
	return s, e.err
}

// unique refuses what Directus never says twice. Relations it may: a column
// can have several foreign keys.
func (s *Snapshot) unique() error {
	seen := make(map[[3]string]bool, len(s.Fields)+len(s.Collections))
	for _, c := range s.Collections {
		key := [3]string{c.Collection}
		if seen[key] {
			return fmt.Errorf("the collection %q is described twice", cut(c.Collection))
		}
		seen[key] = true
	}
	for _, f := range s.Fields {
		key := [3]string{f.Collection, f.Field, "field"}
		if f.Alias() {
			key[2] = "alias"
		}
		if seen[key] {
			return fmt.Errorf("the field %q of %q is described twice", cut(f.Field), cut(f.Collection))
		}
		seen[key] = true
	}
	return nil
}
