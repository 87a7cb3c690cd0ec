package upgrade_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/sample"
	"bunnyhop/steps"
	"bunnyhop/steps/testbed"
)

// butLetters lets the user tables through that nobody writes to, and that no
// migration of the project's own changes.
func butLetters(table string) bool {
	return testbed.UserTable(table) && table != "letters" && !slices.Contains(ownTables, table)
}

// TestOwnMigrationsAreReviewed: what a migration of the project's own does to
// its tables is a change to look at, and is what happens to the live database.
func TestOwnMigrationsAreReviewed(t *testing.T) {
	t.Parallel()
	w := whole(t)
	if w.versionReviewed != sample.Version || w.tablesReviewed.Tables["retired"].Rows != 1 {
		t.Error("the tables changed before the review was answered")
	}
	want := map[string]change.Risk{
		"table:stock": change.Caution, "table:stock_log": change.Caution, "table:retired": change.Destructive,
	}
	found, titles := map[string]change.Risk{}, ""
	for _, c := range w.changes {
		if strings.HasPrefix(c.ID, "table:") {
			found[c.ID] = c.Risk
			titles += c.Title + "\n"
			if !strings.Contains(c.Detail, "20300101B") || c.Locked == "" {
				t.Errorf("%s: %q, locked %q", c.ID, c.Detail, c.Locked)
			}
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("in the review: %s", diff)
	}
	for _, title := range []string{"table stock: 2 rows before, 3 rows after", "table retired is gone (it had 1 row)"} {
		if !strings.Contains(titles, title) {
			t.Errorf("%q is not in the review: %s", title, titles)
		}
	}
	if _, there := w.tablesAfter.Tables["retired"]; there {
		t.Error("the table to be dropped is there")
	}
	if diff := cmp.Diff([][]string{{"1", "pears", "0", "integer"}, {"2", "plums", "0", "integer"}, {"3", "quinces", "0", "integer"}}, w.stock); diff != "" {
		t.Errorf("stock: %s", diff)
	}
	for _, check := range w.checks {
		if check.Name == "data" && !strings.Contains(check.Detail, "changed as reviewed: 2 tables") {
			t.Errorf("verified: %s", check.Detail)
		}
	}
}

func TestReviewWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := whole(t)
	w.reviewed.in(t).ends(fault.Unanswered).failedIn("review").says("not decided", "file:package.json", "--yes", "--decisions", "as it was")
	if w.reviewed.started("stop") {
		t.Error("it went on without an answer")
	}
	if w.versionReviewed != sample.Version {
		t.Errorf("the server says %q afterwards", w.versionReviewed)
	}
	if changed := w.tablesBefore.Diff(w.tablesReviewed, butLetters); len(changed) > 0 {
		t.Errorf("tables changed: %v", changed)
	}
}

func TestOddTablesSurvive(t *testing.T) {
	t.Parallel()
	w := whole(t)
	if w.versionAfter != target {
		t.Errorf("the server says %q", w.versionAfter)
	}
	if changed := w.tablesBefore.Diff(w.tablesAfter, butLetters); len(changed) > 0 {
		t.Errorf("tables changed: %v", changed)
	}
	if diff := cmp.Diff(w.oddBefore, w.oddAfter); diff != "" {
		t.Errorf("rows are not byte for byte what they were: %s", diff)
	}
	for name, rows := range w.oddBefore {
		if _, there := w.tablesAfter.Tables[name]; !there || len(rows) == 0 {
			t.Errorf("table %s is not looked at", name)
		}
	}
}

// TestLiveWritesSurvive: in WAL mode a server writes all through the run. Every
// row that it acknowledged, with either version, is there afterwards.
func TestLiveWritesSurvive(t *testing.T) {
	t.Parallel()
	w := whole(t)
	stored := map[string]int{}
	for _, row := range w.lettersAfter {
		stored[row[1]]++
	}
	for _, name := range w.acknowledged {
		if stored[name] != 1 {
			t.Errorf("letter %s was acknowledged and is there %d times", name, stored[name])
		}
	}
	if len(w.acknowledged) < 50 {
		t.Errorf("only %d letters were written", len(w.acknowledged))
	}
	if diff := cmp.Diff(w.lettersBefore, w.lettersAfter[:len(w.lettersBefore)]); diff != "" {
		t.Errorf("the letters of before are not what they were: %s", diff)
	}
	rows := w.manifest.Fingerprint.Tables["letters"].Rows
	if rows < int64(len(w.lettersBefore)) || rows >= int64(len(w.lettersAfter)) {
		t.Errorf("the first backup has %d letters; there were %d before and %d after", rows, len(w.lettersBefore), len(w.lettersAfter))
	}
}

