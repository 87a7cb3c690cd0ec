package project

import (
	"net/url"
	"path/filepath"
	"reflect"
	"strings"

	"bunnyhop/internal/database"
)

// DatabaseValues returns the DB_ values that have to change for Directus to
// use scratch, a copy of the project's database: another file, another name
// on the same server, or a database of another server. An empty value means that the variable has to go,
// its _FILE variant too. The project's own connection string never stays: it
// comes back with the name changed and all else kept, or, where that is not
// possible, as "" with separate values in its place.
func (c *Config) DatabaseValues(scratch database.Config) map[string]string {
	values := map[string]string{"DB_CONNECTION_STRING": ""}
	for _, key := range c.databaseKeys() {
		if _, other := otherSpelling(key); other {
			values[key] = "" // it might win
		}
	}
	if vendor, _ := scratch.Vendor(); vendor == database.SQLite {
		values["DB_FILENAME"] = literal("DB_FILENAME", scratch.Filename)
		return values
	}
	settings := c.databaseSettings()
	values["DB_DATABASE"] = literal("DB_DATABASE", scratch.Name)
	if own := c.Database(); scratch.Host != "" && (own.Host != scratch.Host || own.Port != scratch.Port || own.User != scratch.User) {
		c.separateValues(values, settings, scratch, true)
		return values
	}
	text, _ := settings["connectionString"].(string)
	if renamed, ok := c.renamed(text, scratch.Name); ok && !c.completed() {
		values["DB_CONNECTION_STRING"] = literal("DB_CONNECTION_STRING", renamed)
		return values
	}
	c.separateValues(values, settings, scratch, truthy(settings["connectionString"]))
	return values
}

// separateValues adds what the separate values lack, or with all every one:
// parts may come from the environment, which the copy does not get.
func (c *Config) separateValues(values map[string]string, settings map[string]any, scratch database.Config, all bool) {
	set := func(key, value string) {
		if value != "" && (all || c.Get(key) == "") {
			values[key] = literal(key, value)
		}
	}
	vendor, _ := scratch.Vendor()
	switch {
	case vendor == database.MySQL && filepath.IsAbs(scratch.Host):
		values["DB_SOCKET_PATH"] = literal("DB_SOCKET_PATH", scratch.Host)
	case all:
		values["DB_SOCKET_PATH"] = ""
		fallthrough
	default:
		set("DB_HOST", scratch.Host)
		set("DB_PORT", scratch.Port)
	}
	set("DB_USER", scratch.User)
	set("DB_PASSWORD", scratch.Password)
	if vendor == database.MySQL {
		set("DB_CHARSET", scratch.Charset)
	}
	if len(scratch.SearchPath) > 0 && !truthy(settings["searchPath"]) {
		values["DB_SEARCH_PATH"] = "json:" + jsonText(scratch.SearchPath)
	}
	_, own := settings["ssl"]
	v, there := c.values["DB_SSL"]
	switch {
	case all || own && c.completed() || !own && scratch.TLS != nil:
		c.dropNestedTLS(values, len(c.values))
		values["DB_SSL"] = tlsValue(scratch.TLS)
	case there:
		// The copy's file has its keys in alphabetical order: what a later
		// DB_SSL overrode must not come back.
		c.dropNestedTLS(values, v.order)
	}
}

// completed tells whether the server's environment may complete the settings
// of the database.
func (c *Config) completed() bool {
	for _, key := range []string{"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGOPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED"} {
		if c.values[key].source == FromEnvironment {
			return true
		}
	}
	return false
}

func (c *Config) dropNestedTLS(values map[string]string, before int) {
	for _, key := range c.databaseKeys() {
		if strings.HasPrefix(key, "DB_SSL__") && c.values[key].order < before {
			values[key] = ""
		}
	}
}

// tlsValue is a DB_SSL that says the same as t.
func tlsValue(t *database.TLS) string {
	if t == nil {
		return "false"
	}
	object := map[string]any{"rejectUnauthorized": t.Verify}
	for name, text := range map[string]string{"ca": t.CA, "cert": t.Cert, "key": t.Key, "servername": t.ServerName} {
		if text != "" {
			object[name] = text
		}
	}
	return "json:" + jsonText(object)
}

// renamed returns a connection string that leads to another name and says the
// same otherwise; relative paths in it become absolute.
func (c *Config) renamed(text, name string) (string, bool) {
	if text == "" {
		return "", false
	}
	before, err := parseConnectionString(text, c.root)
	if err != nil {
		return "", false
	}
	u, err := splitURL(text)
	if err != nil {
		return "", false
	}
	u.path = "/" + url.PathEscape(name)
	var query []string
	for _, pair := range u.query {
		key, value := queryPair(pair)
		switch key {
		case "database", "dbname":
			continue // knex lets a database win over the path for some schemes
		case "sslcert", "sslkey", "sslrootcert", "socketPath":
			if value != "" && !filepath.IsAbs(value) {
				pair = key + "=" + url.QueryEscape(absIn(c.root, value))
			}
		}
		query = append(query, pair)
	}
	u.query = query
	after, err := parseConnectionString(u.String(), c.root)
	if err != nil || after["database"] != name {
		return "", false
	}
	for _, key := range []string{"database", "dbname", "sslcert", "sslkey", "sslrootcert", "socketPath"} {
		delete(before, key)
		delete(after, key)
	}
	return u.String(), reflect.DeepEqual(before, after)
}

// literal is a value that Directus casts to exactly this text.
func literal(key, text string) string {
	if castValue(key, text) == any(text) || numberKeys[key] {
		return text
	}
	return "string:" + text
}
