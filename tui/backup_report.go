package tui

import (
	"strings"

	"bunnyhop/steps/facts"
)

// copyWords is what was sent to the bucket.
func copyWords(c *facts.BackupCopy) string {
	if c.Skipped != "" {
		return "NO copy there: " + c.Skipped
	}
	text := c.Bucket + ": " + size(c.Bytes) + " stored, " + size(c.Sent) + " of it sent now"
	if c.Encrypted {
		return text + ", encrypted"
	}
	return text + ", not encrypted"
}

// retentionWords is what became of the backups beyond the limits, a sentence
// for each place and problem.
func retentionWords(r *facts.Retention) []string {
	var all []string
	for _, place := range []struct {
		name string
		ids  []string
	}{{"here", r.Here}, {"from the bucket", r.Bucket}} {
		if len(place.ids) > 0 {
			all = append(all, "removed "+place.name+": "+strings.Join(place.ids, ", "))
		}
	}
	for _, problem := range r.Problems {
		all = append(all, "NOT removed: "+problem)
	}
	return all
}
