package upgrade

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// review shows what the upgrade changes and has every change decided that can
// be decided.
type review struct {
	site   *site.Site
	models *models
}

// Check proves that every change is decided. The changes are worked out again
// by Do when they are not.
func (v review) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	done, ok := facts.Reviewed.Get(r)
	if !ok || len(change.Undecided(done.Changes, done.Decisions)) > 0 {
		return steps.Unproved("not every change is decided"), nil
	}
	if refused, ok := Refused.Get(r); ok && refused.Error != "" {
		return steps.Unproved("what was decided cannot be done"), nil
	}
	return steps.Proved("%d changes decided", len(done.Changes)), nil
}

// Do gathers the changes and asks.
func (v review) Do(ctx context.Context, r *steps.Run) error {
	model, err := v.models.changes(r)
	if err != nil {
		return err
	}
	changes, err := v.changes(ctx, r, model)
	if err != nil {
		return err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return err
	}
	answer, err := r.Ask(ctx, steps.Gate{
		ID: "review", Kind: steps.GateReview, Title: fmt.Sprintf("What %s → %s changes", target.From, target.To),
		Text: model.text, Flag: "--yes (takes what is recommended) or --decisions FILE", Changes: changes, Noise: model.noise,
	})
	if err != nil {
		return err
	}
	decisions := change.Decisions{}
	accepted, rejected := 0, 0
	for _, c := range changes {
		decisions[c.ID] = c.Locked != "" || answer.Decisions[c.ID]
		if decisions[c.ID] {
			accepted++
		} else {
			rejected++
		}
	}
	r.Summary("%d accepted · %d rejected", accepted, rejected)
	if err := facts.Reviewed.Set(r, facts.Review{Changes: changes, Decisions: decisions}); err != nil {
		return err
	}
	if _, ok := Refused.Get(r); ok {
		return Refused.Set(r, Refusal{})
	}
	return nil
}

func (v review) changes(ctx context.Context, r *steps.Run, model modelChanges) ([]change.Change, error) {
	p, err := v.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return nil, err
	}
	rehearsed, err := facts.Rehearsed.Need(r)
	if err != nil {
		return nil, err
	}
	changes := packageChanges(p, target)
	in, done, err := input(ctx, r, v.site, target.To)
	if err != nil {
		return nil, err
	}
	defer done()
	suggestions, err := advisory.EnvLines(ctx, in)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, s := range suggestions {
		values[s.Key] = s.Value
	}
	if err := code.KeepEnvironmentLines(r, values); err != nil {
		return nil, err
	}
	changes = append(changes, environmentChanges(p, suggestions)...)
	for i, difference := range rehearsed.AccessChanges {
		changes = append(changes, change.Change{
			ID: fmt.Sprintf("access:%d", i+1), Group: "Access", Title: difference, Risk: change.Caution,
			Detail: "Seen on the copy, by comparing what each role may do before and after.",
			Locked: "it follows from the migrations", Undo: "restoring the backup",
		})
	}
	changes = append(changes, model.wanted...)
	changes = append(changes, model.migrated...)
	rehearsed.UserChanges = untold(rehearsed.UserChanges, model.told)
	changes = append(changes, tableChanges(rehearsed)...)
	for _, m := range rehearsed.Pending {
		changes = append(changes, migrationChange(m))
	}
	return changes, nil
}

func packageChanges(p *project.Project, target facts.Target) []change.Change {
	changes := []change.Change{{
		ID: code.ChangePackage, Group: "Project files", Title: "package.json: directus " + p.Declared + " → " + target.To,
		Before: `"directus": "` + p.Declared + `"`, After: `"directus": "` + target.To + `"`, Risk: change.Safe, Recommended: true,
		Detail: "Rejected, the file keeps the old version: the next install of packages would bring the old code back on the new database.",
		Undo:   "the file is kept and renamed back",
	}}
	if p.LockFile != "" {
		name := filepath.Base(p.LockFile)
		changes = append(changes, change.Change{
			ID: code.ChangeLock, Group: "Project files", Title: name + ": the packages as they were installed and rehearsed",
			Risk: change.Safe, Recommended: true, Requires: []string{code.ChangePackage},
			Detail: "Rejected, the file keeps the old packages, and a clean install brings the old code back.",
			Undo:   "the file is kept and renamed back",
		})
	}
	return changes
}

func environmentChanges(p *project.Project, suggestions []advisory.EnvSuggestion) []change.Change {
	var changes []change.Change
	for _, s := range suggestions {
		line := s.Key + "=" + s.Value
		if s.Secret {
			line = s.Key + "=[secret]"
		}
		c := change.Change{
			ID: code.EnvPrefix + s.Key, Group: filepath.Base(p.Config.Path), Title: line,
			Detail: strings.Join([]string{s.Comment, s.Reason}, "\n"), After: line,
			Risk: change.Caution, Recommended: s.Recommended, Undo: "the file is kept and renamed back",
		}
		if p.Config.Format != project.Dotenv {
			// Other formats are programs or documents whose layout is the
			// person's own; the line is shown and not written.
			c.ID = "by-hand:" + s.Key
			c.Locked = "only shown: " + filepath.Base(p.Config.Path) + " is not a .env file, so add the value by hand"
		}
		changes = append(changes, c)
	}
	return changes
}

func migrationChange(m directus.Migration) change.Change {
	c := change.Change{
		ID: "migration:" + m.ID, Group: "Migrations", Title: m.ID + " " + m.Title, Risk: change.Safe,
		Detail: m.Summary, Locked: "the new version does not work without it", Undo: undoText(m),
	}
	if m.Custom {
		c.Detail, c.Risk = "A migration of this project's own.", change.Caution
	}
	if m.Destructive {
		c.Risk = change.Destructive
	}
	if m.Loss != "" {
		c.Risk = change.Destructive
		c.Detail = strings.TrimSpace(c.Detail + "\n" + m.Loss)
	}
	return c
}

func undoText(m directus.Migration) string {
	switch m.Down {
	case "full":
		return "can be undone"
	case "lossy":
		return "undoing it loses data; restoring the backup does not"
	case "schema_only":
		return "undoing it brings the columns back without their data; restoring the backup brings all back"
	case "fails":
		return "cannot be undone step by step; only by restoring the backup"
	default:
		return "undone by restoring the backup"
	}
}
