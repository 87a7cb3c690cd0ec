package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// BenchmarkDowntime measures how long a project is down for an upgrade, from
// the moment at which its server is told to stop to its first good answer. The
// baseline is what Directus itself needs for it, migrating and booting the same
// data with the same code, measured in the same run. The ratio is
// (downtime − 2 s) / baseline; the bar is 1.25.
func BenchmarkDowntime(b *testing.B) {
	p := testbed.New(b)
	p.Serve()
	for b.Loop() {
		baseline := migrateAndBoot(b, p)
		engine, err := steps.Start(upgrade.Flow(site.Options{Root: p.Root, Environ: os.Environ()}, upgrade.Options{To: target}), p.Root)
		if err != nil {
			b.Fatal(err)
		}
		execute(b, engine)
		started, ok := facts.Started.Get(engine.Run())
		if !ok {
			b.Fatal("no start was recorded")
		}
		b.ReportMetric(started.DowntimeSeconds, "downtime-s")
		b.ReportMetric(baseline.Seconds(), "directus-s")
		b.ReportMetric((started.DowntimeSeconds-2)/baseline.Seconds(), "ratio")
		engine, err = steps.Start(rollback.Flow(site.Options{Root: p.Root, Environ: os.Environ()}, rollback.Options{}), p.Root)
		if err != nil {
			b.Fatal(err)
		}
		execute(b, engine)
	}
}

// BenchmarkDocumentedProcedure measures the downtime of what the documentation
// says: stop, npm install, migrate, start. It runs for minutes.
func BenchmarkDocumentedProcedure(b *testing.B) {
	for b.Loop() {
		p := testbed.New(b)
		p.Serve()
		_, runtime := testbed.Install(b, p.Root, target) // for its Node
		if err := os.RemoveAll(filepath.Join(p.Root, "node_modules")); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		p.StopAll()
		data, err := os.ReadFile(filepath.Join(p.Root, "package.json"))
		if err != nil {
			b.Fatal(err)
		}
		if data, err = project.SetDependency(data, "directus", target); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.Root, "package.json"), data, 0o600); err != nil {
			b.Fatal(err)
		}
		install := exec.Command(runtime.Node, runtime.NPM, "install", "--no-audit", "--no-fund") //nolint:noctx // ends by itself
		install.Dir, install.Env = p.Root, runtime.Environ(os.Environ())
		if out, err := install.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		installed := time.Since(begin)
		migrated := bootOnce(b, p.Root, p.Root, runtime, os.Environ(), p.Config().Config.PingURL())
		b.ReportMetric(time.Since(begin).Seconds(), "downtime-s")
		b.ReportMetric(installed.Seconds(), "install-s")
		b.ReportMetric(migrated.Seconds(), "directus-s")
	}
}

// execute runs a flow to its end and fails the benchmark when it fails.
func execute(b *testing.B, engine *steps.Engine) {
	b.Helper()
	events := engine.Subscribe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			react(engine, event, nil, func(string) {})
		}
	}()
	result := engine.Execute(context.Background())
	<-done
	if err := engine.Close(); err != nil {
		b.Error(err)
	}
	if result.Status != steps.Done {
		b.Fatalf("%+v", result)
	}
}

// migrateAndBoot is the baseline: Directus' own work on a copy of the project.
func migrateAndBoot(b *testing.B, p *testbed.Project) time.Duration {
	b.Helper()
	tree, runtime := testbed.Install(b, p.Root, target)
	dir := b.TempDir()
	db := p.Database()
	if _, err := db.Dump(context.Background(), filepath.Join(dir, "data.db"), progress.Discard); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	port, err := server.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	values := fmt.Sprintf("HOST=127.0.0.1\nPORT=%d\nDB_CLIENT=sqlite3\nDB_FILENAME=%s\nSECRET=0123456789abcdef0123456789abcdef\nTELEMETRY=false\n",
		port, filepath.Join(dir, "data.db"))
	config := filepath.Join(dir, "env")
	if err := os.WriteFile(config, []byte(values), 0o600); err != nil {
		b.Fatal(err)
	}
	environ := append(os.Environ(), "CONFIG_PATH="+config)
	return bootOnce(b, tree, tree, runtime, environ, fmt.Sprintf("http://127.0.0.1:%d/server/ping", port))
}

// bootOnce migrates, starts the server, waits for its first answer and stops
// it, and returns how long migrating and booting took.
func bootOnce(b *testing.B, tree, dir string, runtime *node.Runtime, environ []string, ping string) time.Duration {
	b.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	cli := directus.CLI{Node: runtime.Node, Tree: tree, Dir: dir, Environ: runtime.Environ(environ)}
	begin := time.Now()
	if err := cli.MigrateLatest(ctx, nil, progress.Discard); err != nil {
		b.Fatal(err)
	}
	child, err := process.Start(ctx, process.Spec{Path: runtime.Node, Args: []string{cli.Path(), "start"}, Dir: dir, Env: cli.Environ})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Ping(ctx, ping, func() error { return nil }, progress.Discard); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begin)
	stop()
	_ = child.Wait()
	return took
}
