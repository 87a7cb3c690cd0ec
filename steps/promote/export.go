package promote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/progress"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
)

// export writes what the accepted deletions of a server would lose into the
// run's folder: a server that is reached by its address alone cannot be backed
// up from here.
type export struct{ ends *ends }

// Exported are the files with what would be lost.
var Exported = steps.NewSlot[[]Export]("exported")

// Export is one file.
type Export struct {
	Collection string   `json:"collection"`
	Fields     []string `json:"fields,omitempty"` // none: all of them
	File       string   `json:"file"`             // JSON, one item a line
	Items      int64    `json:"items"`
}

// Check is never satisfied: what is written meanwhile has to be in it.
func (export) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("exported again"), nil
}

// Do exports.
func (x export) Do(ctx context.Context, r *steps.Run) error {
	plan, accepted, err := x.ends.reviewed(r)
	if err != nil {
		return err
	}
	lost := lostBy(plan.Current, accepted)
	if len(lost) == 0 {
		r.Summary("nothing would be lost")
		return Exported.Set(r, []Export{})
	}
	target, err := x.ends.target(ctx, r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.Path("lost"), 0o700); err != nil {
		return fmt.Errorf("making the folder for what would be lost: %w", err)
	}
	var total int64
	for i := range lost {
		if lost[i].Items, err = x.write(ctx, r, target.Client, lost[i], keyOf(plan.Current, lost[i].Collection)); err != nil {
			return err
		}
		total += lost[i].Items
	}
	r.Summary("%d items of %d collections", total, len(lost))
	return Exported.Set(r, lost)
}

// lostBy lists the columns and tables that accepted changes drop.
func lostBy(current *snapshot.Snapshot, accepted []difference.Change) []Export {
	var all []Export
	add := func(collection, field string) {
		i := slices.IndexFunc(all, func(e Export) bool { return e.Collection == collection })
		if i < 0 {
			all = append(all, Export{Collection: collection, File: filepath.Join("lost", url.PathEscape(collection)+".jsonl")})
			i = len(all) - 1
		}
		if field != "" {
			all[i].Fields = append(all[i].Fields, field)
		}
	}
	columns := map[[2]string]bool{}
	for _, f := range current.Fields {
		columns[[2]string{f.Collection, f.Field}] = !f.Alias()
	}
	for _, c := range accepted {
		switch before := c.Before.(type) {
		case snapshot.Collection:
			if c.Action == difference.Delete && !before.Folder() {
				add(c.Collection, "")
			}
			continue
		case snapshot.Field:
			if c.Action != difference.Create && !before.Alias() {
				add(c.Collection, c.Field)
			}
			continue
		}
		// A new type converts the values.
		if c.Entity == difference.Field && c.Attribute() == "type" && columns[[2]string{c.Collection, c.Field}] {
			add(c.Collection, c.Field)
		}
	}
	return all
}

func keyOf(s *snapshot.Snapshot, collection string) string {
	for _, f := range s.Fields {
		if f.Collection == collection && snapshot.Flag(f.Schema, "is_primary_key") {
			return f.Field
		}
	}
	if directus.SystemTable(collection) {
		return "id"
	}
	return ""
}

func (x export) write(ctx context.Context, r *steps.Run, client *directus.Client, e Export, key string) (items int64, err error) {
	file, err := os.OpenFile(r.Path(e.File), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("exporting %s: %w", e.Collection, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriter(file)
	fields := e.Fields
	if len(fields) == 0 {
		fields = []string{"*"}
	}
	for item, err := range client.Items(ctx, e.Collection, key, fields...) {
		if err != nil {
			return items, fmt.Errorf("exporting %s: %w", e.Collection, err)
		}
		if _, err := w.Write(append(item, '\n')); err != nil {
			return items, fmt.Errorf("exporting %s: %w", e.Collection, err)
		}
		items++
		r.Progress("exporting "+e.Collection, progress.Rows, items, 0)
	}
	if err := w.Flush(); err != nil {
		return items, fmt.Errorf("exporting %s: %w", e.Collection, err)
	}
	return items, file.Sync()
}
