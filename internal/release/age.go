package release

import "time"

// MinimumAge is how old a release has to be to be taken without a question:
// what is wrong with one is mostly known by then.
const MinimumAge = 7 * 24 * time.Hour

// Age is how long the release has been in the registry. It is false where the
// registry does not say. A mirror that fetched a version late makes it younger
// than it is, never older.
func (r Release) Age(now time.Time) (time.Duration, bool) {
	if r.Date.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(r.Date)), true
}

// Young reports whether the release is younger than a minimum age; 0 asks for
// none.
func (r Release) Young(now time.Time, minimum time.Duration) bool {
	age, known := r.Age(now)
	return known && age < minimum
}
