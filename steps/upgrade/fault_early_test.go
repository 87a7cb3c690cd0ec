package upgrade_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/testbed"
)

// TestFaultsWhileTheServerRuns forces one fault after the other on a real
// project whose server runs all the time. Nothing may stop it, and nothing may
// change.
func TestFaultsWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	before := remember(t, p, p.Serve())
	for _, test := range []struct {
		name string
		run  func(t *testing.T, p *testbed.Project)
	}{
		{"no project here", noProject},
		{"half-written env", halfWrittenEnv},
		{"wrong database file", wrongDatabaseFile},
		{"database newer than the code", newerDatabase},
		{"disks too small for it all", disksTooSmall},
		{"disk full during backup", diskFull},
		{"registry down", registryDown},
		{"target cannot be installed", notInstallable},
		{"second wizard", secondWizard},
		{"unanswered gates", unanswered},
		{"blocker", blocker},
		{"read-only root", readOnlyRoot},
		{"storage elsewhere", externalStorage},
		{"npm dies", npmDies},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, p)
			o := *before
			o.t = t
			o.holds(test.name)
		})
	}
	t.Run("live writes", func(t *testing.T) { liveWrites(t, p) })
}

// liveWrites backs up while the server writes, in the journal mode that
// Directus uses by itself; that of a write-ahead log is in wholeRun. The backup
// holds what was written up to one moment, and nothing that was not.
func liveWrites(t *testing.T, p *testbed.Project) {
	if mode := p.Rows("PRAGMA journal_mode"); mode[0][0] != "delete" {
		t.Fatalf("journal mode %s", mode[0][0])
	}
	// Enough to copy that writes fall in between.
	p.Exec("CREATE TABLE bulk (id INTEGER PRIMARY KEY, data BLOB)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO bulk SELECT i, randomblob(500000) FROM n")
	const count = "SELECT count(*) FROM letters WHERE name LIKE 'live-%'"
	w := &wholeRun{}
	stop := w.keepWriting(p, 0)
	for end := time.Now().Add(time.Minute); p.Rows(count)[0][0] == "0" && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	o := do(t, p, "backup while the server writes", task{Flow: "backup", Yes: true})
	stop()
	o.ends(fault.Done)
	m := backupOf(t, o)
	file, err := m.DatabaseFile(m.Dir)
	if err != nil {
		t.Fatal(err)
	}
	held := query(t, file, "SELECT count(*) || ' up to ' || max(CAST(substr(name, 6) AS INTEGER)) FROM letters WHERE name LIKE 'live-%'")
	var n, last int
	if _, err := fmt.Sscanf(held, "%d up to %d", &n, &last); err != nil || n != last+1 || n == 0 {
		t.Errorf("the backup holds %q of the letters; that is not what was there at one moment (%v)", held, err)
	}
	t.Logf("%d letters written, %d in the backup", len(w.acknowledged), n)
	if now := p.Rows(count)[0][0]; now != fmt.Sprint(len(w.acknowledged)) || len(w.acknowledged) <= n {
		t.Errorf("%d letters were acknowledged, %s are there, %d in the backup", len(w.acknowledged), now, n)
	}
}

func noProject(t *testing.T, p *testbed.Project) {
	empty := t.TempDir()
	do(t, p, "an empty folder", task{Root: empty, To: target, Yes: true}).
		ends(fault.Failed).failedIn("inspect").says("no directus project", "package.json", "--project", "as it was")
	other := t.TempDir()
	write(t, filepath.Join(other, "package.json"), `{"name":"shop","dependencies":{"express":"4.0.0"}}`)
	do(t, p, "another project", task{Root: other, To: target, Yes: true}).
		ends(fault.Failed).says("does not depend on directus", "--project")
	gone := filepath.Join(empty, "nowhere")
	do(t, p, "no folder", task{Root: gone, To: target, Yes: true}).ends(fault.Failed).says("there is no folder", gone)
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("something was made in the empty folder: %v %v", entries, err)
	}
}

