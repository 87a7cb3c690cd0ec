package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// scenes are the screens, each as a person gets to it.
var scenes = map[string]func(*playhouse){
	"home-loading": func(*playhouse) {},
	"home": func(p *playhouse) {
		home := sampleHome()
		run := sampleRun()
		home.CanRollBack = &run
		p.send(homeMsg{home: home})
	},
	"home-unfinished": func(p *playhouse) {
		p.send(homeMsg{home: unfinishedHome()})
		p.press("down")
	},
	"home-problem": func(p *playhouse) {
		p.send(homeMsg{home: Home{Problem: fault.New("there is no Directus project in /srv", "go to its folder, or name it with --project DIR")}})
	},
	"home-rollback": func(p *playhouse) {
		home := sampleHome()
		run := sampleRun()
		home.CanRollBack = &run
		p.send(homeMsg{home: home})
		p.press("down", "down", "down", "enter")
	},
	"bring-in": func(p *playhouse) { p.bringIn("/srv/staging") },
	"bring-in-refused": func(p *playhouse) {
		p.bringIn("/srv/stagin")
		p.send(basedMsg{word: "/srv/stagin", err: fault.New("there is no /srv/stagin", "name a project's folder, a server's address with https://, or the file of a snapshot")})
	},
	"backups-loading": func(p *playhouse) {
		p.send(homeMsg{home: sampleHome()}, openMsg{p.a.backups})
	},
	"backups": func(p *playhouse) { p.backups() },
	"backups-empty": func(p *playhouse) {
		p.a.c.ses.opts.Backups = &fakeBackups{list: BackupList{Folder: "/var/backups/bunnyhop/newsroom"}}
		p.backups()
	},
	"backups-unreadable": func(p *playhouse) {
		p.a.c.ses.opts.Backups = &fakeBackups{err: fault.New("listing the backups: open /var/backups/bunnyhop: permission denied", "run bunnyhop as the user who made them")}
		p.backups()
	},
	"backups-many": func(p *playhouse) {
		p.a.c.ses.opts.Backups = manyBackups(300)
		p.backups()
		for range 100 {
			p.press("down")
		}
	},
	"backups-damaged": func(p *playhouse) { p.backups(); p.press("down", "down", "down", "v") },
	"backups-final":   func(p *playhouse) { p.backups(); p.press("down", "down") },
	"backups-verifying": func(p *playhouse) {
		p.backups()
		p.working(jobVerify)
	},
	"backups-stopping": func(p *playhouse) {
		p.backups()
		p.working(jobProve)
		p.press("esc")
	},
	"backups-verified": func(p *playhouse) { p.backups(); p.press("v") },
	"backups-proved":   func(p *playhouse) { p.backups(); p.press("down", "p") },
	"backups-proof-failed": func(p *playhouse) {
		p.backups()
		p.fake().bad = fault.New("the backup newsroom-20261018-090000 did not pass its test restore: articles: 311 rows, 312 in the original", "make a new backup; this one is kept, but do not rely on it")
		p.press("down", "p")
	},
	"backups-remove-refused": func(p *playhouse) { p.backups(); p.press("x") },
	"backups-remove": func(p *playhouse) {
		p.backups()
		p.press("down", "x")
		p.wait(time.Second)
		p.typed("newsr")
	},
	"backups-removed": func(p *playhouse) {
		p.backups()
		p.press("down", "x")
		p.wait(time.Second)
		p.typed("newsroom")
		p.press("enter")
	},
	"backups-restore":       func(p *playhouse) { p.backups(); p.press("r") },
	"backups-restore-unfit": func(p *playhouse) { p.backups(); p.press("down", "down", "r") },
	"resume": func(p *playhouse) {
		p.send(homeMsg{home: unfinishedHome()})
		p.press("enter")
	},
	"refused": func(p *playhouse) {
		p.send(homeMsg{home: sampleHome()})
		p.send(jobRefusedMsg{job: Job{Kind: JobUpgrade}, err: fault.New("another bunnyhop (pid 4711 on web1, since 14:01:10) works on this project", "wait for it to end").WithCode(fault.Busy)})
	},
	"inspect-running": func(p *playhouse) {
		p.until("inspect")
		p.progressed("inspect", "looking at tables", progress.Tables, 31, 12)
	},
	"inspect": func(p *playhouse) { p.until("choose"); p.press("<") },
	"inspect-storage": func(p *playhouse) {
		p.until("choose")
		p.events(learn("inspect", "inspection", storageInspection()))
		p.press("<")
	},
	"choose": func(p *playhouse) {
		p.until("choose")
		p.events(steps.GateOpened{Step: "choose", Gate: sampleChoose()})
	},
	"choose-disabled": func(p *playhouse) {
		p.until("choose")
		p.events(steps.GateOpened{Step: "choose", Gate: sampleChoose()})
		p.press("up", "up", "enter")
	},
	"choose-filter": func(p *playhouse) {
		p.until("choose")
		p.events(steps.GateOpened{Step: "choose", Gate: sampleChoose()})
		p.press("/")
		p.typed("node 20")
	},
	"target": func(p *playhouse) { p.until("check"); p.press("<") },
	"check": func(p *playhouse) {
		p.until("check")
		p.events(steps.GateOpened{Step: "check", Gate: sampleFindings(false)})
		p.press("space", "enter")
	},
	"check-override": func(p *playhouse) {
		p.until("check")
		p.events(steps.GateOpened{Step: "check", Gate: sampleFindings(true)})
		p.press("o")
		p.typed("12.0-custom")
	},
	"check-many": func(p *playhouse) { p.checkMany() },
	"check-many-warnings": func(p *playhouse) {
		p.checkMany()
		p.press("]", "]", "space", "space", "space")
	},
	"check-many-folded": func(p *playhouse) { p.checkMany(); p.press("end") },
	"check-many-unfolded": func(p *playhouse) {
		p.checkMany()
		p.press("end", "enter", "down", "down")
	},
	"check-help": func(p *playhouse) { p.checkMany(); p.press("?") },
	"findings":   func(p *playhouse) { p.until("backup"); p.press("<") },
	"backup-running": func(p *playhouse) {
		p.until("backup")
		p.progressed("backup", "database", progress.Bytes, 48_210_944, 48_210_944)
		p.progressed("backup", "files", progress.Bytes, 1_204_771_002, 604_771_002)
	},
	"backup": func(p *playhouse) { p.until("prove"); p.press("<") },
	"prove-running": func(p *playhouse) {
		p.until("prove")
		p.progressed("prove", "comparing tables", progress.Tables, 31, 7)
	},
	"prove": func(p *playhouse) { p.until("stage"); p.press("<") },
	"stage-running": func(p *playhouse) {
		p.until("stage")
		p.progressed("stage", "npm install", progress.Steps, 0, 0)
		for i := range 30 {
			p.events(steps.Output{Step: "stage", Line: fmt.Sprintf("npm http fetch GET 200 https://registry.npmjs.org/package-%d 12ms (cache hit)", i)})
		}
		p.press("pgup")
	},
	"stage": func(p *playhouse) { p.until("rehearse"); p.press("<") },
	"rehearse-running": func(p *playhouse) {
		p.until("rehearse")
		p.progressed("rehearse", "migrating the copy", progress.Steps, 14, 5)
		p.events(steps.Output{Step: "rehearse", Line: "Applying Access Policies..."})
	},
	"rehearse": func(p *playhouse) { p.until("review"); p.press("<") },
	"review": func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: sampleReview()})
	},
	"review-decided": func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: sampleReview()})
		p.press("]", "space", "R", "]", "space", "space", "up", "up", "up", "left", "up")
	},
	"review-dependencies": func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: sampleReview()})
		p.press("d")
	},
	"review-filter": func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: sampleReview()})
		p.press("/")
		p.typed("cache")
		p.press("enter")
	},
	"decisions": func(p *playhouse) { p.until("stop"); p.press("<") },
	"cutover": func(p *playhouse) {
		p.until("migrate")
		p.progressed("migrate", "migrating", progress.Steps, 14, 9)
		p.events(steps.Output{Step: "migrate", Line: "Applying Access Policies..."})
	},
	"recovery": func(p *playhouse) { failMigration(p) },
	"undoing": func(p *playhouse) {
		failMigration(p)
		p.events(steps.GateAnswered{Step: "migrate", Gate: "recovery:migrate"}, steps.UndoStarted{Step: "migrate"})
		p.wait(2 * time.Second)
		p.events(steps.UndoDone{Step: "migrate"}, steps.UndoStarted{Step: "switch"})
	},
	"undo-stuck": func(p *playhouse) {
		failMigration(p)
		p.events(
			steps.GateAnswered{Step: "migrate", Gate: "recovery:migrate"}, steps.UndoStarted{Step: "migrate"}, steps.UndoDone{Step: "migrate"},
			steps.UndoStarted{Step: "switch"}, steps.UndoFailed{Step: "switch", Error: "renaming node_modules: device or resource busy", Manual: sampleManual()})
	},
	"verify": func(p *playhouse) {
		p.until("verify")
		v := sampleVerification()
		v.Checks[2].OK, v.Checks[2].Detail = false, "articles has 311 rows, 312 before"
		p.events(learn("verify", "verification", v))
	},
	"report": func(p *playhouse) { p.until(""); p.events(finished(steps.Result{Status: steps.Done})) },
	"clearing-up": func(p *playhouse) {
		p.until("")
		p.events(steps.Progress{Step: "prove", Label: "removing the scratch copies of the database", Unit: progress.Steps})
	},
	"look-back": func(p *playhouse) {
		p.until("")
		p.events(finished(steps.Result{Status: steps.Done}))
		p.press("<", "<", "<")
	},
	"rolled-back": func(p *playhouse) {
		failMigration(p)
		p.events(finished(steps.Result{Status: steps.RolledBack, Step: "migrate", Error: sampleFailure().Error(), State: "everything was put back; the project is as it was before the cutover", Hint: fault.HintOf(sampleFailure())}))
	},
	"needs-person": func(p *playhouse) {
		failMigration(p)
		p.events(finished(steps.Result{
			Status: steps.NeedsPerson, Step: "migrate", Error: sampleFailure().Error(), UndoError: "taking back switch: renaming node_modules: device or resource busy",
			State: "putting back stopped half way; nothing was deleted, both states are kept", Hint: "mend the cause and run `bunnyhop rollback` again, or run the commands below by hand", Manual: sampleManual(),
		}))
	},
	"failed": func(p *playhouse) {
		p.until("stage")
		p.events(steps.StepFailed{Step: "stage", Error: "npm install ended with code 1"})
		p.events(finished(steps.Result{Status: steps.Failed, Step: "stage", Error: "npm install ended with code 1", State: "the project is as it was", Hint: "is the registry up? the whole output is in the run's folder"}))
	},
	"confirm": func(p *playhouse) {
		p.begin(newScript().rollback())
		p.events(learn("inspect", "inspection", sampleInspection()))
		p.start("confirm")
		p.events(steps.GateOpened{Step: "confirm", Gate: sampleConfirm()})
		p.wait(time.Second)
		p.typed("newsr")
	},
	"quit-before":  func(p *playhouse) { p.until("stage"); p.press("q") },
	"quit-cutover": func(p *playhouse) { p.until("migrate"); p.press("ctrl+c", "down") },
	"quit-undoing": func(p *playhouse) {
		failMigration(p)
		p.events(steps.GateAnswered{Step: "migrate", Gate: "recovery:migrate"}, steps.UndoStarted{Step: "migrate"})
		p.press("q")
	},
	"help": func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: sampleReview()})
		p.press("?")
	},
	"unknown-step": func(p *playhouse) {
		p.send(jobReadyMsg{})
		p.events(steps.RunStarted{Run: "r", Flow: "move", Title: "Move", Project: "/srv/newsroom", Steps: []steps.StepInfo{{ID: "pack", Title: "Pack everything up", Phase: steps.Prepare}, {ID: "unpack", Title: "Unpack it there", Phase: steps.Cutover}}})
		p.start("pack")
		p.progressed("pack", "packing", progress.Files, 5204, 1300)
		p.events(steps.Output{Step: "pack", Line: "uploads/01f3.jpg"})
	},
}

