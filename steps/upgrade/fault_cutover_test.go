package upgrade_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/testbed"
)

// cutover is what one fault in the cutover led to.
type cutover struct {
	outcomes []outcome
	attempts int    // of the migration on the live database
	between  middle // as a failed undo left things
}

// middle is the state of a project whose undo failed.
type middle struct {
	installed string
	damaged   bool // the failed migration's work is in the database
	backup    error
}

var sharedCutovers struct {
	once sync.Once
	all  map[string]*cutover
}

// cutovers forces every fault of the cutover, or returns what came of them.
func cutovers(t *testing.T, name string) *cutover {
	t.Helper()
	sharedCutovers.once.Do(func() { sharedCutovers.all = makeCutovers(t) })
	c := sharedCutovers.all[name]
	if c == nil {
		t.Fatal("the shared runs did not come to their end; the test that made them says why")
	}
	return c
}

// TestCutoverFaults forces faults between the stop of the old server and the
// proof of the new one. Each ends with everything as before, or where a person
// has to help first, with both states kept and then everything as before.
func TestCutoverFaults(t *testing.T) {
	t.Parallel()
	cutovers(t, "migration throws")
}

const (
	// migration throws where migrations/fault.txt says. On the live database it
	// has done damage before.
	migration = `const fs = require('fs'), path = require('path');
exports.up = async (knex) => {
	const read = (name) => { try { return fs.readFileSync(path.join(__dirname, name), 'utf8'); } catch { return ''; } };
	const file = path.resolve(knex.client.config.connection.filename);
	const live = file === path.resolve(__dirname, '..', 'data.db');
	if (!live && read('fault.txt') === 'rehearsal') throw new Error('broken on purpose on the copy');
	if (!live || read('fault.txt') !== 'live') return;
	fs.appendFileSync(path.join(__dirname, 'attempts.txt'), 'x');
	await knex.schema.createTable('half_done', (t) => t.integer('id'));
	await knex('articles').update({ title: 'damaged' });
	await knex('letters').del();
	throw new Error('broken on purpose');
};
exports.down = async () => {};
`
	// hook makes trouble at the boot of the live new version, where trouble.txt
	// says so.
	hook = `import fs from 'node:fs';
const read = (name) => { try { return fs.readFileSync(name, 'utf8'); } catch { return ''; } };
export default () => {
	const trouble = read('trouble.txt');
	if (trouble === '' || JSON.parse(read('node_modules/directus/package.json')).version.startsWith('10.')) return;
	if (trouble === 'exit') { console.log('the hook gives up'); process.exit(3); }
	for (;;);
};
`
)

func makeCutovers(t *testing.T) map[string]*cutover {
	t.Helper()
	p := testbed.Apart(t)
	p.Write("migrations/29990101A-trouble.js", migration)
	p.Write("migrations/fault.txt", "rehearsal")
	// A linked extension, as its author has it.
	if err := os.Symlink("../linked/directus-extension-trouble", filepath.Join(p.Root, "extensions", "directus-extension-trouble")); err != nil {
		t.Fatal(err)
	}
	p.Write("linked/directus-extension-trouble/package.json", `{"name": "directus-extension-trouble", "version": "1.0.0", "type": "module",
"directus:extension": {"type": "hook", "path": "index.js", "source": "index.js", "host": "*"}}`)
	p.Write("linked/directus-extension-trouble/index.js", hook)
	before := remember(t, p, p.Serve())

	o := do(t, p, "migration throws in the rehearsal", task{To: target, Yes: true}).
		ends(fault.Failed).failedIn("rehearse").
		says("rehearsal on the copy failed", "29990101A-trouble", "resume", "broken on purpose on the copy", "only the copy saw this", "not stopped")
	if o.started("review") {
		t.Error("it went on after a failed rehearsal")
	}
	before.files[".bunnyhop"] = listing(t, p.Root)[".bunnyhop"] // the staged code is kept for the resumed run
	before.holds("after the failed rehearsal")

	if err := os.Remove(filepath.Join(p.Root, "migrations", "fault.txt")); err != nil {
		t.Fatal(err)
	}
	if o := do(t, p, "up to the cutover", task{Action: "resume", To: target, Yes: true, DieAt: "stop started"}); o.Code != -1 {
		t.Fatalf("ended with %d\n%s", o.Code, brief(o.Said))
	}
	p.StopAll()
	rehearsed := learned(outcome{t: t, p: p, Result: steps.Result{Run: o.Result.Run}}, facts.Rehearsed)
	if !slices.Contains(rehearsed.Extensions, "directus-extension-trouble") {
		t.Errorf("the linked extension was not rehearsed, only %v", rehearsed.Extensions)
	}
	ready := keepReady(t, p)
	all := map[string]*cutover{}
	for i, f := range []struct {
		name    string
		running bool
		force   func(*testing.T, *testbed.Project, *cutover)
	}{
		{"migration throws", true, migrationThrows},
		{"undo fails", false, undoFails},
		{"never answers", false, neverAnswers},
		{"ends at boot", false, endsAtBoot},
		{"port taken", true, portTakenMeanwhile},
		{"another database", false, anotherDatabase},
		{"verify fails", false, verifyFails},
	} {
		if i > 0 {
			p.StopAll()
			ready()
		}
		var server process.Info
		if f.running {
			server = p.Serve()
		}
		begun := time.Now()
		before, c := remember(t, p, server), &cutover{}
		f.force(t, p, c)
		before.restored(f.name, f.running)
		all[f.name] = c
		t.Logf("%s took %v", f.name, time.Since(begun).Round(time.Second))
	}
	return all
}

