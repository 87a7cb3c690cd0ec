package main

import (
	"context"
	"fmt"
)

// makeSchema makes the collections with their fields, then the relations.
func makeSchema(ctx context.Context, c *client) error {
	for _, collection := range collections() {
		if err := c.post(ctx, "/collections", collection); err != nil {
			return err
		}
	}
	for _, relation := range relations() {
		if err := c.post(ctx, "/relations", relation); err != nil {
			return fmt.Errorf("relation %s.%s: %w", relation["collection"], relation["field"], err)
		}
	}
	return nil
}

// collections lists two folders and fifteen tables.
func collections() []object {
	return []object{
		folder("newsroom", "newspaper"),
		folder("parts", "widgets"),
		table("site", object{"singleton": true, "icon": "language", "note": "What is on every page"},
			key(),
			field("title", "string", "input", required()),
			field("tagline", "string", "input"),
			field("about", "text", "input-rich-text-html"),
			field("colour", "string", "select-color"),
			special("menu", "json", "list", "cast-json"),
			special("notices", "boolean", "boolean", "cast-boolean"),
			file("logo", "file-image")),
		table("languages", object{"icon": "translate", "sort_field": "sort", "group": "parts"},
			field("code", "string", "input", primary(), length(12)),
			field("name", "string", "input"),
			field("direction", "string", "select-dropdown", choices("ltr", "rtl"), def("ltr")),
			hidden("sort", "integer")),
		table("authors", object{"icon": "person", "group": "newsroom", "display_template": "{{name}}"},
			special("id", "uuid", "input", "uuid", primary()),
			field("name", "string", "input", required()),
			field("slug", "string", "input", unique()),
			field("bio", "text", "input-rich-text-md"),
			field("born", "date", "datetime"),
			field("rating", "float", "input"),
			field("fee", "decimal", "input", precision(10, 2)),
			special("speaks", "csv", "tags", "cast-csv"),
			special("contact", "json", "input-code", "cast-json"),
			file("portrait", "file-image"),
			special("account", "uuid", "select-dropdown-m2o", "m2o"),
			alias("articles", "list-o2m", "o2m")),
		table("sections", object{"icon": "account_tree", "group": "newsroom", "sort_field": "sort", "display_template": "{{name}}"},
			key(),
			field("name", "string", "input", required()),
			field("slug", "string", "input", unique()),
			hidden("sort", "integer"),
			special("parent", "integer", "select-dropdown-m2o", "m2o"),
			alias("children", "list-o2m-tree-view", "o2m")),
		table("tags", object{"icon": "sell", "group": "newsroom", "sort_field": "sort"},
			key(),
			field("name", "string", "input", unique()),
			field("colour", "string", "select-color"),
			hidden("sort", "integer"),
			alias("articles", "list-m2m", "m2m")),
		articles(),
		junction("articles_tags", hidden("articles_id", "integer"), hidden("tags_id", "integer"), hidden("sort", "integer")),
		junction("articles_translations",
			hidden("articles_id", "integer"),
			hidden("languages_code", "string", length(12)),
			field("title", "string", "input"),
			field("summary", "text", "input-multiline")),
		junction("articles_blocks",
			hidden("articles_id", "integer"), hidden("item", "string"), hidden("collection", "string"), hidden("sort", "integer")),
		table("block_text", object{"icon": "notes", "group": "parts"},
			key(),
			field("heading", "string", "input"),
			field("body", "text", "input-rich-text-md")),
		table("block_quote", object{"icon": "format_quote", "group": "parts"},
			special("id", "uuid", "input", "uuid", primary()),
			field("words", "text", "input-multiline"),
			field("said_by", "string", "input")),
		table("block_gallery", object{"icon": "collections", "group": "parts"},
			key(),
			field("caption", "string", "input"),
			special("pictures", "alias", "files", "files")),
		junction("block_gallery_files",
			hidden("block_gallery_id", "integer"), hidden("directus_files_id", "uuid"), hidden("sort", "integer")),
		table("letters", object{"icon": "mail", "group": "newsroom", "note": "From readers", "accountability": "activity"},
			key(),
			special("article", "integer", "select-dropdown-m2o", "m2o"),
			field("name", "string", "input"),
			field("body", "text", "input-multiline"),
			field("stars", "integer", "slider"),
			field("received", "dateTime", "datetime"),
			special("approved", "boolean", "boolean", "cast-boolean", def(false)),
			field("answer", "text", "input-multiline")),
		table("editions", object{
			"icon": "menu_book", "group": "newsroom",
			"archive_field": "state", "archive_value": "archived", "unarchive_value": "planned",
		},
			key(),
			field("number", "integer", "input", unique()),
			field("state", "string", "select-dropdown", choices("planned", "printed", "archived"), def("planned")),
			field("day", "date", "datetime"),
			field("deadline", "time", "datetime"),
			field("copies", "bigInteger", "input"),
			field("price", "decimal", "input", precision(6, 2)),
			special("lead", "integer", "select-dropdown-m2o", "m2o")),
	}
}

