package tui

import "bunnyhop/steps/facts"

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
	all := r.Removed()
	for _, problem := range r.Problems {
		all = append(all, "NOT removed: "+problem)
	}
	return all
}
