// Package evidence says what a project's own data has to do with a change of
// its data model: what accepting the change would lose, and what would make
// the database refuse it. It reads, and changes nothing.
package evidence

import (
	"context"
	"fmt"
	"maps"

	"bunnyhop/internal/change"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Finding is what was seen behind one change.
type Finding struct {
	Evidence []change.Evidence
	// Risk is what the evidence makes of the change's risk; empty keeps it.
	Risk change.Risk
	// Blocked says why the change must not be accepted; empty means that
	// nothing speaks against it.
	Blocked string
	// Rows is the number of rows, or of values, that would be lost; of a rename,
	// that would be copied.
	Rows int64
	// Unfilled: it is blocked only since rows would have no value; one that has
	// its values copied into it is not.
	Unfilled bool
	// Withdrawn: the data speaks against the rename, or not for it.
	Withdrawn bool
}

// Gather looks at the data behind changes of current, by their keys. A change
// of which the data says nothing has no finding. A question that several
// changes raise is asked once. One that fails is told in the evidence of its
// change, whose risk stays; only the end of ctx is an error.
func Gather(ctx context.Context, source Source, current *snapshot.Snapshot, changes []compare.Change, reporter progress.Reporter) (map[string]Finding, error) {
	m := modelOf(current, changes)
	known := answers{}
	for {
		findings, open := look(m, known)
		if len(open) == 0 {
			return findings, nil
		}
		found, err := ask(ctx, source, open, len(known), reporter)
		if err != nil {
			return nil, fmt.Errorf("looking at the data: %w", err)
		}
		maps.Copy(known, found)
	}
}

// look makes findings of what is known, and lists what else has to be asked.
func look(m *model, known answers) (map[string]Finding, []question) {
	findings := map[string]Finding{}
	asked := &asking{answered: known, open: map[question]bool{}}
	for _, c := range m.changes {
		v := view{model: m, asking: asked, change: c}
		v.look()
		if f := v.finding; len(f.Evidence) > 0 || f.Risk != "" || f.Blocked != "" {
			findings[c.Key()] = f
		}
	}
	return findings, asked.order
}

// look is at one change.
func (v *view) look() {
	switch v.change.Entity {
	case compare.Collection:
		v.collection()
	case compare.Field:
		v.field()
	case compare.Relation:
		v.relation()
	case compare.SystemIndex:
		v.systemIndex()
	}
}
