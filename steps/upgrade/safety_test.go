package upgrade_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// One test for each safety rule of docs/design.md. They look at the runs that
// the fault tests make, so most cost nothing of their own.

// S1: no write to the live project before a verified backup exists.
func TestS1NoWriteBeforeAVerifiedBackup(t *testing.T) {
	t.Parallel()
	proved := false
	for _, step := range upgrade.Flow(site.Options{}, upgrade.Options{}).Steps {
		proved = proved || step.ID == "prove"
		if step.Phase != steps.Prepare && !proved {
			t.Errorf("step %s may write before the backup is proved", step.ID)
		}
	}
	w := whole(t)
	if changed := compare(w.filesBefore, w.filesAtStage); len(changed) > 0 {
		t.Errorf("written before the backup was proved: %v", changed)
	}
	// Up to the cutover only a folder beside the code is new.
	if changed := compare(w.filesBefore, w.filesAtStop); !slices.Equal(changed, []string{".bunnyhop is new"}) {
		t.Errorf("written before the cutover: %v", changed)
	}
	if changed := w.tablesBefore.Diff(w.tablesReviewed, butLetters); len(changed) > 0 {
		t.Errorf("tables written before the cutover: %v", changed)
	}
	if w.manifest.Fingerprint.Rows() == 0 || w.manifest.Damaged != nil {
		t.Errorf("the backup is not whole: %+v", w.manifest.Damaged)
	}
}

// S2: the database that the new code will use is proved to be the same one
// right before the start. The project's own database is not touched either way;
// see anotherDatabase.
func TestS2TheNewCodeOpensTheSameDatabase(t *testing.T) {
	t.Parallel()
	o := cutovers(t, "another database").outcomes[0].in(t)
	o.failedIn("start").says("would open another database")
	for _, e := range eventsOf[steps.Output](o) {
		if e.Step == "start" && strings.HasPrefix(e.Line, "started ") {
			t.Errorf("the server was started all the same: %s", e.Line)
		}
	}
}

// S3: one migration attempt, the first error kept.
func TestS3OneMigrationAttempt(t *testing.T) {
	t.Parallel()
	c := cutovers(t, "migration throws")
	if c.attempts != 1 {
		t.Errorf("the migration was tried %d times", c.attempts)
	}
	o := c.outcomes[0].in(t)
	failures := eventsOf[steps.StepFailed](o)
	if len(failures) != 1 || !strings.Contains(failures[0].Error, "broken on purpose") || !strings.Contains(o.Result.Error, "broken on purpose") {
		t.Errorf("failures %+v, result %q", failures, o.Result.Error)
	}
	for _, gate := range eventsOf[steps.GateOpened](o) {
		for _, choice := range gate.Gate.Choices {
			if choice.ID == steps.ChooseRetry && choice.Disabled == "" {
				t.Error("a migration may be tried again")
			}
		}
	}
}

// S4: code and database go back together or not at all.
func TestS4CodeAndDatabaseGoBackTogether(t *testing.T) {
	t.Parallel()
	// Together: the fixture compares every table and file; here the order.
	var undone []string
	for _, e := range eventsOf[steps.UndoDone](cutovers(t, "migration throws").outcomes[0].in(t)) {
		undone = append(undone, e.Step)
	}
	if want := []string{"migrate", "switch", "final-backup", "stop"}; !slices.Equal(undone, want) {
		t.Errorf("undone %v, want %v", undone, want)
	}
	// Not at all: the database could not be put back, so the code was not.
	c := cutovers(t, "undo fails")
	if c.between.installed != target || !c.between.damaged {
		t.Errorf("with the database not put back (%v), version %s is installed", c.between.damaged, c.between.installed)
	}
	if c.between.backup != nil {
		t.Errorf("the final backup is not intact: %v", c.between.backup)
	}
	for _, e := range eventsOf[steps.UndoDone](c.outcomes[1].in(t)) {
		t.Errorf("%s was undone on top of a database that was not", e.Step)
	}
}

// S5: volumes, buckets and user tables are never deleted by implication.
func TestS5NothingIsDeletedByImplication(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for name := range w.tablesBefore.Tables {
		if _, there := w.tablesAfter.Tables[name]; testbed.UserTable(name) && name != "retired" && !there {
			t.Errorf("table %s is gone", name)
		}
	}
	for name, line := range w.filesBefore {
		for _, top := range []string{"uploads", "extensions", "migrations"} {
			if strings.HasPrefix(name, top) && w.filesAfter[name] != line {
				t.Errorf("%s: %s → %s", name, line, w.filesAfter[name])
			}
		}
	}
	// A taken-back upgrade keeps what the new version wrote; see verifyFails.
	cutovers(t, "verify fails").outcomes[0].in(t).ends(fault.RolledBack)
}