// keepReady keeps a run that is ready for its cutover, and returns what brings
// it back after it was taken to an end. The project itself is not kept: that
// every fault leaves it as it was is what the tests show. Packages are
// hard-linked; nothing changes such a file in place.
func keepReady(t *testing.T, p *testbed.Project) (again func()) {
	t.Helper()
	kept := filepath.Join(filepath.Dir(p.Root), "ready")
	shell := func(script string) {
		t.Helper()
		cmd := exec.Command("bash", "-ec", script, "bash", p.Root, p.State, p.Data, kept)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("keeping the run: %v\n%s", err, out)
		}
	}
	shell(`mkdir "$4"; cp -al "$1/.bunnyhop" "$4/code"; cp -a "$2" "$4/state"; cp -a "$3" "$4/data"`)
	return func() {
		t.Helper()
		shell(`rm -rf "$1/.bunnyhop" "$2" "$3"; rm -f "$1"/migrations/*.txt "$1/trouble.txt" "$1/other.db"
cp -al "$4/code" "$1/.bunnyhop"; cp -a "$4/state" "$2"; cp -a "$4/data" "$3"`)
	}
}

// restored asserts that everything is as before, by another server process.
func (o *original) restored(when string, answers bool) {
	o.t.Helper()
	now := listing(o.t, o.p.Root)
	for _, name := range []string{".bunnyhop", "migrations/attempts.txt", "migrations/fault.txt", "trouble.txt", "other.db"} {
		delete(o.files, name)
		delete(now, name)
	}
	if changed := compare(o.files, now); len(changed) > 0 {
		o.t.Errorf("%s: files changed: %v", when, changed)
	}
	if lost := o.tables.Diff(o.p.Fingerprint(), nil); len(lost) > 0 {
		o.t.Errorf("%s: tables changed: %v", when, lost)
	}
	version, err := o.p.Version()
	if answers && (err != nil || version != "10.13.4") {
		o.t.Errorf("%s: the old server says %q, %v", when, version, err)
	}
	if !answers && err == nil {
		o.t.Errorf("%s: a server answers that did not run before", when)
	}
}

func resume(hold ...string) task {
	return task{Action: "resume", To: target, Yes: true, Hold: hold}
}

func (c *cutover) add(o outcome) outcome {
	c.outcomes = append(c.outcomes, o)
	return o
}

func migrationThrows(t *testing.T, p *testbed.Project, c *cutover) {
	p.Write("migrations/fault.txt", "live")
	c.add(do(t, p, "migration throws on the live database", resume())).
		ends(fault.RolledBack).failedIn("migrate").
		says("29990101A-trouble", "broken on purpose", "it worked on the copy", "everything was put back")
	c.attempts = len(contents(t, filepath.Join(p.Root, "migrations", "attempts.txt")))
}

