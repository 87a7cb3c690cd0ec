package main

import (
	"fmt"
	"strings"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

const (
	// progressEvery is how far apart two progress lines are at least.
	progressEvery = 5 * time.Second
	// heartbeatEvery is how long a step may be silent before a line says that
	// it still works.
	heartbeatEvery = 10 * time.Second
)

// plain shows a run as lines of text.
type plain struct {
	app *app

	steps    map[string]steps.StepInfo
	number   map[string]int
	current  string
	begun    time.Time // start of the current step
	printed  time.Time // when the last line was printed
	progress meter
	asking   bool            // a gate is open
	over     map[string]bool // steps that have ended
	ending   string          // what is cleared up after that
}

var _ reader = (*plain)(nil)

func newPlain(a *app) *plain {
	return &plain{app: a, steps: map[string]steps.StepInfo{}, number: map[string]int{}, over: map[string]bool{}}
}

const indent = "        "

// line prints one line, or several, under the current step.
func (p *plain) line(now time.Time, format string, args ...any) {
	p.printed = now
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	for part := range strings.Lines(text) {
		if part = strings.TrimRight(part, "\n"); part != "" {
			part = indent + part
		}
		p.app.println(part)
	}
}

func (p *plain) head(now time.Time, step, mark string) {
	p.printed = now
	info := p.steps[step]
	p.app.printf("[%2d/%d] %s%s\n", p.number[step], len(p.steps), p.app.oneLine(info.Title), mark)
}

// Event implements reader.
func (p *plain) Event(e steps.Event, now time.Time) {
	p.count(e)
	switch e := e.(type) {
	case steps.RunStarted:
		p.start(e, now)
	case steps.StepStarted:
		p.current, p.begun, p.progress = e.Step, now, meter{}
		p.head(now, e.Step, "")
	case steps.Progress:
		p.progress.update(e, now)
		if p.over[e.Step] && e.Label != p.ending {
			p.ending = e.Label
			p.line(now, "clearing up: %s", p.app.oneLine(e.Label))
		}
		if now.Sub(p.printed) >= progressEvery {
			p.line(now, "%s", p.app.oneLine(p.progress.String()))
		}
	case steps.Output:
		if p.app.flags.verbose {
			p.line(now, "| %s", p.app.oneLine(e.Line))
		}
	case steps.Learned:
		if text := factText(e.Key, e.Value); text != "" && !repeated(e) {
			p.line(now, "%s", p.app.clean(text))
		}
	case steps.GateOpened:
		p.asking = true
		p.line(now, "%s", p.app.clean(gateText(e.Gate)))
	case steps.GateAnswered:
		p.asking = false
		p.line(now, "%s", p.app.clean(answerText(e)))
	case steps.StepDone:
		p.done(e, now)
	case steps.StepFailed:
		p.asking = false
		p.line(now, "FAILED: %s", p.app.clean(e.Error))
	case steps.UndoStarted:
		p.current, p.begun = e.Step, now
		p.head(now, e.Step, " - taking it back")
	case steps.UndoDone:
		p.line(now, "taken back (%s)", seconds(now.Sub(p.begun)))
	case steps.UndoFailed:
		p.line(now, "COULD NOT BE TAKEN BACK: %s", p.app.clean(e.Error))
	case steps.RunFinished:
		p.current, p.ending = "", ""
	}
}

// count keeps track of which steps have ended. What one tells after that is of
// its clearing up.
func (p *plain) count(e steps.Event) {
	switch e := e.(type) {
	case steps.StepStarted:
		delete(p.over, e.Step)
	case steps.UndoStarted:
		delete(p.over, e.Step)
	case steps.StepDone:
		p.over[e.Step] = true
	case steps.UndoDone:
		p.over[e.Step] = true
	}
}

func (p *plain) start(e steps.RunStarted, now time.Time) {
	for i, s := range e.Steps {
		p.steps[s.ID], p.number[s.ID] = s, i+1
	}
	verb := "run"
	if e.Resumed {
		verb = "going on with run"
	}
	p.printed = now
	p.app.printf("%s · %s · %s %s\n", p.app.oneLine(e.Title), p.app.oneLine(e.Project), verb, e.Run)
}

func (p *plain) done(e steps.StepDone, now time.Time) {
	summary := p.app.oneLine(e.Summary)
	if e.Proved {
		// Proved steps are not started, so that their line stands alone.
		if summary != "" {
			summary = ": " + summary
		}
		p.head(now, e.Step, " - done before, and proved again"+summary)
		return
	}
	if summary == "" {
		summary = "done"
	}
	p.line(now, "%s (%s)", summary, seconds(e.Elapsed))
	p.current = ""
}

// Tick prints the heartbeat of a silent step.
func (p *plain) Tick(now time.Time) {
	if p.current == "" && p.ending != "" && now.Sub(p.printed) >= heartbeatEvery {
		p.line(now, "still %s", p.app.oneLine(p.ending))
	}
	if p.current == "" || p.asking || now.Sub(p.printed) < heartbeatEvery {
		return
	}
	detail := ""
	if p.progress.label != "" {
		detail = ": " + p.app.oneLine(p.progress.String())
	}
	p.line(now, "still working on %q, %s%s", p.app.oneLine(p.steps[p.current].Title), seconds(now.Sub(p.begun)), detail)
}

// Notice implements reader.
func (p *plain) Notice(signal, text string, now time.Time) {
	p.printed = now
	p.app.printf("%s: %s\n", signal, text)
}

// ResultEnd prints how a run ended and what to do next.
func (p *plain) ResultEnd(result steps.Result) {
	p.app.println("")
	p.app.printResult(result)
	if result.Code == fault.Done {
		return
	}
	p.app.printf("Exit code %d.\n", result.Code)
}

func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}
