package upgrade_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/testbed"
)

// mark stands in every secret of the project of the whole run.
const mark = "zzmark"

// wholeRun is what one upgrade of a project with everything odd in it showed.
// Several tests look at it, each at its own side.
type wholeRun struct {
	reviewed outcome // the start, which ended at the review gate for want of an answer
	finished outcome // the resumed rest
	declined outcome // a rollback without the typed name
	mistyped outcome // and with a wrong one

	tablesBefore, tablesReviewed, tablesAfter    database.Fingerprint
	filesBefore, filesAtStage, filesAtStop       map[string]string
	filesAfter                                   map[string]string
	oddBefore, oddAfter                          map[string][][]string
	stock                                        [][]string // afterwards
	changes                                      []change.Change
	checks                                       []facts.Check
	lettersBefore, lettersAfter                  [][]string
	acknowledged                                 []string // letters that the server said it had stored
	versionReviewed, versionAfter, versionAtLast string

	textBefore, textAfter map[string]string // files of the project that the review decides on
	kept                  map[string]string // what the switch kept, by base name
	keptMode              fs.FileMode       // of the kept .env

	texts       map[string]string      // everything readable that the runs wrote: journal, logs
	private     map[string]fs.FileMode // what may hold secrets, with its mode
	backupModes map[string]fs.FileMode // of every file and folder of the backups
	arguments   []string               // command lines in which a secret was seen
	journal     string
	manifest    *backups.Manifest
	scratch     []string // what is left in the folder of the backups beside them
	children    []string // processes that work in a folder of the run
	downtime    float64
}

var sharedWhole struct {
	once sync.Once
	run  *wholeRun
}

// whole makes the run, or returns the one that was made.
func whole(t *testing.T) *wholeRun {
	t.Helper()
	sharedWhole.once.Do(func() { sharedWhole.run = makeWhole(t) })
	if sharedWhole.run == nil {
		t.Fatal("the shared run did not come to its end; the test that made it says why")
	}
	return sharedWhole.run
}

// in lets another test assert on an outcome.
func (o outcome) in(t *testing.T) outcome {
	o.t = t
	return o
}

// decided is what the person says at the review gate: some lines and files
// are rejected.
var decided = change.Decisions{
	code.ChangePackage: false, code.ChangeLock: false,
	code.EnvPrefix + "EMAIL_SMTP_PORT": false, code.EnvPrefix + "EMAIL_SMTP_USER": false,
}

// oddTables are tables of the project's own with names and contents that
// trip up careless programs.
var oddTables = map[string]string{
	"directus_custom": `SELECT id, CAST(note AS BLOB) FROM directus_custom ORDER BY id`,
	`weird "name"`:    `SELECT "id ""x""", CAST("a 'b' [c]" AS BLOB) FROM "weird ""name""" ORDER BY 1`,
	"select":          `SELECT "from", CAST("where" AS BLOB) FROM "select" ORDER BY 1`,
	"articles":        `SELECT id, CAST(title AS BLOB), CAST(body AS BLOB) FROM articles ORDER BY id`,
}

const escape = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\r\x08"

func makeOdd(p *testbed.Project) {
	p.Exec(
		"PRAGMA journal_mode=WAL",
		`CREATE TABLE directus_custom (id INTEGER PRIMARY KEY, note TEXT)`,
		`CREATE TABLE "weird ""name""" ("id ""x""" INTEGER PRIMARY KEY, "a 'b' [c]" BLOB)`,
		`CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "where" TEXT)`,
		`CREATE INDEX "odd ""index""" ON "weird ""name""" ("a 'b' [c]")`,
		`CREATE VIEW "all ""odd""" AS SELECT note FROM directus_custom`,
		`CREATE TRIGGER "odd trigger" AFTER INSERT ON "select" BEGIN UPDATE directus_custom SET note = note; END`,
		`INSERT INTO directus_custom VALUES (1, '`+escape+`'), (2, NULL), (3, ''), (4, char(8238) || 'gnp.exe')`,
		`INSERT INTO "weird ""name""" VALUES (1, x'00ff1b5b41'), (2, 'Robert''); DROP TABLE articles;--')`,
		`INSERT INTO "select" VALUES (1, '`+escape+`')`,
		`UPDATE articles SET title = 'escape `+escape+`' WHERE id = (SELECT min(id) FROM articles)`,
		// What findings, changes and reports name.
		`UPDATE directus_roles SET name = name || ' `+escape+`' WHERE name = 'Author'`,
		`UPDATE directus_flows SET name = name || ' `+escape+`'`,
		`UPDATE directus_dashboards SET name = name || ' `+escape+`'`,
	)
}

