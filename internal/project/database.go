package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Database returns how the project reaches its database, as Directus reads it
// (getDatabase in @directus/api, database/index.js of Directus 10.13.4 to
// 12.4.0): with a connection string, which then is all that counts besides the
// search path, or from separate values. What cannot be used is left empty;
// DatabaseProblem says why.
func (c *Config) Database() database.Config {
	d, _ := c.readDatabase()
	return d
}

// DatabaseProblem says why the configuration of the database cannot be used,
// as a *fault.Error that shows no value which may be secret; nil when it can.
// It looks at the configuration only: whether this program supports the
// database is told by database.Supported, whether it answers by opening it.
func (c *Config) DatabaseProblem() error {
	if _, problem := c.readDatabase(); problem != nil {
		return problem
	}
	return nil
}

// databaseReader reads one configuration; the first problem stays.
type databaseReader struct {
	config *Config
	// settings are those of the driver: a connection string's or DB_* values.
	settings map[string]any
	// inString says that they come from the connection string.
	inString bool
	problem  *fault.Error
}

func (r *databaseReader) fail(what, hint string) {
	if r.problem == nil {
		r.problem = fault.New(what, hint)
	}
}

func (c *Config) readDatabase() (database.Config, *fault.Error) {
	all := c.databaseSettings()
	r := &databaseReader{config: c, settings: all}
	d := database.Config{Client: c.Get("DB_CLIENT")}
	r.checkNames()
	r.checkRequired(d.Client, truthy(all["connectionString"]))
	vendor, known := d.Vendor()
	if d.Client != "" && !known {
		r.fail("DB_CLIENT names no database that Directus knows", "Directus takes sqlite3, pg, mysql, cockroachdb, mssql and oracledb")
	}
	if vendor == database.SQLite {
		d.Filename = r.filename()
		return d, r.problem
	}
	usable := r.useConnectionString()
	switch vendor {
	case database.Postgres, database.CockroachDB, database.Redshift:
		d.SearchPath = r.searchPath(all["searchPath"])
		if usable {
			r.postgres(&d)
		}
	case database.MySQL:
		if usable {
			r.mysql(&d)
		}
	default:
		if usable {
			d.Host, d.Port, d.Name = r.text("host"), r.port(""), r.text("database")
			d.User, d.Password = r.text("user"), r.text("password")
		}
	}
	return d, r.problem
}

// databaseSettings is getConfigFromEnv('DB_', …) of @directus/api: the DB_
// values in their order, cast, under names in camel case.
func (c *Config) databaseSettings() map[string]any {
	settings := map[string]any{}
	for _, key := range c.databaseKeys() {
		v := castValue(key, c.values[key].raw)
		path := settingPath(key)
		at := settings
		for _, name := range path[:len(path)-1] {
			below, ok := at[name].(map[string]any)
			if !ok { // what stood there gives way, as in lodash's set
				below = map[string]any{}
			}
			below = maps.Clone(below)
			at[name] = below
			at = below
		}
		at[path[len(path)-1]] = v
	}
	return settings
}

// databaseKeys are the keys of the database in their order; Directus looks at
// the prefix without regard to case.
func (c *Config) databaseKeys() []string {
	var keys []string
	for key := range c.values {
		upper := strings.ToUpper(key)
		if strings.HasPrefix(upper, "DB_") && !strings.HasPrefix(upper, "DB_EXCLUDE_TABLES") {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return c.values[a].order - c.values[b].order })
	return keys
}

// settingPath is where a key stands: DB_SSL__CA is ssl, ca.
func settingPath(key string) []string {
	path := strings.Split(key[len("DB_"):], "__")
	for i, name := range path {
		path[i] = camelCase(name)
	}
	return path
}

// settingKeys are the variables by the names of the settings that are read
// here.
var settingKeys = map[string]string{
	"client": "DB_CLIENT", "filename": "DB_FILENAME", "connectionString": "DB_CONNECTION_STRING", "host": "DB_HOST", "port": "DB_PORT",
	"database": "DB_DATABASE", "user": "DB_USER", "password": "DB_PASSWORD", "socketPath": "DB_SOCKET_PATH", "searchPath": "DB_SEARCH_PATH",
	"charset": "DB_CHARSET", "ssl": "DB_SSL", "options": "DB_OPTIONS",
}

// checkNames refuses a second spelling of a variable: Directus takes db_host
// for DB_HOST and the later one wins, which nobody would expect.
func (r *databaseReader) checkNames() {
	for _, key := range r.config.databaseKeys() {
		if want, other := otherSpelling(key); other {
			r.fail(fmt.Sprintf("Directus takes %s for %s, and the later one wins", key, want), fmt.Sprintf("remove %s, or write it as %s", key, want))
		}
	}
}

// otherSpelling tells of db_host, DB_HOST_ and the like, and for what Directus
// takes them.
func otherSpelling(key string) (want string, other bool) {
	want, known := settingKeys[settingPath(key)[0]]
	spelled, _, _ := strings.Cut(key, "__")
	return want, known && spelled != want
}

