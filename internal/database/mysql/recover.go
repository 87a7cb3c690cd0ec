package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// recover puts back what a restore that was killed has left, and reports
// whether it had moved the tables; see Restore.
func (a *admin) recover(ctx context.Context, report progress.Reporter) (moved bool, err error) {
	live, fresh, old := a.config.Name, newName(a.config.Name), oldName(a.config.Name)
	exists, err := a.exists(ctx, old)
	if err != nil || !exists {
		return false, err
	}
	kept, err := listTables(ctx, a.conn, old)
	if err != nil {
		return false, describe(err, a.config)
	}
	has := func(all []table, name string) bool {
		return slices.ContainsFunc(all, func(t table) bool { return t.Name == name })
	}
	if has(kept, markTable) {
		return true, nil
	}
	present, err := listTables(ctx, a.conn, live)
	if err != nil {
		return false, describe(err, a.config)
	}
	var moves []string
	for _, t := range kept {
		if t.Name == triggerTable {
			continue
		}
		if has(present, t.Name) {
			moves = append(moves, move(live, fresh, t.Name))
		}
		moves = append(moves, move(old, live, t.Name))
	}
	if len(moves) > 0 {
		report.Output("an earlier restore was cut off while tables were moved; they are moved back")
		if err := a.rename(ctx, moves); err != nil {
			return false, err
		}
	}
	if has(kept, triggerTable) {
		if err := a.makeTriggers(ctx, report); err != nil {
			return false, err
		}
	}
	return false, a.drop(ctx, old)
}

// makeTriggers makes those triggers of the live schema again that were dropped.
func (a *admin) makeTriggers(ctx context.Context, report progress.Reporter) error {
	texts, err := collect(ctx, a.conn, one, "SELECT triggers FROM "+quote(oldName(a.config.Name))+"."+quote(triggerTable))
	if err != nil {
		return fmt.Errorf("reading the triggers that were kept: %w", describe(err, a.config))
	}
	present, err := a.objects(ctx, a.config.Name)
	if err != nil {
		return err
	}
	for _, text := range texts {
		var triggers []object
		if err := json.Unmarshal([]byte(text), &triggers); err != nil {
			return fault.Wrap(err, "the triggers that were kept cannot be read", "look into "+quote(oldName(a.config.Name))+"."+quote(triggerTable))
		}
		lost := slices.DeleteFunc(triggers, func(t object) bool {
			return slices.ContainsFunc(present, func(o object) bool { return o.Kind == "trigger" && o.Name == t.Name })
		})
		if len(lost) > 0 {
			report.Output("triggers that an earlier restore had dropped are made again")
		}
		if err := a.make(ctx, a.config.Name, lost); err != nil {
			return err
		}
	}
	return nil
}