func unfinishedHome() Home {
	home := sampleHome()
	run := sampleRun()
	run.Status, run.Step, run.Touched = steps.Interrupted, "migrate", true
	home.Unfinished = &run
	return home
}

func failMigration(p *playhouse) {
	p.until("migrate")
	p.wait(2 * time.Second)
	err := sampleFailure()
	p.events(
		steps.StepFailed{Step: "migrate", Error: err.Error(), State: fault.StateOf(err), Hint: fault.HintOf(err)},
		steps.GateOpened{Step: "migrate", Gate: sampleRecovery()})
	p.wait(time.Second)
}

func (p *playhouse) checkMany() {
	p.until("check")
	p.events(steps.GateOpened{Step: "check", Gate: manyFindings()})
}

func sampleRecovery() steps.Gate {
	return steps.Gate{ID: "recovery:migrate", Kind: steps.GateRecovery, Title: "Migrate the database failed", Text: sampleFailure().Error(), Choices: []steps.Choice{
		{ID: steps.ChooseRollback, Title: "Roll back", Detail: "put code, configuration and database back and start the old version", Default: true},
		{ID: steps.ChooseRetry, Title: "Try this step again", Disabled: "this step is done once; trying again would hide the first failure"},
		{ID: steps.ChooseStop, Title: "Stop here", Detail: "leave both states as they are; the server stays down"},
	}}
}