// checkRequired refuses what validateEnv of Directus refuses: a variable that
// is not there at all. An empty one is there.
func (r *databaseReader) checkRequired(client string, withString bool) {
	set := func(key string) bool { return truthy(castValue(key, r.config.values[key].raw)) }
	server := []string{"DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER", "DB_PASSWORD"}
	required := server
	switch client {
	case "":
		required = []string{"DB_CLIENT"}
	case "sqlite3":
		required = []string{"DB_FILENAME"}
	case "pg", "cockroachdb":
		if required = server[:4]; withString {
			required = nil
		}
	case "mysql":
		if set("DB_SOCKET_PATH") {
			required = server[2:]
		}
	case "oracledb":
		if set("DB_CONNECT_STRING") {
			required = server[3:]
		}
	case "mssql":
		if set("DB_TYPE") && r.config.Get("DB_TYPE") != "default" {
			required = nil
		}
	}
	for _, key := range required {
		if _, there := r.config.values[key]; !there {
			r.fail(key+" is not set", "Directus itself does not start without it; set it in "+r.config.Path+" or in the environment")
			return
		}
	}
	if client == "" && r.config.Get("DB_CLIENT") == "" {
		r.fail("DB_CLIENT is empty", "set it in "+r.config.Path+" or in the environment: sqlite3, pg, mysql …")
	}
}

// useConnectionString replaces the settings by those of a connection string
// where one is set. It tells whether there are settings to use.
func (r *databaseReader) useConnectionString() bool {
	switch whole := r.settings["connectionString"].(type) {
	case string:
		if whole == "" {
			return true
		}
		settings, err := parseConnectionString(whole, r.config.root)
		if err != nil {
			r.fail("DB_CONNECTION_STRING cannot be used: "+err.Error(), "Directus itself cannot use it either; correct it in "+r.config.Path+" or in the environment")
			return false
		}
		r.settings, r.inString = settings, true
		return true
	case []any:
		r.fail("DB_CONNECTION_STRING has a comma, so Directus takes it for a list", `write "string:" in front of it, or the comma as %2C`)
	default:
		if !truthy(whole) {
			return true
		}
		r.fail("DB_CONNECTION_STRING is no text", "it is a URL such as postgres://user:password@host:5432/name")
	}
	return false
}

func (r *databaseReader) filename() string {
	name := r.text("filename")
	if whole := r.settings["connectionString"]; truthy(whole) {
		// knex takes whatever is no URL for the file.
		text, isText := whole.(string)
		if !isText || schemeOf.MatchString(text) || strings.Contains(text, "://") {
			r.fail("DB_CONNECTION_STRING is set, and it does not name a SQLite file", "Directus lets it win over DB_FILENAME; remove it")
			return ""
		}
		name = text
	}
	switch name {
	case "":
		if _, there := r.config.values["DB_FILENAME"]; there {
			r.fail("DB_FILENAME is empty", "Directus would start with a new, empty database each time; set it to the path of the database file")
		}
		return ""
	case ":memory:":
		r.fail("the database lives in memory only", "there is nothing to keep; set DB_FILENAME to the path of a file")
		return ""
	}
	return absIn(r.config.root, name)
}

// label names a setting for a person.
func (r *databaseReader) label(name string) string {
	if r.inString {
		return "the " + name + " in DB_CONNECTION_STRING"
	}
	return settingKeys[name]
}

// text is a setting as text; what is no text is a problem.
func (r *databaseReader) text(name string) string {
	switch v := r.settings[name].(type) {
	case nil:
		return ""
	case []any, map[string]any:
		r.fail(r.label(name)+" is a list or an object", `Directus needs one text here; a text with a comma has "string:" in front of it`)
		return ""
	default:
		return valueTextOf(v)
	}
}

func (r *databaseReader) host() string {
	host := r.text("host")
	if !filepath.IsAbs(host) && strings.ContainsAny(host, " \t\r\n,") {
		r.fail(r.label("host")+" is no host: it has a comma, a space or a line break in it", "a value read from a file (DB_HOST_FILE) keeps the file's last line break; write the file without one")
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

func (r *databaseReader) port(standard string) string {
	text := strings.TrimFunc(r.text("port"), isJSSpace)
	n, err := strconv.ParseUint(text, 10, 16)
	switch {
	case text == "" || err == nil && n == 0 && !r.inString:
		return standard
	case err != nil || n == 0:
		r.fail(r.label("port")+" is not a port number", "it has to be a number from 1 to 65535")
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// environment is a variable of the server's environment; Directus does not
// hand those of its own file on.
func (r *databaseReader) environment(key string) string {
	if v := r.config.values[key]; v.source == FromEnvironment {
		return valueTextOf(v.raw)
	}
	return ""
}

// truthy is JavaScript's.
func truthy(v any) bool { return v != nil && v != "" && v != false && v != 0.0 }
