package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// talk is the accessible mode: plain lines instead of screens, one question
// at a time. The end of the input is never taken for an answer; that is why
// the line prompts of the form library, which then take the default, are not
// used here.
type talk struct {
	c     *common
	ses   *session
	out   io.Writer
	lines <-chan string
	msgs  chan tea.Msg
	quit  chan struct{} // closed when a signal asks to stop
	once  sync.Once
	said  time.Time // when progress was told last
	label string
}

// errStopped says that a signal came while a question was open.
var errStopped = fault.New("stopped while a question was open", "").WithCode(fault.Interrupted)

// errInputEnded says that nobody is there to answer.
var errInputEnded = fault.New("the input ended while a question was open", "answer it in a terminal").WithCode(fault.Unanswered)

func runAccessible(ctx context.Context, opts Options, in io.Reader, out io.Writer) (*steps.Result, error) {
	ses := newSession(ctx, opts)
	t := &talk{c: newCommon(asciiGlyphs), ses: ses, out: out, lines: readLines(ses.ctx, in), msgs: make(chan tea.Msg, 64), quit: make(chan struct{})}
	t.c.ses = ses
	ses.attach(t.take)
	stop := ses.watch(t.stop)
	defer stop()
	err := t.conversation()
	result, crash := ses.leave()
	if crash != nil {
		return result, crash
	}
	if result != nil && (errors.Is(err, errStopped) || errors.Is(err, errInputEnded)) {
		err = nil // the result says it
	}
	return result, err
}

// readLines hands over one line at a time until the input ends.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

func (t *talk) stop() { t.once.Do(func() { close(t.quit) }) }

// take is where the session sends to. What asks to stop must also reach a
// question that is being asked.
func (t *talk) take(msg tea.Msg) {
	switch msg.(type) {
	case askQuitMsg:
		t.stop()
		t.ses.interrupt()
	case terminateMsg:
		t.stop()
	default:
		select {
		case t.msgs <- msg:
		case <-t.ses.ctx.Done():
		}
	}
}

func (t *talk) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format+"\n", args...) // a reader that is gone is noticed by its input
}

// ask reads one line; an empty one is the empty string.
func (t *talk) ask(prompt string) (string, error) {
	_, _ = fmt.Fprint(t.out, prompt+" ")
	select {
	case line, ok := <-t.lines:
		if !ok {
			t.say("")
			return "", errInputEnded
		}
		return line, nil
	case <-t.quit:
		t.say("")
		return "", errStopped
	}
}

// pick asks for one of several by its number; why says which cannot be taken.
func (t *talk) pick(titles, why []string, preset int) (int, error) {
	for i, title := range titles {
		if why[i] != "" {
			title += " (not possible: " + why[i] + ")"
		}
		t.say("%d. %s", i+1, title)
	}
	prompt := fmt.Sprintf("Number from 1 to %d:", len(titles))
	if preset >= 0 {
		prompt = fmt.Sprintf("Number from 1 to %d, empty for %d:", len(titles), preset+1)
	}
	for {
		line, err := t.ask(prompt)
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(line)
		switch {
		case line == "" && preset >= 0:
			return preset, nil
		case err != nil || n < 1 || n > len(titles):
			t.say("This is not one of the numbers.")
		case why[n-1] != "":
			t.say("Not possible: %s", why[n-1])
		default:
			return n - 1, nil
		}
	}
}

// conversation is the whole of it: the project, a job, its end.
func (t *talk) conversation() error {
	job := t.ses.opts.First
	if job == nil {
		chosen, err := t.home()
		if err != nil || chosen == nil {
			return err
		}
		job = chosen
	}
	if msg := t.ses.start(*job)(); msg != nil {
		if refused, ok := msg.(jobRefusedMsg); ok {
			return refused.err
		}
	}
	for {
		select {
		case msg := <-t.msgs:
			switch msg := msg.(type) {
			case eventsMsg:
				for _, event := range msg {
					t.event(event)
				}
			case jobEndedMsg:
				t.drain()
				return nil
			case crashedMsg:
				return nil
			}
		case <-t.ses.ctx.Done():
			return nil
		}
	}
}

// drain tells the events that came before the end and were not read yet.
func (t *talk) drain() {
	for {
		select {
		case msg := <-t.msgs:
			events, _ := msg.(eventsMsg)
			for _, event := range events {
				if _, late := event.(steps.GateOpened); !late {
					t.event(event)
				}
			}
		default:
			return
		}
	}
}

// home says how the project is and asks what to do.
func (t *talk) home() (*Job, error) {
	t.say("Looking at the project.")
	screen := newHomeScreen(t.c)
	msg, _ := t.ses.load().(homeMsg)
	screen.take(msg)
	screen.SetSize(measure, 40)
	if screen.err != nil {
		return nil, screen.err
	}
	t.c.home = screen.home
	for _, line := range screen.about() {
		t.say("%s", stripped(line))
	}
	t.say("")
	return t.choose(screen.items)
}

func (t *talk) choose(items []homeItem) (*Job, error) {
	titles, why := make([]string, len(items)), make([]string, len(items))
	for i, item := range items {
		titles[i], why[i] = item.title, item.why
	}
	at, err := t.pick(titles, why, -1)
	if err != nil {
		return nil, err
	}
	switch msg := items[at].msg.(type) {
	case openBackupsMsg:
		return t.backups()
	case startMsg:
		return &msg.job, nil
	case openMsg:
		switch s := msg.screen.(type) {
		case *resumeScreen:
			return t.choose(s.choices())
		case *rollbackScreen:
			return &Job{Kind: JobRollback, Run: s.run.ID}, nil
		case *bringInScreen:
			return t.bringIn(s)
		}
	}
	return nil, nil //nolint:nilnil // nothing was to be done
}
