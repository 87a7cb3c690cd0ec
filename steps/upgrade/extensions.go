package upgrade

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"bunnyhop/internal/packages"
	"bunnyhop/internal/progress"
)

// copyExtensions copies the extensions folder for the rehearsal. People link
// the folder, or one extension in it, to where they work on it; the copy holds
// what the links lead to, since a relative link leads nowhere from another
// place, and Directus ends at such a one.
func copyExtensions(ctx context.Context, from, to string) error {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return fmt.Errorf("copying the extensions: %w", err)
	}
	if err := packages.Copy(ctx, from, to, progress.Discard); err != nil {
		return err
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return fmt.Errorf("copying the extensions: %w", err)
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 {
			continue
		}
		real, err := filepath.EvalSymlinks(filepath.Join(from, entry.Name()))
		if err != nil {
			continue // it leads nowhere in the project, either
		}
		place := filepath.Join(to, entry.Name())
		if err := os.Remove(place); err != nil {
			return fmt.Errorf("copying the extensions: %w", err)
		}
		if err := packages.Copy(ctx, real, place, progress.Discard); err != nil {
			return err
		}
	}
	return nil
}
