package postgres

import (
	"context"
	"path/filepath"
	"slices"

	"bunnyhop/internal/database"
	"bunnyhop/internal/process"
)

var _ database.Kept = (*DB)(nil)

// DataDir is the server's data folder. An ordinary role may not ask for it;
// then it is read from the command line of the one PostgreSQL server on this
// machine, if there is just one.
func (d *DB) DataDir(ctx context.Context) string {
	var dir string
	if d.sql.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('data_directory')").Scan(&dir) == nil {
		return dir
	}
	if !d.config.Local() {
		return ""
	}
	all, err := process.All()
	if err != nil {
		return ""
	}
	return onlyDataDir(all)
}

func onlyDataDir(all []process.Info) string {
	var dirs []string
	for _, p := range all {
		i := slices.Index(p.Command, "-D")
		if i < 0 || i+1 >= len(p.Command) || filepath.Base(p.Command[0]) != "postgres" || process.InContainer(p.PID) {
			continue
		}
		if dir := p.Command[i+1]; !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) != 1 {
		return ""
	}
	return dirs[0]
}
