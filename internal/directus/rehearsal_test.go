package directus_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

// full is a configuration in which everything that reaches out is on.
var full = map[string]string{
	"HOST": "0.0.0.0", "PORT": "8055", "PUBLIC_URL": "https://news.example.com", "UNIX_SOCKET_PATH": "/run/d.sock",
	"DB_CLIENT": "pg", "DB_HOST": "db.example.com", "DB_PORT": "5432", "DB_DATABASE": "news", "DB_USER": "u", "DB_PASSWORD_FILE": "secrets/db",
	"DB_EXCLUDE_TABLES": "spatial_ref_sys", "DB_SSL__CA_FILE": "ca.pem",
	"KEY": "k", "SECRET": "s3cret", "SECRET_FILE": "secrets/s", "ADMIN_EMAIL": "a@example.com", "ADMIN_PASSWORD": "pw", "ADMIN_TOKEN": "t",
	"REDIS": "redis://r", "REDIS_HOST": "r.example.com", "CACHE_ENABLED": "true", "CACHE_STORE": "redis", "SYNCHRONIZATION_STORE": "redis",
	"MESSENGER_STORE": "redis", "RATE_LIMITER_ENABLED": "true", "RATE_LIMITER_STORE": "redis", "WEBSOCKETS_ENABLED": "true",
	"LICENSE_KEY": "lic", "TELEMETRY": "true", "TELEMETRY_AUTHORIZATION": "x", "PROJECT_OWNER": "o@example.com",
	"AUTH_PROVIDERS": "google", "AUTH_GOOGLE_DRIVER": "openid", "AUTH_GOOGLE_CLIENT_SECRET": "x", "AUTH_DISABLE_DEFAULT": "true",
	"EMAIL_TRANSPORT": "ses", "EMAIL_SES_CREDENTIALS__SECRET_ACCESS_KEY": "x", "EMAIL_SMTP_HOST": "mail.example.com", "EMAIL_TEMPLATES_PATH": "./mails",
	"STORAGE_LOCATIONS": "s3, attic", "STORAGE_S3_DRIVER": "s3", "STORAGE_S3_SECRET": "x", "STORAGE_ATTIC_DRIVER": "local", "STORAGE_ATTIC_ROOT": "/srv/attic",
	"EXTENSIONS_PATH": "./ext", "EXTENSIONS_LOCATION": "s3", "EXTENSIONS_AUTO_RELOAD": "true", "EXTENSIONS_MUST_LOAD": "true",
	"METRICS_ENABLED": "true", "RETENTION_ENABLED": "true", "TUS_ENABLED": "true", "PRESSURE_LIMITER_ENABLED": "true",
	"AI_TELEMETRY_ENABLED": "true", "LANGFUSE_SECRET_KEY": "x", "LOGGER_TRANSPORT__TARGET": "pino-loki", "LOG_LEVEL": "error",
	"HTTP_PROXY": "http://proxy", "TEMP_PATH": "/var/tmp/d", "MY_OWN_KEY": "kept",
}

func rehearsal(t *testing.T) directus.Rehearsal {
	t.Helper()
	return directus.Rehearsal{
		Values: full, Root: "/srv/news", Dir: filepath.Join(t.TempDir(), "scratch"), Port: 18055,
		Database:       map[string]string{"DB_DATABASE": "bunnyhop_copy", "DB_PASSWORD": "pw"},
		StorageRoots:   map[string]string{},
		ExtensionsCopy: "/copy/ext",
	}
}

