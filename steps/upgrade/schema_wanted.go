package upgrade

import (
	"context"
	"os"

	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// readWanted reads the data model that is brought in, before anything else
// takes long. What was read counts for the whole run.
type readWanted struct{ models *models }

// Check proves that it was kept.
func (w readWanted) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	was, ok := Wanted.Get(r)
	if _, err := os.Stat(r.Path(wantedFile)); err != nil || !ok {
		return steps.Unproved("it was not read yet"), nil
	}
	return steps.Proved("%s", was.Model), nil
}

// Do reads it.
func (w readWanted) Do(ctx context.Context, r *steps.Run) error {
	from := *w.models.from
	opened, err := model.Open(ctx, r, from, model.Base, w.models.site.Options().Environ)
	if err != nil {
		return err
	}
	if err := opened.Close(); err != nil {
		return err
	}
	if err := model.Keep(r, wantedFile, opened.Snapshot); err != nil {
		return err
	}
	r.Summary("%s", opened.Describe())
	return Wanted.Set(r, WantedModel{Name: from.Name(), Model: opened.Describe()})
}