// S6: files are written as temp, flush and rename, keeping the previous one.
// TestKilledAtEveryBoundary shows that no torn file is ever left.
func TestS6FilesAreReplacedByRename(t *testing.T) {
	t.Parallel()
	w := whole(t)
	var kept []string
	for name, line := range w.filesAfter {
		if strings.HasPrefix(name, ".env.before-") {
			kept = append(kept, name)
			if line != w.filesBefore[".env"] {
				t.Errorf("%s is %s, and .env was %s", name, line, w.filesBefore[".env"])
			}
		}
		if strings.Contains(name, "bunnyhop-new") || strings.HasPrefix(filepath.Base(name), ".tmp") {
			t.Errorf("%s is left", name)
		}
	}
	if len(kept) != 1 {
		t.Errorf("previous files kept: %v", kept)
	}
	inode := func(line string) string { _, rest, _ := strings.Cut(line, "inode "); return strings.Fields(rest)[0] }
	if inode(w.filesAfter[".env"]) == inode(w.filesBefore[".env"]) {
		t.Error(".env was written in place")
	}
	if w.keptMode.Perm() != 0o600 || !strings.HasPrefix(w.filesAfter[".env"], "-rw------- ") {
		t.Errorf("modes: kept %s, new %s", w.keptMode, w.filesAfter[".env"])
	}
	if w.kept["node_modules"] == "" {
		t.Error("the old packages are not kept")
	}
}

