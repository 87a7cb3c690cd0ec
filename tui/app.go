package tui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// mode is what the root shows.
type mode uint8

const (
	modeHome     mode = iota // the home screen, or one opened from it
	modeStarting             // an engine is being made
	modeRunning
	modeEnded
	modeRefused // no engine could be made
)

// app is the root model. It alone talks to the session and makes the view.
type app struct {
	c    *common
	w, h int
	mode mode

	home    *homeScreen
	backups *backupsScreen
	front   screen // what was opened from the home screen, or nil
	job     Job
	refused error

	screens  map[string]screen // of steps, made when first shown
	cutover  *cutoverScreen
	gate     screen // asks the open gate in the pane
	dialog   screen // asks the open gate in a dialog
	overlay  screen // help or the quit question, above all
	looking  string // the step looked at in place of the current one
	notice   string
	stopping bool // the person asked to stop
	leaving  bool // leave when the run has ended
	ticking  bool
}

func newApp(ses *session, c *common) *app {
	c.ses = ses
	a := &app{c: c, screens: map[string]screen{}}
	a.cutover = newCutoverScreen(c)
	a.home = newHomeScreen(c)
	a.backups = newBackupsScreen(c)
	return a
}

// Init implements tea.Model.
func (a *app) Init() tea.Cmd {
	a.ticking = true
	cmds := []tea.Cmd{tea.RequestBackgroundColor, a.c.spin.Tick}
	if first := a.c.ses.opts.First; first != nil {
		cmds = append(cmds, a.start(*first))
	} else {
		cmds = append(cmds, a.c.ses.load)
	}
	return tea.Batch(cmds...)
}

// Update implements tea.Model. It does no work: what may take time is in the
// commands that it returns.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.update(msg)
	a.layout()
	if a.moving() {
		cmd = tea.Batch(cmd, a.startTicking())
	}
	return a, cmd
}

func (a *app) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		a.c.st = newStyles(msg.IsDark())
	case spinner.TickMsg:
		return a.tick(msg)
	case tea.KeyPressMsg:
		return a.press(msg)
	case tea.MouseMsg:
		return a.pointed(msg)
	case eventsMsg:
		var cmds []tea.Cmd
		for _, event := range msg {
			cmds = append(cmds, a.event(event))
		}
		return tea.Batch(cmds...)
	case homeMsg:
		a.home.take(msg)
		a.c.home = a.home.home
	case jobReadyMsg, jobRefusedMsg, jobEndedMsg, answeredMsg, crashedMsg:
		return a.outside(msg)
	case removeBackupMsg:
		a.dialog = nil
		return a.backups.take(msg)
	case backupsMsg, choreMsg, backupDoneMsg, backupRemovalMsg:
		return a.backups.take(msg)
	case terminateMsg, askQuitMsg, startMsg, openMsg, openBackupsMsg, askMsg, dropMsg, backMsg, reloadMsg, leaveMsg, closeMsg, stopMsg, leaveLaterMsg, noticeMsg:
		return a.asked(msg)
	default:
		return a.top().Update(msg) // pasted text, the cursor
	}
	return nil
}

// moving reports whether something goes on, so that clocks have to turn.
func (a *app) moving() bool {
	switch a.mode {
	case modeStarting, modeRunning:
		return true
	case modeHome:
		return !a.home.loaded || a.tending() && a.backups.working()
	case modeEnded, modeRefused:
	}
	return false
}

// tending reports whether the backups are on the screen.
func (a *app) tending() bool { return a.mode == modeHome && a.front == screen(a.backups) }

// tick moves the spinner, and with it every clock on the screen, for as long
// as something goes on.
func (a *app) tick(msg spinner.TickMsg) tea.Cmd {
	if !a.moving() {
		a.ticking = false
		return nil
	}
	var cmd tea.Cmd
	a.c.spin, cmd = a.c.spin.Update(msg)
	return cmd
}

func (a *app) startTicking() tea.Cmd {
	if a.ticking {
		return nil
	}
	a.ticking = true
	return a.c.spin.Tick
}

// outside handles what the session says.
func (a *app) outside(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case jobReadyMsg:
		a.mode = modeRunning
	case jobRefusedMsg:
		a.mode, a.refused, a.front = modeRefused, msg.err, newProblemScreen(a.c, msg.job, msg.err)
		if a.leaving {
			return tea.Quit
		}
	case jobEndedMsg:
		result := clean(msg.result)
		a.c.rec.finish(&result, a.c.now())
		if msg.closing != nil {
			a.notice = cleanText("giving up the lock: " + msg.closing.Error())
		}
		return a.end()
	case answeredMsg:
		if msg.err != nil {
			a.notice = cleanText(msg.err.Error())
		}
	case crashedMsg:
		return tea.Quit
	}
	return nil
}

