// Package schematest gives tests a project that uses what the Studio can make:
// every type of field, kind of relation and option. It was made through the
// API of real servers, Directus 10.13.4, 11.17.4 and 12.4.0, each on SQLite,
// PostgreSQL and MariaDB; their databases and what GET /schema/snapshot said
// of them are kept beside the code.
package schematest

import (
	"maps"
	"net/http"

	"bunnyhop/internal/database"
)

type object = map[string]any

// Request is one call of the API.
type Request struct {
	Method, Path string
	Body         any
}

// Model lists the calls that make the project on an empty Directus of a major
// version. Collections whose name begins with "only_" are not the same on all
// versions and vendors; everything else is.
func Model(vendor database.Vendor, major int) []Request {
	var all []Request
	post := func(path string, bodies ...object) {
		for _, body := range bodies {
			all = append(all, Request{http.MethodPost, path, body})
		}
	}
	post("/collections", folders()...)
	post("/collections", tables()...)
	post("/collections", only(vendor, major))
	post("/fields/directus_users", onUsers()...)
	post("/fields/directus_files", onFiles()...)
	post("/relations", relations()...)
	return all
}

type option func(meta, schema object)

func collection(name string, meta object, fields ...object) object {
	return object{"collection": name, "schema": object{}, "meta": meta, "fields": fields}
}

func field(name, kind, shown string, options ...option) object {
	meta, schema := object{}, object{}
	if shown != "" {
		meta["interface"] = shown
	}
	for _, apply := range options {
		apply(meta, schema)
	}
	result := object{"field": name, "type": kind, "meta": meta, "schema": schema}
	if kind == "alias" {
		result["schema"] = nil
	}
	return result
}

func key() object { return field("id", "integer", "input", hidden(), autoKey()) }

func autoKey() option {
	return func(meta, schema object) {
		meta["readonly"] = true
		schema["is_primary_key"], schema["has_auto_increment"] = true, true
	}
}

func primary() option { return func(_, schema object) { schema["is_primary_key"] = true } }

func special(names ...string) option {
	return func(meta, _ object) { meta["special"] = names }
}

func with(name string, value any) option { return func(meta, _ object) { meta[name] = value } }

func column(name string, value any) option { return func(_, schema object) { schema[name] = value } }

func hidden() option               { return with("hidden", true) }
func unique() option               { return column("is_unique", true) }
func notNull() option              { return column("is_nullable", false) }
func def(value any) option         { return column("default_value", value) }
func length(n int) option          { return column("max_length", n) }
func inGroup(name string) option   { return with("group", name) }
func alias(kinds ...string) option { return special(kinds...) }

func decimals(digits, scale int) option {
	return func(_, schema object) { schema["numeric_precision"], schema["numeric_scale"] = digits, scale }
}

func join(a, b object) object {
	result := maps.Clone(a)
	maps.Copy(result, b)
	return result
}
