package schemabench_test

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

	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/server"
	"bunnyhop/steps/testbed"
)

const (
	version = "12.4.0"
	token   = "schema-bench-token"
)

// target is a real Directus with the large model.
type target struct {
	*directus.Client
	project *testbed.Project
	runtime *node.Runtime
	base    string
	pid     int
}

// serve migrates the sample, makes the collections, and starts the server.
// Some settings are not Directus' own; without them what is measured against
// would fail at this size:
//
//   - MAX_PAYLOAD_SIZE (1mb): directus-sync sends the snapshot as a JSON body,
//     which would be refused. POST /schema/diff is asked by this program with a
//     file, for which IMPORT_MAX_FILE_SIZE (50mb) is enough.
//   - DB_POOL__ACQUIRE_TIMEOUT_MILLIS (60 s): on SQLite Directus has one
//     connection, for which the three readers of a snapshot wait in turn; a busy
//     machine then answers 500, "Knex: Timeout acquiring a connection".
//   - PRESSURE_LIMITER_ENABLED: a server that is busy with one comparison turns
//     the next request away.
func serve(b *testing.B) *target {
	b.Helper()
	p := testbed.Apart(b)
	tree, runtime := testbed.Install(b, p.Root, version)
	port, err := server.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	config, err := json.Marshal(map[string]any{
		"HOST": "127.0.0.1", "PORT": port, "PUBLIC_URL": base, "SECRET": strings.Repeat("s", 32), "KEY": strings.Repeat("k", 32), "SERVE_APP": false,
		"DB_CLIENT": "sqlite3", "DB_FILENAME": filepath.Join(p.Root, "data.db"), "DB_POOL__ACQUIRE_TIMEOUT_MILLIS": 600_000, "MAX_PAYLOAD_SIZE": "100mb", "PRESSURE_LIMITER_ENABLED": false,
		"TELEMETRY": false, "TELEMETRY_URL": "http://127.0.0.1:1", "COMPLIANCE_URL": "http://127.0.0.1:1",
		"TEMP_PATH": filepath.Join(dir, "temp"), "STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_DRIVER": "local",
		"STORAGE_LOCAL_ROOT": filepath.Join(dir, "uploads"), "EXTENSIONS_PATH": filepath.Join(dir, "extensions"),
		"EMAIL_TRANSPORT": "smtp", "EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": 1, "EMAIL_VERIFY_SETUP": false, "LOG_STYLE": "raw", "LOG_LEVEL": "warn",
	})
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.Cleanup(stop)
	cli := directus.CLI{Tree: tree}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, runtime.Node, append([]string{cli.Path()}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CONFIG_PATH="+path, "NODE_ENV=production")
		return cmd
	}
	if out, err := command("database", "migrate:latest").CombinedOutput(); err != nil {
		b.Fatalf("migrating: %v\n%s", err, out)
	}
	p.Exec("UPDATE directus_users SET token = '"+token+"' WHERE email = 'admin@example.com'", fill())
	var output bytes.Buffer
	running := command("start")
	running.Stdout, running.Stderr = &output, &output
	if err := running.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stop()
		_ = running.Wait()
		if text := output.String(); b.Failed() {
			b.Logf("the end of the server's log:\n%s", text[max(0, len(text)-6000):])
		}
	})
	t := &target{Client: directus.NewClient(base, token), project: p, runtime: runtime, base: base, pid: running.Process.Pid}
	if err := t.WaitReady(ctx, nil); err != nil {
		b.Fatal(err)
	}
	return t
}
