package tui

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	bar "charm.land/bubbles/v2/progress"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// keptOutput is how many lines of output a step keeps for scrolling.
const keptOutput = 500

// work is how far a step is, and what it has printed.
type work struct {
	now    steps.Progress
	rate   rate
	labels []string // in the order in which they came
	lines  []string
	view   viewport.Model
	follow bool
	stale  bool
}

func newWork() *work {
	v := viewport.New()
	v.SoftWrap = true
	v.FillHeight = true
	return &work{view: v, follow: true}
}

// reset forgets progress, not output: a second try does not hide the first.
func (w *work) reset() {
	w.now, w.rate, w.labels = steps.Progress{}, rate{}, nil
}

func (w *work) progress(p steps.Progress, at time.Time) {
	if p.Label != w.now.Label || p.Unit != w.now.Unit || p.Done < w.now.Done {
		w.rate = rate{}
	}
	if !slices.Contains(w.labels, p.Label) {
		w.labels = append(w.labels, p.Label)
	}
	w.now = p
	w.rate.add(p.Done, at)
}

func (w *work) output(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		w.lines = append(w.lines, line)
	}
	if n := len(w.lines) - keptOutput; n > 0 {
		w.lines = slices.Delete(w.lines, 0, n)
	}
	w.stale = true
}

// Update scrolls the output. Scrolling up stops following it.
func (w *work) Update(msg tea.Msg) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return
	}
	switch {
	case key.Matches(press, keyPageUp):
		w.view.PageUp()
		w.follow = w.view.AtBottom()
	case key.Matches(press, keyPageDown):
		w.view.PageDown()
		w.follow = w.view.AtBottom()
	case key.Matches(press, keyFollow):
		w.follow = true
		w.view.GotoBottom()
	}
}

// bar is the progress in two or three lines, nothing when nothing is known.
func (w *work) bar(c *common, width int) []string {
	p := w.now
	if p.Label == "" && p.Total == 0 && p.Done == 0 {
		return nil
	}
	lines := []string{c.st.plain.Render(c.cut(p.Label, width))}
	about := w.about(c)
	if p.Total > 0 {
		share := min(1, float64(p.Done)/float64(p.Total))
		percent := strings.Repeat(" ", 1) + c.right(percentage(share), 4)
		b := bar.New(bar.WithoutPercentage(), bar.WithFillCharacters(c.g.barFull, c.g.barEmpty),
			bar.WithColors(c.st.accent), bar.WithWidth(max(4, min(width, measure)-len(percent))))
		b.EmptyColor = c.st.line
		lines = append(lines, b.ViewAs(share)+c.st.dim.Render(percent))
	}
	if about != "" {
		lines = append(lines, c.st.dim.Render(c.cut(about, width)))
	}
	return lines
}

// about is the line under the bar: how much, how fast, how long still.
func (w *work) about(c *common) string {
	p := w.now
	var parts []string
	switch {
	case p.Total > 0:
		done := count(p.Done)
		if p.Unit == progress.Bytes || p.Unit == progress.Seconds {
			done = amount(p.Done, p.Unit)
		}
		parts = append(parts, done+" of "+amount(p.Total, p.Unit))
	case p.Done > 0:
		parts = append(parts, amount(p.Done, p.Unit))
	}
	if speed, ok := w.rate.perSecond(); ok && speed >= 0.5 {
		if p.Unit != progress.Seconds { // they go by at one a second
			parts = append(parts, amount(int64(math.Round(speed)), p.Unit)+"/s")
		}
		if remaining := p.Total - p.Done; remaining > 0 {
			parts = append(parts, "about "+left(seconds(float64(remaining)/speed))+" left")
		}
	}
	return strings.Join(parts, " "+c.g.dot+" ")
}

// left is a time left, coarse enough not to flicker between frames.
func left(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return plural(max(1, int(d.Round(time.Second)/time.Second)), "s", "s")
	case d < time.Minute:
		return span(d.Round(5 * time.Second))
	}
	return span(d.Round(10 * time.Second))
}

// pane is the output in h lines, the first of which is its heading.
func (w *work) pane(c *common, width, h int) []string {
	if h < 3 || len(w.lines) == 0 {
		return nil
	}
	w.view.SetWidth(width)
	w.view.SetHeight(h - 1)
	if w.stale {
		w.view.SetContentLines(w.lines)
		w.stale = false
	}
	if w.follow {
		w.view.GotoBottom()
	}
	state := ""
	switch {
	case !w.follow:
		state = "f follows again"
	case !w.view.AtTop():
		state = "following"
	}
	lines := []string{c.rule("output", state, width)}
	for line := range strings.SplitSeq(w.view.View(), "\n") {
		lines = append(lines, c.st.dim.Render(line))
	}
	return lines
}

func percentage(share float64) string { return strconv.Itoa(int(share*100)) + "%" }
