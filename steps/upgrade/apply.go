package upgrade

import (
	"context"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// apply makes the accepted changes of the data model, and proves by reading
// again that what was accepted is there and what was rejected is not. The
// project files were switched with the code.
type apply struct {
	site   *site.Site
	models *models
}

// Check reads again.
func (a apply) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	err := a.prove(ctx, r)
	if err == nil {
		err = a.models.brought(ctx, r)
	}
	if err != nil {
		return steps.Unproved("%v", err), nil
	}
	return steps.Proved("as decided"), nil
}

// Do makes the changes and reads again. There is no undo of its own: that of
// the migration puts the whole database back.
func (a apply) Do(ctx context.Context, r *steps.Run) error {
	if err := a.prove(ctx, r); err != nil {
		return err
	}
	if err := a.models.bring(ctx, r); err != nil {
		return err
	}
	if err := a.models.brought(ctx, r); err != nil {
		return err
	}
	r.Summary("%s", strings.Join(append([]string{"as decided"}, modelLines(r)...), "; "))
	return nil
}

func (a apply) prove(ctx context.Context, r *steps.Run) error {
	decided, err := facts.Reviewed.Need(r)
	if err != nil {
		return err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return err
	}
	a.site.Forget()
	p, err := a.site.Open(ctx, r)
	if err != nil {
		return err
	}
	wanted := target.To
	if !decided.Decisions[code.ChangePackage] {
		seen, err := facts.Inspected.Need(r)
		if err != nil {
			return err
		}
		wanted = seen.Declared
	}
	if p.Declared != wanted {
		return fault.Newf("package.json says directus %s, and %s was decided", p.Declared, wanted)
	}
	values, err := code.EnvironmentLines(r)
	if err != nil {
		return err
	}
	for _, c := range decided.Changes {
		line, isLine := strings.CutPrefix(c.ID, code.EnvPrefix)
		if !isLine {
			continue
		}
		value := values[line]
		now, there := p.Config.Lookup(line)
		there = there && p.Config.Source(line) == project.FromFile
		switch accepted := decided.Decisions[c.ID]; {
		case accepted && (!there || now != value):
			return fault.Newf("%s was accepted and is not in %s", c.After, p.Config.Path)
		case !accepted && there && now == value && c.Before == "":
			return fault.Newf("%s was rejected and is in %s", c.After, p.Config.Path)
		}
	}
	return nil
}
