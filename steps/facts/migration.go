package facts

import (
	"fmt"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
)

// PendingMigration is a migration that will run.
type PendingMigration struct {
	directus.Migration
	Estimate advisory.Estimate `json:"estimate"`
	// Measured is how many seconds it took on the copy of this data, in the
	// rehearsal that ended At; 0 where there was none.
	Measured   float64   `json:"measured_seconds,omitempty"`
	MeasuredAt time.Time `json:"measured_at,omitzero"`
}

// Takes says in a few words how long it will take.
func (m PendingMigration) Takes() string {
	switch {
	case !m.MeasuredAt.IsZero():
		return "took " + about(m.Measured) + " on the copy"
	case m.Estimate.Unknown != "":
		return "how long is not known"
	case m.Estimate.Rows > 0 && m.Estimate.Seconds >= 1:
		return fmt.Sprintf("at most about %s (%d rows)", about(m.Estimate.Seconds), m.Estimate.Rows)
	}
	return "at most about " + about(m.Estimate.Seconds)
}

// Slow reports whether how long it takes is worth a word.
func (m PendingMigration) Slow() bool {
	return m.Estimate.Unknown != "" || max(m.Estimate.Seconds, m.Measured) >= 1
}

// TotalTime is how long all of them take together: measured where all were, or
// estimated. Unknown counts those that are not in the sum.
func TotalTime(all []PendingMigration) (seconds float64, measured bool, unknown int) {
	measured = len(all) > 0
	for _, m := range all {
		measured = measured && !m.MeasuredAt.IsZero()
	}
	for _, m := range all {
		switch {
		case measured:
			seconds += m.Measured
		case m.Estimate.Unknown != "":
			unknown++
		default:
			seconds += m.Estimate.Seconds
		}
	}
	return seconds, measured, unknown
}

// TotalText is TotalTime in words.
func TotalText(all []PendingMigration) string {
	if len(all) == 0 {
		return ""
	}
	seconds, measured, unknown := TotalTime(all)
	if measured {
		return "took " + about(seconds) + " on the copy"
	}
	text := "at most about " + about(seconds) + ", estimated from the rows"
	if unknown > 0 {
		text += fmt.Sprintf(", without the %d of the project's own", unknown)
	}
	return text
}

func about(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 950*time.Millisecond:
		return fmt.Sprintf("%.1f s", max(0.1, seconds))
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", seconds)
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
