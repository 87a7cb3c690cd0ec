package project

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// dotenv writes each line as KEY='value'.
func dotenv(lines ...string) map[string]string {
	var b strings.Builder
	for _, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "%s='%s'\n", key, value)
	}
	return map[string]string{".env": b.String()}
}

// What Directus makes of a connection string; observed with knex 3.1.0, pg
// 8.12.0 and mysql 2.18.1 of Directus 10.13.4, and the same with those of
// 12.4.0 (pg 8.16.3, mysql2 3.24.4) where nothing else is said.
func TestConnectionString(t *testing.T) {
	pg := func(host, port, name, user, password string, tls *database.TLS) database.Config {
		return database.Config{Client: "pg", Host: host, Port: port, Name: name, User: user, Password: password, TLS: tls}
	}
	verified, unverified := &database.TLS{Verify: true}, &database.TLS{}
	for _, c := range []struct {
		text    string
		environ []string
		want    database.Config
	}{
		{"postgres://user:pa%40ss@host:5433/name?sslmode=require&application_name=x", nil, pg("host", "5433", "name", "user", "pa@ss", verified)},
		{"postgresql://u:p@h/n", nil, pg("h", "5432", "n", "u", "p", nil)},
		{"Postgres://u:p@HOST/N\n", nil, pg("HOST", "5432", "N", "u", "p", nil)},
		{"postgres://u:p@h/n?sslmode=no-verify", nil, pg("h", "5432", "n", "u", "p", unverified)},
		{"postgres://u:p@h/n?sslmode=disable", nil, pg("h", "5432", "n", "u", "p", nil)},
		{"postgres://u:p@h/n?sslmode=prefer", nil, pg("h", "5432", "n", "u", "p", verified)},
		{"postgres://u:p@h/n?sslmode=allow", nil, pg("h", "5432", "n", "u", "p", verified)},
		{"postgres://u:p@h/n?sslmode=require&sslmode=disable", nil, pg("h", "5432", "n", "u", "p", nil)},
		{"postgres://u:p@h/n?ssl=true", nil, pg("h", "5432", "n", "u", "p", verified)},
		{"postgres://u:p@h/n?ssl=1", nil, pg("h", "5432", "n", "u", "p", verified)},
		{"postgres://u:p@h/n?ssl=0", nil, pg("h", "5432", "n", "u", "p", nil)},
		{"postgres://u:p@h/n?ssl=no-verify", nil, pg("h", "5432", "n", "u", "p", unverified)},
		{"postgres://u:p@h/n?sslmode=require", []string{"NODE_TLS_REJECT_UNAUTHORIZED=0"}, pg("h", "5432", "n", "u", "p", unverified)},
		{"postgresql:///db?host=/var/run/postgresql&user=me", nil, pg("/var/run/postgresql", "5432", "db", "me", "", nil)},
		{"postgres://u:p@%2Fvar%2Frun%2Fpostgresql:5434/db", nil, pg("/var/run/postgresql", "5434", "db", "u", "p", nil)},
		{"postgres://u:p@%2Fvar%2Frun/db?host=/x", nil, pg("/x", "5432", "%2Fvar%2Frun/db", "u", "p", nil)},
		{"postgres://u:p@w@h/n", nil, pg("h", "5432", "n", "u", "p@w", nil)},
		{"postgres://u:p%w@h/n", nil, pg("h", "5432", "n", "u", "p%w", nil)},
		{"postgres://u:p w%40x%4f@h/n", nil, pg("h", "5432", "n", "u", "p w@x%4f", nil)},
		{"string:postgres://u:p,w@h/n", nil, pg("h", "5432", "n", "u", "p,w", nil)},
		{"postgres://u:p@h/a%40b%20c%2Fd", nil, pg("h", "5432", "a%40b c%2Fd", "u", "p", nil)},
		{"postgres://u:p@h", nil, pg("h", "5432", "u", "u", "p", nil)},
		{"postgres://u:p@h/n?host=other&port=77&user=v&password=q&database=zz&dbname=yy", nil, pg("other", "77", "n", "v", "q", nil)},
		{"postgres://h/n", []string{"USER=os", "PGPASSWORD=pp", "PGPORT=6000", "PGSSLMODE=require"}, pg("h", "6000", "n", "os", "pp", verified)},
		{"postgres://h/n", []string{"PGSSLMODE=no-verify", "PGUSER=pu", "USER=os"}, pg("h", "5432", "n", "pu", "", unverified)},
		{"pg://u:p@h/n%20m?sslmode=require", nil, pg("h", "5432", "n%20m", "u", "p", nil)},
		{"mysql://u:p@h/n", nil, pg("h", "5432", "n", "u", "p", nil)},
	} {
		config := mustLoad(t, dotenv("DB_CLIENT=pg", "DB_CONNECTION_STRING="+c.text, "DB_HOST=left over", "DB_SSL=true"), c.environ...)
		if diff := cmp.Diff(c.want, config.Database()); diff != "" || config.DatabaseProblem() != nil {
			t.Errorf("%s: %v\n%s", c.text, config.DatabaseProblem(), diff)
		}
	}
	my := func(c database.Config) database.Config { c.Client = "mysql"; return c }
	for text, want := range map[string]database.Config{
		`mysql://u:p%40s@h:3307/n%20m?charset=utf8mb4&ssl={"rejectUnauthorized":false}`: {Host: "h", Port: "3307", Name: "n%20m", User: "u", Password: "p@s", Charset: "utf8mb4", TLS: unverified},
		"mysql://u:p@h/n?ssl={}": {Host: "h", Port: "3306", Name: "n", User: "u", Password: "p", TLS: verified},
		// mysql2, of Directus 11 and later, fails with this one.
		"mysql://u:p@h/n?ssl=true": {Host: "h", Port: "3306", Name: "n", User: "u", Password: "p", TLS: unverified},
		"mysql://u:p@h/n?socketPath=/run/m.sock&database=other&user=v&host=g": {Host: "/run/m.sock", Name: "other", User: "v", Password: "p"},
		"mysql://u:p@h/n?sslmode=require&ssl-mode=REQUIRED":                   {Host: "h", Port: "3306", Name: "n", User: "u", Password: "p"},
		"postgres://u:p@h/n": {Host: "h", Port: "3306", Name: "n", User: "u", Password: "p"},
	} {
		config := mustLoad(t, dotenv("DB_CLIENT=mysql", "DB_HOST=", "DB_PORT=", "DB_DATABASE=", "DB_USER=", "DB_PASSWORD=", "DB_CONNECTION_STRING="+text))
		if diff := cmp.Diff(my(want), config.Database()); diff != "" || config.DatabaseProblem() != nil {
			t.Errorf("%s: %v\n%s", text, config.DatabaseProblem(), diff)
		}
	}
	config := mustLoad(t, dotenv("DB_CLIENT=cockroachdb", "DB_CONNECTION_STRING=cockroachdb://u:p@h:26257/n?database=live&ssl=true"))
	want := database.Config{Client: "cockroachdb", Host: "h", Port: "26257", Name: "live", User: "u", Password: "p", TLS: verified}
	if diff := cmp.Diff(want, config.Database()); diff != "" {
		t.Error(diff)
	}
}

