package tui

import (
	"math"
	"time"
)

// rateWindow is the time constant of the smoothing: what happened this long
// ago counts for a third.
const rateWindow = 5 * time.Second

// rate is a smoothed speed.
type rate struct {
	began, last time.Time
	done        int64
	speed       float64
	samples     int
}

// add takes a new count in. Counts that come faster than ten a second are
// gathered.
func (r *rate) add(done int64, at time.Time) {
	if r.last.IsZero() {
		r.began, r.last, r.done = at, at, done
		return
	}
	dt := at.Sub(r.last)
	if dt < 100*time.Millisecond {
		return
	}
	now := float64(done-r.done) / dt.Seconds()
	if r.samples == 0 {
		r.speed = now
	} else {
		weight := 1 - math.Exp(-dt.Seconds()/rateWindow.Seconds())
		r.speed += weight * (now - r.speed)
	}
	r.samples++
	r.last, r.done = at, done
}

// perSecond is the speed, and whether it can be trusted yet.
func (r *rate) perSecond() (float64, bool) {
	return r.speed, r.samples >= 2 && r.last.Sub(r.began) >= time.Second
}
