package schematest

import (
	"strings"
	"unicode"

	"bunnyhop/internal/database"
)

func folders() []object {
	folder := func(name string, meta object) object {
		return object{"collection": name, "schema": nil, "meta": meta}
	}
	return []object{
		folder("content", object{"icon": "folder", "collapse": "open", "sort": 1, "note": "What is read"}),
		folder("parts", object{"icon": "widgets", "color": "#6644FF", "collapse": "closed", "group": "content", "sort": 2}),
		folder("locked", object{"collapse": "locked", "hidden": true, "translations": []object{
			{"language": "de-DE", "translation": "Verborgen", "singular": "Verborgenes", "plural": "Verborgene"},
		}}),
	}
}

func tables() []object {
	return []object{
		types(), options(), posts(),
		collection("settings_page", object{"singleton": true, "icon": "tune", "group": "parts", "sort": 1}, key(), field("headline", "string", "input")),
		collection("languages", object{"icon": "translate", "sort_field": "sort"},
			field("code", "string", "input", primary(), length(12), notNull()),
			field("name", "string", "input"),
			field("direction", "string", "select-dropdown", def("ltr")),
			field("sort", "integer", "input", hidden())),
		collection("tags", object{"display_template": "{{name}}"},
			field("id", "uuid", "input", primary(), special("uuid"), notNull()),
			field("name", "string", "input", unique()),
			field("posts", "alias", "list-m2m", alias("m2m"))),
		collection("posts_tags", object{"hidden": true}, key(),
			field("posts_id", "integer", "", hidden()), field("tags_id", "uuid", "", hidden()), field("sort", "integer", "", hidden())),
		collection("posts_translations", object{"hidden": true}, key(),
			field("posts_id", "integer", "", hidden()), field("languages_code", "string", "", hidden(), length(12)),
			field("title", "string", "input"), field("body", "text", "input-rich-text-html")),
		collection("posts_blocks", object{"hidden": true}, key(),
			field("posts_id", "integer", "", hidden()), field("item", "string", "", hidden()),
			field("collection", "string", "", hidden()), field("sort", "integer", "", hidden())),
		collection("posts_files", object{"hidden": true}, key(),
			field("posts_id", "integer", "", hidden()), field("directus_files_id", "uuid", "", hidden())),
		collection("block_text", object{"group": "parts", "sort": 3}, field("id", "bigInteger", "input", autoKey()), field("text", "text", "input-rich-text-md")),
		collection("block_hero", object{"group": "parts", "sort": 2},
			field("id", "uuid", "input", primary(), special("uuid"), notNull()),
			field("heading", "string", "input"), field("image", "uuid", "file-image", special("file"))),
		collection("pages", object{
			"icon": "article", "sort_field": "sort", "archive_field": "state", "archive_value": "archived", "unarchive_value": "draft",
			"archive_app_filter": false, "accountability": nil, "item_duplication_fields": []string{"title", "parent"},
			"preview_url": "https://example.com/{{id}}?v={{$version}}", "color": "#2ECDA7",
		},
			key(),
			field("state", "string", "select-dropdown", def("draft"), notNull()),
			field("sort", "integer", "input", hidden()),
			field("title", "string", "input"),
			field("parent", "integer", "select-dropdown-m2o", special("m2o")),
			field("children", "alias", "list-o2m-tree-view", alias("o2m"))),
		collection("codes", object{"accountability": "activity", "note": "Keyed by hand"},
			field("code", "string", "input", primary(), length(20)),
			field("of", "string", "select-dropdown-m2o", special("m2o"), length(20), notNull())),
	}
}

