package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// meter turns progress events into a line with rate and time left.
type meter struct {
	label string
	unit  progress.Unit
	done  int64
	total int64
	// first is where the rate is measured from.
	first   int64
	firstAt time.Time
	at      time.Time
}

func (m *meter) update(e steps.Progress, now time.Time) {
	if e.Label != m.label || e.Unit != m.unit || e.Done < m.done {
		*m = meter{label: e.Label, unit: e.Unit, first: e.Done, firstAt: now}
	}
	m.done, m.total, m.at = e.Done, e.Total, now
}

// String is "database 1.2 GB of 3.4 GB (35 %), 80 MB/s, 27 s left".
func (m *meter) String() string {
	if m.done == 0 && m.total == 0 {
		return m.label
	}
	amount := m.amount(m.done)
	if m.total > 0 {
		if m.unit != progress.Bytes {
			amount = humanize.Comma(m.done)
		}
		amount += fmt.Sprintf(" of %s (%d %%)", m.amount(m.total), min(100, m.done*100/m.total))
	}
	parts := []string{strings.TrimSpace(m.label + " " + amount)}
	elapsed := m.at.Sub(m.firstAt).Seconds()
	if rate := float64(m.done-m.first) / elapsed; elapsed >= 2 && rate > 0 {
		if m.unit == progress.Bytes {
			parts = append(parts, humanize.Bytes(uint64(rate))+"/s")
		}
		if m.total > m.done {
			left := time.Duration(float64(m.total-m.done) / rate * float64(time.Second))
			parts = append(parts, timeLeft(left)+" left")
		}
	}
	return strings.Join(parts, ", ")
}

func (m *meter) amount(n int64) string {
	switch m.unit {
	case progress.Bytes:
		return bytesText(n)
	case progress.Seconds:
		return fmt.Sprintf("%d s", n)
	case progress.Rows, progress.Files, progress.Packages, progress.Tables, progress.Steps:
	}
	return humanize.Comma(n) + " " + string(m.unit)
}

func bytesText(n int64) string { return humanize.Bytes(uint64(max(0, n))) } //nolint:gosec // not negative

// timeLeft is a guess, and looks like one.
func timeLeft(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
