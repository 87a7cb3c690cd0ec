package directus_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	db := fixture.Open(t, "10.13.4").Exec(t,
		"DELETE FROM directus_extensions",
		`INSERT INTO directus_extensions (enabled, id, folder, source, bundle) VALUES
			(1, 'a', 'clock', 'local', NULL), (0, 'b', 'tick', 'local', 'a'), (1, 'c', 'face', 'local', 'a'),
			(0, 'd', 'directus-extension-x', 'module', NULL), (1, 'e', 'directus-extension-y', 'module', NULL)`)
	off, err := directus.SwitchedOff(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"local clock/tick", "module directus-extension-x"}, off); diff != "" {
		t.Error(diff)
	}
	clock := directus.Extension{Name: "directus-extension-clock", Folder: "clock", Source: directus.Local, Entries: []string{"hook tick", "panel face"}}
	if clock.Off(off) || !cmp.Equal(clock.PartsOff(off), []string{"tick"}) {
		t.Errorf("clock: off %v, parts %v", clock.Off(off), clock.PartsOff(off))
	}
	if x := (directus.Extension{Name: "X", Folder: "directus-extension-x", Source: directus.Module}); !x.Off(off) {
		t.Error("x is not off")
	}
	if x := (directus.Extension{Name: "X", Folder: "directus-extension-x", Source: directus.Local}); x.Off(off) {
		t.Error("another x is off")
	}
	db = fixture.Open(t, "10.13.4").Exec(t, "DROP TABLE directus_extensions", "CREATE TABLE directus_extensions (name, enabled)",
		"INSERT INTO directus_extensions VALUES ('directus-extension-x', 0), ('directus-extension-y', 1)")
	if off, err = directus.SwitchedOff(t.Context(), db); err != nil || !cmp.Equal(off, []string{"directus-extension-x"}) {
		t.Errorf("before 10.10: %v, %v", off, err)
	}
	db = fixture.Open(t, "10.13.4").Exec(t, "DROP TABLE directus_extensions")
	if off, err = directus.SwitchedOff(t.Context(), db); err != nil || len(off) > 0 {
		t.Errorf("without the table: %v, %v", off, err)
	}
}
