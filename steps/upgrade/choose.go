package upgrade

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/release"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// lookedAt is how many of the newest releases are tried for whether they can
// be installed before the list is shown. Others are tried when chosen.
const lookedAt = 6

// latest stands for the newest release.
const latest = "latest"

// choose settles the target version and proves that it can be installed.
type choose struct {
	site    *site.Site
	options Options
}

// Check proves that the chosen package can still be had.
func (c choose) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	target, ok := facts.Chosen.Get(r)
	if !ok || (c.options.To != "" && c.options.To != latest && c.options.To != target.To) {
		return steps.Unproved("no version was chosen"), nil
	}
	client, err := c.site.Registry()
	if err != nil {
		return steps.Proof{}, err
	}
	if err := release.Installable(ctx, client, target.To, r); err != nil {
		return steps.Proof{}, err
	}
	return steps.Proved("Directus %s can be installed", target.To), nil
}

// Do asks for the version, or takes the one that was given.
func (c choose) Do(ctx context.Context, r *steps.Run) error {
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	client, err := c.site.Registry()
	if err != nil {
		return err
	}
	releases, stale, err := release.List(ctx, client)
	if err != nil {
		return err
	}
	if stale != nil {
		r.Output("the registry does not answer; the list of versions is of " + stale.Format("2006-01-02 15:04"))
	}
	newer := newerThan(releases, seen.Installed)
	to, reason := c.options.To, "asked for"
	if to == latest && len(newer) > 0 {
		// From here on it is an exact version: what is staged, rehearsed and
		// installed must be the same (VC1).
		to, reason = newestOf(newer), "the newest release"
	}
	if to != "" {
		if to == latest {
			to = seen.Installed // nothing is newer
		}
		if err := known(releases, seen.Installed, to); err != nil {
			return err
		}
	} else {
		if len(newer) == 0 {
			return fault.Newf("Directus %s is the newest version there is; there is nothing to upgrade to", seen.Installed).
				WithHint("nothing has to be done").WithCode(fault.Usage)
		}
		if to, reason, err = c.ask(ctx, r, client, newer, seen); err != nil {
			return err
		}
	}
	r.Output("looking whether every package of Directus " + to + " can be had")
	if err := release.Installable(ctx, client, to, r); err != nil {
		return err
	}
	target := facts.Target{From: seen.Installed, To: to, Reason: reason, NodeMajor: node.Majors(to)}
	pending, err := advisory.PendingFor(to, nil, seen.Recorded)
	if err != nil {
		return err
	}
	for _, m := range pending {
		target.Pending = append(target.Pending, m.ID+"-"+m.Name)
	}
	if err := facts.Chosen.Set(r, target); err != nil {
		return err
	}
	r.Summary("%s → %s", target.From, target.To)
	return nil
}

func (c choose) ask(ctx context.Context, r *steps.Run, client *registry.Client, newer []release.Release, seen facts.Inspection) (to, reason string, err error) {
	problems := map[string]string{}
	for i, one := range newer {
		if i == lookedAt {
			break
		}
		if err := release.Installable(ctx, client, one.Version, r); err != nil {
			if ctx.Err() != nil {
				return "", "", ctx.Err()
			}
			problems[one.Version] = err.Error()
		}
	}
	usable := slices.DeleteFunc(slices.Clone(newer), func(one release.Release) bool { return problems[one.Version] != "" })
	in, done, err := input(ctx, r, c.site, "")
	if err != nil {
		return "", "", err
	}
	defer done()
	recommended, why, err := advisory.Recommend(ctx, candidates(usable), in)
	if err != nil {
		return "", "", err
	}
	gate := steps.Gate{
		ID: "target", Kind: steps.GateChoose, Title: "Which version?", Flag: "--to VERSION (or --yes for the recommended one)",
		Text: advice(seen.Installed, recommended, why),
	}
	for _, one := range newer {
		choice := steps.Choice{
			ID: one.Version, Title: one.Version, Default: one.Version == recommended,
			Detail: c.describe(one, seen), Disabled: problems[one.Version],
		}
		gate.Choices = append(gate.Choices, choice)
	}
	answer, err := r.Ask(ctx, gate)
	if err != nil {
		return "", "", err
	}
	if answer.Choice != recommended {
		why = "chosen by hand"
	}
	return answer.Choice, why, nil
}

// advice says what is recommended and why.
func advice(installed, recommended, why string) string {
	if recommended == "" {
		return fmt.Sprintf("Directus %s is installed. None is recommended: %s.", installed, why)
	}
	return fmt.Sprintf("Directus %s is installed. Recommended is %s, %s.", installed, recommended, why)
}

// candidates are the releases as the recommendation looks at them.
func candidates(releases []release.Release) []advisory.Release {
	out := make([]advisory.Release, len(releases))
	for i, one := range releases {
		out[i] = advisory.Release{Version: one.Version, Deprecated: one.Deprecated != ""}
	}
	return out
}

func (c choose) describe(one release.Release, seen facts.Inspection) string {
	var parts []string
	if pending, err := advisory.PendingFor(one.Version, nil, seen.Recorded); err == nil {
		parts = append(parts, fmt.Sprintf("%d migrations", len(pending)))
	}
	if majors := node.Majors(one.Version); len(majors) > 0 {
		parts = append(parts, fmt.Sprintf("Node %d", majors[0]))
	}
	if !one.Date.IsZero() {
		parts = append(parts, one.Date.Format("2006-01-02"))
	}
	if one.Deprecated != "" {
		parts = append(parts, "deprecated: "+one.Deprecated)
	}
	return strings.Join(parts, " · ")
}

// newestOf is the newest release that is not deprecated, if there is one.
func newestOf(newer []release.Release) string {
	for _, one := range newer {
		if one.Deprecated == "" {
			return one.Version
		}
	}
	return newer[0].Version
}

// newerThan keeps the proper releases above a version, newest first.
func newerThan(releases []release.Release, installed string) []release.Release {
	from, err := semver.NewVersion(installed)
	if err != nil {
		return nil
	}
	var newer []release.Release
	for _, one := range releases {
		if v, err := semver.NewVersion(one.Version); err == nil && v.GreaterThan(from) && !one.Prerelease {
			newer = append(newer, one)
		}
	}
	return newer
}

func known(releases []release.Release, installed, to string) error {
	target, err := semver.NewVersion(to)
	if err != nil {
		return fault.Newf("%q is not a version", to).WithHint("name one exactly, such as 11.17.4; `bunnyhop versions` lists them").WithCode(fault.Usage)
	}
	from, err := semver.NewVersion(installed)
	if err != nil {
		return fmt.Errorf("reading the installed version %q: %w", installed, err)
	}
	switch {
	case target.Equal(from):
		return fault.Newf("Directus %s is installed already", to).WithHint("`bunnyhop versions` lists the newer ones").WithCode(fault.Usage)
	case target.LessThan(from):
		return fault.Newf("Directus %s is older than the installed %s", to, installed).
			WithHint("an upgrade only goes forward; `bunnyhop rollback` takes a finished upgrade back, `bunnyhop restore` puts a backup back").WithCode(fault.Usage)
	}
	if !slices.ContainsFunc(releases, func(one release.Release) bool { return one.Version == target.String() }) {
		return fault.Newf("the registry has no Directus %s", to).WithHint("`bunnyhop versions` lists what it has").WithCode(fault.Usage)
	}
	return nil
}