func sampleManual() []string {
	return []string{"mv /srv/newsroom/node_modules /srv/newsroom/.bunnyhop/failed", "mv /srv/newsroom/.bunnyhop/old/node_modules /srv/newsroom/node_modules", "pm2 start newsroom"}
}

func finished(r steps.Result) steps.Event {
	r.Run, r.Flow, r.Project = "20261021-140502-upgrade-a1b2c3", "upgrade", "/srv/newsroom"
	return steps.RunFinished{Result: r}
}

// progressed plays two seconds of steady progress up to done.
func (p *playhouse) progressed(step, label string, unit progress.Unit, total, done int64) {
	for i := range int64(9) {
		p.events(steps.Progress{Step: step, Label: label, Unit: unit, Done: done * i / 8, Total: total})
		p.wait(250 * time.Millisecond)
	}
}

var sizes = []struct{ w, h int }{{80, 24}, {120, 40}, {200, 60}}

func TestScreens(t *testing.T) {
	for name, play := range scenes {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size.w, size.h), func(t *testing.T) {
				p := newPlayhouse(t, size.w, size.h, unicodeGlyphs)
				play(p)
				golden.RequireEqual(t, p.screen())
			})
		}
	}
}

// screen is what is seen, without colours, after a look at its measures.
func (p *playhouse) screen() string {
	p.t.Helper()
	text := ansi.Strip(p.a.View().Content)
	lines := strings.Split(text, "\n")
	if len(lines) != p.a.h {
		p.t.Errorf("the screen has %d lines, the terminal %d", len(lines), p.a.h)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w != p.a.w {
			p.t.Errorf("line %d is %d columns wide, the terminal %d: %q", i, w, p.a.w, line)
		}
	}
	return text
}

