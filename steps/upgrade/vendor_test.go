package upgrade_test

import (
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/sample"
	"bunnyhop/steps"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// A project on a database server goes the whole way and back as one on SQLite
// does.
func TestUpgradeAndRollbackOnServers(t *testing.T) {
	for _, vendor := range []database.Vendor{database.Postgres} {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			p.Serve()
			before := p.Fingerprint()

			result := drive(t, upgrade.Flow(options(p), upgrade.Options{To: target}), p.Root)
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			t.Logf("%+v", result.Data)
			if version, err := p.Version(); err != nil || version != target {
				t.Fatalf("the server says %q, %v", version, err)
			}
			if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
				t.Fatalf("user tables changed: %v", lost)
			}
			noScratchLeft(t, p)

			result = drive(t, rollback.Flow(options(p), rollback.Options{}), p.Root)
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			if version, err := p.Version(); err != nil || version != sample.Version {
				t.Fatalf("the server says %q, %v", version, err)
			}
			if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
				t.Fatalf("tables changed: %v", lost)
			}
			noScratchLeft(t, p)
		})
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