// S7: a list that could not be read is an error, never "empty". What a user
// may not read is TestUnreadableFiles; this is what nobody can read.
func TestS7AnUnreadableListIsAnError(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	for _, name := range []string{"uploads", "extensions", "migrations"} {
		path := filepath.Join(p.Root, name)
		aside := filepath.Join(t.TempDir(), name)
		moved := os.Rename(path, aside) == nil
		if err := os.Symlink(name, path); err != nil { // a loop
			t.Fatal(err)
		}
		o := do(t, p, name+" cannot be read", task{To: target, Yes: true}).ends(fault.Failed).failedIn("inspect").says("too many l", "as it was")
		if o.started("choose") {
			t.Errorf("%s was taken for empty", name)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if name == "uploads" {
			// A link to where the files are is followed.
			if err := os.Symlink(aside, path); err != nil {
				t.Fatal(err)
			}
			o := do(t, p, "uploads are linked", task{To: target, Yes: true, EndAt: "inspect"}).ends(fault.Interrupted)
			if seen := learned(o, facts.Inspected).Storage; len(seen) != 1 || seen[0].Files != 5 {
				t.Errorf("behind the link are seen %+v", seen)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if moved {
			if err := os.Rename(aside, path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// S8: destructive questions default to No, need a typed name, and cannot be
// answered by --yes alone.
func TestS8DestructiveQuestionsNeedATypedName(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for _, o := range []outcome{w.declined.in(t), w.mistyped.in(t)} {
		o.ends(fault.Unanswered).failedIn("confirm").says("not typed", "--confirm newsroom", "as it was")
		if o.started("stop") {
			t.Errorf("%s: it went on", o.name)
		}
		gates := eventsOf[steps.GateOpened](o)
		if len(gates) != 1 {
			t.Fatalf("%s: %d gates", o.name, len(gates))
		}
		g := gates[0].Gate
		if !g.Destructive || g.Confirm != "newsroom" || g.DefaultChoice() != "" || !strings.Contains(g.Text, "letters: +") {
			t.Errorf("%s: the question is %+v", o.name, g)
		}
	}
	if w.versionAtLast != target {
		t.Errorf("the server says %q", w.versionAtLast)
	}
}

// S9: without a terminal an unanswered gate fails with its own exit code.
func TestS9AnUnansweredGateHasItsOwnExitCode(t *testing.T) {
	t.Parallel()
	for _, g := range []steps.Gate{
		{ID: "target", Kind: steps.GateChoose, Choices: []steps.Choice{{ID: "a"}}},
		{ID: "findings", Kind: steps.GateFindings, Findings: []advisory.Finding{{ID: "w", Severity: advisory.Warning}}},
		{ID: "review", Kind: steps.GateReview, Changes: []change.Change{{ID: "c"}}},
		{ID: "rollback", Kind: steps.GateConfirm, Confirm: "name"},
	} {
		if err := g.Validate(steps.Answer{}); fault.CodeOf(err) != fault.Unanswered || fault.HintOf(err) == "" {
			t.Errorf("%s: code %d, hint %q: %v", g.Kind, fault.CodeOf(err), fault.HintOf(err), err)
		}
	}
	w := whole(t)
	w.reviewed.in(t).ends(fault.Unanswered)
	w.declined.in(t).ends(fault.Unanswered)
	for code, o := range map[fault.Code]outcome{fault.RolledBack: cutovers(t, "migration throws").outcomes[0], fault.Done: w.finished} {
		o.in(t).ends(code)
	}
	// The gates of target and findings are in TestFaultsWhileTheServerRuns.
}

// S10: every identifier is quoted by the driver's rules; text from databases
// is stripped of control sequences before it reaches the terminal. The screens'
// own stripping is tested with the screens.
func TestS10OddNamesAndControlSequences(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for _, name := range []string{`weird "name"`, "select", "directus_custom"} {
		before, after := w.tablesBefore.Tables[name], w.tablesAfter.Tables[name]
		if before.Rows == 0 || cmp.Diff(before, after) != "" {
			t.Errorf("table %s: %+v → %+v", name, before, after)
		}
		if w.manifest.Fingerprint.Tables[name] != before {
			t.Errorf("table %s is another one in the backup", name)
		}
	}
	for name, text := range w.texts {
		if !strings.HasSuffix(name, "server.log") && strings.ContainsAny(text, "\x1b\x07\x08\r") {
			t.Errorf("%s holds control characters", name)
		}
	}
}

// S11: secrets never reach screen, log, journal, process arguments or reports;
// backups with secrets are 0600.
func TestS11SecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for _, line := range w.arguments {
		t.Errorf("a command line shows a secret: %s", line)
	}
	for name, text := range w.texts {
		if at := strings.Index(text, mark); at >= 0 {
			t.Errorf("%s shows a secret: …%s…", name, text[max(0, at-100):min(len(text), at+len(mark))])
		}
	}
	// They did come up, and were taken out.
	said := w.texts["what readers are told"]
	for _, text := range []string{"the secret is [secret]", "EMAIL_SMTP_PASSWORD=[secret]"} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said: this shows nothing", text)
		}
	}
	for path, mode := range w.private {
		if mode != 0o600 {
			t.Errorf("%s has mode %s", path, mode)
		}
	}
	if len(w.private) == 0 || len(w.backupModes) == 0 {
		t.Error("no files with secrets were looked at")
	}
	for path, mode := range w.backupModes {
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[mode.IsDir()]; mode.Perm() != want {
			t.Errorf("%s in the backup has mode %s", path, mode)
		}
	}
}

// S12: child processes die with the run or are found again by it. That a
// server which a killed run has started is found again is in
// TestKilledAtEveryBoundary.
func TestS12ChildrenDieWithTheRun(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	defer needsAnotherPackage(t, p, "7.0.0")()
	wizard := begin(t, p, task{To: target, Yes: true})
	npm := awaitNPM(t, wizard)
	if err := wizard.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wizard.wait("killed wizard")
	for end := time.Now().Add(10 * time.Second); npm.Same() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	nothingStaged(t, p, npm)
	if len(whole(t).children) > 0 {
		t.Errorf("still running after a run: %v", whole(t).children)
	}
	// The lock of the dead run does not stand in the way.
	do(t, p, "after the killed one", task{To: target, Yes: true, EndAt: "inspect"}).ends(fault.Interrupted)
}

// S13: a migration that failed is never simply run again.
func TestS13AFailedMigrationIsNotRunAgain(t *testing.T) {
	t.Parallel()
	c := cutovers(t, "undo fails")
	if c.attempts != 1 {
		t.Errorf("the migration was tried %d times, by %d processes", c.attempts, len(c.outcomes))
	}
	resumed := c.outcomes[1].in(t)
	resumed.says("failed earlier and is not simply done again")
	if resumed.started("migrate") {
		t.Error("the resumed run began the migration again")
	}
	refused := false
	for _, o := range c.outcomes[:2] {
		for _, gate := range eventsOf[steps.GateOpened](o.in(t)) {
			for _, choice := range gate.Gate.Choices {
				refused = refused || choice.ID == steps.ChooseRetry && choice.Disabled != ""
				if choice.ID == steps.ChooseRetry && gate.Gate.Validate(steps.Answer{Choice: steps.ChooseRetry}) == nil {
					t.Error("the question takes retry for an answer")
				}
			}
		}
	}
	if !refused {
		t.Errorf("no question was asked in which retry is refused: %s", fmt.Sprint(len(c.outcomes)))
	}
}