func halfWrittenEnv(t *testing.T, p *testbed.Project) {
	path := filepath.Join(p.Root, ".env")
	whole, restore := keepFile(t, path)
	defer restore()
	at := strings.Index(whole, "\nSECRET=") + 1
	for name, text := range map[string]string{
		"cut in a name":  whole[:at+3],
		"cut in a quote": whole[:at] + `SECRET="half`,
		"zero bytes":     whole[:at] + strings.Repeat("\x00", 512),
	} {
		overwrite(t, path, text)
		do(t, p, name, task{To: target, Yes: true}).
			ends(fault.Failed).failedIn("inspect").says(".env is damaged", fmt.Sprint("line ", 1+strings.Count(whole[:at], "\n")), "known to be good")
	}
	// Cut at the end of a line it is a whole file that lacks settings.
	overwrite(t, path, whole[:strings.Index(whole, "DB_CLIENT")])
	do(t, p, "cut between lines", task{To: target, Yes: true}).
		ends(fault.Blocked).failedIn("inspect").says("DB_CLIENT is not set", ".env")
}

func wrongDatabaseFile(t *testing.T, p *testbed.Project) {
	_, restore := keepFile(t, filepath.Join(p.Root, ".env"))
	defer restore()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	write(t, text, strings.Repeat("This is a text and no database. ", 200))
	empty := filepath.Join(dir, "empty.db")
	write(t, empty, "")
	other := filepath.Join(dir, "shop.db")
	sqlite(t, other, "CREATE TABLE users (id INTEGER PRIMARY KEY)", "CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO users VALUES (1)")
	for path, want := range map[string][]string{
		filepath.Join(dir, "missing.db"): {"there is no database file", "missing.db", "DB_FILENAME"},
		empty:                            {"is empty (0 bytes)", "DB_FILENAME"},
		text:                             {"is not a SQLite database"},
		other:                            {"not that of a Directus project", "directus_migrations", "2 tables", "DB_FILENAME"},
	} {
		before := contents(t, path)
		p.Set("DB_FILENAME", path)
		do(t, p, filepath.Base(path), task{To: target, Yes: true}).ends(fault.Failed).failedIn("inspect").says(want...)
		if after := contents(t, path); after != before {
			t.Errorf("%s was changed", path)
		}
	}
}

// SC15: the code would not notice, and the rehearsal might well pass. Where a
// migration left only a part of what it makes, that is said in place of it:
// the newer code would not help there.
func newerDatabase(t *testing.T, p *testbed.Project) {
	_, restore := keepFile(t, filepath.Join(p.Root, ".env"))
	defer restore()
	const newest, half = "newer-database", "half-done-migration"
	hints := map[string]string{newest: "install the version that the database belongs to", half: "restore the newest backup from before the migration"}
	for name, c := range map[string]struct{ statement, finding, evidence string }{
		"migration of 12":                 {"INSERT INTO directus_migrations (version, name) VALUES ('20260909A', 'Add Flows Module')", newest, "20260909A"},
		"migration to come":               {"INSERT INTO directus_migrations (version, name) VALUES ('20991231A', 'To Come')", newest, "20991231A"},
		"migration of 12 without effects": {"INSERT INTO directus_migrations (version, name) VALUES ('20260512B', 'Add MCP Oauth')", half, "20260512B"},
		"table of later code":             {"CREATE TABLE directus_oauth_clients (id TEXT)", half, "directus_oauth_clients"},
	} {
		newer := filepath.Join(t.TempDir(), "newer.db")
		sqlite(t, filepath.Join(p.Root, "data.db"), "VACUUM INTO '"+newer+"'")
		sqlite(t, newer, c.statement)
		p.Set("DB_FILENAME", newer)
		before := contents(t, newer)
		o := do(t, p, name, task{To: target, Yes: true, Overrides: []string{c.finding}}).
			ends(fault.Blocked).failedIn("check").says(c.finding, "nothing was changed", hints[c.finding])
		found := false
		for _, gate := range eventsOf[steps.GateOpened](o) {
			for _, f := range gate.Gate.Findings {
				if f.ID == c.finding {
					found = f.NeverOverridable && strings.Contains(strings.Join(f.Evidence, "\n"), c.evidence)
				}
			}
		}
		if !found {
			t.Errorf("%s: no finding that cannot be overridden names %s", name, c.evidence)
		}
		if contents(t, newer) != before {
			t.Errorf("%s: the database was changed", name)
		}
	}
}

