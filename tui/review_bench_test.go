package tui

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"bunnyhop/steps"
)

// BenchmarkReviewKeys presses the keys of a review of 20,000 changes in 500
// groups, at 200×60, and draws a frame after each: p99-ms is to stay below 16.
func BenchmarkReviewKeys(b *testing.B) {
	p := newPlayhouse(b, 200, 60, unicodeGlyphs)
	p.until("review")
	p.events(steps.GateOpened{Step: "review", Gate: largeReview(500, 40)})
	round := []string{
		"down", "space", "]", "space", "down", "down", "d", "d", "G", "g", "]", "left", "right", "a", "u", "f", "]", "down", "f", "f", "esc",
		"/", "m", "a", "x", "_", "l", "backspace", "enter", "down", "space", "esc", "ctrl+d", "ctrl+d", "ctrl+u", "tab", "tab", "pgdown", "[",
		"A", "u", "R", "u", "n", "n", "?", "esc", "r", "u", "end", "home",
	}
	var took []time.Duration
	slowest := map[string]time.Duration{}
	for b.Loop() {
		for _, k := range round {
			began := time.Now()
			_, cmd := p.a.Update(keyPress(k))
			_ = p.a.View()
			span := time.Since(began)
			took, slowest[k] = append(took, span), max(slowest[k], span)
			if cmd != nil {
				p.run(cmd)
			}
		}
	}
	slices.Sort(took)
	ms := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
	}
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(ms(1), "max-ms")
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc)/1e6, "heap-MB")
	runtime.KeepAlive(p)
	for _, k := range round {
		if slowest[k] > 8*time.Millisecond {
			b.Logf("%s: at most %s", k, slowest[k])
			delete(slowest, k)
		}
	}
}
