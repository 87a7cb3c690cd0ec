package prune

import (
	"slices"
	"time"

	"bunnyhop/internal/backup"
)

// verdicts are what becomes of the backups of one place.
type verdicts struct {
	Verdicts []backup.Verdict // newest first
	now      time.Time        // when the plan was made
}

// Age is how old a backup was when the plan was made.
func (v *verdicts) Age(m *backup.Manifest) time.Duration { return v.now.Sub(m.Created) }

// Going lists the backups that go, oldest first.
func (v *verdicts) Going() []*backup.Manifest {
	var going []*backup.Manifest
	for _, one := range slices.Backward(v.Verdicts) {
		if one.Remove {
			going = append(going, one.Backup)
		}
	}
	return going
}
