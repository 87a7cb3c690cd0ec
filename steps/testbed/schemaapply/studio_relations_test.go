package schemaapply_test

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"bunnyhop/internal/schema/snapshot"
)

// dropField takes a field away, and what the Studio takes with it.
func (e *studio) dropField() {
	f := e.pick(func(f snapshot.Field) bool { return !snapshot.Flag(f.Schema, "is_primary_key") })
	if f != nil {
		e.drop(f.Collection, f.Field)
	}
}

func (e *studio) drop(table, field string) {
	e.s.Fields = slices.DeleteFunc(e.s.Fields, func(f snapshot.Field) bool { return f.Collection == table && f.Field == field })
	e.s.Relations = slices.DeleteFunc(slices.Clone(e.s.Relations), func(r snapshot.Relation) bool {
		if r.Collection != table || r.Field != field {
			return false
		}
		if one := snapshot.Text(r.Meta, "one_field"); one != "" && r.Related != table {
			defer e.drop(r.Related, one)
		}
		return true
	})
	for i, r := range e.s.Relations {
		for _, key := range []string{"sort_field", "junction_field", "one_collection_field"} {
			if r.Collection == table && r.Meta[key] == field {
				e.s.Relations[i].Meta = maps.Clone(e.s.Relations[i].Meta)
				e.s.Relations[i].Meta[key] = nil
			}
		}
		if r.Related == table && r.Meta["one_field"] == field {
			e.s.Relations[i].Meta = maps.Clone(e.s.Relations[i].Meta)
			e.s.Relations[i].Meta["one_field"] = nil
		}
	}
	for i, f := range e.s.Fields {
		if f.Collection == table && f.Meta["group"] == field {
			e.s.Fields[i].Meta = maps.Clone(f.Meta)
			e.s.Fields[i].Meta["group"] = nil
		}
	}
	for i, c := range e.s.Collections {
		for _, key := range []string{"sort_field", "archive_field"} {
			if c.Collection == table && c.Meta[key] == field {
				e.meta(i)[key] = nil
			}
		}
	}
}

func (e *studio) dropTable() {
	gone := e.s.Collections[rapid.IntRange(0, len(e.s.Collections)-1).Draw(e.T, "collection")].Collection
	if e.old[gone] && (len(e.old) < 12 || rapid.IntRange(0, 3).Draw(e.T, "spare") > 0) {
		return
	}
	e.dropCollection(gone)
}

// cleared is a data model without the collections that the start has not.
func cleared(s, start *snapshot.Snapshot) *snapshot.Snapshot {
	w := *s
	w.Collections, w.Fields, w.Relations = slices.Clone(s.Collections), slices.Clone(s.Fields), slices.Clone(s.Relations)
	e := &studio{s: &w}
	for _, c := range s.Collections {
		if !slices.ContainsFunc(start.Collections, func(o snapshot.Collection) bool { return o.Collection == c.Collection }) {
			e.dropCollection(c.Collection)
		}
	}
	return &w
}

func (e *studio) dropCollection(gone string) {
	for _, r := range slices.Clone(e.s.Relations) {
		switch {
		case r.Collection == gone && r.Related != gone && r.Meta["one_field"] != nil:
			e.drop(r.Related, snapshot.Text(r.Meta, "one_field"))
		case r.Related == gone && r.Collection != gone:
			e.drop(r.Collection, r.Field)
		}
	}
	e.s.Collections = slices.DeleteFunc(slices.Clone(e.s.Collections), func(c snapshot.Collection) bool { return c.Collection == gone })
	e.s.Fields = slices.DeleteFunc(e.s.Fields, func(f snapshot.Field) bool { return f.Collection == gone })
	e.s.Relations = slices.DeleteFunc(e.s.Relations, func(r snapshot.Relation) bool { return r.Collection == gone })
	for j, c := range e.s.Collections {
		if c.Meta["group"] == gone {
			e.meta(j)["group"] = nil
		}
	}
	for j, r := range e.s.Relations {
		allowed := snapshot.Strings(r.Meta, "one_allowed_collections")
		if slices.Contains(allowed, gone) {
			e.s.Relations[j].Meta = maps.Clone(r.Meta)
			list := []any{}
			for _, one := range allowed {
				if one != gone {
					list = append(list, one)
				}
			}
			e.s.Relations[j].Meta["one_allowed_collections"] = list
		}
	}
}

// pointer is a column that can hold a key.
func (e *studio) pointer(table, name, related string) snapshot.Field {
	key := e.key(related)
	schema := snapshot.Object{"is_nullable": true}
	kind := "integer"
	switch {
	case key.Type == "uuid" || snapshot.Text(key.Schema, "data_type") == "char":
		kind, schema["data_type"] = "uuid", "uuid"
	case key.Type == "string":
		kind, schema["max_length"] = "string", key.Schema["max_length"]
	case key.Type == "bigInteger":
		kind = "bigInteger"
	}
	return schemaField(table, name, kind, snapshot.Object{"special": []any{"m2o"}, "interface": "select-dropdown-m2o"}, schema)
}

