package upgrade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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
	offer, err := c.offer(ctx, r, client, seen)
	if err != nil {
		return err
	}
	to, reason, err := c.settle(ctx, r, offer, seen)
	if err != nil {
		return err
	}
	target := facts.Target{From: seen.Installed, To: to, Reason: reason, NodeMajor: node.Majors(to)}
	if to != seen.Installed {
		r.Output("looking whether every package of Directus " + to + " can be had")
		if err := release.Installable(ctx, client, to, r); err != nil && !c.cannotTell(r, err) {
			return err
		}
	}
	if row, ok := offer.listed(to); ok {
		target.Released, target.KnownBad = row.Date, row.KnownBad
		target.Young = row.Young(time.Now(), offer.minimum)
	}
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
	if to == seen.Installed {
		r.Summary("%s is installed", to)
		return nil
	}
	r.Summary("%s → %s", target.From, target.To)
	return nil
}

// cannotTell reports whether a version could not be looked at, and whether
// that does not matter, since it is only asked what it would mean.
func (c choose) cannotTell(r *steps.Run, err error) bool {
	var down *registry.DownError
	if !c.options.LookOnly || !errors.As(err, &down) {
		return false
	}
	r.Output("whether it can be installed cannot be told: " + err.Error())
	return true
}

// settle finds the version: the one that was given, or the one that is chosen.
// One that is young is asked about, and what is not wanted then is chosen anew.
func (c choose) settle(ctx context.Context, r *steps.Run, offer *offer, seen facts.Inspection) (to, reason string, err error) {
	to, reason = c.options.To, "asked for"
	if to == latest {
		// From here on it is an exact version: what is staged, rehearsed and
		// installed must be the same (VC1).
		if to = seen.Installed; len(offer.newer) > 0 {
			to, reason = newestOf(offer.newer), "the newest release"
		}
	}
	switch {
	case c.options.LookOnly && (to == seen.Installed || to == "" && len(offer.newer) == 0):
		return seen.Installed, installedAlready, nil
	case to != "":
		if err := known(offer.all, seen.Installed, to); err != nil {
			return "", "", err
		}
	case len(offer.newer) == 0:
		return "", "", fault.Newf("Directus %s is the newest version there is; there is nothing to upgrade to", seen.Installed).
			WithHint("nothing has to be done").WithCode(fault.Usage)
	}
	for round := 1; ; round++ {
		if to == "" {
			if to, reason, err = c.ask(ctx, r, offer, seen, round); err != nil {
				return "", "", err
			}
		}
		row, listed := offer.listed(to)
		if !listed || c.options.AllowYoung || !row.Young(time.Now(), offer.minimum) {
			return to, reason, nil
		}
		take, err := askYoung(ctx, r, row, offer.minimum, round)
		if err != nil {
			return "", "", err
		}
		if take {
			return to, reason, nil
		}
		to = ""
	}
}

// installedAlready is the reason of a check of the version that is installed.
const installedAlready = "it is installed, so that there is nothing to cross"

// ask has a version chosen. Round counts how often it is asked: a version that
// was set aside because it is young leads back to the list.
func (c choose) ask(ctx context.Context, r *steps.Run, offer *offer, seen facts.Inspection, round int) (to, reason string, err error) {
	if !offer.complete {
		if err := c.complete(ctx, r, offer, seen); err != nil {
			return "", "", err
		}
	}
	list := offer.list
	gate := steps.Gate{
		ID: numbered("target", round), Kind: steps.GateChoose, Title: "Which version?", Flag: "--to VERSION (or --yes for the recommended one)",
		Text: advice(seen.Installed, list.Recommended, list.Reason),
	}
	for _, row := range list.Rows {
		gate.Choices = append(gate.Choices, steps.Choice{
			ID: row.Version, Title: row.Version, Default: row.Version == list.Recommended,
			Detail: describe(row, list.MinimumAgeDays), Disabled: row.Missing,
		})
	}
	stop := c.lookAhead(ctx, r, list.Rows)
	answer, err := r.Ask(ctx, gate)
	stop()
	if err != nil {
		return "", "", err
	}
	if answer.Choice != list.Recommended {
		return answer.Choice, "chosen by hand", nil
	}
	return answer.Choice, list.Reason, nil
}

// numbered is the id of a question that may be asked again.
func numbered(id string, round int) string {
	if round == 1 {
		return id
	}
	return id + ":" + strconv.Itoa(round)
}

// advice says what is recommended and why.
func advice(installed, recommended, why string) string {
	if recommended == "" {
		return fmt.Sprintf("Directus %s is installed. None is recommended: %s.", installed, why)
	}
	return fmt.Sprintf("Directus %s is installed. Recommended is %s, %s.", installed, recommended, why)
}

func describe(row facts.Release, minimumDays int) string {
	parts := []string{fmt.Sprintf("%d migrations", row.Migrations)}
	if len(row.Node) > 0 {
		parts = append(parts, fmt.Sprintf("Node %d", row.Node[0]))
	}
	if !row.Date.IsZero() {
		parts = append(parts, row.Date.Format("2006-01-02"))
	}
	if row.Young {
		parts = append(parts, fmt.Sprintf("younger than %d days", minimumDays))
	}
	if row.KnownBad != "" {
		parts = append(parts, "known to be bad: "+row.KnownBad)
	}
	if row.Deprecated != "" {
		parts = append(parts, "deprecated: "+row.Deprecated)
	}
	return strings.Join(parts, " · ")
}

// newestOf is the newest release that is neither deprecated nor known to be
// bad, if there is one.
func newestOf(newer []release.Release) string {
	for _, one := range newer {
		if one.Deprecated == "" && one.KnownBad == "" {
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
