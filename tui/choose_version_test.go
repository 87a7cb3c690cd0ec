package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

const sampleReason = "the newest release on which nothing this project uses is lost; from 12.0.0 on: without a licence, custom permission rules stop at once"

func sampleReleases() facts.Releases {
	on := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			panic(err)
		}
		return at
	}
	all := facts.Releases{Installed: "10.13.4", MinimumAgeDays: 7, Recommended: "11.17.4", Reason: sampleReason}
	all.Rows = []facts.Release{
		{Version: "12.4.2", Date: on("2026-10-19"), Node: []int{22}, Engine: ">=22", Migrations: 29, Young: true},
		{Version: "12.4.1", Date: on("2026-09-26"), Node: []int{22}, Engine: ">=22", Migrations: 29, Missing: "@directus/api 39.2.1 needs @directus/app 18.0.1, which is not in the npm registry"},
		{Version: "12.4.0", Date: on("2026-09-22"), Node: []int{22}, Engine: ">=22", Migrations: 29},
		{Version: "12.0.2", Date: on("2026-06-25"), Node: []int{22}, Engine: ">=22", Migrations: 26},
		{Version: "11.17.4", Date: on("2026-05-07"), Node: []int{22}, Engine: ">=22", NPM: ">=10", Migrations: 21},
		{Version: "11.17.3", Date: on("2026-04-29"), Node: []int{22}, Engine: ">=22", Migrations: 21, Deprecated: "the wrong files were published"},
		{Version: "11.13.3", Date: on("2025-11-20"), Node: []int{22}, Engine: ">=22", Migrations: 14, KnownBad: "a login through SSO leads to the wrong address"},
		{Version: "11.3.5", Date: on("2024-12-18"), Node: []int{22, 20, 18}, Engine: ">=18.0.0", Migrations: 6},
		{Version: "11.1.0", Date: on("2024-08-20"), Node: []int{18, 20}, Engine: ">=18.0.0", Migrations: 2},
		{Version: "10.13.5", Node: []int{}, Engine: ">=18.0.0"},
	}
	return all
}

func sampleOutlook() advisory.Outlook {
	o := advisory.Outlook{Findings: []advisory.Expected{
		{ID: "12.0-custom-permissions", Version: "12.0.0", Severity: advisory.Blocker, Title: "without a licence, custom permission rules stop at once"},
		{ID: "11.0-policies", Version: "11.0.0", Severity: advisory.Warning, Title: "permissions move from roles to policies"},
		{ID: "11.1-comments", Version: "11.1.2", Severity: advisory.Warning, Title: "comments move to a collection of their own, with other keys"},
		{ID: "11.12-versions", Version: "11.12.0", Severity: advisory.Warning, Title: "a version that does not exist is refused, in place of answering the main one"},
		{ID: "11.17-imports", Version: "11.17.0", Severity: advisory.Note, Untold: true, Title: "imports end after an hour, and only 20 run at a time"},
		{ID: "node", Severity: advisory.Note, Title: "the target needs another Node than the one in use"},
		{ID: "12.4-flow-folders", Version: "12.4.0", Severity: advisory.Note, Title: "folders of flows lie among the folders of files"},
	}, Versions: map[string][]int{"10.13.5": {}, "11.1.0": {1}, "11.3.5": {1, 2}, "11.13.3": {5, 1, 2, 3}, "12.0.2": {5, 0, 1, 2, 3, 4}}}
	for _, v := range []string{"11.17.3", "11.17.4"} {
		o.Versions[v] = []int{5, 1, 2, 3, 4}
	}
	for _, v := range []string{"12.4.0", "12.4.1", "12.4.2"} {
		o.Versions[v] = []int{5, 0, 1, 2, 3, 4, 6}
	}
	return o
}

func sampleTargets() steps.Gate {
	gate := steps.Gate{
		ID: "target", Kind: steps.GateChoose, Title: "Which version?", Flag: "--to",
		Text: "Directus 10.13.4 is installed. Recommended is 11.17.4, " + sampleReason + ".",
	}
	releases := sampleReleases()
	for _, r := range releases.Rows {
		gate.Choices = append(gate.Choices, steps.Choice{ID: r.Version, Title: r.Version, Default: r.Version == releases.Recommended, Disabled: r.Missing})
	}
	return gate
}

// versions plays an upgrade up to the question for the version.
func (p *playhouse) versions(looked bool) {
	p.until("choose")
	p.events(learn("choose", "releases", sampleReleases()))
	p.events(steps.GateOpened{Step: "choose", Gate: sampleTargets()})
	if looked {
		p.events(learn("choose", "outlook", sampleOutlook()))
	}
}

