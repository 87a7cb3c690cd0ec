package site

import (
	"os"
	"path/filepath"
	"time"

	"bunnyhop/internal/process"
	"bunnyhop/internal/project"
)

// RunsInstalledCode reports whether the running server was started after the
// installed code was put there. Otherwise what runs is some older code, whose
// version nothing on the disk tells any more.
func RunsInstalledCode(p *project.Project, running []process.Info) bool {
	info, err := os.Stat(filepath.Join(p.Root, "node_modules", "directus", "package.json"))
	if err != nil || len(running) == 0 {
		return false
	}
	for _, one := range running {
		started, err := one.StartedAt()
		// The clock tick makes the start time coarse; a second of doubt goes
		// to the process.
		if err != nil || started.Add(time.Second).Before(info.ModTime()) {
			return false
		}
	}
	return true
}
