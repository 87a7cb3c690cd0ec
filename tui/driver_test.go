package tui

import (
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/steps"
)

// patience is how long the driver waits for something to be seen.
const patience = 30 * time.Second

// probe keeps what was drawn last.
type probe struct {
	*app
	mu   sync.Mutex
	raw  string
	seen chan struct{}
}

func (p *probe) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if reached, ok := msg.(chan struct{}); ok {
		close(reached)
		return p, nil
	}
	_, cmd := p.app.Update(msg)
	return p, cmd
}

func (p *probe) View() tea.View {
	view := p.app.View()
	p.mu.Lock()
	p.raw = view.Content
	p.mu.Unlock()
	select {
	case p.seen <- struct{}{}:
	default:
	}
	return view
}

func (p *probe) content() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw
}

// driver presses keys in a real program and waits for what is seen.
type driver struct {
	t      *testing.T
	probe  *probe
	ses    *session
	ahead  atomic.Int64 // the screens' clock, which only Skip moves on
	ended  chan struct{}
	result *steps.Result
	err    error
}

// drive starts the terminal UI. A test that does not end it with Result
// interrupts it.
func drive(t *testing.T, opts Options) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &driver{t: t, ended: make(chan struct{})}
	c := newCommon(unicodeGlyphs)
	c.now = func() time.Time { return noon.Add(time.Duration(d.ahead.Load())) }
	d.ses = newSession(ctx, opts)
	d.probe = &probe{app: newApp(d.ses, c), seen: make(chan struct{}, 1)}
	go func() {
		defer close(d.ended)
		d.result, d.err = d.ses.run(d.probe, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithWindowSize(100, 40))
	}()
	t.Cleanup(func() { cancel(); <-d.ended })
	return d
}

// Press sends keys one after the other.
func (d *driver) Press(keys ...string) *driver {
	d.t.Helper()
	for _, k := range keys {
		d.ses.send(keyPress(k))
	}
	return d
}

// Type sends text letter by letter.
func (d *driver) Type(text string) *driver {
	d.t.Helper()
	for _, r := range text {
		d.ses.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return d
}

// Skip moves the screens' clock on, once the keys before it are dealt with.
func (d *driver) Skip(by time.Duration) *driver {
	reached := make(chan struct{})
	d.ses.send(reached)
	<-reached
	d.ahead.Add(int64(by))
	return d
}

// Sees waits until all texts are on the screen.
func (d *driver) Sees(texts ...string) *driver {
	d.t.Helper()
	d.wait(func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	}, "the screen does not show "+strings.Join(texts, " and "))
	return d
}

// Gone waits until a text is no longer on the screen.
func (d *driver) Gone(text string) *driver {
	d.t.Helper()
	d.wait(func(screen string) bool { return !strings.Contains(screen, text) }, "the screen still shows "+text)
	return d
}

func (d *driver) wait(good func(string) bool, what string) {
	d.t.Helper()
	limit := time.After(patience)
	for !good(ansi.Strip(d.probe.content())) {
		select {
		case <-d.probe.seen:
		case <-time.After(20 * time.Millisecond):
		case <-limit:
			d.t.Fatalf("%s:\n%s", what, ansi.Strip(d.probe.content()))
		}
	}
}

// Result waits for the end and returns how the run ended.
func (d *driver) Result() (*steps.Result, error) {
	d.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.t.Fatalf("the terminal UI does not end:\n%s", ansi.Strip(d.probe.content()))
	}
	return d.result, d.err
}

// Ends waits for the end and for a status.
func (d *driver) Ends(want steps.Status) *steps.Result {
	d.t.Helper()
	result, err := d.Result()
	if err != nil {
		d.t.Fatalf("running the terminal UI: %v", err)
	}
	if result == nil || result.Status != want {
		d.t.Fatalf("result is %+v, want status %s", result, want)
	}
	return result
}

// project is a project's folder and state of its own for a test.
func project(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return t.TempDir()
}

// options plays a script on the real engine.
func (s *script) options(root string) Options {
	return Options{
		Version: "0.1.0", Backups: sampleBackups(),
		FindModel: findStaging,
		Load:      func(context.Context) (Home, error) { return sampleHome(), nil },
		Start: func(_ context.Context, j Job) (Engine, func(context.Context) steps.Result, error) {
			flow := s.upgrade()
			if j.Kind == JobRollback {
				flow = s.rollback()
			}
			var engine *steps.Engine
			var err error
			if j.Kind == JobResume {
				var open *steps.Summary
				if open, err = steps.Unfinished(root); err != nil {
					return nil, nil, err
				}
				engine, err = steps.Resume(flow, *open)
			} else {
				engine, err = steps.Start(flow, root)
			}
			if err != nil {
				return nil, nil, err
			}
			return engine, engine.Execute, nil
		},
	}
}