func TestRehearsalWritesAPrivateFile(t *testing.T) {
	t.Parallel()
	r := rehearsal(t)
	r.StorageRoots["attic"] = filepath.Join(r.Dir, "files")
	r.ExtensionsCopy = filepath.Join(r.Dir, "ext")
	path := filepath.Join(t.TempDir(), "rehearsal.json")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	storage := filepath.Join(r.Dir, "storage")
	want := map[string]string{
		"HOST": "127.0.0.1", "PORT": "18055", "PUBLIC_URL": "http://127.0.0.1:18055", "SERVE_APP": "false", "ROOT_REDIRECT": "false",
		"DB_CLIENT": "pg", "DB_HOST": "db.example.com", "DB_PORT": "5432", "DB_DATABASE": "bunnyhop_copy", "DB_USER": "u", "DB_PASSWORD": "pw",
		"DB_EXCLUDE_TABLES": "spatial_ref_sys", "DB_SSL__CA_FILE": "/srv/news/ca.pem",
		"KEY": "k", "SECRET": "s3cret", "MY_OWN_KEY": "kept",
		"LOG_STYLE": "raw", "LOG_LEVEL": "info",
		"EMAIL_TRANSPORT": "smtp", "EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": "1", "EMAIL_VERIFY_SETUP": "false",
		"EMAIL_FROM": "rehearsal@localhost", "EMAIL_TEMPLATES_PATH": "/srv/news/mails",
		"CACHE_ENABLED": "false", "CACHE_STORE": "memory", "CACHE_AUTO_PURGE": "false",
		"RATE_LIMITER_ENABLED": "false", "RATE_LIMITER_STORE": "memory", "RATE_LIMITER_GLOBAL_ENABLED": "false",
		"MESSENGER_STORE": "memory", "SYNCHRONIZATION_STORE": "memory", "WEBSOCKETS_ENABLED": "false",
		"TELEMETRY": "false", "TELEMETRY_URL": "http://127.0.0.1:1", "COMPLIANCE_URL": "http://127.0.0.1:1", "PROJECT_OWNER_ENABLED": "false",
		"AI_TELEMETRY_ENABLED": "false", "AI_DEVTOOLS_ENABLED": "false",
		"METRICS_ENABLED": "false", "RETENTION_ENABLED": "false", "PRESSURE_LIMITER_ENABLED": "false", "TUS_ENABLED": "false", "MCP_OAUTH_ENABLED": "false",
		"EXTENSIONS_PATH": r.ExtensionsCopy, "EXTENSIONS_AUTO_RELOAD": "false", "EXTENSIONS_MUST_LOAD": "true",
		"MIGRATIONS_PATH": "/srv/news/migrations", "TEMP_PATH": filepath.Join(r.Dir, "temp"),
		"STORAGE_LOCATIONS": "s3,attic", "STORAGE_LOCAL_ROOT": filepath.Join(storage, "local"),
		"STORAGE_S3_DRIVER": "local", "STORAGE_S3_ROOT": filepath.Join(storage, "s3"),
		"STORAGE_ATTIC_DRIVER": "local", "STORAGE_ATTIC_ROOT": filepath.Join(r.Dir, "files"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, dir := range []string{got["TEMP_PATH"], got["STORAGE_S3_ROOT"], got["STORAGE_ATTIC_ROOT"], got["EXTENSIONS_PATH"]} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s was not made: %v", dir, err)
		}
	}
	if err := r.Write(filepath.Join(t.TempDir(), "rehearsal.env")); err == nil {
		t.Error("Directus would read this file as dotenv")
	}
}