// TestRejectedChangesAreNotWritten reads the files again.
func TestRejectedChangesAreNotWritten(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for _, name := range []string{"package.json", "package-lock.json"} {
		if w.textAfter[name] != w.textBefore[name] {
			t.Errorf("%s was rejected and is changed", name)
		}
		if w.filesAfter[name] != w.filesBefore[name] {
			t.Errorf("%s was rejected and written again: %s → %s", name, w.filesBefore[name], w.filesAfter[name])
		}
	}
	env := w.textAfter[".env"]
	key := mark + "-email_sendgrid_api_key-0123456789abcdef0123456789"
	for _, line := range []string{"EMAIL_TRANSPORT=smtp\n", "EMAIL_SMTP_HOST=smtp.sendgrid.net\n", "EMAIL_SMTP_PASSWORD=" + key + "\n"} {
		if !strings.Contains(env, line) {
			t.Errorf("%s was accepted and is not in .env", strings.TrimSpace(line))
		}
	}
	for _, name := range []string{"EMAIL_SMTP_PORT", "EMAIL_SMTP_USER"} {
		if strings.Contains(env, name) {
			t.Errorf("%s was rejected and is in .env", name)
		}
	}
	// Nothing else of the file is changed.
	var rest []string
	for line := range strings.Lines(env) {
		if !strings.Contains(line, "SendGrid's SMTP relay") && !strings.HasPrefix(line, "EMAIL_SMTP_HOST=") {
			rest = append(rest, line)
		}
	}
	want := strings.Replace(w.textBefore[".env"], "EMAIL_TRANSPORT=sendgrid", "EMAIL_TRANSPORT=smtp", 1)
	want = strings.Replace(want, mark+"-email_smtp_password-0123456789abcdef0123456789", key, 1)
	if diff := cmp.Diff(want, strings.Join(rest, "")); diff != "" {
		t.Error("other lines of .env are changed: " + strings.ReplaceAll(diff, mark, "…"))
	}
	if w.kept[".env"] != w.textBefore[".env"] {
		t.Error("the kept .env is not the old one")
	}
}

// TestControlCharactersStayInTheDatabase: they are in the names of roles,
// flows and tables, and in what the project's own code prints.
func TestControlCharactersStayInTheDatabase(t *testing.T) {
	t.Parallel()
	w := whole(t)
	for name, text := range w.texts {
		if strings.HasSuffix(name, "server.log") {
			continue // written by the server itself
		}
		for at, r := range text {
			if (r < ' ' && r != '\n' && r != '\t') || r == 0x7f || (r >= 0x80 && r < 0xa0) {
				t.Errorf("%s holds the control character %q: …%q…", name, r, text[max(0, at-80):min(len(text), at+40)])
				break
			}
		}
	}
	// Names with escape sequences did come up, or this shows nothing.
	if !strings.Contains(w.texts["what readers are told"], "owned") {
		t.Error("no text of the database came up")
	}
}

// TestRunLeavesNothingBehind: what only the run needed is gone.
func TestRunLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := whole(t)
	if len(w.scratch) > 0 {
		t.Errorf("left beside the backups: %v", w.scratch)
	}
	if len(w.children) > 0 {
		t.Errorf("still running: %v", w.children)
	}
	var finish steps.RunFinished
	if all := eventsOf[steps.RunFinished](w.finished.in(t)); len(all) == 1 {
		finish = all[0]
	}
	for _, key := range []string{"from", "to", "backup", "downtime_seconds"} {
		if _, there := finish.Result.Data[key]; !there {
			data, _ := json.Marshal(finish.Result.Data)
			t.Errorf("the result lacks %s: %s", key, data)
		}
	}
	if w.downtime <= 0 || w.downtime > 120 {
		t.Errorf("downtime %.1f s", w.downtime)
	}
	done := eventsOf[steps.StepDone](w.finished.in(t))
	var again []string
	for _, e := range done {
		if !e.Proved {
			again = append(again, e.Step)
		}
	}
	for _, step := range []string{"backup", "prove", "stage", "rehearse"} {
		if slices.Contains(again, step) {
			t.Errorf("%s was done again by the resumed run instead of being proved", step)
		}
	}
}
