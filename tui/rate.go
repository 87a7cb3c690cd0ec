package tui

import (
	"math"
	"time"
)

// rateWindow is the time constant of the smoothing: what happened this long
// ago counts for a third.
const rateWindow = 5 * time.Second

// rate is a smoothed speed: the mean at first, later what happened last.
type rate struct {
	began, last time.Time
	from, done  int64
	speed       float64
	samples     int
}

// add takes a new count in. Counts that come faster than ten a second are
// gathered.
func (r *rate) add(done int64, at time.Time) {
	if r.last.IsZero() {
		r.began, r.last, r.from, r.done = at, at, done, done
		return
	}
	dt := at.Sub(r.last)
	if dt < 100*time.Millisecond {
		return
	}
	now := float64(done-r.done) / dt.Seconds()
	if since := at.Sub(r.began); since < rateWindow {
		r.speed = float64(done-r.from) / since.Seconds()
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
