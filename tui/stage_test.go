package tui

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// noon is when everything in whole-screen tests happens.
var noon = time.Date(2026, 10, 21, 14, 5, 2, 0, time.UTC)

// playhouse is the root model without a program: messages go in by hand, and
// time moves by hand.
type playhouse struct {
	t    testing.TB
	a    *app
	now  time.Time
	quit bool
}

func newPlayhouse(t testing.TB, w, h int, g glyphs) *playhouse {
	t.Helper()
	p := &playhouse{t: t, now: noon}
	c := newCommon(g)
	c.now = func() time.Time { return p.now }
	ses := newSession(context.Background(), Options{Version: "0.1.0", Load: func(context.Context) (Home, error) { return sampleHome(), nil }, Backups: sampleBackups(), FindModel: findStaging})
	p.a = newApp(ses, c)
	p.send(tea.WindowSizeMsg{Width: w, Height: h})
	return p
}

func (p *playhouse) send(msgs ...tea.Msg) {
	p.t.Helper()
	for _, msg := range msgs {
		_, cmd := p.a.Update(msg)
		p.run(cmd)
	}
}

// run does commands at once. The spinner's next tick is left out: nothing
// turns by itself here.
func (p *playhouse) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, spinner.TickMsg:
	case tea.QuitMsg:
		p.quit = true
	case tea.BatchMsg:
		for _, cmd := range msg {
			p.run(cmd)
		}
	default:
		p.send(msg)
	}
}

func (p *playhouse) events(events ...steps.Event) {
	p.t.Helper()
	for _, e := range events {
		p.send(eventsMsg{e})
	}
}

func (p *playhouse) wait(d time.Duration) { p.now = p.now.Add(d) }

func (p *playhouse) press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.a.View() // the program draws between messages
		p.send(keyPress(k))
	}
}

func (p *playhouse) typed(text string) {
	p.t.Helper()
	for _, r := range text {
		p.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

var namedKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"space": {Code: tea.KeySpace, Text: " "}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "backspace": {Code: tea.KeyBackspace},
}

func keyPress(k string) tea.KeyPressMsg {
	if msg, ok := namedKeys[k]; ok {
		return msg
	}
	r := []rune(k)[0]
	return tea.KeyPressMsg{Code: r, Text: k}
}

// learn is a fact as the engine tells it.
func learn(step, key string, value any) steps.Event {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return steps.Learned{Step: step, Key: key, Value: raw}
}

func (p *playhouse) begin(flow steps.Flow) {
	infos := make([]steps.StepInfo, len(flow.Steps))
	for i, s := range flow.Steps {
		infos[i] = steps.StepInfo{ID: s.ID, Title: s.Title, Phase: s.Phase}
	}
	p.send(jobReadyMsg{kind: JobUpgrade})
	p.events(steps.RunStarted{Run: "20261021-140502-" + flow.ID + "-a1b2c3", Flow: flow.ID, Title: flow.Title, Project: "/srv/newsroom", Steps: infos})
}

func (p *playhouse) start(step string) {
	p.events(steps.StepStarted{Step: step})
}

func (p *playhouse) done(step, summary string, took time.Duration) {
	p.wait(took)
	p.events(steps.StepDone{Step: step, Summary: summary, Elapsed: took})
}

// until plays the upgrade up to where the step has begun.
func (p *playhouse) until(step string) {
	p.begin(newScript().upgrade())
	review := sampleReview()
	decisions := map[string]bool{}
	for i, ch := range review.Changes {
		decisions[ch.ID] = ch.Locked != "" || i%4 != 3
	}
	findings := sampleFindings(false).Findings
	for _, s := range []struct {
		id, summary string
		took        time.Duration
		facts       []steps.Event
	}{
		{"inspect", "Directus 10.13.4 on SQLite", 800 * time.Millisecond, []steps.Event{learn("inspect", "inspection", sampleInspection())}},
		{"choose", "11.17.4", 14 * time.Second, []steps.Event{learn("choose", "target", sampleTarget())}},
		{"check", "2 warnings acknowledged", 31 * time.Second, []steps.Event{learn("check", "findings", map[string]any{"findings": findings, "acknowledged": []string{"11.0-policies", "11.0-node-22"}})}},
		{"backup", "1.3 GB", 24 * time.Second, []steps.Event{learn("backup", "backup", sampleBackup())}},
		{"prove", "31 tables, 12,004 rows", 4 * time.Second, []steps.Event{learn("prove", "proof", sampleProof())}},
		{"stage", "directus 11.17.4", 71 * time.Second, []steps.Event{learn("stage", "stage", sampleStage())}},
		{"rehearse", "14 migrations in 1.9 s", 16 * time.Second, []steps.Event{learn("rehearse", "rehearsal", sampleRehearsal())}},
		{"review", "decided", 50 * time.Second, []steps.Event{learn("review", "review", map[string]any{"changes": review.Changes, "decisions": decisions})}},
		{"stop", "pm2 stop newsroom", 1200 * time.Millisecond, []steps.Event{learn("stop", "stop", map[string]any{"running": true})}},
		{"final-backup", "48 MB", 2 * time.Second, []steps.Event{learn("final-backup", "final_backup", sampleBackup())}},
		{"switch", "4 renames", 40 * time.Millisecond, nil},
		{"migrate", "14 applied", 1900 * time.Millisecond, []steps.Event{learn("migrate", "migration", map[string]any{"applied": sampleMigrations()})}},
		{"apply", "2 changes written", 90 * time.Millisecond, nil},
		{"start", "answered after 8.1 s", 8100 * time.Millisecond, []steps.Event{learn("start", "start", map[string]any{"downtime_seconds": 13.3})}},
		{"verify", "7 of 7", 3 * time.Second, []steps.Event{learn("verify", "verification", sampleVerification())}},
		{"report", "", 0, []steps.Event{learn("report", "report", sampleReport())}},
	} {
		p.start(s.id)
		if s.id == step {
			return
		}
		p.events(s.facts...)
		p.done(s.id, s.summary, s.took)
	}
}

func sampleHome() Home {
	return Home{Project: "newsroom", Root: "/srv/newsroom", Installed: "10.13.4", Vendor: "SQLite", Database: "data.db", ServerRunning: true, LastBackup: "2 days ago, 1.2 GB", Recommended: "11.17.4"}
}

func sampleRun() steps.Summary {
	return steps.Summary{
		ID: "20261019-090000-upgrade-a1b2c3", Flow: "upgrade", Root: "/srv/newsroom", Started: noon.Add(-53 * time.Hour), Last: noon.Add(-52 * time.Hour),
		Status: steps.Done, Step: "report", Data: map[string]any{"from": "10.13.4", "to": "11.17.4", "backup": "/var/backups/bunnyhop/newsroom-20261019-090000"},
	}
}
