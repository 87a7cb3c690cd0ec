package schemaapply_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/internal/server"
	"bunnyhop/steps/testbed"
)

// schemaServer is a real Directus of some version on the sample's database.
type schemaServer struct {
	*directus.Client
	project *testbed.Project
	base    string
	// config is its configuration file, cli runs its own command line.
	config string
	cli    directus.CLI
	output *bytes.Buffer
}

// serveSchema migrates the sample on a vendor to a version, and serves it.
// extra are further settings.
func serveSchema(t *testing.T, version string, vendor database.Vendor, extra map[string]any) *schemaServer {
	t.Helper()
	p := testbed.On(t, vendor)
	tree, runtime := testbed.Install(t, p.Root, version)
	const token = "schema-test-token"
	p.Exec("UPDATE directus_users SET token = '" + token + "' WHERE email = 'admin@example.com'")
	port, err := server.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	values := map[string]any{
		"HOST": "127.0.0.1", "PORT": port, "PUBLIC_URL": base, "SECRET": strings.Repeat("s", 32), "KEY": strings.Repeat("k", 32), "SERVE_APP": false,
		"TELEMETRY": false, "TELEMETRY_URL": "http://127.0.0.1:1", "COMPLIANCE_URL": "http://127.0.0.1:1", "PRESSURE_LIMITER_ENABLED": false,
		"TEMP_PATH": filepath.Join(dir, "temp"), "STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_DRIVER": "local",
		"STORAGE_LOCAL_ROOT": filepath.Join(dir, "uploads"), "EXTENSIONS_PATH": filepath.Join(dir, "extensions"),
		"EMAIL_TRANSPORT": "smtp", "EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": 1, "EMAIL_VERIFY_SETUP": false, "LOG_STYLE": "raw", "LOG_LEVEL": "warn",
	}
	switch vendor {
	case database.SQLite:
		values["DB_CLIENT"], values["DB_FILENAME"] = "sqlite3", filepath.Join(p.Root, "data.db")
	default:
		o := p.Owner
		values["DB_CHARSET"] = "utf8mb4" // of MySQL only
		values["DB_CLIENT"], values["DB_HOST"], values["DB_PORT"], values["DB_DATABASE"], values["DB_USER"], values["DB_PASSWORD"] = o.Client, o.Host, o.Port, o.Name, o.User, o.Password
	}
	for key, value := range extra {
		values[key] = value
	}
	config, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	s := &schemaServer{Client: directus.NewClient(base, token), project: p, base: base, config: filepath.Join(dir, "config.json"), output: &bytes.Buffer{}}
	if err := os.WriteFile(s.config, config, 0o600); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "CONFIG_PATH="+s.config, "NODE_ENV=production")
	s.cli = directus.CLI{Node: runtime.Node, Tree: tree, Dir: dir, Environ: environ}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, runtime.Node, append([]string{s.cli.Path()}, args...)...) //nolint:gosec // a program of the test's
		cmd.Dir, cmd.Env = dir, environ
		return cmd
	}
	if out, err := command("database", "migrate:latest").CombinedOutput(); err != nil {
		t.Fatalf("migrating: %v\n%s", err, out)
	}
	running := command("start")
	running.Stdout, running.Stderr = s.output, s.output
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = running.Wait()
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", tail(s.output.String(), 6000))
		}
	})
	if err := s.WaitReady(ctx, nil); err != nil {
		t.Fatalf("%v\n%s", err, s.output)
	}
	return s
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

func (s *schemaServer) snapshot(t interface{ Fatal(...any) }) *snapshot.Snapshot {
	now, err := snapshot.Fetch(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return now
}
