package main

import (
	"context"

	"bunnyhop/internal/sample"
)

// makeSettings names the project and sets a few things that an upgrade keeps.
func makeSettings(ctx context.Context, c *client) error {
	return c.patch(ctx, "/settings", object{
		"project_name": "The Harbour Post", "project_descriptor": "Newsroom", "project_color": "#2F6F8F", "default_language": "en-US",
		"custom_css": "/* The Harbour Post */ :root { --newsroom: 1; }",
		"storage_asset_presets": []object{
			{"key": "card", "fit": "cover", "width": 320, "height": 200, "quality": 80, "withoutEnlargement": true, "format": "auto", "transforms": []any{}},
		},
	})
}

// makeAccess makes three roles, what they and the public may do, and four
// users besides the administrator; three of the four may use the Studio.
func makeAccess(ctx context.Context, c *client) error {
	roles := []object{
		{"id": id("role/editor"), "name": "Editor", "icon": "edit_note", "app_access": true, "admin_access": false, "description": "Decides what is printed"},
		{"id": id("role/author"), "name": "Author", "icon": "draw", "app_access": true, "admin_access": false, "description": "Writes, and changes only what is their own"},
		{"id": id("role/feed"), "name": "Partner feed", "icon": "rss_feed", "app_access": false, "admin_access": false, "ip_access": []string{"127.0.0.1", "192.0.2.0/24"}},
	}
	if err := c.post(ctx, "/roles", roles); err != nil {
		return err
	}
	if err := c.post(ctx, "/permissions", permissions()); err != nil {
		return err
	}
	users := []object{
		user("mina", "Mina", "Okafor", "editor", "en-US"),
		user("yusuf", "يوسف", "حدّاد", "editor", "ar-SA"),
		user("aiko", "愛子", "森", "author", "ja-JP"),
		user("feed", "Partner", "Feed", "feed", "en-US"),
	}
	return c.post(ctx, "/users", users)
}

func user(name, first, last, role, language string) object {
	return object{
		"id": id("user/" + name), "email": name + "@example.com", "password": sample.AdminPassword, "status": "active",
		"first_name": first, "last_name": last, "role": id("role/" + role), "language": language,
	}
}

// permissions lists plain ones and ones with a filter, a field list, a check
// of what is written or values that are filled in.
func permissions() []object {
	published := object{"status": object{"_eq": "published"}}
	own := object{"user_created": object{"_eq": "$CURRENT_USER"}}
	all := []string{"*"}
	var list []object
	for _, collection := range []string{
		"articles", "articles_tags", "articles_translations", "articles_blocks",
		"block_text", "block_quote", "block_gallery", "block_gallery_files", "editions", "tags",
	} {
		for _, action := range []string{"create", "read", "update", "delete"} {
			list = append(list, may("editor", collection, action, all, nil))
		}
	}
	for _, collection := range []string{"site", "authors", "sections", "languages", "letters", "directus_files", "directus_folders"} {
		list = append(list, may("editor", collection, "read", all, nil))
	}
	for _, collection := range []string{"articles", "authors", "sections", "languages", "tags", "articles_tags", "articles_translations", "directus_files"} {
		list = append(list, may("author", collection, "read", all, nil))
	}
	list = append(list,
		with(may("editor", "letters", "update", []string{"approved", "answer"}, object{"stars": object{"_gte": 1}}),
			"validation", object{"answer": object{"_nempty": true}}),
		may("editor", "articles", "share", all, published),
		may("editor", "directus_files", "create", all, nil),
		with(with(may("author", "articles", "create", []string{"title", "slug", "summary", "body", "section", "cover", "keywords", "status"}, nil),
			"presets", object{"status": "draft", "featured": false}),
			"validation", object{"_and": []object{{"status": object{"_in": []string{"draft", "review"}}}, {"title": object{"_nempty": true}}}}),
		may("author", "articles", "update", []string{"title", "summary", "body", "keywords"}, own),
		may("author", "articles", "delete", nil, object{"_and": []object{own, {"status": object{"_eq": "draft"}}}}),
		may("feed", "articles", "read", []string{"id", "title", "summary", "published_on", "section"}, published),
		may("feed", "sections", "read", all, nil),
		may("", "site", "read", all, nil),
		may("", "sections", "read", all, nil),
		may("", "languages", "read", all, nil),
		may("", "articles", "read", []string{"id", "title", "slug", "summary", "body", "published_on", "cover", "section", "author"}, published),
		may("", "authors", "read", []string{"id", "name", "slug", "bio", "portrait"}, nil),
		may("", "directus_files", "read", all, object{"folder": object{"_in": []string{id("folder/Photos"), id("folder/Portraits")}}}),
		with(may("", "letters", "create", []string{"article", "name", "body", "stars"}, nil),
			"validation", object{"stars": object{"_between": []int{1, 5}}}),
	)
	return list
}

// may allows a role, or the public when role is empty, one action.
func may(role, collection, action string, fields []string, filter object) object {
	result := object{"role": nil, "collection": collection, "action": action, "fields": fields, "permissions": filter}
	if role != "" {
		result["role"] = id("role/" + role)
	}
	return result
}

func with(permission object, key string, value any) object {
	return merge(permission, object{key: value})
}