// types has a field of every type, bare and with a default.
func types() object {
	return collection("types", object{"icon": "category"},
		key(),
		field("string", "string", "input"),
		field("string_default", "string", "input", def("it's \"so\" :: 1")),
		field("string_empty", "string", "input", def("")),
		field("string_null", "string", "input", def("null")),
		field("string_quoted", "string", "input", def("'q'")),
		field("string_unicode", "string", "input", def("日本 é 🎉")),
		field("string_number", "string", "input", def("007")),
		field("string_short", "string", "input", length(7)),
		field("text", "text", "input-multiline"),
		field("boolean", "boolean", "boolean", special("cast-boolean")),
		field("boolean_true", "boolean", "boolean", special("cast-boolean"), def(true), notNull()),
		field("boolean_false", "boolean", "boolean", special("cast-boolean"), def(false)),
		field("integer", "integer", "input"),
		field("integer_default", "integer", "slider", def(-42)),
		field("big", "bigInteger", "input"),
		field("big_default", "bigInteger", "input", def("9007199254740993")),
		field("float", "float", "input"),
		field("float_default", "float", "input", def(1.5)),
		field("decimal", "decimal", "input"),
		field("decimal_default", "decimal", "input", decimals(12, 4), def(0.1)),
		field("decimal_whole", "decimal", "input", decimals(8, 0)),
		field("date", "date", "datetime"),
		field("date_default", "date", "datetime", def("2024-02-29")),
		field("time", "time", "datetime"),
		field("time_default", "time", "datetime", def("12:34:56")),
		field("datetime", "dateTime", "datetime"),
		field("datetime_default", "dateTime", "datetime", def("2024-02-29 12:34:56")),
		field("timestamp", "timestamp", "datetime"),
		field("timestamp_now", "timestamp", "datetime", def("CURRENT_TIMESTAMP")),
		field("json", "json", "input-code", special("cast-json")),
		field("csv", "csv", "tags", special("cast-csv")),
		field("csv_default", "csv", "tags", special("cast-csv"), def("a,b")),
		field("uuid", "uuid", "input"),
		field("uuid_special", "uuid", "input", special("uuid")),
		field("hash", "hash", "input-hash", special("hash", "conceal")),
		field("binary", "binary", ""),
	)
}

// options has the Studio's options of fields.
func options() object {
	rule := func(name, field, operator string, value any, more object) object {
		return join(object{"name": name, "rule": object{"_and": []object{{field: object{operator: value}}}}}, more)
	}
	return collection("options", object{
		"display_template": "{{plain}} · {{choice}}", "translations": []object{
			{"language": "en-US", "translation": "Options"}, {"language": "ar-SA", "translation": "خيارات"},
		},
	},
		key(),
		field("plain", "string", "input", with("required", true), notNull(), with("width", "half"), with("note", "Long note\nwith 'quotes', \\ and 🎉"), with("sort", 9)),
		field("choice", "string", "select-dropdown", with("options", object{
			"choices":    []object{{"text": "Zeta", "value": "z"}, {"text": "Alpha", "value": "a", "color": "#fff", "icon": nil}},
			"allowOther": true, "limits": []any{3, 1, 2.5, 10}, "nested": []any{[]any{2, 1}, []any{}}, "empty": object{},
		}), with("display", "labels"), with("display_options", object{"choices": []object{{"text": "b", "value": "b"}, {"text": "a", "value": "a"}}, "format": false})),
		field("checked", "string", "input", with("validation", object{"_and": []object{{"checked": object{"_regex": "^[a-z]+$"}}}}), with("validation_message", "lower case")),
		field("conditional", "text", "input-multiline", with("readonly", true), with("conditions", []object{
			rule("shown", "choice", "_eq", "a", object{"hidden": false, "readonly": false, "required": true, "options": object{"softLength": 20}}),
			rule("hidden", "plain", "_in", []string{"z", "b"}, object{"hidden": true}),
		})),
		field("translated", "string", "input", with("translations", []object{{"language": "fr-FR", "translation": "Traduit"}, {"language": "de-DE", "translation": "Übersetzt"}})),
		field("many", "json", "select-multiple-dropdown", special("cast-json"), def(`["b","a"]`)),
		field("object_default", "json", "input-code", special("cast-json"), def(`{"a":{"b":[1,2]}}`)),
		field("basics", "alias", "group-raw", alias("alias", "no-data", "group")),
		field("accordion", "alias", "group-accordion", alias("alias", "no-data", "group"), with("options", object{"accordionMode": false, "start": "first"})),
		field("detail", "alias", "group-detail", alias("alias", "no-data", "group"), inGroup("accordion")),
		field("grouped", "string", "input", inGroup("detail"), with("width", "fill")),
		field("divider", "alias", "presentation-divider", alias("alias", "no-data"), with("options", object{"title": "Part", "inlineTitle": true})),
		field("notice", "alias", "presentation-notice", alias("alias", "no-data"), with("options", object{"text": "<b>Look</b> & see"})),
		field("links", "alias", "presentation-links", alias("alias", "no-data"), with("options", object{"links": []object{{"label": "B", "type": "primary"}, {"label": "A", "type": "link"}}})),
		field("indexed_later", "string", "input", unique(), with("sort", 1)),
	)
}

