package project

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
)

// load reads the configuration of a folder with these files.
func load(t *testing.T, files map[string]string, environ ...string) (*Config, error) {
	t.Helper()
	p := &Project{Root: write(t, files)}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	// Node itself needs nothing else.
	err = p.LoadConfig(t.Context(), append([]string{"PATH=" + os.Getenv("PATH")}, environ...), node)
	return p.Config, err
}

func mustLoad(t *testing.T, files map[string]string, environ ...string) *Config {
	t.Helper()
	c, err := load(t, files, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFileWinsOverEnvironment(t *testing.T) {
	c := mustLoad(t, map[string]string{".env": "PORT=1\nSECRET=file\n"}, "PORT=2", "HOST=::", "UNRELATED=x")
	for _, want := range []struct {
		key, value string
		source     Source
	}{{"PORT", "1", FromFile}, {"HOST", "::", FromEnvironment}, {"PUBLIC_URL", "/", FromDefault}, {"IP_TRUST_PROXY", "", FromDefault}} {
		if c.Get(want.key) != want.value || c.Source(want.key) != want.source {
			t.Errorf("%s is %q from %s, want %q from %s", want.key, c.Get(want.key), c.Source(want.key), want.value, want.source)
		}
	}
	if _, ok := c.Lookup("IP_TRUST_PROXY"); ok {
		t.Error("a key that nothing sets has a value")
	}
	if diff := cmp.Diff([]string{"HOST", "PORT", "SECRET"}, c.Keys()); diff != "" {
		t.Error(diff)
	}
	if c.PingURL() != "http://[::1]:1/server/ping" {
		t.Error(c.PingURL())
	}
}

func TestFormats(t *testing.T) {
	same := map[string]string{"DB_CLIENT": "pg", "PORT": "8055", "SERVE_APP": "false", "DB_PASSWORD": "0123", "LIST": "a,b", "NONE": "", "OBJECT": `{"a":1}`}
	for _, c := range []struct{ name, content string }{
		{"conf.json", `{"DB_CLIENT":"pg","PORT":8055,"SERVE_APP":false,"DB_PASSWORD":"string:0123","LIST":["a","b"],"NONE":null,"OBJECT":{"a":1}}`},
		{"conf.yaml", "DB_CLIENT: pg\nPORT: 8055\nSERVE_APP: false\nDB_PASSWORD: 'string:0123'\nLIST: [a, b]\nNONE:\nOBJECT: {a: 1}\n"},
		{"conf.YML", "DB_CLIENT: pg\nPORT: 8055\nSERVE_APP: false\nDB_PASSWORD: 'string:0123'\nLIST: [a, b]\nNONE:\nOBJECT: {a: 1}\n"},
		{"conf.cjs", "console.log('noise');\nmodule.exports = (env) => ({DB_CLIENT: env.CLIENT, PORT: 8055, SERVE_APP: false, DB_PASSWORD: 'string:0123', LIST: ['a','b'], NONE: null, OBJECT: {a: 1}});"},
		{"conf.mjs", "export default {DB_CLIENT: 'pg', PORT: 8055, SERVE_APP: false, DB_PASSWORD: 'string:0123', LIST: ['a','b'], NONE: null, OBJECT: {a: 1}};"},
		{"conf", "DB_CLIENT=pg\nPORT=8055\nSERVE_APP=false\nDB_PASSWORD=string:0123\nLIST=array:a,b\nNONE=\nOBJECT=json:{\"a\":1}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := mustLoad(t, map[string]string{"sub/" + c.name: c.content, ".env": "DB_CLIENT=wrong"}, "CONFIG_PATH=./sub/"+c.name, "CLIENT=pg")
			got := map[string]string{}
			for key := range same {
				got[key] = config.Get(key)
			}
			if diff := cmp.Diff(same, got); diff != "" {
				t.Error(diff)
			}
			if !strings.HasSuffix(config.Path, "/sub/"+c.name) {
				t.Error(config.Path)
			}
		})
	}
}

func TestConfigFailures(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{".env", "A=1\nB", `line 2 has no "="`},
		{"c.json", "{\"A\": 1,\n\"B\"", "line 2"},
		{"c.json", "[]", "cannot be read as json"},
		{"c.json", "null", "does not hold an object"},
		{"c.yaml", "- a\n", "does not hold an object"},
		{"c.yaml", "a: [1\n", "cannot be read as yaml"},
		{"c.cjs", "module.exports = 5", "does not export an object"},
		{"c.cjs", "const secret = 'hunter2hunter2'; oops(", "SyntaxError"},
		{"c.cjs", "\n\nthrow new Error('no vault')", "no vault (line 3)"},
		{"c.cjs", "process.exit(3)", "exited with 3"},
	} {
		_, err := load(t, map[string]string{c.name: c.content}, "CONFIG_PATH="+c.name)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %q: got %v, want %q", c.name, c.content, err, c.want)
		}
	}
	if c := mustLoad(t, nil); c.Format != NoFile {
		t.Error("a missing file is an empty one, as for Directus")
	}
}

