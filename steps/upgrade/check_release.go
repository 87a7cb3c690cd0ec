package upgrade

import (
	"fmt"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

const knownBadID = "known-bad-release"

func knownBadTitle(version, why string) string {
	return "Directus " + version + " is known to be bad: " + why
}

// ofRelease lists findings about the chosen release itself.
func (c check) ofRelease(r *steps.Run) []advisory.Finding {
	target, ok := facts.Chosen.Get(r)
	if !ok {
		return nil
	}
	var findings []advisory.Finding
	if target.KnownBad != "" && target.To != target.From {
		findings = append(findings, advisory.Finding{
			ID: knownBadID, Severity: advisory.Blocker, Area: advisory.AreaServer, Version: target.To,
			Title:    knownBadTitle(target.To, target.KnownBad),
			Evidence: []string{"the target is " + target.To},
			Affects:  "Projects that use what is broken in it.",
			Remedy:   "choose another version; `bunnyhop versions` marks those that are known to be bad. Pass this finding if what is broken is of no use to this project",
			Source:   "reports of people who took it, named in bunnyhop's list of bad releases",
		})
	}
	if target.Young {
		findings = append(findings, advisory.Finding{
			ID: "young-release", Severity: advisory.Note, Area: advisory.AreaServer, Version: target.To,
			Title:    fmt.Sprintf("Directus %s is young: %s", target.To, CameOut(target.Released, time.Now())),
			Evidence: []string{"in the npm registry since " + target.Released.Local().Format("2006-01-02 15:04")},
			Affects:  "Everybody who takes a release in its first days.",
			Remedy:   "wait some days, or choose an older one; an upgrade to it is asked about, and needs --allow-young where nobody can be asked",
			Source:   "the npm registry; minimum_release_age in bunnyhop.yaml",
		})
	}
	return findings
}