// Separate values, observed as above.
func TestDatabaseValuesRead(t *testing.T) {
	base := []string{"DB_HOST=h", "DB_PORT=5432", "DB_DATABASE=n", "DB_USER=u", "DB_PASSWORD=p"}
	for _, c := range []struct {
		lines string
		want  func(*database.Config)
	}{
		{"DB_CLIENT=pg", nil},
		{"DB_CLIENT=pg|DB_PORT=|DB_DATABASE=", func(d *database.Config) { d.Name = "u" }},
		{"DB_CLIENT=pg|DB_PORT= 5433 ", func(d *database.Config) { d.Port = "5433" }},
		{"DB_CLIENT=pg|DB_DATABASE=007|DB_USER=1|DB_PASSWORD=0012", func(d *database.Config) { d.Name, d.User, d.Password = "007", "1", "0012" }},
		{"DB_CLIENT=pg|DB_HOST=/var/run/postgresql|DB_PORT=5434|DB_SOCKET_PATH=/x", func(d *database.Config) { d.Host, d.Port = "/var/run/postgresql", "5434" }},
		{"DB_CLIENT=pg|DB_VERSION=16|DB_POOL__MIN=0|DB_POOL__MAX=5|DB_EXCLUDE_TABLES=a,b|DB_HEALTHCHECK_THRESHOLD=9|DB_CHARSET=utf8|DB_CONNECTION_STRING=", nil},
		{"DB_CLIENT=pg|DB_SSL=true", func(d *database.Config) { d.TLS = &database.TLS{Verify: true} }},
		{"DB_CLIENT=pg|DB_SSL=false", nil},
		{"DB_CLIENT=pg|DB_SSL=0", nil},
		{"DB_CLIENT=pg|DB_SSL=no-verify", func(d *database.Config) { d.TLS = &database.TLS{} }},
		{"DB_CLIENT=pg|DB_SSL=true|DB_SSL__REJECT_UNAUTHORIZED=false|DB_SSL__SERVERNAME=s", func(d *database.Config) { d.TLS = &database.TLS{} }},
		{"DB_CLIENT=pg|DB_HOST=10.0.0.1|DB_SSL__SERVERNAME=s", func(d *database.Config) { d.Host, d.TLS = "10.0.0.1", &database.TLS{Verify: true, ServerName: "s"} }},
		{"DB_CLIENT=pg|DB_SSL__REJECT_UNAUTHORIZED=false|DB_SSL=true", func(d *database.Config) { d.TLS = &database.TLS{Verify: true} }},
		{"DB_CLIENT=pg|DB_SSL=false|DB_SSL__REJECT_UNAUTHORIZED=0", func(d *database.Config) { d.TLS = &database.TLS{Verify: true} }},
		{`DB_CLIENT=pg|DB_SSL={"rejectUnauthorized":false}`, func(d *database.Config) { d.TLS = &database.TLS{} }},
		{`DB_CLIENT=pg|DB_SSL=json:{"rejectUnauthorized":false,"ca":"x"}`, func(d *database.Config) { d.TLS = &database.TLS{} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=one", func(d *database.Config) { d.SearchPath = []string{"one"} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=array:one", func(d *database.Config) { d.SearchPath = []string{"one"} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=a, b", func(d *database.Config) { d.SearchPath = []string{"a", " b"} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=string:a,b", func(d *database.Config) { d.SearchPath = []string{"a,b"} }},
		{`DB_CLIENT=pg|DB_SEARCH_PATH=json:["a","b"]`, func(d *database.Config) { d.SearchPath = []string{"a", "b"} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=$user,public,,1,true", func(d *database.Config) { d.SearchPath = []string{"$user", "public", "1", "true"} }},
		{"DB_CLIENT=pg|DB_SEARCH_PATH=", nil},
		{`DB_CLIENT=pg|DB_OPTIONS=string:-c search_path=Cms,\ "Up" --statement-timeout=5 -cjit=off`, func(d *database.Config) { d.SearchPath = []string{"cms", "Up"} }},
		{"DB_CLIENT=pg|DB_OPTIONS=-c search_path=a|DB_SEARCH_PATH=b", func(d *database.Config) { d.SearchPath = []string{"b"} }},
		{"DB_CLIENT=mysql|DB_CHARSET=utf8mb4|DB_SEARCH_PATH=a", func(d *database.Config) { d.Charset = "utf8mb4" }},
		{"DB_CLIENT=mysql|DB_PORT=", func(d *database.Config) { d.Port = "3306" }},
		{"DB_CLIENT=mysql|DB_SOCKET_PATH=/run/m.sock", func(d *database.Config) { d.Host, d.Port = "/run/m.sock", "" }},
		{"DB_CLIENT=mysql|DB_SSL=true", func(d *database.Config) { d.TLS = &database.TLS{} }},
		{"DB_CLIENT=mysql|DB_SSL__REJECT_UNAUTHORIZED=0", func(d *database.Config) { d.TLS = &database.TLS{Verify: true} }},
	} {
		lines := strings.Split(c.lines, "|")
		config := mustLoad(t, dotenv(append(without(base, lines), lines...)...))
		want := database.Config{Client: config.Get("DB_CLIENT"), Host: "h", Port: "5432", Name: "n", User: "u", Password: "p"}
		if c.want != nil {
			c.want(&want)
		}
		if diff := cmp.Diff(want, config.Database()); diff != "" || config.DatabaseProblem() != nil {
			t.Errorf("%s: %v\n%s", c.lines, config.DatabaseProblem(), diff)
		}
	}
}

// without drops the lines whose key other sets too, so that other's order is
// the file's.
func without(lines, other []string) []string {
	var rest []string
	for _, line := range lines {
		key, _, _ := strings.Cut(line, "=")
		if !strings.Contains("\n"+strings.Join(other, "\n"), "\n"+key+"=") {
			rest = append(rest, line)
		}
	}
	return rest
}

func TestDatabaseProblem(t *testing.T) {
	const server = "DB_HOST=h|DB_PORT=1|DB_DATABASE=n|DB_USER=u|DB_PASSWORD=hunter2|"
	const pg, my, whole = "DB_CLIENT=pg|" + server, "DB_CLIENT=mysql|" + server, "DB_CLIENT=pg|DB_CONNECTION_STRING="
	for lines, want := range map[string]string{
		"":                            "DB_CLIENT is not set",
		"DB_CLIENT=":                  "DB_CLIENT is empty",
		"DB_CLIENT=postgre|" + server: "no database that Directus knows",
		"DB_CLIENT=pg|DB_PORT=1|DB_DATABASE=n|DB_USER=u":                   "DB_HOST is not set",
		"DB_CLIENT=pg|DB_HOST=h|DB_DATABASE=n|DB_USER=u":                   "DB_PORT is not set",
		"DB_CLIENT=pg|DB_HOST=h|DB_PORT=1|DB_USER=u":                       "DB_DATABASE is not set",
		"DB_CLIENT=pg|DB_HOST=h|DB_PORT=1|DB_DATABASE=n":                   "DB_USER is not set",
		"DB_CLIENT=mysql|DB_HOST=h|DB_PORT=1|DB_DATABASE=n|DB_USER=u":      "DB_PASSWORD is not set",
		"DB_CLIENT=mysql|DB_SOCKET_PATH=/s|DB_DATABASE=n|DB_USER=u":        "DB_PASSWORD is not set",
		"DB_CLIENT=mysql|DB_CONNECTION_STRING=mysql://u:hunter2@h/n":       "DB_HOST is not set",
		"DB_CLIENT=postgres|DB_CONNECTION_STRING=postgres://u:hunter2@h/n": "DB_HOST is not set",
		"DB_CLIENT=sqlite3":                      "DB_FILENAME is not set",
		"DB_CLIENT=sqlite3|DB_FILENAME=":         "DB_FILENAME is empty",
		"DB_CLIENT=sqlite3|DB_FILENAME=:memory:": "in memory only",
		"DB_CLIENT=sqlite3|DB_FILENAME=a.db|DB_CONNECTION_STRING=postgres://u:hunter2@h/n":  "does not name a SQLite file",
		"DB_CLIENT=sqlite3|DB_FILENAME=a.db|DB_CONNECTION_STRING= postgres://u:hunter2@h/n": "does not name a SQLite file",
		pg + "DB_PORT=abc":                                          "DB_PORT is not a port number",
		pg + "DB_PORT=tcp://hunter2:5432":                           "DB_PORT is not a port number",
		pg + "DB_PORT=99999":                                        "DB_PORT is not a port number",
		pg + "DB_HOST=a,b":                                          "DB_HOST is a list",
		pg + "DB_HOST=h hunter2":                                    "DB_HOST is no host",
		pg + "DB_SSL=1":                                             "DB_SSL is none of the values",
		pg + "DB_SSL=require":                                       "DB_SSL is none of the values",
		pg + `DB_SSL={"a":1,"key":"hunter2"}`:                       "DB_SSL is none of the values",
		pg + "DB_SSL__CA=/etc/ssl/ca.pem":                           "authority of the database's server is no certificate",
		pg + "DB_SSL__CERT=hunter2":                                 "do not make a pair",
		pg + "DB_SSL__PASSPHRASE=hunter2":                           "passphrase",
		pg + "DB_SEARCH_PATH=12":                                    "DB_SEARCH_PATH is no list",
		pg + "DB_SEARCH_PATH=true":                                  "DB_SEARCH_PATH is no list",
		pg + `DB_SEARCH_PATH=a","b`:                                 "DB_SEARCH_PATH is no list",
		pg + "DB_OPTIONS=-c role=hunter2":                           "DB_OPTIONS asks the server for more",
		pg + "db_host=x":                                            "Directus takes db_host for DB_HOST",
		pg + "DB_HOST_=x":                                           "Directus takes DB_HOST_ for DB_HOST",
		my + "DB_HOST=/run/mysqld/mysqld.sock":                      "DB_HOST is a path",
		my + "DB_SSL=Amazon RDS":                                    "DB_SSL is no object",
		my + "DB_DATABASE=":                                         "no name of the database",
		whole + "postgres://u:hunter2@/db?host=/var/run/postgresql": "it is no URL",
		whole + "postgres://u:hun#ter2@h/n":                         "it is no URL",
		whole + "postgres://u:hun/ter2@h/n":                         "it is no URL",
		whole + "postgres://u:12?hunter2@h/n":                       "it is no URL",
		whole + "postgres://u:hunter2@h:abc/n":                      "it is no URL",
		whole + "postgres://u:hunter2@h:99999/n":                    "it is no URL",
		whole + " postgres://u:hunter2@h/n":                         "it is no URL",
		whole + "postgres:name":                                     "it is no URL",
		whole + "https://u:hunter2@h/n":                             "it is no URL",
		whole + "/var/run/postgresql mydb":                          "it is no URL",
		whole + "host=h password=hunter2":                           "it is no URL",
		whole + "socket:/var/run/postgresql?db=mine":                "socket: URLs",
		whole + "postgres://u:hunter2%ff@h/n":                       "percent-encoding",
		whole + "postgres://u:hunter2,@h/n":                         "has a comma",
		whole + "12":                                                "is no text",
		whole + "postgres://u:hunter2@h/n?ssl=false":                "the ssl in DB_CONNECTION_STRING",
		whole + "postgres://u:hunter2@h/n?port=abc":                 "the port in DB_CONNECTION_STRING is not",
		whole + "postgres://u:hunter2@h/n?sslrootcert=hunter2.pem":  "the file of its sslrootcert cannot be read: no such file",
		whole + "postgres://u:hunter2@h/n?options=endpoint%3Dx":     "the options in DB_CONNECTION_STRING",
		whole + "postgres://:hunter2@h/n":                           "no user for the database",
		"DB_CLIENT=mysql|DB_HOST=|DB_PORT=|DB_DATABASE=|DB_USER=|DB_PASSWORD=|DB_CONNECTION_STRING=mysql://u:hunter2@h/a b":            "does not read from a URL",
		`DB_CLIENT=mysql|DB_HOST=|DB_PORT=|DB_DATABASE=|DB_USER=|DB_PASSWORD=|DB_CONNECTION_STRING=mysql2://u:hunter2@h/n?ssl={"a":1}`: "the ssl in DB_CONNECTION_STRING is no object",
	} {
		config := mustLoad(t, dotenv(strings.Split(strings.TrimSuffix(lines, "|"), "|")...))
		err := config.DatabaseProblem()
		var problem *fault.Error
		if !errors.As(err, &problem) || !strings.Contains(err.Error(), want) || problem.Hint == "" {
			t.Errorf("%s: got %v, want %q with a hint", lines, err, want)
			continue
		}
		noSecret(t, lines, "hunter2", err.Error(), problem.Hint, config.Database())
	}
}

// noSecret fails when a secret shows in anything printed.
func noSecret(t *testing.T, name, secret string, all ...any) {
	t.Helper()
	for _, v := range all {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), string(encoded)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %s shows the secret", name, text)
			}
		}
	}
}

func TestDatabaseSecretsHidden(t *testing.T) {
	cert, key := keyPair(t)
	for _, lines := range [][]string{
		{"DB_CLIENT=pg", "DB_CONNECTION_STRING=postgres://u:hunter2@h/n?sslmode=require"},
		{"DB_CLIENT=mysql", "DB_HOST=h", "DB_PORT=1", "DB_DATABASE=n", "DB_USER=u", "DB_PASSWORD=hunter2", "DB_SSL__CERT=" + cert, "DB_SSL__KEY=" + key},
	} {
		config := mustLoad(t, dotenv(lines...))
		d := config.Database()
		if err := config.DatabaseProblem(); err != nil || d.Password != "hunter2" {
			t.Fatal(err)
		}
		noSecret(t, lines[0], "hunter2", d)
		noSecret(t, lines[0], "PRIVATE KEY", d)
	}
}

func TestDatabaseTLS(t *testing.T) {
	cert, key := keyPair(t)
	server := dotenv("DB_CLIENT=pg", "DB_HOST=h", "DB_PORT=1", "DB_DATABASE=n", "DB_USER=u", "DB_SSL__CA_FILE=ca.pem", "DB_SSL__CERT="+cert, "DB_SSL__KEY_FILE=string:key.pem")
	whole := dotenv("DB_CLIENT=pg", "DB_CONNECTION_STRING=postgres://u@h:1/n?sslrootcert=ca.pem&sslcert=cert.pem&sslkey=key.pem&sslmode=verify-full")
	want := database.Config{Client: "pg", Host: "h", Port: "1", Name: "n", User: "u", TLS: &database.TLS{Verify: true, CA: cert, Cert: cert, Key: key}}
	for _, files := range []map[string]string{server, whole} {
		files["ca.pem"], files["cert.pem"], files["key.pem"] = cert, cert, key
		config := mustLoad(t, files)
		if diff := cmp.Diff(want, config.Database()); diff != "" || config.DatabaseProblem() != nil {
			t.Errorf("%v\n%s", config.DatabaseProblem(), diff)
		}
	}
}

func TestDatabaseSQLite(t *testing.T) {
	config := mustLoad(t, dotenv("DB_CLIENT=sqlite3", "DB_FILENAME=./a.db", "DB_HOST=left over", "DB_PORT=abc"))
	if diff := cmp.Diff(database.Config{Client: "sqlite3", Filename: config.root + "/a.db"}, config.Database()); diff != "" || config.DatabaseProblem() != nil {
		t.Errorf("%v\n%s", config.DatabaseProblem(), diff)
	}
	// knex 3.1.0 opens b.db.
	config = mustLoad(t, dotenv("DB_CLIENT=sqlite3", "DB_FILENAME=./a.db", "DB_CONNECTION_STRING=./b.db"))
	if got := config.Database().Filename; got != config.root+"/b.db" {
		t.Error(got)
	}
}

// keyPair makes a certificate that signs itself.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// Casts and names as @directus/env 1.3.2 and camelcase 8.0.0 gave them.
func TestCastValue(t *testing.T) {
	for text, want := range map[string]any{
		"a": "a", "true": true, "TRUE": "TRUE", "1": 1.0, "0": 0.0, "01": "01", "1e3": 1000.0, "0x10": "0x10", " 5 ": 5.0, "  ": 0.0, "": "", "null": nil,
		"a, b,,1,true": []any{"a", " b", 1.0, true}, "array:": []any{}, "array:number:1,string:2": []any{1.0, "2"}, `json:[1,"a"]`: []any{1.0, "a"},
		`{"a":1}`: map[string]any{"a": 1.0}, `{"a":1,"b":2}`: []any{`{"a":1`, `"b":2}`}, `"q"`: "q", "string:a,b": "a,b", "string:": "", "number:7": 7.0,
		"boolean:1": true, "boolean:yes": false, "9007199254740993": 9007199254740993.0, "1_000": "1_000", "Infinity": "Infinity", "NaN": "NaN", ".5": 0.5, "+5": 5.0,
	} {
		if diff := cmp.Diff(want, castValue("DB_X", text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for name, want := range map[string]string{
		"HOST": "host", "REJECT_UNAUTHORIZED": "rejectUnauthorized", "rejectUnauthorized": "rejectUnauthorized", "db_host": "dbHost", "Ssl": "ssl", "SEARCH_PATH_": "searchPath", "_HOST": "host",
	} {
		if got := camelCase(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