func (e *studio) relation(table, field, related, one string) {
	r := snapshot.Relation{
		Collection: table, Field: field, Related: related,
		Meta: snapshot.Object{"many_collection": table, "many_field": field, "one_collection": related, "one_field": nil, "one_deselect_action": "nullify"},
		Schema: snapshot.Object{
			"table": table, "column": field, "foreign_key_table": related, "foreign_key_column": e.key(related).Field, "on_update": "NO ACTION",
			"on_delete": rapid.SampledFrom([]string{"SET NULL", "CASCADE", "NO ACTION"}).Draw(e.T, "rule"),
		},
	}
	if one != "" {
		r.Meta["one_field"] = one
	}
	e.s.Relations = append(e.s.Relations, r)
}

func (e *studio) manyToOne() {
	table, related, name := e.table(), e.table(), e.name("ref")
	if rapid.IntRange(0, 3).Draw(e.T, "user") == 0 {
		related = "directus_users"
	}
	e.s.Fields = append(e.s.Fields, e.pointer(table, name, related))
	e.relation(table, name, related, "")
}

func (e *studio) oneToMany() {
	table, related, name := e.table(), e.table(), e.name("ref")
	e.s.Fields = append(e.s.Fields, e.pointer(table, name, related), schemaField(related, name+"_list", "alias", snapshot.Object{"special": []any{"o2m"}}, nil))
	e.relation(table, name, related, name+"_list")
}

func (e *studio) junction(name string) {
	e.s.Collections = append(e.s.Collections, snapshot.Collection{Collection: name, Meta: snapshot.Object{"collection": name, "hidden": true}, Schema: snapshot.Object{"name": name}})
	e.s.Fields = append(e.s.Fields, schemaField(name, "id", "integer", nil, snapshot.Object{"is_primary_key": true, "has_auto_increment": true, "is_nullable": false}))
}

func (e *studio) manyToMany() {
	a, b, name := e.table(), e.table(), e.name("junction")
	e.junction(name)
	e.s.Fields = append(e.s.Fields, e.pointer(name, "a_id", a), e.pointer(name, "b_id", b), schemaField(a, name+"_m2m", "alias", snapshot.Object{"special": []any{"m2m"}}, nil))
	e.relation(name, "a_id", a, name+"_m2m")
	e.relation(name, "b_id", b, "")
	e.s.Relations[len(e.s.Relations)-2].Meta["junction_field"] = "b_id"
	e.s.Relations[len(e.s.Relations)-1].Meta["junction_field"] = "a_id"
}

func (e *studio) manyToAny() {
	a, b, c, name := e.table(), e.table(), e.table(), e.name("any")
	e.junction(name)
	e.s.Fields = append(
		e.s.Fields, e.pointer(name, "a_id", a), schemaField(name, "item", "string", nil, snapshot.Object{"max_length": 255.0}),
		schemaField(name, "collection", "string", nil, snapshot.Object{"max_length": 255.0}), schemaField(a, name+"_m2a", "alias", snapshot.Object{"special": []any{"m2a"}}, nil),
	)
	e.relation(name, "a_id", a, name+"_m2a")
	e.s.Relations[len(e.s.Relations)-1].Meta["junction_field"] = "item"
	allowed := []any{b}
	if c != b {
		allowed = append(allowed, c)
	}
	e.s.Relations = append(e.s.Relations, snapshot.Relation{Collection: name, Field: "item", Meta: snapshot.Object{
		"many_collection": name, "many_field": "item", "one_collection": nil, "one_allowed_collections": allowed, "one_collection_field": "collection",
		"junction_field": "a_id",
	}})
}

func (e *studio) editRelation() {
	if len(e.s.Relations) == 0 {
		return
	}
	r := &e.s.Relations[rapid.IntRange(0, len(e.s.Relations)-1).Draw(e.T, "relation")]
	if r.Meta != nil && rapid.Bool().Draw(e.T, "meta") {
		r.Meta = maps.Clone(r.Meta)
		r.Meta["one_deselect_action"] = rapid.SampledFrom([]string{"nullify", "delete"}).Draw(e.T, "action")
	} else if r.Schema != nil {
		r.Schema = maps.Clone(r.Schema)
		r.Schema["on_delete"] = rapid.SampledFrom([]string{"CASCADE", "NO ACTION"}).Draw(e.T, "rule")
	}
}

// dropRelation leaves the column.
func (e *studio) dropRelation() {
	if len(e.s.Relations) == 0 {
		return
	}
	i := rapid.IntRange(0, len(e.s.Relations)-1).Draw(e.T, "relation")
	r := e.s.Relations[i]
	e.s.Relations = slices.Delete(slices.Clone(e.s.Relations), i, i+1)
	if one := snapshot.Text(r.Meta, "one_field"); one != "" && r.Related != "" {
		e.drop(r.Related, one)
	}
	for j, f := range e.s.Fields {
		if f.Collection == r.Collection && f.Field == r.Field && f.Schema != nil {
			e.s.Fields[j].Schema = maps.Clone(f.Schema)
			e.s.Fields[j].Schema["foreign_key_table"], e.s.Fields[j].Schema["foreign_key_column"] = nil, nil
			if slices.Equal(f.Special(), []string{"m2o"}) { // others say what type the field is of
				e.s.Fields[j].Meta = maps.Clone(f.Meta)
				e.s.Fields[j].Meta["special"] = nil
			}
		}
	}
}