// undoFails has the person stop at the failure, then something hold the
// database while everything is put back.
func undoFails(t *testing.T, p *testbed.Project, c *cutover) {
	p.Write("migrations/fault.txt", "live")
	job := resume()
	job.Recovery = steps.ChooseStop
	c.add(do(t, p, "stopped at the failure", job)).
		ends(fault.NeedsPerson).failedIn("migrate").says("broken on purpose", "both states are kept", "bunnyhop rollback", "bunnyhop resume")

	wizard := begin(t, p, resume("migrate undoing"))
	wizard.held("migrate undoing")
	busy, err := os.Open(filepath.Join(p.Root, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	wizard.release()
	o := c.add(wizard.wait("the undo fails")).
		ends(fault.NeedsPerson).says("failed earlier and is not simply done again", "broken on purpose", "in use by", fmt.Sprintf("pid %d", os.Getpid()), "nothing was deleted", "by hand")
	if len(o.Result.Manual) == 0 {
		t.Error("no commands to run by hand")
	}
	if c.between.installed, err = project.InstalledVersion(filepath.Join(p.Root, "node_modules"), "directus"); err != nil {
		t.Error(err)
	}
	c.between.damaged = len(p.Rows("SELECT name FROM sqlite_schema WHERE name = 'half_done'")) == 1
	c.between.backup = backups.Verify(t.Context(), learned(o, facts.FinalBack).Dir, progress.Discard)
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	c.add(do(t, p, "once the database is free", task{Action: "back", To: target})).ends(fault.RolledBack)
	c.attempts = len(contents(t, filepath.Join(p.Root, "migrations", "attempts.txt")))
}

func neverAnswers(t *testing.T, p *testbed.Project, c *cutover) {
	p.Write("trouble.txt", "block")
	job := resume()
	job.Ready = 12 * time.Second
	c.add(do(t, p, "the server never answers", job)).
		ends(fault.RolledBack).failedIn("start").says("did not answer", "12s", "server.log", "everything was put back")
	nothingRuns(t, p)
}

func endsAtBoot(t *testing.T, p *testbed.Project, c *cutover) {
	p.Write("trouble.txt", "exit")
	o := c.add(do(t, p, "the server ends at boot", resume())).
		ends(fault.RolledBack).failedIn("start").says("ended before it answered", "the hook gives up", "server.log", "everything was put back")
	if o.Took > maxWait/2 {
		t.Errorf("it took %v to notice", o.Took)
	}
	nothingRuns(t, p)
}

func nothingRuns(t *testing.T, p *testbed.Project) {
	t.Helper()
	all, err := process.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.Dir == p.Root {
			t.Errorf("process %d works in the project: %q", one.PID, one.Command)
		}
	}
}

// portTakenMeanwhile has another program take the port as soon as the old
// server is gone. The old one cannot be started then either.
func portTakenMeanwhile(t *testing.T, p *testbed.Project, c *cutover) {
	wizard := begin(t, p, resume("stop done"))
	wizard.held("stop done")
	address := net.JoinHostPort(p.Config().Config.Host(), p.Config().Config.Port())
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	wizard.release()
	by := fmt.Sprintf("port %s is taken by process %d (%s)", p.Config().Config.Port(), os.Getpid(), filepath.Base(os.Args[0]))
	o := c.add(wizard.wait("the port is taken")).
		ends(fault.NeedsPerson).failedIn("start").says(by, "nothing was deleted", "bunnyhop rollback", "by hand")
	if !strings.Contains(o.Result.UndoError, by) || !strings.Contains(strings.Join(o.Result.Manual, "\n"), "start") {
		t.Errorf("undo: %s; by hand: %q", o.Result.UndoError, o.Result.Manual)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c.add(do(t, p, "once the port is free", task{Action: "back", To: target})).ends(fault.RolledBack)
}

// anotherDatabase has somebody change the configuration during the cutover, so
// that the new code would open another database of Directus.
func anotherDatabase(t *testing.T, p *testbed.Project, c *cutover) {
	other := filepath.Join(p.Root, "other.db")
	sqlite(t, filepath.Join(p.Root, "data.db"), "VACUUM INTO '"+other+"'")
	untouched := contents(t, other)
	wizard := begin(t, p, resume("migrate done"))
	wizard.held("migrate done")
	_, restore := keepFile(t, filepath.Join(p.Root, ".env"))
	p.Set("DB_FILENAME", "./other.db")
	wizard.release()
	c.add(wizard.wait("another database")).
		ends(fault.NeedsPerson).failedIn("start").
		says("would open another database", "other.db", "data.db", "leads to another database now", "nothing was deleted")
	if contents(t, other) != untouched {
		t.Error("the other database was written to")
	}
	restore()
	c.add(do(t, p, "once the configuration is back", task{Action: "back", To: target})).ends(fault.RolledBack)
	if contents(t, other) != untouched {
		t.Error("the other database was written to")
	}
}

// verifyFails has the new version take a row, and then a row vanish: the
// upgrade is taken back, and the new row is not lost.
func verifyFails(t *testing.T, p *testbed.Project, c *cutover) {
	wizard := begin(t, p, resume("start done"))
	wizard.held("start done")
	writer, until := p.Writer(), time.Now().Add(time.Minute)
	for {
		err := writer.Create("letters", map[string]any{"name": "written to the new version"})
		if err == nil {
			break
		}
		// On a busy machine a new server refuses at first.
		if time.Sleep(500 * time.Millisecond); time.Now().After(until) {
			t.Error(err)
			break
		}
	}
	p.Exec("DELETE FROM articles WHERE id = (SELECT max(id) FROM articles)")
	wizard.release()
	o := c.add(wizard.wait("verify fails")).
		ends(fault.RolledBack).failedIn("verify").says("articles has 59 rows, and had 60", "everything was put back")
	saved := filepath.Join(filepath.Dir(learned(o, facts.FinalBack).Dir), o.Result.Run+"-before-rollback")
	m, err := backups.Read(saved)
	if err != nil {
		t.Errorf("what the new version took was not kept: %v", err)
		return
	}
	file, err := m.DatabaseFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	if rows := query(t, file, "SELECT count(*) FROM letters WHERE name = 'written to the new version'"); rows != "1" {
		t.Errorf("the kept state has %s of the new rows", rows)
	}
	if !strings.Contains(o.Said, saved) {
		t.Error("it is not told where the new rows are kept")
	}
}