// diskFull mounts real small filesystems: one that has no room for the backup,
// which is told before anything is written, and one on which writing fails half
// way, since it has room for a few files only.
func diskFull(t *testing.T, p *testbed.Project) {
	small := mount(t, "tmpfs", "size=1m")
	do(t, p, "no room", task{To: target, Yes: true, Backups: small, Overrides: []string{"disk-space"}}).
		ends(fault.Failed).failedIn("backup").says("not enough space", "needed", "free", small, "make room", "not touched")
	isEmpty(t, small)

	few := mount(t, "tmpfs", "size=64m,nr_inodes=12")
	do(t, p, "full half way", task{To: target, Yes: true, Backups: few}).
		ends(fault.Failed).failedIn("backup").says("no space left", "make room", "no unfinished backup is left")
	isEmpty(t, few)
}

func registryDown(t *testing.T, p *testbed.Project) {
	cache := t.TempDir()
	o := do(t, p, "registry down", task{To: target, Yes: true}, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "npm_config_registry=http://127.0.0.1:1/", "XDG_CACHE_HOME="+cache)
	})
	o.ends(fault.Failed).failedIn("choose").says("http://127.0.0.1:1", "does not answer", "connection refused", "network", "as it was")
	if o.started("backup") {
		t.Error("it went on without the registry")
	}
}

func notInstallable(t *testing.T, p *testbed.Project) {
	o := do(t, p, "12.4.1", task{To: "12.4.1", Yes: true}).
		ends(fault.Failed).failedIn("choose").says("12.4.1 cannot be installed", "@directus/app 18.0.1", "12.4.0", "as it was")
	if o.started("check") {
		t.Error("it went on with a version that cannot be installed")
	}
	do(t, p, "99.0.0", task{To: "99.0.0", Yes: true}).ends(fault.Usage).says("no Directus 99.0.0", "bunnyhop versions")
	do(t, p, "10.0.0", task{To: "10.0.0", Yes: true}).ends(fault.Usage).says("older than the installed 10.13.4", "rollback")
	do(t, p, "10.13.4", task{To: "10.13.4", Yes: true}).ends(fault.Usage).says("installed already", "versions")
	do(t, p, "newest", task{To: "newest", Yes: true}).ends(fault.Usage).says("not a version", "11.17.4")
}

func secondWizard(t *testing.T, p *testbed.Project) {
	first := begin(t, p, task{To: target, Yes: true, Hold: []string{"choose started"}, EndAt: "choose"})
	first.held("choose started")
	second := do(t, p, "second wizard", task{To: target, Yes: true})
	second.ends(fault.Busy).says("another bunnyhop", fmt.Sprint("pid ", first.cmd.Process.Pid), "wait")
	third := do(t, p, "backup meanwhile", task{Flow: "backup", Yes: true})
	third.ends(fault.Busy)
	first.release()
	first.wait("first wizard").ends(fault.Interrupted)
	// The lock goes with its holder, however that ended.
	dead := begin(t, p, task{To: target, Yes: true, DieAt: "inspect worked"}).wait("killed wizard")
	if dead.Code != -1 {
		t.Errorf("the killed wizard ended with %d", dead.Code)
	}
	do(t, p, "after the dead one", task{To: target, Yes: true, EndAt: "inspect"}).ends(fault.Interrupted)
}

func unanswered(t *testing.T, p *testbed.Project) {
	o := do(t, p, "no target", task{}).
		ends(fault.Unanswered).failedIn("choose").says("which version", "--to", "--yes", "as it was")
	if o.Result.Status != steps.Unanswered {
		t.Errorf("status %s", o.Result.Status)
	}
	o = do(t, p, "findings", task{To: target}).
		ends(fault.Unanswered).failedIn("check").says("not acknowledged", "11.0-policies", "--yes", "as it was")
	if o.started("backup") {
		t.Error("it went on without an answer")
	}
	// The review gate is left without an answer in wholeRun.
}