func articles() object {
	return table("articles", object{
		"icon": "article", "group": "newsroom", "sort_field": "sort", "display_template": "{{title}}", "versioning": true,
		"archive_field": "status", "archive_value": "archived", "unarchive_value": "draft",
		"preview_url": "http://127.0.0.1/preview/{{slug}}",
	},
		key(),
		field("status", "string", "select-dropdown", choices("draft", "review", "published", "archived"), def("draft")),
		hidden("sort", "integer"),
		field("title", "string", "input", required()),
		field("slug", "string", "input", unique()),
		field("summary", "text", "input-multiline"),
		field("body", "text", "input-rich-text-md"),
		special("divider", "alias", "presentation-divider", "no-data"),
		field("published_on", "date", "datetime"),
		field("embargo", "timestamp", "datetime"),
		field("minutes", "float", "input"),
		field("budget", "decimal", "input", precision(12, 2)),
		field("views", "bigInteger", "input", def(0)),
		special("featured", "boolean", "boolean", "cast-boolean", def(false)),
		special("keywords", "csv", "tags", "cast-csv"),
		special("meta", "json", "input-code", "cast-json"),
		special("section", "integer", "select-dropdown-m2o", "m2o"),
		special("author", "uuid", "select-dropdown-m2o", "m2o"),
		file("cover", "file-image"),
		special("user_created", "uuid", "select-dropdown-m2o", "user-created"),
		special("date_created", "timestamp", "datetime", "date-created"),
		special("user_updated", "uuid", "select-dropdown-m2o", "user-updated"),
		special("date_updated", "timestamp", "datetime", "date-updated"),
		alias("tags", "list-m2m", "m2m"),
		alias("translations", "translations", "translations"),
		alias("blocks", "list-m2a", "m2a"),
		alias("letters", "list-o2m", "o2m"))
}

func relations() []object {
	sorted := object{"one_deselect_action": "delete", "sort_field": "sort"}
	return []object{
		manyToOne("site", "logo", "directus_files", "", "SET NULL", nil),
		manyToOne("authors", "portrait", "directus_files", "", "SET NULL", nil),
		manyToOne("authors", "account", "directus_users", "", "SET NULL", nil),
		manyToOne("sections", "parent", "sections", "children", "SET NULL", object{"sort_field": "sort"}),
		manyToOne("articles", "section", "sections", "", "SET NULL", nil),
		manyToOne("articles", "author", "authors", "articles", "SET NULL", nil),
		manyToOne("articles", "cover", "directus_files", "", "SET NULL", nil),
		manyToOne("articles", "user_created", "directus_users", "", "", nil),
		manyToOne("articles", "user_updated", "directus_users", "", "", nil),
		manyToOne("letters", "article", "articles", "letters", "CASCADE", nil),
		manyToOne("editions", "lead", "articles", "", "SET NULL", nil),
		manyToOne("articles_tags", "articles_id", "articles", "tags", "CASCADE", merge(sorted, object{"junction_field": "tags_id"})),
		manyToOne("articles_tags", "tags_id", "tags", "articles", "CASCADE", object{"junction_field": "articles_id"}),
		manyToOne("articles_translations", "articles_id", "articles", "translations", "CASCADE", object{"junction_field": "languages_code"}),
		manyToOne("articles_translations", "languages_code", "languages", "", "CASCADE", object{"junction_field": "articles_id"}),
		manyToOne("articles_blocks", "articles_id", "articles", "blocks", "CASCADE", merge(sorted, object{"junction_field": "item"})),
		{"collection": "articles_blocks", "field": "item", "meta": object{
			"one_allowed_collections": []string{"block_text", "block_quote", "block_gallery"},
			"one_collection_field":    "collection", "junction_field": "articles_id",
		}},
		manyToOne("block_gallery_files", "block_gallery_id", "block_gallery", "pictures", "CASCADE", merge(sorted, object{"junction_field": "directus_files_id"})),
		manyToOne("block_gallery_files", "directus_files_id", "directus_files", "", "CASCADE", object{"junction_field": "block_gallery_id"}),
	}
}
