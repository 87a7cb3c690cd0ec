package upgrade

import (
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/change"
	difference "bunnyhop/internal/schema/compare"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// modelChanges are the changes of data models that a review shows: what the
// migrations do to the project's own, and what would be brought in.
type modelChanges struct {
	migrated, wanted []change.Change
	noise            []change.Noise
	// told are the tables whose columns the migrated changes tell of.
	told map[string]bool
	text string
}

// changes makes them of what the rehearsal kept.
func (m *models) changes(r *steps.Run) (modelChanges, error) {
	var all modelChanges
	plan, err := m.migrated(r)
	if err != nil {
		return all, err
	}
	all.migrated, all.told = followed(plan)
	all.noise = noiseOf(plan)
	wanted, err := m.wanted(r)
	if err != nil || wanted == nil {
		return all, err
	}
	all.wanted, all.noise = wanted.Changes, added(all.noise, wanted.NoiseByReason())
	name := m.from.Name()
	if n := len(wanted.Proposed); n > 0 {
		all.text = fmt.Sprintf("%s from the data model of %s can be brought in with the upgrade.", counted(n, "change"), name)
	} else {
		all.text = "The project has all of the data model of " + name + " already."
	}
	if n := len(wanted.LeftOut); n > 0 {
		all.text += fmt.Sprintf("\nWhat only the project has stays: %s.", counted(n, "difference"))
	}
	if refused, ok := Refused.Get(r); ok && refused.Error != "" {
		all.text += "\nThe last decisions were tried on the copy, and it failed: " + refused.Error
	}
	return all, nil
}

// followed are the changes that the migrations make. They are not the
// person's to decide, so nothing is required of them, and nothing blocks them.
// Indexes of Directus' own tables belong to its version, and are told as noise.
func followed(plan *modelreview.Plan) (all []change.Change, told map[string]bool) {
	told = map[string]bool{}
	for i, c := range plan.Changes {
		proposed := plan.Proposed[i]
		if proposed.Entity == difference.SystemIndex {
			continue
		}
		c.ID, c.Requires, c.Blocked, c.Recommended = "migrated:"+c.ID, nil, "", false
		c.Detail = strings.TrimSpace("Seen on the copy.\n" + c.Detail)
		c.Locked, c.Undo = "it follows from the migrations", "restoring the backup"
		all = append(all, c)
		if tells(proposed) {
			told[proposed.Collection] = true
		}
	}
	return all, told
}

// tells reports whether a change is of a table or of its columns, and not only
// of how Directus shows them.
func tells(c difference.Change) bool {
	return len(c.Path) == 0 || c.Path[0] == "schema" || c.Path[0] == "type"
}

func noiseOf(plan *modelreview.Plan) []change.Noise {
	var indexes []string
	for _, c := range plan.Proposed {
		if c.Entity == difference.SystemIndex {
			indexes = append(indexes, c.Key())
		}
	}
	noise := plan.NoiseByReason()
	if len(indexes) == 0 {
		return noise
	}
	const examples = 5
	return added(noise, []change.Noise{{
		Reason: string(difference.SystemFields), Count: len(indexes), Examples: indexes[:min(len(indexes), examples)],
	}})
}

// added counts two lots of noise together.
func added(all, more []change.Noise) []change.Noise {
	for _, n := range more {
		at := slices.IndexFunc(all, func(known change.Noise) bool { return known.Reason == n.Reason })
		if at < 0 {
			all = append(all, n)
			continue
		}
		all[at].Count += n.Count
	}
	slices.SortStableFunc(all, func(a, b change.Noise) int { return b.Count - a.Count })
	return all
}

// untold are the changes of tables that were seen by their fingerprints,
// without what the data model tells of the same tables: only how many rows
// they have then is left to say.
func untold(all map[string]facts.TableChange, told map[string]bool) map[string]facts.TableChange {
	left := make(map[string]facts.TableChange, len(all))
	for name, t := range all {
		if told[name] {
			t.Lines = slices.DeleteFunc(slices.Clone(t.Lines), func(line string) bool { return !countsRows(line) })
			if len(t.Lines) == 0 {
				continue
			}
		}
		left[name] = t
	}
	return left
}

// countsRows reports whether a line of a fingerprint's difference tells of two
// numbers of rows.
func countsRows(line string) bool {
	return strings.HasSuffix(line, " after") && strings.Contains(line, " before, ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
