package facts

import "strings"

// BackupCopy is a backup's copy in the bucket.
type BackupCopy struct {
	Backup    string   `json:"backup"` // its ID
	Bucket    string   `json:"bucket"`
	Encrypted bool     `json:"encrypted"`
	Keys      []string `json:"keys,omitempty"` // the public ones
	Bytes     int64    `json:"bytes"`          // stored for this backup, shared with others or not
	Sent      int64    `json:"sent_bytes"`     // of those, sent now
	Known     int      `json:"known"`          // pieces that were there already
	// Skipped says why there is no copy, where the person went on without one.
	Skipped string `json:"skipped,omitempty"`
}

// Retention tells what the retention step removed.
type Retention struct {
	Here     []string `json:"here,omitempty"`   // IDs of backups removed from the folder
	Bucket   []string `json:"bucket,omitempty"` // and from the bucket
	Problems []string `json:"problems,omitempty"`
}

// Removed says in words what went, a line for each place.
func (r Retention) Removed() []string {
	var lines []string
	for _, place := range []struct {
		name string
		ids  []string
	}{{"here", r.Here}, {"from the bucket", r.Bucket}} {
		if len(place.ids) > 0 {
			lines = append(lines, "removed "+place.name+": "+strings.Join(place.ids, ", "))
		}
	}
	return lines
}
