package upgrade

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// check shows what the version change means for this project and has every
// warning acknowledged.
type check struct {
	site *site.Site
	// alone is set for a check without an upgrade: it asks nothing, and tells
	// what does not apply as well.
	alone bool
}

// Check is never satisfied: the project is looked at again.
func (c check) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do runs the rules and asks.
func (c check) Do(ctx context.Context, r *steps.Run) error {
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return err
	}
	in, done, err := input(ctx, r, c.site, target.To)
	if err != nil {
		return err
	}
	defer done()
	assessed, err := advisory.Assess(ctx, in)
	if err != nil {
		return err
	}
	findings, cleared := sorted(assessed)
	if target.To != target.From {
		own, err := c.own(ctx, r)
		if err != nil {
			return err
		}
		findings = append(own, findings...)
	}
	slices.SortStableFunc(findings, func(a, b advisory.Finding) int { return rank(a.Severity) - rank(b.Severity) })
	seen := facts.Findings{Findings: findings}
	if seen.Migrations, err = pendingMigrations(ctx, r, in); err != nil {
		return err
	}
	npm, err := c.site.Registry()
	if err != nil {
		return err
	}
	r.Output("asking the npm registry about the extensions")
	if seen.Extensions, err = checkExtensions(ctx, in, npm); err != nil {
		return err
	}
	if c.alone {
		seen.Cleared = cleared
	}
	if err := facts.Checked.Set(r, seen); err != nil || c.alone {
		return err
	}
	answer := steps.Answer{}
	if advisory.Count(findings, advisory.Blocker)+advisory.Count(findings, advisory.Warning) > 0 {
		answer, err = r.Ask(ctx, steps.Gate{
			ID: "findings", Kind: steps.GateFindings,
			Title: fmt.Sprintf("What changes between %s and %s", target.From, target.To),
			Flag:  "--yes (acknowledges warnings) and --override ID (passes a blocker)", Findings: findings,
		})
		if err != nil {
			return err
		}
	}
	r.Summary("%d warnings · %d notes", advisory.Count(findings, advisory.Warning), advisory.Count(findings, advisory.Note))
	seen.Acknowledged, seen.Overridden = answer.Acknowledged, answer.Overrides
	return facts.Checked.Set(r, seen)
}

// sorted parts what is shown from what does not apply.
func sorted(assessed []advisory.Assessment) (findings []advisory.Finding, cleared []facts.Cleared) {
	for _, a := range assessed {
		if f, shown := a.Finding(); shown {
			findings = append(findings, f)
		} else {
			cleared = append(cleared, facts.Cleared{ID: a.Rule.ID, Title: a.Rule.Title, Why: a.Why})
		}
	}
	return findings, cleared
}

func rank(s advisory.Severity) int {
	switch s {
	case advisory.Blocker:
		return 0
	case advisory.Warning:
		return 1
	case advisory.Note:
		return 2
	}
	return 3
}

// own lists findings that come from the place and not from the versions.
func (c check) own(ctx context.Context, r *steps.Run) ([]advisory.Finding, error) {
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return nil, err
	}
	findings := c.ofRelease(r)
	if err := site.Writable(seen.Root); err != nil {
		findings = append(findings, advisory.Finding{
			ID: "root-not-writable", Severity: advisory.Blocker, NeverOverridable: true,
			Title:    "the project's folder cannot be written",
			Evidence: []string{err.Error()},
			Remedy:   "Run bunnyhop as the user that owns the project, or make the folder writable. The new version is installed beside the old one, in this folder.",
		})
	}
	if f, found := c.serverNode(r, seen); found {
		findings = append(findings, f)
	}
	if f, found, err := c.port(ctx, r, seen); err != nil {
		return nil, err
	} else if found {
		findings = append(findings, f)
	}
	if f, found, err := c.space(ctx, r, seen); err != nil {
		return nil, err
	} else if found {
		findings = append(findings, f)
	}
	if seen.Server.Running && seen.Running == "" {
		findings = append(findings, advisory.Finding{
			ID: "running-code-is-older", Severity: advisory.Warning,
			Title:    "the server was started before the installed code was put there",
			Evidence: []string{"installed: " + seen.Installed, "server: " + seen.Server.Description},
			Remedy:   "What runs now may be another version than the installed one. A rollback starts the installed one.",
		})
	}
	return findings, nil
}

// serverNode looks whether the server is run by something that chooses its own
// Node, and one that the target does not run on.
func (c check) serverNode(r *steps.Run, seen facts.Inspection) (advisory.Finding, bool) {
	target, ok := facts.Chosen.Get(r)
	bin := facts.Stage{NodeLink: "kept"}.LiveNodeBin(seen.Root)
	note := c.site.Service().Found.NodeNote(bin)
	major, _, _ := strings.Cut(seen.Node, ".")
	number, err := strconv.Atoi(major)
	if !ok || note == "" || err != nil || slices.Contains(target.NodeMajor, number) {
		return advisory.Finding{}, false
	}
	return advisory.Finding{
		ID: "server-chooses-node", Severity: advisory.Blocker,
		Title:    fmt.Sprintf("the server is started on Node %s, and Directus %s needs Node %d", seen.Node, target.To, target.NodeMajor[0]),
		Evidence: []string{seen.Server.Description},
		Remedy: note + ". That folder appears with the switch and goes away with a rollback, so this can be prepared now. " +
			"Pass this finding once it is done.",
	}, true
}

// port looks whether something else listens where the server is to listen.
// While the server runs, the port is its own.
func (c check) port(ctx context.Context, r *steps.Run, seen facts.Inspection) (advisory.Finding, bool, error) {
	if seen.Server.Running {
		return advisory.Finding{}, false, nil
	}
	p, err := c.site.Open(ctx, r)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	if p.Config.Get("UNIX_SOCKET_PATH") != "" {
		return advisory.Finding{}, false, nil
	}
	taken := server.PortFree(p.Config.Host(), p.Config.Port())
	if taken == nil {
		return advisory.Finding{}, false, nil
	}
	return advisory.Finding{
		ID: "port-taken", Severity: advisory.Blocker,
		Title:    "The new version could not listen on its port",
		Evidence: []string{taken.Error()},
		Remedy:   fault.HintOf(taken) + ". The upgrade starts the server to prove that it works.",
	}, true, nil
}
