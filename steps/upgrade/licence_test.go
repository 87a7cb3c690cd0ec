package upgrade_test

import (
	"slices"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// TestUpgradeTo12 goes to a version whose licence takes something away: it is
// blocked, and passed only by naming each finding.
func TestUpgradeTo12(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	const to = "12.4.0"
	p := testbed.New(t)
	p.Serve()
	before := p.Fingerprint()

	flow := upgrade.Flow(options(p), upgrade.Options{To: to})
	engine, err := steps.Start(flow, p.Root)
	if err != nil {
		t.Fatal(err)
	}
	blocked := answer(t, engine)
	if blocked.Code != fault.Blocked || blocked.Status != steps.Blocked {
		t.Fatalf("not blocked: %+v", blocked)
	}
	if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
		t.Fatalf("a blocked run changed tables: %v", lost)
	}
	seen, ok := facts.Checked.Get(engine.Run())
	if !ok {
		t.Fatal("no findings were recorded")
	}
	var ids []string
	for _, f := range seen.Findings {
		if f.Severity == advisory.Blocker {
			ids = append(ids, f.ID)
		}
	}
	if len(ids) < 2 || slices.Contains(ids, "") {
		t.Fatalf("blockers: %q", ids)
	}

	result := drive(t, upgrade.Flow(options(p), upgrade.Options{To: to}), p.Root, ids...)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if version, err := p.Version(); err != nil || version != to {
		t.Fatalf("the server says %q, %v", version, err)
	}
	if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Fatalf("user tables changed: %v", lost)
	}
	config := p.Config().Config
	if value, ok := config.Lookup("IP_TRUST_PROXY"); !ok || value != "true" {
		t.Fatalf("the accepted line IP_TRUST_PROXY=true was not written: %q", value)
	}
}
