package code

import (
	"context"
	"os"
	"path/filepath"

	"bunnyhop/internal/disk"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Older is the code that an earlier run kept beside the project.
type Older struct {
	Run   string
	Bytes int64
}

// RemoveOlder removes what the runs before this one kept beside the project:
// the code that they switched away from, which may be a gigabyte each. What
// this run keeps stays, for it is what a rollback needs; so does what a run
// keeps that is not finished, and what no run of this project has made. A run
// whose journal cannot be read may need all of it.
func RemoveOlder(ctx context.Context, r *steps.Run, s *site.Site) ([]Older, error) {
	runs, err := steps.Runs(s.Root())
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if run.Damaged != "" {
			return nil, nil
		}
	}
	var removed []Older
	for _, run := range runs {
		if run.ID == r.ID || run.Touched {
			continue
		}
		dir := filepath.Join(facts.Beside(s.Root()), run.ID)
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		used, err := disk.Usage(ctx, dir)
		if err != nil {
			return removed, err
		}
		if err := site.Remove(r, "the code that run "+run.ID+" had kept", dir); err != nil {
			return removed, err
		}
		removed = append(removed, Older{Run: run.ID, Bytes: used.Bytes})
	}
	return removed, nil
}