// posts has every kind of relation.
func posts() object {
	return collection("posts", object{
		"icon": "article", "group": "content", "sort": 1, "versioning": true, "archive_field": "status", "archive_value": "archived",
		"unarchive_value": "draft", "sort_field": "sort", "collapse": "closed",
	},
		key(),
		field("status", "string", "select-dropdown", def("draft"), notNull(), with("width", "full")),
		field("sort", "integer", "input", hidden()),
		field("user_created", "uuid", "select-dropdown-m2o", special("user-created"), with("readonly", true), hidden(), with("width", "half")),
		field("date_created", "timestamp", "datetime", special("date-created"), with("readonly", true), hidden(), with("display", "datetime"), with("display_options", object{"relative": true})),
		field("user_updated", "uuid", "select-dropdown-m2o", special("user-updated")),
		field("date_updated", "timestamp", "datetime", special("date-updated")),
		field("role", "uuid", "select-dropdown-m2o", special("role-created")),
		field("title", "string", "input", with("required", true), length(200), notNull()),
		field("slug", "string", "input", unique(), length(100)),
		field("page", "integer", "select-dropdown-m2o", special("m2o")),
		field("settings", "integer", "select-dropdown-m2o", special("m2o"), unique()),
		field("loose", "integer", "select-dropdown-m2o", special("m2o")),
		field("strict", "integer", "select-dropdown-m2o", special("m2o"), notNull()),
		field("code", "string", "select-dropdown-m2o", special("m2o"), length(20)),
		field("cover", "uuid", "file-image", special("file")),
		field("owner", "uuid", "select-dropdown-m2o", special("m2o")),
		field("tags", "alias", "list-m2m", alias("m2m")),
		field("gallery", "alias", "files", alias("files")),
		field("blocks", "alias", "list-m2a", alias("m2a")),
		field("translations", "alias", "translations", alias("translations")),
	)
}

func onUsers() []object {
	return []object{
		field("department", "string", "input", with("sort", 1)),
		field("favourite", "integer", "select-dropdown-m2o", special("m2o")),
		field("owned_posts", "alias", "list-o2m", alias("o2m")),
	}
}

func onFiles() []object {
	return []object{field("licence", "string", "input", def("CC-BY")), field("seen_on", "date", "datetime")}
}

// only is a collection with what some vendors or versions do not have.
func only(vendor database.Vendor, major int) object {
	fields := []object{key()}
	if major >= 11 {
		fields = append(fields,
			field("indexed", "string", "input", column("is_indexed", true)),
			field("both", "string", "input", column("is_indexed", true), unique()),
			field("unsearchable", "text", "input", with("searchable", false)))
	}
	if vendor == database.MySQL {
		for _, kind := range []string{"", ".Point", ".LineString", ".Polygon", ".MultiPoint", ".MultiLineString", ".MultiPolygon"} {
			fields = append(fields, field(shape(kind), "geometry"+kind, "map", special("geometry"+kind)))
		}
	}
	return collection("only_here", object{}, fields...)
}

// shape names a field after its type: "shape_multi_point".
func shape(kind string) string {
	name := "shape"
	for _, r := range strings.TrimPrefix(kind, ".") {
		if unicode.IsUpper(r) {
			name += "_"
		}
		name += string(unicode.ToLower(r))
	}
	return name
}
