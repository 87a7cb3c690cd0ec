package tui

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
)

// findStaging knows one place.
func findStaging(_ context.Context, word string) error {
	if word != "/srv/staging" {
		return fault.New("there is no "+word, "name a project's folder")
	}
	return nil
}

// bringIn opens the screen from home and types a place.
func (p *playhouse) bringIn(place string) {
	p.t.Helper()
	home := sampleHome()
	run := sampleRun()
	home.CanRollBack = &run
	p.send(homeMsg{home: home})
	p.press("down", "down", "down", "down", "enter")
	p.typed(place)
}

// startsWith keeps the job that is asked for, and starts an upgrade in its
// place.
func startsWith(opts *Options) *Job {
	asked, start := &Job{}, opts.Start
	opts.Start = func(ctx context.Context, j Job) (Engine, func(context.Context) steps.Result, error) {
		*asked = j
		return start(ctx, Job{Kind: JobUpgrade})
	}
	return asked
}

// TestBringIn: the place is looked at before anything begins, and what is
// wrong with it can be mended there.
func TestBringIn(t *testing.T) {
	opts := newScript().options(project(t))
	asked := startsWith(&opts)
	d := drive(t, opts)
	d.Sees("Bring in a data model").Press("down", "down", "down", "enter")
	d.Sees("differences that count").Press("enter").Sees("say first where the data model is")
	d.Type("/srv/stagin").Press("enter").Sees("there is no /srv/stagin", "name a project's folder")
	d.Type("g").Press("tab", "enter").Sees("Which version?").Press("q")
	d.Sees("Stop here").Press("down", "enter")
	if _, err := d.Result(); err != nil {
		t.Error(err)
	}
	if want := (Job{Kind: JobPromote, Base: "/srv/staging", Mode: review.Mirror}); *asked != want {
		t.Errorf("asked for %+v, want %+v", *asked, want)
	}
}

func TestAccessibleBringIn(t *testing.T) {
	opts := newScript().options(project(t))
	asked := startsWith(&opts)
	var out bytes.Buffer
	_, err := runAccessible(context.Background(), opts, strings.NewReader("4\n/srv/stagin\n/srv/staging\n1\n"), &out)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Job{Kind: JobPromote, Base: "/srv/staging", Mode: review.Add}); *asked != want {
		t.Errorf("asked for %+v, want %+v\n%s", *asked, want, out.String())
	}
	if !strings.Contains(out.String(), "there is no /srv/stagin") {
		t.Errorf("what is wrong is not said:\n%s", out.String())
	}
}