func TestFileVariants(t *testing.T) {
	files := map[string]string{
		"secret": "s3cret value\n", "pw": "0042",
		".env": "SECRET_FILE=./secret\nDB_PASSWORD=old\nDB_PASSWORD_FILE=string:pw\nSOME_FILE=not read\nDB_CLIENT_FILE=none\nDB_CLIENT=pg\n",
	}
	if _, err := load(t, files); err == nil || !strings.Contains(err.Error(), "DB_CLIENT_FILE") {
		t.Errorf("an unreadable file: %v", err)
	}
	files[".env"] = strings.Replace(files[".env"], "DB_CLIENT_FILE=none\n", "", 1)
	c := mustLoad(t, files)
	want := map[string]string{"SECRET": "s3cret value\n", "DB_PASSWORD": "string:0042", "SOME_FILE": "not read", "DB_CLIENT": "pg"}
	if diff := cmp.Diff(want, c.All()); diff != "" {
		t.Error(diff)
	}
	if got := c.Database().Password; got != "0042" {
		t.Errorf("password %q", got)
	}
	if diff := cmp.Diff([]string{filepath.Join(c.root, "pw"), filepath.Join(c.root, "secret")}, c.SecretFiles()); diff != "" {
		t.Error(diff)
	}
}

func TestPaths(t *testing.T) {
	c := mustLoad(t, map[string]string{".env": "DB_CLIENT=sqlite3\nDB_FILENAME=./data.db\nDB_HOST=left over\nEXTENSIONS_PATH=ext\nSTORAGE_LOCATIONS=local, s3\n" +
		"STORAGE_S3_DRIVER=s3\nSTORAGE_S3_ROOT=pre\nPUBLIC_URL=https://x.test/cms\nPORT=9000\n"})
	root := c.root
	if diff := cmp.Diff(database.Config{Client: "sqlite3", Filename: root + "/data.db"}, c.Database()); diff != "" {
		t.Error(diff)
	}
	storage := []StorageLocation{{Name: "local", Driver: "local", Root: root + "/uploads"}, {Name: "s3", Driver: "s3", Root: "pre", External: true, Reason: "STORAGE_S3_BUCKET is not set"}}
	if diff := cmp.Diff(storage, c.Storage()); diff != "" {
		t.Error(diff)
	}
	for _, pair := range [][2]string{
		{c.ExtensionsPath(), root + "/ext"},
		{c.MigrationsPath("10.9.3"), root + "/ext/migrations"},
		{c.MigrationsPath("10.10.0"), root + "/migrations"},
		{c.TemplatesPath("9.26.0"), root + "/ext/templates"},
		{c.TemplatesPath("12.4.0"), root + "/templates"},
		{c.PingURL(), "http://127.0.0.1:9000/server/ping"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("got %s, want %s", pair[0], pair[1])
		}
	}
	c = mustLoad(t, map[string]string{".env": "DB_CLIENT=pg\nDB_CONNECTION_STRING=postgres://me:p%40ss@db:5433/blog\nUNIX_SOCKET_PATH=./run/d.sock\n"})
	want := database.Config{Client: "pg", Host: "db", Port: "5433", Name: "blog", User: "me", Password: "p@ss"}
	if diff := cmp.Diff(want, c.Database()); diff != "" {
		t.Error(diff)
	}
	if c.PingURL() != "unix://"+c.root+"/run/d.sock" {
		t.Error(c.PingURL())
	}
}

func TestSecrets(t *testing.T) {
	c := mustLoad(t, map[string]string{".env": `SECRET=aaaa-secret
KEY=key-key-key
DB_PASSWORD="string:0pass"
DB_CONNECTION_STRING=postgres://u:p%40ssword@h/db
REDIS=redis://:redispw@h:6379
AUTH_GOOGLE_CLIENT_SECRET=google-secret
AUTH_GOOGLE_IDENTIFIER_KEY=email
STORAGE_GCS_CREDENTIALS=json:{"type":"account","private_key":"-----BEGIN\nabcdefghijklmnopqrst\n-----END"}
STORAGE_S3_KEY=AKIA1234
ACCESS_TOKEN_TTL=15 minutes
SESSION_COOKIE_NAME=cookie_name
EMAIL_SMTP_PASSWORD=abc
ADMIN_TOKEN=true
`}, "NPM_TOKEN=npm_xxxx", "HTTPS_PROXY=http://me:proxypw@p:1")
	got := c.Secrets()
	for _, want := range []string{"aaaa-secret", "key-key-key", "0pass", "p@ssword", "p%40ssword", "redispw", "google-secret", "abcdefghijklmnopqrst", "AKIA1234", "npm_xxxx", "proxypw"} {
		if !contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	for _, none := range []string{"email", "15 minutes", "cookie_name", "abc", "true", "account", "local"} {
		if contains(got, none) {
			t.Errorf("%q is no secret", none)
		}
	}
	for i := 1; i < len(got); i++ {
		if len(got[i]) > len(got[i-1]) {
			t.Errorf("not longest first: %q", got)
		}
	}
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// What All writes, Directus casts to the same; compared with the useEnv of
// @directus/env in 10.13.4, 11.17.4 and 12.4.0.
func TestAllCastsBack(t *testing.T) {
	c := mustLoad(t, map[string]string{"c.yaml": "A: 012\nB: ~\nDB_PASSWORD: 0123\nSECRET: ~\nC: [a, true, 2]\nD: {x: [1]}\nE: 1.5\nF: string:1\nG: [[1]]\nH: 1e300\n"},
		"CONFIG_PATH=c.yaml", "CORS_ORIGIN=a,b")
	want := map[string]string{
		"A": "12", "B": "number:0", "DB_PASSWORD": "123", "SECRET": "", "C": "array:a,true,2", "D": `json:{"x":[1]}`,
		"E": "1.5", "F": "string:1", "G": "json:[[1]]", "H": "1e+300", "CORS_ORIGIN": "a,b",
	}
	if diff := cmp.Diff(want, c.All()); diff != "" {
		t.Error(diff)
	}
}