var versionScenes = map[string]func(*playhouse){
	"recommended": func(p *playhouse) { p.versions(true) },
	"looking":     func(p *playhouse) { p.versions(false) },
	"known-bad":   func(p *playhouse) { p.versions(true); p.press("down", "down") },
	"young":       func(p *playhouse) { p.versions(true); p.press("up", "up", "enter", "down") },
	"impossible":  func(p *playhouse) { p.versions(true); p.press("up", "up", "right", "down", "down", "enter") },
	"untested":    func(p *playhouse) { p.versions(true); p.press("end", "enter", "end") },
	"folded":      func(p *playhouse) { p.versions(true); p.press("left") },
	"filter": func(p *playhouse) {
		p.versions(true)
		p.press("/")
		p.typed("node 20")
	},
	"nothing-left": func(p *playhouse) {
		p.versions(true)
		p.press("/")
		p.typed("13.0")
		p.press("enter", "enter")
	},
	"none-recommended": func(p *playhouse) {
		p.until("choose")
		releases := sampleReleases()
		releases.Recommended, releases.Reason = "", "every newer release takes away something this project uses"
		at := noon.Add(-72 * time.Hour)
		releases.Stale = &at
		gate := sampleTargets()
		gate.Text = "Directus 10.13.4 is installed. None is recommended: " + releases.Reason + "."
		p.events(learn("choose", "releases", releases), steps.GateOpened{Step: "choose", Gate: gate}, learn("choose", "outlook", sampleOutlook()))
	},
	"take-young": func(p *playhouse) {
		p.versions(true)
		p.events(steps.GateAnswered{Step: "choose", Gate: "target"}, steps.GateOpened{Step: "choose", Gate: steps.Gate{
			ID: "young", Kind: steps.GateChoose, Title: "Directus 12.4.2 came out 2 days ago", Flag: "--allow-young",
			Text: "What is wrong with a release is mostly found in its first days.",
			Choices: []steps.Choice{
				{ID: "other", Title: "Choose another version", Detail: "back to the list"},
				{ID: "take", Title: "Take 12.4.2", Detail: "it goes into the record that it was young"},
			},
		}})
	},
}

func TestVersionScreens(t *testing.T) {
	for name, play := range versionScenes {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size.w, size.h), func(t *testing.T) {
				p := newPlayhouse(t, size.w, size.h, unicodeGlyphs)
				play(p)
				golden.RequireEqual(t, p.screen())
			})
		}
	}
}

func TestVersionScreensOfAnySize(t *testing.T) {
	for name, play := range versionScenes {
		for _, size := range []struct{ w, h int }{{0, 0}, {1, 1}, {36, 12}, {37, 13}, {59, 12}, {60, 200}, {110, 13}, {400, 13}} {
			p := newPlayhouse(t, size.w, size.h, asciiGlyphs)
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

// choosing drives an upgrade whose question for the version is asked before
// what each would mean is known; that comes when looked is closed.
func choosing(t *testing.T, looked <-chan struct{}) (*driver, *script) {
	t.Helper()
	s := newScript()
	opts := s.options(project(t))
	opts.Start = func(context.Context, Job) (Engine, func(context.Context) steps.Result, error) {
		flow := s.upgrade()
		flow.Steps[1].Action = act{s: s, id: "choose", do: func(ctx context.Context, r *steps.Run) error {
			if err := facts.Offered.Set(r, sampleReleases()); err != nil {
				return err
			}
			told := make(chan error, 1)
			go func() {
				<-looked
				told <- facts.Expected.Set(r, sampleOutlook())
			}()
			answer, err := r.Ask(ctx, sampleTargets())
			if err != nil {
				return err
			}
			s.answer("choose", answer)
			if err := <-told; err != nil {
				return err
			}
			return facts.Chosen.Set(r, sampleTarget())
		}}
		engine, err := steps.Start(flow, t.TempDir())
		if err != nil {
			return nil, nil, err
		}
		return engine, engine.Execute, nil
	}
	d := drive(t, opts)
	d.Sees("Upgrade to").Press("enter").Sees("Which version?")
	return d, s
}

// TestVersionIsChosen goes through the list while it is not yet known what
// each version means, and picks one that is found by the filter.
func TestVersionIsChosen(t *testing.T) {
	looked := make(chan struct{})
	d, s := choosing(t, looked)
	d.Sees("recommended: the newest release", "being looked at").Press("left").Sees("▸ Directus 11").Press("enter").Sees("▾ Directus 11")
	d.Press("up").Sees("4, from 12.0.2 to 12.4.2").Press("right", "down", "down").Sees("@directus/app 18.0.1").Press("enter").Sees("enter: @directus/api")
	close(looked)
	d.Press("down").Sees("what 12.4.0 itself changes", "folders of flows", "1 blocker, 3 warnings")
	d.Press("/").Type("known bad").Sees("1 of 5 versions", "leads to the wrong address").Press("enter").Press("enter").Sees("to acknowledge")
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.answered["choose"].Choice; got != "11.13.3" {
		t.Errorf("chosen is %q", got)
	}
}

// TestFilterLeavesTheVersionInSight: what was found stays under the cursor
// when the filter goes, and its major is unfolded.
func TestFilterLeavesTheVersionInSight(t *testing.T) {
	looked := make(chan struct{})
	close(looked)
	d, _ := choosing(t, looked)
	d.Press("/").Type("12.0").Press("enter").Sees("Directus 12.0.2", "1 of 4").Press("esc").Sees("▾ Directus 12", "▾ Directus 11", "what 12.0.2 itself changes")
}