func TestRehearsalRefusesTheLiveDatabase(t *testing.T) {
	t.Parallel()
	dir := write(t, t.TempDir(), map[string]string{"data.db": "", "copy.db": "", "link.db": "-> data.db"})
	sqlite := map[string]string{"DB_CLIENT": "sqlite3", "DB_FILENAME": "./data.db"}
	for name, c := range map[string]struct {
		values, database map[string]string
		ok               bool
	}{
		"nothing said":         {full, nil, false},
		"another user only":    {full, map[string]string{"DB_USER": "x"}, false},
		"another database":     {full, map[string]string{"DB_DATABASE": "copy"}, true},
		"the same SQLite file": {sqlite, map[string]string{"DB_FILENAME": filepath.Join(dir, "data.db")}, false},
		"a link to it":         {sqlite, map[string]string{"DB_FILENAME": filepath.Join(dir, "link.db")}, false},
		"another SQLite file":  {sqlite, map[string]string{"DB_FILENAME": filepath.Join(dir, "copy.db")}, true},
		"a connection string":  {map[string]string{"DB_CLIENT": "pg", "DB_CONNECTION_STRING": "postgres://h/news"}, map[string]string{"DB_DATABASE": "copy"}, false},
		"another such":         {map[string]string{"DB_CLIENT": "pg", "DB_CONNECTION_STRING": "postgres://h/news"}, map[string]string{"DB_CONNECTION_STRING": "postgres://h/copy"}, true},
		"no database setting":  {full, map[string]string{"DB_DATABASE": "copy", "PORT": "1"}, false},
	} {
		_, err := directus.Rehearsal{Values: c.values, Root: dir, Dir: t.TempDir(), Database: c.database}.Config()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRehearsalEnvironment(t *testing.T) {
	t.Parallel()
	environ := rehearsal(t).Environ([]string{"PATH=/bin", "HOME=/root", "REDIS=redis://live", "DB_HOST=live", "SECRET=x", "odd"}, "/x/r.json")
	for _, want := range []string{"PATH=/bin", "HOME=/root", "CONFIG_PATH=/x/r.json", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1,localhost,::1"} {
		if !slices.Contains(environ, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, entry := range environ {
		if strings.Contains(entry, "live") || strings.HasPrefix(entry, "SECRET=") {
			t.Errorf("%s got through", entry)
		}
	}
}

func TestRehearsalNotes(t *testing.T) {
	t.Parallel()
	notes := strings.Join(rehearsal(t).Notes(), "\n")
	for _, want := range []string{"google", "LICENSE_KEY", "storage location s3", "extensions ran from a copy"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is missing in:\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "lic") && strings.Contains(notes, "lic\n") {
		t.Error("a secret in the notes")
	}
}

func TestPrepareCopy(t *testing.T) {
	t.Parallel()
	for _, version := range fixture.Versions() {
		db := fixture.Open(t, version).Exec(t, "PRAGMA foreign_keys = ON")
		if version == "12.4.0" {
			db.Exec(t,
				"INSERT INTO directus_deployments (id, provider) VALUES ('d', 'vercel')",
				"INSERT INTO directus_deployment_projects (id, deployment, external_id, name) VALUES ('p', 'd', 'e', 'n')",
				"UPDATE directus_settings SET license_key = 'k', license_token = 't', project_status = 'pending'")
		}
		token, err := directus.NewToken()
		if err != nil {
			t.Fatal(err)
		}
		before, err := directus.ReadAccess(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // twice is once
			if err := directus.PrepareCopy(t.Context(), db, token); err != nil {
				t.Fatalf("%s: %v", version, err)
			}
		}
		for query, want := range map[string]int{
			"SELECT count(*) FROM directus_flows WHERE status = 'active'":                             0,
			"SELECT count(*) FROM directus_flows":                                                     6,
			"SELECT count(*) FROM directus_users WHERE email_notifications = 1 AND email IS NOT NULL": 0,
			"SELECT count(*) FROM directus_users":                                                     7,
			"SELECT count(*) FROM directus_users WHERE status = 'active' AND token = '" + token + "'": 1,
			"SELECT count(*) FROM pragma_foreign_key_check":                                           0,
		} {
			if got := number(t, db, query); got != want {
				t.Errorf("%s: %s: %d, want %d", version, query, got, want)
			}
		}
		if version == "12.4.0" {
			if got := number(t, db, "SELECT (SELECT count(*) FROM directus_deployments) + (SELECT count(*) FROM directus_settings WHERE license_key IS NOT NULL OR license_token IS NOT NULL OR project_status IS NOT NULL)"); got != 0 {
				t.Errorf("%d things are left that reach out at boot", got)
			}
		}
		after, err := directus.ReadAccess(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if changes := before.Compare(after); changes != nil {
			t.Errorf("%s: the rehearsal shows in the access matrix: %v", version, changes)
		}
		if n, err := directus.CountRoles(t.Context(), db); n != 3 || err != nil {
			t.Errorf("%s: %d roles, %v", version, n, err)
		}
		if _, seats, err := directus.Users(t.Context(), db); seats != 3 || err != nil {
			t.Errorf("%s: %d seats, %v", version, seats, err)
		}
	}
	if err := directus.PrepareCopy(t.Context(), fixture.Open(t, "10.13.4"), "'; DROP TABLE directus_users; --"); err == nil {
		t.Error("a token that was not made by NewToken has to be refused")
	}
}

func number(t *testing.T, db *fixture.DB, query string) int {
	t.Helper()
	var n int
	if err := db.SQL().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