func makeSecrets(p *testbed.Project) {
	for _, key := range []string{
		"KEY", "SECRET", "DB_PASSWORD", "ADMIN_PASSWORD", "EMAIL_SMTP_PASSWORD", "EMAIL_SENDGRID_API_KEY", "MY_SERVICE_TOKEN",
	} {
		p.Set(key, mark+"-"+strings.ToLower(key)+"-0123456789abcdef0123456789")
	}
	p.Set("EMAIL_TRANSPORT", "sendgrid")
	p.ServerEnv = []string{"REPORTS_PASSWORD=" + mark + "-of-the-process"}
	// Code of the project that is careless with them, where its output is the
	// run's and not the server's own.
	p.Write("migrations/20300101A-careless.js", `exports.up = async () => {
	const text = require('fs').readFileSync(require('path').join(__dirname, '..', '.env'), 'utf8');
	console.log('\x1b]0;owned\x07the secret is ' + /^SECRET=(.*)$/m.exec(text)[1]);
};
exports.down = async () => {};
`)
	p.Write("extensions/directus-extension-careless/package.json", `{"name": "directus-extension-careless", "version": "1.0.0", "type": "module",
"directus:extension": {"type": "hook", "path": "index.js", "source": "index.js", "host": "*"}}`)
	p.Write("extensions/directus-extension-careless/index.js", `export default (_, { env }) => {
	if (process.cwd().includes('.bunnyhop')) console.log('\x1b[31mloaded with \x1b]0;owned\x07' + env.SECRET);
};
`)
}

// ownTables are the tables that a migration of the project's own changes.
var ownTables = []string{"stock", "stock_log", "retired"}

// makeOwn adds a migration of the project's own that changes a table, makes
// one and drops one.
func makeOwn(p *testbed.Project) {
	p.Exec(
		`CREATE TABLE stock (id INTEGER PRIMARY KEY, name TEXT)`,
		`INSERT INTO stock VALUES (1, 'pears'), (2, 'plums')`,
		`CREATE TABLE retired (id INTEGER PRIMARY KEY)`,
		`INSERT INTO retired VALUES (1)`,
	)
	p.Write("migrations/20300101B-stock.js", `exports.up = async (knex) => {
	await knex.schema.alterTable('stock', (t) => t.integer('amount').defaultTo(0));
	await knex('stock').insert({ id: 3, name: 'quinces', amount: Date.now() % 1000 });
	await knex.schema.createTable('stock_log', (t) => { t.increments(); t.string('line'); });
	await knex.schema.dropTable('retired');
};
exports.down = async () => {};
`)
}

func makeWhole(t *testing.T) *wholeRun {
	t.Helper()
	p := testbed.Apart(t)
	makeOdd(p)
	makeOwn(p)
	makeSecrets(p)
	server := p.Serve()
	w := &wholeRun{
		tablesBefore: p.Fingerprint(), filesBefore: listing(t, p.Root),
		oddBefore: rowsOf(p), lettersBefore: letters(p), textBefore: textsOf(t, p),
	}
	stopWatch := w.watchArguments()
	stopWriting := w.keepWriting(p, 50*time.Millisecond)

	// Nobody answers the review.
	job := task{To: target, Yes: true, Leave: []string{"review"}, Hold: []string{"stage started"}}
	wizard := begin(t, p, job)
	wizard.held("stage started")
	w.filesAtStage = listing(t, p.Root)
	wizard.release()
	w.reviewed = wizard.wait("without an answer to the review")
	w.reviewed.ends(fault.Unanswered)
	w.tablesReviewed = p.Fingerprint()
	if w.versionReviewed, _ = p.Version(); !server.Same() {
		t.Errorf("the server process %d is gone", server.PID)
	}

	// Then somebody does.
	wizard = begin(t, p, task{Action: "resume", To: target, Yes: true, Decisions: decided, Hold: []string{"stop started"}})
	wizard.held("stop started")
	w.filesAtStop = listing(t, p.Root)
	wizard.release()
	w.finished = wizard.wait("with the review answered")
	time.Sleep(time.Second) // for some rows by the new version
	stopWriting()
	w.finished.ends(fault.Done)
	w.versionAfter = mustVersion(t, p)

	w.declined = do(t, p, "rollback by --yes alone", task{Flow: "rollback", Yes: true})
	w.mistyped = do(t, p, "rollback with another name", task{Flow: "rollback", Yes: true, Confirm: "newsrom"})
	w.versionAtLast = mustVersion(t, p)
	stopWatch()
	w.gather(t, p)
	return w
}

