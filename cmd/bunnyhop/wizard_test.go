package main

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"bunnyhop/steps/testbed"
)

// patience is how long a step of the wizard may take on a busy machine. Where
// a new version of Directus was released, it is installed first.
const patience = 15 * time.Minute

// TestWizard upgrades a real project as a person does: with the keys, on the
// screens, in a terminal.
func TestWizard(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	p.Serve()
	before := p.Fingerprint()
	program := install(t)
	to := suggested(t, p, program)

	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir, cmd.Env = p.Root, p.Environ()
	s := &screens{showTerminal(t, cmd, 100, 30), time.Now()}
	s.waits("Upgrade to " + to)
	s.waits("last backup   none yet")
	s.types("\r")
	s.waits("Which version?")
	s.waits("▌   " + to) // the recommended one is under the cursor
	s.types("\r")

	s.waits("warnings to acknowledge", "warning to acknowledge")
	s.acknowledges()
	s.waits("all said; enter goes on")
	s.types("\r")

	s.waits("Rehearse on the copy")
	s.waits("to decide")
	s.types("R")
	s.waits(" 0 to decide")
	s.types("\r")

	s.waits("down for ")
	s.waits("✔ Upgrade done")
	s.waits("downtime")
	s.types("q")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	// The screen is gone; what happened stands on the normal terminal.
	s.waits("Directus " + to + " is running · downtime ")
	s.waits("go back with: bunnyhop rollback")
	if strings.Contains(s.text(), "✔ inspect") {
		t.Errorf("the screen was left behind:\n%s", s.text())
	}
	if version, err := p.Version(); err != nil || version != to {
		t.Errorf("the server says %q, %v; want %s", version, err, to)
	}
	if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Errorf("user tables changed: %v", lost)
	}
}

// screens is the program in a terminal, with what was seen when.
type screens struct {
	*terminal
	begin time.Time
}

// waits until one of several words is seen.
func (s *screens) waits(words ...string) {
	s.tb.Helper()
	word := s.seesWithin(patience, words...)
	s.tb.Logf("%.1f s: %s", time.Since(s.begin).Seconds(), word)
}

var toAcknowledge = regexp.MustCompile(`(\d+) warnings? to acknowledge`)

// acknowledges goes from warning to warning, as space does by itself.
func (s *screens) acknowledges() {
	s.tb.Helper()
	found := toAcknowledge.FindStringSubmatch(s.text())
	if found == nil {
		s.tb.Fatalf("no warnings in\n%s", s.text())
	}
	count, err := strconv.Atoi(found[1])
	if err != nil {
		s.tb.Fatal(err)
	}
	for left := count; left > 0; left-- {
		s.waits(strconv.Itoa(left)+" warnings to acknowledge", strconv.Itoa(left)+" warning to acknowledge")
		s.types(" ")
	}
}

// suggested is the version that an upgrade takes by default.
func suggested(t *testing.T, p *testbed.Project, program string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "versions", "--json", "--project", p.Root)
	cmd.Env = p.Environ()
	out, errs, code := execute(t, cmd)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	var list versionsOutput
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	for _, v := range list.Versions {
		if v.Recommended {
			return v.Version
		}
	}
	t.Fatalf("no version is recommended:\n%s", out)
	return ""
}
