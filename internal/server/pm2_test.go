package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"bunnyhop/internal/progress"
)

const pm2Version = "7.0.4"

// installPM2 installs pm2 from the npm registry once into the user's cache.
func installPM2(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "bunnyhop-test", "pm2-"+pm2Version)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock() //nolint:errcheck // it goes with the process
	program, ready := filepath.Join(dir, "node_modules/.bin/pm2"), filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return program
	}
	npm := exec.CommandContext(t.Context(), "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "pm2@"+pm2Version) //nolint:gosec // a fixed version
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("installing pm2: %v\n%s", err, out)
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return program
}

func TestPM2(t *testing.T) {
	program := installPM2(t)
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH"))
	home, err := os.MkdirTemp("", "pm2") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	pm2 := func(dir string, args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...) //nolint:gosec,noctx // also runs in cleanup, when the test's context has ended
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PM2_HOME="+home, "GREETING=hello", "PM2_PROGRAMMATIC=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("pm2 %s: %v\n%s", args, err, out)
		}
	}
	p, other := newProject(t), newProject(t)
	t.Cleanup(func() { pm2("/", "kill") })
	pm2(other.Root, "start", "node_modules/directus/cli.js", "--name", "other", "--", "start")
	ping(t, other, nil)
	for _, c := range []struct {
		name    string
		args    []string
		want    string
		cluster bool
	}{
		{"fork", []string{"node_modules/directus/cli.js", "--name", "blog", "--", "start"}, "blog", false},
		{"npm", []string{"npm", "--name", "blog", "--", "start"}, "blog", false},
		{"cluster", []string{"node_modules/directus/cli.js", "--name", "blog", "-i", "2", "--", "start"}, "blog", true},
		{"a name that another one has", []string{"node_modules/directus/cli.js", "--name", "other", "-f", "--", "start"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			pm2(p.Root, append([]string{"start"}, c.args...)...)
			ping(t, p, nil)
			f, env := find(t, p)
			if f.Kind != PM2 || f.PM2Home != home || f.PM2Cluster != c.cluster || (c.want != "" && f.PM2 != c.want) || f.PM2 == "other" {
				t.Fatalf("found %+v", f)
			}
			if lookup(env, "GREETING") != "hello" || lookup(env, "pm_id") != "" {
				t.Errorf("its environment is not the app's")
			}
			var r recorder
			for range 2 {
				if err := f.Stop(t.Context(), &r); err != nil {
					t.Fatal(err)
				}
				nothingRuns(t, p, f)
			}
			info, err := f.Start(t.Context(), StartOptions{Env: env}, &r)
			if err != nil {
				t.Fatal(err)
			}
			ping(t, p, f.Watch(info, ""))
			if strings.Contains(r.String(), "│") {
				t.Errorf("pm2's table is in the output: %s", &r)
			}
			now, env := find(t, p)
			if now.Kind != PM2 || now.PM2 != f.PM2 || lookup(env, "GREETING") != "hello" {
				t.Errorf("now %+v", now)
			}
			if err := now.Stop(t.Context(), progress.Discard); err != nil {
				t.Fatal(err)
			}
			nothingRuns(t, p, now)
			pm2("/", append([]string{"delete"}, strings.Split(f.PM2, ",")...)...)
		})
	}
	if o, _ := find(t, other); o.Kind != PM2 {
		t.Error("the other project's server is gone")
	}
}
