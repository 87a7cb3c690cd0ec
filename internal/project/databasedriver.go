package project

import (
	"cmp"
	"path/filepath"
	"regexp"
	"strings"

	"bunnyhop/internal/database"
)

// postgres fills in what node-pg makes of the settings (pg 8.12.0 and 8.16.3,
// lib/connection-parameters.js): what they lack comes from the environment.
func (r *databaseReader) postgres(d *database.Config) {
	d.Host = cmp.Or(r.host(), r.environment("PGHOST"), "localhost")
	d.Port = r.port(cmp.Or(r.environment("PGPORT"), "5432"))
	d.User = cmp.Or(r.text("user"), r.environment("PGUSER"), r.environment("USER"))
	d.Password = cmp.Or(r.text("password"), r.environment("PGPASSWORD"))
	d.Name = cmp.Or(r.text("database"), r.environment("PGDATABASE"), d.User)
	if d.User == "" {
		r.fail("no user for the database is set", "set DB_USER, or write the user into DB_CONNECTION_STRING")
	}
	ssl, set := r.settings["ssl"]
	if !set {
		switch r.environment("PGSSLMODE") {
		case "prefer", "require", "verify-ca", "verify-full":
			ssl = true
		case "no-verify":
			ssl = "no-verify"
		}
	}
	switch v := ssl.(type) {
	case map[string]any:
		d.TLS = r.tls(v)
	case string, bool, nil:
		switch {
		case v == true || v == "true":
			d.TLS = r.tls(nil)
		case v == "no-verify":
			d.TLS = r.tls(map[string]any{"rejectUnauthorized": false})
		case truthy(v):
			r.noTLS()
		}
	default:
		if truthy(ssl) {
			r.noTLS()
		}
	}
	if d.TLS != nil {
		if v, _ := ssl.(map[string]any); v["rejectUnauthorized"] == nil && r.environment("NODE_TLS_REJECT_UNAUTHORIZED") == "0" {
			d.TLS.Verify = false
		}
		if !isIP(d.Host) { // lib/connection.js: the host takes its place
			d.TLS.ServerName = ""
		}
	}
	r.options(d, cmp.Or(r.text("options"), r.environment("PGOPTIONS")))
}

// noTLS is for a value with which node-pg fails once the server answers.
func (r *databaseReader) noTLS() {
	if r.inString {
		r.fail("the ssl in DB_CONNECTION_STRING is none that node-postgres can use", "write ssl=true, or sslmode=disable, no-verify, require; with ssl=false it fails")
		return
	}
	r.fail("DB_SSL is none of the values that node-postgres can use", `write true, false or no-verify, or set DB_SSL__REJECT_UNAUTHORIZED, DB_SSL__CA_FILE; an object has "json:" in front of it`)
}

// mysql fills in what mysql 2.18.1 (Directus 10) and mysql2 (11 and later)
// make of the settings.
func (r *databaseReader) mysql(d *database.Config) {
	d.Name, d.User, d.Password = r.text("database"), r.text("user"), r.text("password")
	d.Charset = r.text("charset")
	if path := r.text("socketPath"); path != "" {
		d.Host = absIn(r.config.root, path)
	} else if d.Host = cmp.Or(r.host(), "localhost"); filepath.IsAbs(d.Host) {
		r.fail(r.label("host")+" is a path", "the socket of MySQL is named by DB_SOCKET_PATH")
	} else {
		d.Port = r.port("3306")
	}
	if d.Name == "" {
		r.fail("no name of the database is set", "set DB_DATABASE, or write it into DB_CONNECTION_STRING")
	}
	switch ssl := r.settings["ssl"].(type) {
	case map[string]any:
		if d.TLS = r.tls(ssl); d.TLS != nil {
			d.TLS.ServerName = "" // both drivers use the host
		}
	case bool:
		if ssl { // the driver of Directus 10 encrypts and checks nothing; the later one refuses it
			d.TLS = &database.TLS{}
		}
	default:
		if truthy(ssl) {
			r.fail(r.label("ssl")+" is no object, and profiles by name are not supported here", "set DB_SSL__CA_FILE to the file of the server's authority, or DB_SSL__REJECT_UNAUTHORIZED")
		}
	}
}

// options reads the command line options for the server's process, of which
// those that the connection here has to share are known by name.
func (r *databaseReader) options(d *database.Config, text string) {
	var rest []string
	words := optionWord.FindAllString(text, -1)
	for i := 0; i < len(words); i++ {
		word := words[i]
		setting, ok := strings.CutPrefix(word, "--")
		if !ok {
			if setting, ok = strings.CutPrefix(word, "-c"); ok && setting == "" && i+1 < len(words) {
				i++
				setting = words[i]
			}
		}
		name, value, _ := strings.Cut(strings.ReplaceAll(setting, `\`, ""), "=")
		name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		switch {
		case ok && name == "search_path":
			if len(d.SearchPath) == 0 { // the one of knex is set later and wins
				d.SearchPath = schemas(value)
			}
		case ok && harmlessOption.MatchString(name):
		default:
			rest = append(rest, word)
		}
	}
	if len(rest) > 0 {
		r.fail(r.label("options")+" asks the server for more than is understood here", "only search_path, timeouts and a few settings of no consequence are; leave the others out, or set them for the role with ALTER ROLE")
	}
}

var (
	optionWord     = regexp.MustCompile(`(?:\\.|[^\s\\])+`)
	harmlessOption = regexp.MustCompile(`_timeout$|^(application_name|jit|work_mem|client_min_messages|timezone|datestyle|geqo)$`)
)

// schemas reads a list of schemas as the server does.
func schemas(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if inner, ok := strings.CutPrefix(name, `"`); ok {
			name = strings.TrimSuffix(inner, `"`)
		} else {
			name = strings.ToLower(name)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// searchPath reads DB_SEARCH_PATH as knex does (lib/dialects/postgres): a
// list, or one text that is one schema whatever it holds. Spaces count.
func (r *databaseReader) searchPath(v any) []string {
	list, ok := v.([]any)
	switch v := v.(type) {
	case string:
		list, ok = []any{v}, true
	case nil:
		return nil
	}
	if !truthy(v) {
		return nil
	}
	var names []string
	for _, item := range list {
		name := valueTextOf(item)
		ok = ok && !strings.Contains(name, `"`)
		names = append(names, name)
	}
	if !ok {
		r.fail("DB_SEARCH_PATH is no list of schemas", `write their names with commas between them, without quotes; one that is a number has "string:" in front of it`)
		return nil
	}
	return names
}
