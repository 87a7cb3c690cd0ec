package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/testbed"
)

// TestCheck asks what 12.4.0 and 11.17.4 mean for the sample, in each form.
func TestCheck(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	before := p.Fingerprint()
	program := install(t)
	check := func(want fault.Code, args ...string) (stdout, stderr string) {
		t.Helper()
		s := &story{Project: p, t: t, program: program}
		cmd := s.command("bunnyhop check --project /srv/blog " + strings.Join(args, " "))
		stdout, stderr, code := execute(t, cmd)
		if code != int(want) {
			t.Fatalf("check %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	says := func(text string, wanted ...string) {
		t.Helper()
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}

	text, why := check(fault.Blocked, "--to 12.4.0")
	says(text, "Directus 10.13.4 → 12.4.0", "BLOCKER 12.0-custom-permissions", "WARNING 11.0-policies", "20260507A  Add Licensing", "rules do not apply")
	says(why, "stand", "--override")

	text, _ = check(fault.Blocked, "--to 12.4.0 --markdown --all")
	says(text, "# newsroom: Directus 10.13.4 → 12.4.0", "## Blockers", "`12.0-custom-permissions`, since 12.0.0", "## Cannot be told from here", "What to look at: look whether", "## Migrations", "## Does not apply")

	text, _ = check(fault.Done, "--to 11.17.4 --json")
	var document struct {
		Type, From, To string
		Findings       []struct{ ID, Severity string }
		Cleared        []struct{ ID, Why string }
		Migrations     []struct{ ID string }
		Extensions     []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	if document.Type != "check" || document.From != "10.13.4" || document.To != "11.17.4" ||
		len(document.Findings) == 0 || len(document.Cleared) == 0 || len(document.Migrations) != 21 || len(document.Extensions) != 1 {
		t.Errorf("the document is %+v", document)
	}
	for _, f := range document.Findings {
		if f.Severity == "blocker" {
			t.Errorf("%s is in the way of 11.17.4", f.ID)
		}
	}

	_, why = check(fault.Usage, "--to 9.0.0")
	says(why, "9.0.0 is older than the installed 10.13.4")
	text, _ = check(fault.Usage, "--json --markdown")
	says(text, "exclude each other")

	if diff := before.Diff(p.Fingerprint(), nil); len(diff) > 0 {
		t.Errorf("the check changed the database: %v", diff)
	}
	if entries, err := os.ReadDir(p.Root + "/.bunnyhop"); err == nil {
		t.Errorf("the check left %d entries in .bunnyhop", len(entries))
	}
}