// asked handles what screens and signals ask for.
func (a *app) asked(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case terminateMsg:
		a.leaving, a.stopping = true, true
		if a.mode != modeRunning {
			return tea.Quit
		}
	case askQuitMsg:
		return a.quit()
	case startMsg:
		return a.start(msg.job)
	case openMsg:
		a.front = msg.screen
		return a.front.Init()
	case openBackupsMsg:
		a.mode, a.front, a.refused = modeHome, a.backups, nil
		return a.backups.open()
	case askMsg:
		a.dialog = msg.dialog
		return a.dialog.Init()
	case dropMsg:
		a.dialog, a.notice = nil, cleanText(msg.notice)
	case backMsg:
		a.mode, a.front, a.refused = modeHome, nil, nil
	case reloadMsg:
		a.home.loaded = false
		return a.c.ses.load
	case leaveMsg:
		return tea.Quit
	case closeMsg:
		a.overlay = nil
	case stopMsg:
		a.overlay, a.stopping = nil, true
		a.leaving = a.leaving || !a.c.rec.touched()
		return a.c.ses.interrupt
	case leaveLaterMsg:
		a.overlay, a.leaving = nil, true
	case noticeMsg:
		a.notice = cleanText(string(msg))
	}
	return nil
}

// start begins a job.
func (a *app) start(j Job) tea.Cmd {
	a.mode, a.job, a.front, a.refused = modeStarting, j, nil, nil
	return a.c.ses.start(j)
}

// event takes an event in and opens or closes what asks gates.
func (a *app) event(event steps.Event) tea.Cmd {
	a.c.rec.apply(event, a.c.now())
	switch event.(type) {
	case steps.RunStarted:
		a.mode = modeRunning
	case steps.GateOpened:
		return a.open()
	case steps.GateAnswered, steps.StepDone, steps.StepFailed:
		if a.c.rec.gate == nil {
			a.gate, a.dialog = nil, nil
		}
	case steps.RunFinished:
		return a.end()
	}
	return nil
}

// open shows the gate that was just opened.
func (a *app) open() tea.Cmd {
	gate := *a.c.rec.gate
	a.gate, a.dialog, a.looking = nil, nil, ""
	switch gate.Kind {
	case steps.GateChoose:
		a.gate = newChooseScreen(a.c, gate)
		return a.gate.Init()
	case steps.GateFindings:
		a.gate = newCheckScreen(a.c, gate)
		return a.gate.Init()
	case steps.GateReview:
		a.gate = newReviewScreen(a.c, gate)
		return a.gate.Init()
	case steps.GateConfirm:
		a.dialog = newConfirmDialog(a.c, gate)
	case steps.GateRecovery:
		a.dialog = newRecoveryDialog(a.c, gate)
	default:
		return a.c.ses.decline(gate.ID, fault.Newf("a question of the kind %q cannot be shown here", gate.Kind).WithCode(fault.Unanswered))
	}
	return a.dialog.Init()
}

// end shows the result; the session has closed the engine, or is about to. It
// is told twice then; where a person went meanwhile stays on the screen.
func (a *app) end() tea.Cmd {
	if a.mode != modeEnded {
		a.gate, a.dialog, a.looking = nil, nil, ""
		if _, isHelp := a.overlay.(*helpDialog); !isHelp {
			a.overlay = nil
		}
		a.mode = modeEnded
	}
	if a.leaving {
		return tea.Quit
	}
	return nil
}

// quit leaves, or asks first when something runs.
func (a *app) quit() tea.Cmd {
	if a.tending() && a.backups.stop() {
		return nil
	}
	if a.mode != modeRunning {
		return tea.Quit
	}
	a.overlay = newQuitDialog(a.c, a.stopping)
	return nil
}

// press hands a key to whoever is on top.
func (a *app) press(msg tea.KeyPressMsg) tea.Cmd {
	a.notice = ""
	top := a.top()
	if a.overlay == nil {
		if key.Matches(msg, keyStop) {
			return a.quit()
		}
		if cmd, taken := a.global(msg); taken && !typing(top) {
			return cmd
		}
	}
	if a.tooSmall() {
		return nil
	}
	if !typing(top) {
		if why := top.Disabled(msg); why != "" {
			a.notice = cleanText(why)
			return nil
		}
	}
	return top.Update(msg)
}

// global handles the keys that work on every screen.
func (a *app) global(msg tea.KeyPressMsg) (cmd tea.Cmd, taken bool) {
	if typing(a.top()) {
		return nil, false
	}
	switch {
	case key.Matches(msg, keyQuit):
		return a.quit(), true
	case key.Matches(msg, keyHelp):
		a.overlay = newHelpDialog(a.c, a.top())
		return nil, true
	case a.dialog != nil:
		return nil, false
	case key.Matches(msg, keyEarly):
		return a.look(-1), true
	case key.Matches(msg, keyLater):
		return a.look(+1), true
	case a.looking != "" && key.Matches(msg, keyEscape):
		a.looking = ""
		return nil, true
	}
	return nil, false
}

// problem is why nothing could be started, where that is how it ended.
func (a *app) problem() error {
	if a.mode == modeRefused {
		return a.refused
	}
	if a.mode == modeHome && a.home.loaded {
		return a.home.err
	}
	return nil
}

var _ tea.Model = (*app)(nil)
