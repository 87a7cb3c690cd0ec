package backup

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// A proof is taken back by damage, and by nothing else.
func TestUnprove(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	if _, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard); err != nil {
		t.Fatal(err)
	}
	elsewhere := errors.New("the server is away")
	if err := Unprove(m.Dir, elsewhere); !errors.Is(err, elsewhere) || !Proved(m.Dir) {
		t.Errorf("%v, proved %v", err, Proved(m.Dir))
	}
	flip(t, filepath.Join(m.Dir, "database.sqlite"), 5000, 1)
	found := Verify(ctx, m.Dir, progress.Discard)
	if err := StillRecorded(m.Dir, found, "a run is at work"); !strings.Contains(fault.StateOf(err), "for a run is at work") || !Proved(m.Dir) {
		t.Errorf("state %q, proved %v", fault.StateOf(err), Proved(m.Dir))
	}
	err := Unprove(m.Dir, found)
	if err.Error() != found.Error() || fault.HintOf(err) != fault.HintOf(found) || !strings.Contains(fault.StateOf(err), "taken back") || Proved(m.Dir) {
		t.Errorf("%v, state %q, hint %q, proved %v", err, fault.StateOf(err), fault.HintOf(err), Proved(m.Dir))
	}
	if err := Unprove(m.Dir, found); err != found { //nolint:errorlint // it is to be the same
		t.Errorf("there was no proof any more: %v", err)
	}
}
