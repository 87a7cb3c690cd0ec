package main

import "maps"

// The functions here spell the bodies of POST /collections, /fields and
// /relations in the words of the data model. A field has meta (what the Studio
// shows) and schema (its column); an alias has no column.

type option func(meta, schema object)

func folder(name, icon string) object {
	return object{"collection": name, "schema": nil, "meta": object{"icon": icon, "collapse": "open"}}
}

func table(name string, meta object, fields ...object) object {
	return object{"collection": name, "schema": object{}, "meta": meta, "fields": fields}
}

// junction is a hidden table between two others, with a number as its key.
func junction(name string, fields ...object) object {
	return table(name, object{"hidden": true, "icon": "import_export"}, append([]object{key()}, fields...)...)
}

func field(name, kind, shown string, options ...option) object {
	meta, schema := object{"interface": shown}, object{}
	result := object{"field": name, "type": kind, "meta": meta, "schema": schema}
	for _, apply := range options {
		apply(meta, schema)
	}
	if kind == "alias" {
		result["schema"] = nil
	}
	return result
}

// special is a field that Directus treats in a way of its own.
func special(name, kind, shown, treatment string, options ...option) object {
	mark := func(meta, _ object) { meta["special"] = []string{treatment} }
	return field(name, kind, shown, append([]option{mark}, options...)...)
}

func alias(name, shown, treatment string) object { return special(name, "alias", shown, treatment) }

func file(name, shown string) object { return special(name, "uuid", shown, "file") }

func hidden(name, kind string, options ...option) object {
	return field(name, kind, "input", append([]option{func(meta, _ object) { meta["hidden"] = true }}, options...)...)
}

// key is a primary key that counts up.
func key() object {
	return hidden("id", "integer", primary(), func(_, schema object) { schema["has_auto_increment"] = true })
}

func primary() option {
	return func(meta, schema object) { meta["readonly"], schema["is_primary_key"] = true, true }
}

func unique() option { return func(_, schema object) { schema["is_unique"] = true } }

func required() option {
	return func(meta, schema object) { meta["required"], schema["is_nullable"] = true, false }
}

func def(value any) option { return func(_, schema object) { schema["default_value"] = value } }

func length(n int) option { return func(_, schema object) { schema["max_length"] = n } }

func precision(digits, scale int) option {
	return func(_, schema object) { schema["numeric_precision"], schema["numeric_scale"] = digits, scale }
}

func choices(values ...string) option {
	list := make([]object, 0, len(values))
	for _, value := range values {
		list = append(list, object{"text": value, "value": value})
	}
	return func(meta, _ object) { meta["options"] = object{"choices": list} }
}

// manyToOne links a field to the key of another table. one names the alias on
// the other side, if there is one; onDelete is left to Directus when empty.
func manyToOne(collection, name, related, one, onDelete string, meta object) object {
	meta = merge(meta, nil)
	if one != "" {
		meta["one_field"] = one
	}
	schema := object{}
	if onDelete != "" {
		schema["on_delete"] = onDelete
	}
	return object{"collection": collection, "field": name, "related_collection": related, "meta": meta, "schema": schema}
}

func merge(a, b object) object {
	result := object{}
	maps.Copy(result, a)
	maps.Copy(result, b)
	return result
}