func TestScreensOfOtherShapes(t *testing.T) {
	for _, tt := range []struct {
		name, scene string
		w, h        int
		g           glyphs
	}{
		{"folded", "review", 58, 24, unicodeGlyphs},
		{"folded-cutover", "cutover", 40, 14, unicodeGlyphs},
		{"too-small", "review", 30, 8, unicodeGlyphs},
		{"ascii", "review-decided", 80, 24, asciiGlyphs},
		{"ascii-findings", "check-many-warnings", 80, 24, asciiGlyphs},
		{"ascii-cutover", "recovery", 80, 24, asciiGlyphs},
		{"low", "cutover", 80, 14, unicodeGlyphs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlayhouse(t, tt.w, tt.h, tt.g)
			scenes[tt.scene](p)
			text := p.screen()
			for _, r := range text {
				if tt.g.done == "+" && r > 126 && !strings.ContainsRune("→", r) { // the arrow stands in the sample text
					t.Errorf("%q is not ASCII", r)
				}
			}
			golden.RequireEqual(t, text)
		})
	}
}

func TestThemes(t *testing.T) {
	for name, colour := range map[string]tea.BackgroundColorMsg{"dark": {Color: ansi.Black}, "light": {Color: ansi.White}} {
		t.Run(name, func(t *testing.T) {
			p := newPlayhouse(t, 80, 24, unicodeGlyphs)
			p.send(colour)
			scenes["review-decided"](p)
			golden.RequireEqual(t, p.a.View().Content)
		})
	}
}

// TestNoSizePanics draws every screen at every size down to nothing.
func TestNoSizePanics(t *testing.T) {
	for name, play := range scenes {
		for _, size := range []struct{ w, h int }{{0, 0}, {1, 1}, {5, 3}, {36, 12}, {37, 13}, {59, 12}, {60, 12}, {60, 200}, {400, 13}} {
			p := newPlayhouse(t, size.w, size.h, unicodeGlyphs)
			play(p)
			lines := strings.Split(ansi.Strip(p.a.View().Content), "\n")
			if size.h > 0 && len(lines) != size.h {
				t.Errorf("%s at %dx%d: %d lines", name, size.w, size.h, len(lines))
			}
			for i, line := range lines {
				if w := ansi.StringWidth(line); w != size.w {
					t.Errorf("%s at %dx%d: line %d is %d wide: %q", name, size.w, size.h, i, w, line)
				}
			}
		}
	}
}
