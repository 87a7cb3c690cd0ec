package mysql

import (
	"context"
	"os"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/progress"
)

// TestMain has the test binary also play other processes.
func TestMain(m *testing.M) {
	roles := databasetest.Restorers(&reached, Restore, RestoreScratch)
	// inplace DUMP POINT: restores in place, and dies.
	roles["inplace"] = func(config database.Config, args []string) error {
		reached = databasetest.DieAt(args[1])
		return RestoreInPlace(context.Background(), config, args[0], progress.Discard)
	}
	databasetest.Main(roles)
	tick, holdAtMost = 10*time.Millisecond, time.Minute
	os.Exit(m.Run())
}
