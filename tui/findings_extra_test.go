package tui

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

func sampleChecked() facts.Findings {
	return facts.Findings{
		Findings: sampleFindings(false).Findings,
		Extensions: []facts.CheckedExtension{
			{
				Extension: facts.Extension{Name: "newsroom-hooks", Type: "hook", Version: "1.0.0", Source: "local", Folder: "newsroom-hooks"},
				Fits:      facts.FitsUnknown, NewestWhy: "the npm registry has no package of this name",
				Uses: []advisory.ExtensionUse{{ID: "11.0-access-code", Version: "11.0.0", Severity: advisory.Warning, Title: "code that reads admin_access of a role gets nothing", Evidence: []string{"dist/index.js: admin_access"}}},
			},
			{
				Extension: facts.Extension{Name: "directus-extension-computed-interface", Type: "interface", Version: "1.9.0", Host: "^9.10.0", Source: "registry", Folder: "7c5f"},
				Fits:      facts.FitsNo, Newest: "1.11.0", NewestHost: "^11.0.0",
			},
			{
				Extension: facts.Extension{Name: "directus-extension-sync", Type: "endpoint", Version: "3.0.6", Host: "^11.0.0", Source: "module", Folder: "directus-extension-sync"},
				Fits:      facts.FitsYes, Newest: "3.0.6", NewestHost: "^11.0.0",
			},
		},
		Migrations: []facts.PendingMigration{
			{Migration: directus.Migration{ID: "20240806A", Title: "Permissions Policies", Summary: "Roles get policies.", Destructive: true, Loss: "the old columns of directus_roles"}, Estimate: advisory.Estimate{Rows: 45, Seconds: 0.05}},
			{Migration: directus.Migration{ID: "20240924A", Title: "Migrate Legacy Comments", Summary: "Comments get a table of their own."}, Estimate: advisory.Estimate{Rows: 812_400, Seconds: 18.3}},
			{Migration: directus.Migration{ID: "20260101Z", Title: "Our Own", Custom: true}, Estimate: advisory.Estimate{Unknown: "the project's own: what it does is not known"}},
		},
	}
}

// checkWithMore plays an upgrade up to a check that lists extensions and
// migrations.
func (p *playhouse) checkWithMore() {
	p.until("check")
	p.events(learn("check", "findings", sampleChecked()), steps.GateOpened{Step: "check", Gate: sampleFindings(false)})
}

var listingScenes = map[string]func(*playhouse){
	"extensions": func(p *playhouse) { p.checkWithMore(); p.press("down", "down", "down", "down") },
	"extension": func(p *playhouse) {
		p.checkWithMore()
		p.press("down", "down", "down", "down", "down", "down", "space")
	},
	"migrations": func(p *playhouse) { p.checkWithMore(); p.press("end", "enter", "down", "down") },
	"measured": func(p *playhouse) {
		p.checkWithMore()
		p.events(steps.GateAnswered{Step: "check", Gate: "findings"})
		p.done("check", "1 warning acknowledged", 0)
		rehearsal := sampleRehearsal()
		rehearsal.At, rehearsal.Times = noon, map[string]float64{"20240806A": 0.21, "20240924A": 7.4, "20260101Z": 0.03}
		p.start("rehearse")
		p.events(learn("rehearse", "rehearsal", rehearsal))
		p.done("rehearse", "14 migrations in 7.9 s", 0)
		p.start("review")
		p.press("<", "<", "end", "enter", "down", "down")
	},
}

func TestListingScreens(t *testing.T) {
	for name, play := range listingScenes {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size.w, size.h), func(t *testing.T) {
				p := newPlayhouse(t, size.w, size.h, unicodeGlyphs)
				play(p)
				golden.RequireEqual(t, p.screen())
			})
		}
	}
}

// TestListingsAskNothing: ] goes around findings only, and enter folds a
// listing or goes on.
func TestListingsAskNothing(t *testing.T) {
	p := newPlayhouse(t, 120, 40, unicodeGlyphs)
	p.checkWithMore()
	p.press("end", "]")
	s, ok := p.a.pane().(*checkScreen)
	if !ok {
		t.Fatalf("the screen is a %T", p.a.pane())
	}
	if at := s.view.onFinding(); at != 0 {
		t.Errorf("] leads to the finding %d", at)
	}
	p.press("end")
	if s.view.onFinding() != -1 || s.raw() != nil {
		t.Error("an item of a listing is taken for a finding")
	}
}
