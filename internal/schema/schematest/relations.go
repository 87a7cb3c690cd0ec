package schematest

func relations() []object {
	relation := func(collection, field, related string, meta, schema object) object {
		body := object{"collection": collection, "field": field, "related_collection": related, "meta": meta, "schema": schema}
		if related == "" {
			body["related_collection"] = nil
		}
		return body
	}
	on := func(remove string) object { return object{"on_delete": remove} }
	junction := func(one, other, sort string) object {
		meta := object{"one_field": one, "junction_field": other}
		if one == "" {
			meta["one_field"] = nil
		}
		if sort != "" {
			meta["sort_field"] = sort
		}
		return meta
	}
	return []object{
		relation("pages", "parent", "pages", object{"one_field": "children", "sort_field": "sort", "one_deselect_action": "delete"}, on("NO ACTION")),
		relation("posts", "page", "pages", object{}, on("SET NULL")),
		relation("posts", "settings", "settings_page", object{}, on("CASCADE")),
		relation("posts", "strict", "settings_page", object{}, on("RESTRICT")),
		relation("posts", "code", "codes", object{}, object{"on_delete": "SET NULL", "on_update": "CASCADE"}),
		relation("codes", "of", "codes", object{}, on("CASCADE")),
		relation("posts", "cover", "directus_files", object{}, on("SET NULL")),
		relation("posts", "user_created", "directus_users", object{}, object{}),
		relation("posts", "user_updated", "directus_users", object{}, object{}),
		relation("posts", "role", "directus_roles", object{}, object{}),
		relation("posts", "owner", "directus_users", object{"one_field": "owned_posts"}, on("SET NULL")),
		relation("directus_users", "favourite", "posts", object{}, on("SET NULL")),
		relation("block_hero", "image", "directus_files", object{}, on("SET NULL")),
		relation("posts_tags", "tags_id", "tags", junction("posts", "posts_id", ""), on("CASCADE")),
		relation("posts_tags", "posts_id", "posts", junction("tags", "tags_id", "sort"), on("CASCADE")),
		relation("posts_translations", "languages_code", "languages", junction("", "posts_id", ""), on("SET NULL")),
		relation("posts_translations", "posts_id", "posts", junction("translations", "languages_code", ""), on("SET NULL")),
		relation("posts_files", "directus_files_id", "directus_files", junction("", "posts_id", ""), on("SET NULL")),
		relation("posts_files", "posts_id", "posts", junction("gallery", "directus_files_id", ""), on("SET NULL")),
		relation("posts_blocks", "posts_id", "posts", junction("blocks", "item", "sort"), on("SET NULL")),
		relation("posts_blocks", "item", "", object{
			"junction_field": "posts_id", "one_collection_field": "collection", "one_allowed_collections": []string{"block_text", "block_hero", "pages"},
		}, nil),
	}
}