func blocker(t *testing.T, p *testbed.Project) {
	all := []string{"12.0-custom-permissions", "12.0-seats"}
	o := do(t, p, "without override", task{To: "12.4.0", Yes: true}).
		ends(fault.Blocked).failedIn("check").says("blocked by", all[0], all[1], "--override", "nothing was changed")
	if o.Result.Status != steps.Blocked || o.started("backup") {
		t.Errorf("status %s, went on: %v", o.Result.Status, o.started("backup"))
	}
	one := do(t, p, "one of two", task{To: "12.4.0", Yes: true, Overrides: all[:1]}).ends(fault.Blocked).says(all[1])
	if strings.Contains(one.Result.Error, all[0]) {
		t.Errorf("the passed blocker still blocks: %s", one.Result.Error)
	}
	passed := do(t, p, "with override", task{To: "12.4.0", Yes: true, Overrides: all, EndAt: "check"}).ends(fault.Interrupted)
	for _, done := range eventsOf[steps.StepDone](passed) {
		if done.Step == "check" {
			return
		}
	}
	t.Error("the overridden check was not passed")
}

func readOnlyRoot(t *testing.T, p *testbed.Project) {
	defer bindReadOnly(t, p.Root)()
	o := do(t, p, "read-only root", task{To: target, Yes: true, Overrides: []string{"root-not-writable"}}).
		ends(fault.Blocked).failedIn("check").says("root-not-writable", "as the user that owns the project", "nothing was changed")
	if o.started("backup") {
		t.Error("it went on")
	}
}

func externalStorage(t *testing.T, p *testbed.Project) {
	_, restore := keepFile(t, filepath.Join(p.Root, ".env"))
	defer restore()
	p.Set("STORAGE_LOCATIONS", "local,archive")
	p.Set("STORAGE_ARCHIVE_DRIVER", "s3")
	p.Set("STORAGE_ARCHIVE_BUCKET", "pictures")
	do(t, p, "not acknowledged", task{To: target}).ends(fault.Unanswered).failedIn("check").says("external-storage")
	o := do(t, p, "acknowledged", task{To: target, Yes: true, EndAt: "prove"}).ends(fault.Interrupted)
	named := false
	for _, gate := range eventsOf[steps.GateOpened](o) {
		for _, f := range gate.Gate.Findings {
			named = named || strings.HasPrefix(f.ID, "external-storage") && strings.Contains(strings.Join(append(f.Evidence, f.Title), "\n"), "archive")
		}
	}
	if !named {
		t.Error("no finding names the storage location")
	}
	manifest := backupOf(t, o)
	if len(manifest.External) != 1 || manifest.External[0].Location != "archive" || manifest.External[0].Driver != "s3" {
		t.Errorf("the manifest says of external parts: %+v", manifest.External)
	}
	for _, e := range manifest.Part("files").Entries {
		if strings.HasPrefix(e.Path, "files/archive") {
			t.Errorf("the backup claims to hold %s", e.Path)
		}
	}
}

// TestPortTaken has something else listen on the port of a project that does
// not run: told before anything is done, with the process by name.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	before := remember(t, p, noServer)
	listener, err := net.Listen("tcp", net.JoinHostPort(p.Config().Config.Host(), p.Config().Config.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	o := do(t, p, "port taken", task{To: target, Yes: true}).ends(fault.Blocked).failedIn("check").says("port-taken", "nothing was changed")
	text := ""
	for _, gate := range eventsOf[steps.GateOpened](o) {
		for _, f := range gate.Gate.Findings {
			if f.ID == "port-taken" {
				text = strings.Join(append(f.Evidence, f.Title, f.Remedy), "\n")
			}
		}
	}
	if !strings.Contains(text, fmt.Sprintf("process %d (%s)", os.Getpid(), filepath.Base(os.Args[0]))) {
		t.Errorf("the finding does not name the process: %q", text)
	}
	before.holds("port taken")
}
