package upgrade_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sample"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// A project on a database server goes the whole way and back as one on SQLite
// does, and neither its password nor other secrets show on the way.
func TestUpgradeAndRollbackOnServers(t *testing.T) {
	for _, vendor := range []database.Vendor{database.Postgres, database.MySQL} {
		t.Run(string(vendor), func(t *testing.T) {
			if testbed.Elsewhere(t) {
				return
			}
			p := testbed.NewOn(t, vendor)
			for _, key := range []string{"KEY", "SECRET", "EMAIL_SMTP_PASSWORD"} {
				p.Set(key, mark+"-"+strings.ToLower(key)+"-0123456789abcdef0123456789")
			}
			p.ServerEnv = []string{"REPORTS_PASSWORD=" + mark + "-of-the-process"}
			p.Write("migrations/20300101A-careless.js", careless)
			p.Serve()
			before := p.Fingerprint()
			s := watchSecrets(p)

			result := s.drive(t, upgrade.Flow(options(p), upgrade.Options{To: target}))
			t.Logf("%+v", result.Data)
			made := fmt.Sprint(result.Data["backup"])
			if version, err := p.Version(); err != nil || version != target {
				t.Fatalf("the server says %q, %v", version, err)
			}
			if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
				t.Fatalf("user tables changed: %v", lost)
			}
			noScratchLeft(t, p)

			s.drive(t, rollback.Flow(options(p), rollback.Options{}))
			if version, err := p.Version(); err != nil || version != sample.Version {
				t.Fatalf("the server says %q, %v", version, err)
			}
			if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
				t.Fatalf("tables changed: %v", lost)
			}
			noScratchLeft(t, p)

			s.drive(t, backup.Flow(options(p), backup.Options{}))
			s.drive(t, restore.Flow(options(p), restore.Options{Backup: made}))
			if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
				t.Fatalf("user tables changed: %v", lost)
			}
			noScratchLeft(t, p)
			s.prune(t, made)
			s.look(t)
		})
	}
}

// careless is a migration that prints the database's password.
const careless = `exports.up = async (knex) => {
	const { password } = knex.client.config.connection;
	console.log('the password is ' + password);
	console.log('as JSON ' + JSON.stringify({ password }));
	console.log('in a list', [password]);
	console.log('in a URL ' + encodeURIComponent(password));
};
exports.down = async () => {};
`

// secrets watches where the secrets of a project show.
type secrets struct {
	p     *testbed.Project
	texts []string
	told  strings.Builder // all that readers are told, as JSON
	stop  func() (arguments []string)
}

// watchSecrets looks at the command lines of all processes until it is stopped.
func watchSecrets(p *testbed.Project) *secrets {
	// The end of the password is the same however its odd characters are
	// written.
	s := &secrets{p: p, texts: []string{mark, p.Owner.Password[len(p.Owner.Password)-20:]}}
	var over atomic.Bool
	var shown []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; !over.Load(); time.Sleep(30 * time.Millisecond) {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range paths {
				if line, err := os.ReadFile(path); err == nil && s.in(string(line)) >= 0 {
					shown = append(shown, strings.ReplaceAll(string(line), "\x00", " "))
				}
			}
		}
	}()
	s.stop = func() []string { over.Store(true); <-done; return shown }
	return s
}

// in is where a secret stands in a text, or -1.
func (s *secrets) in(text string) int {
	for _, secret := range s.texts {
		if at := strings.Index(text, secret); at >= 0 {
			return at
		}
	}
	return -1
}

// drive runs a flow to its good end and keeps what it tells.
func (s *secrets) drive(t *testing.T, flow steps.Flow) steps.Result {
	t.Helper()
	engine, err := steps.Start(flow, s.p.Root)
	if err != nil {
		t.Fatal(err)
	}
	events, done := engine.Subscribe(), make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			text, err := json.Marshal(event)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(&s.told, "%s %s\n", event.Kind(), text)
			react(engine, event, nil, func(line string) { t.Log(line) })
		}
	}()
	result := engine.Execute(t.Context())
	<-done
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
	if result.Status != steps.Done {
		t.Fatalf("%s: %+v", flow.ID, result)
	}
	return result
}

// prune removes a backup.
func (s *secrets) prune(t *testing.T, dir string) {
	t.Helper()
	plan, err := prune.Look(prune.Request{Root: s.p.Root, Installed: sample.Version, Folder: filepath.Dir(dir), Names: []string{filepath.Base(dir)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Remove(t.Context(), progress.Discard, func(*backups.Manifest) {}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&s.told, "%+v\n", plan)
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is there", dir)
	}
}

// look asserts that no secret showed, but in the files that are there for them.
func (s *secrets) look(t *testing.T) {
	t.Helper()
	for _, line := range s.stop() {
		t.Errorf("a command line shows a secret: %s", line)
	}
	texts, private := map[string]string{"what readers are told": s.told.String()}, 0
	err := filepath.WalkDir(s.p.State, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text := contents(t, path)
		if name := entry.Name(); name != "service.json" && name != "environment-lines.json" && filepath.Base(filepath.Dir(path)) != "records" {
			texts[path] = text
			return nil
		}
		if s.in(text) >= 0 {
			private++
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if at := s.in(text); at >= 0 {
			t.Errorf("%s shows a secret: …%s…", name, text[max(0, at-100):min(len(text), at+60)])
		}
	}
	// They did come up, and were taken out.
	for _, text := range []string{"the password is [secret]", "in a URL [secret]"} {
		if !strings.Contains(texts["what readers are told"], text) {
			t.Errorf("%q is not said: this shows nothing", text)
		}
	}
	if private == 0 {
		t.Error("no file holds secrets: this shows nothing")
	}
}

// noScratchLeft looks for databases that a run made and did not drop.
func noScratchLeft(t *testing.T, p *testbed.Project) {
	t.Helper()
	names, err := connect.Scratches(t.Context(), p.Config().Config.Database())
	if err != nil || len(names) > 0 {
		t.Errorf("left on the server: %v, %v", names, err)
	}
}