// gather takes down what the runs left.
func (w *wholeRun) gather(t *testing.T, p *testbed.Project) {
	t.Helper()
	w.tablesAfter, w.filesAfter = p.Fingerprint(), listing(t, p.Root)
	w.oddAfter, w.lettersAfter, w.textAfter = rowsOf(p), letters(p), textsOf(t, p)
	w.stock = p.Rows("SELECT id, name, amount IS NULL, typeof(amount) FROM stock ORDER BY id")
	w.changes, w.checks = learned(w.finished, facts.Reviewed).Changes, learned(w.finished, facts.Verified).Checks
	w.downtime = learned(w.finished, facts.Started).DowntimeSeconds
	w.manifest = backupOf(t, w.finished)
	w.journal = contents(t, filepath.Join(w.finished.runDir(), "journal.jsonl"))
	w.kept = map[string]string{}
	for _, m := range learned(w.finished, facts.Switched).Moves {
		if m.Absent {
			continue
		}
		info, err := os.Stat(m.Kept)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().IsRegular() {
			w.kept[filepath.Base(m.Live)] = contents(t, m.Kept)
			w.keptMode = info.Mode()
		} else {
			w.kept[filepath.Base(m.Live)] = info.Mode().String()
		}
	}
	w.texts = map[string]string{"what readers are told": w.reviewed.Said + w.finished.Said + w.declined.Said + w.mistyped.Said}
	w.private = map[string]fs.FileMode{}
	err := filepath.WalkDir(p.State, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := entry.Name()
		if name == "service.json" || name == "environment-lines.json" || filepath.Base(filepath.Dir(path)) == "records" {
			info, err := entry.Info()
			if err == nil {
				w.private[path] = info.Mode().Perm()
			}
			return err
		}
		w.texts[path] = contents(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(learned(w.finished, facts.BackedUp).Dir)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	w.backupModes = map[string]fs.FileMode{}
	for _, entry := range entries {
		if m, err := backups.Read(filepath.Join(folder, entry.Name())); err != nil || m.Partial {
			w.scratch = append(w.scratch, entry.Name())
		}
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			w.backupModes[path] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := process.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if strings.HasPrefix(one.Dir, filepath.Join(p.Root, ".bunnyhop")) || strings.HasPrefix(one.Dir, p.Data) {
			w.children = append(w.children, fmt.Sprintf("%d in %s", one.PID, one.Dir))
		}
	}
}

// watchArguments looks at the command lines of all processes, all the time.
func (w *wholeRun) watchArguments() (stop func()) {
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !over.Load() {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range paths {
				if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), mark) {
					w.arguments = append(w.arguments, strings.ReplaceAll(string(line), "\x00", " "))
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return func() { over.Store(true); <-done }
}

// keepWriting writes letters through the server's API for as long as there is
// a server, whatever its version.
func (w *wholeRun) keepWriting(p *testbed.Project, pause time.Duration) (stop func()) {
	writer := p.Writer()
	var over atomic.Bool
	done, writing := make(chan struct{}), make(chan struct{})
	began := sync.OnceFunc(func() { close(writing) })
	go func() {
		defer close(done)
		defer began()
		for n := 0; !over.Load(); n++ {
			name := fmt.Sprintf("live-%d", n)
			if writer.Create("letters", map[string]any{"name": name, "body": strings.Repeat("x", 2000)}) == nil {
				w.acknowledged = append(w.acknowledged, name)
				began()
			}
			time.Sleep(pause)
		}
	}()
	select {
	case <-writing:
	case <-time.After(time.Minute): // the letters are counted later
	}
	return func() { over.Store(true); <-done }
}

func rowsOf(p *testbed.Project) map[string][][]string {
	all := map[string][][]string{}
	for name, query := range oddTables {
		all[name] = p.Rows(query)
	}
	return all
}

func letters(p *testbed.Project) [][]string {
	return p.Rows("SELECT id, CAST(name AS BLOB), CAST(body AS BLOB), stars, CAST(received AS BLOB) FROM letters ORDER BY id")
}

func textsOf(t *testing.T, p *testbed.Project) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{".env", "package.json", "package-lock.json"} {
		all[name] = contents(t, filepath.Join(p.Root, name))
	}
	return all
}

func mustVersion(t *testing.T, p *testbed.Project) string {
	t.Helper()
	version, err := p.Version()
	if err != nil {
		t.Error(err)
	}
	return version
}
