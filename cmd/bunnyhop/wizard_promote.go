package main

import (
	"context"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/model"
	"bunnyhop/steps/overview"
	"bunnyhop/tui"
)

// wanted is the request behind a job of the screens. A promotion that was
// asked for there brings its data model into this project.
func (a *app) wanted(req request, j tui.Job) (request, error) {
	wanted := req.with(j)
	if j.Base == "" {
		return wanted, nil
	}
	base, err := model.Find(j.Base)
	if err != nil {
		return request{}, err
	}
	o, err := a.site()
	if err != nil {
		return request{}, err
	}
	target, err := model.Find(o.Root)
	if err != nil {
		return request{}, err
	}
	wanted.promotion = &overview.Promotion{Base: base, Target: target, Mode: j.Mode}
	return wanted, nil
}

// findModel says what is wrong with a place that was typed into a screen. A
// server is not asked yet, but there has to be something to log in with.
func (a *app) findModel(_ context.Context, word string) error {
	base, err := model.Find(word)
	if err != nil {
		return err
	}
	if o, err := a.site(); err == nil && base.Place == o.Root {
		return fault.New("this is the project itself", "name another one, or a snapshot of it")
	}
	if base.Kind != model.Server {
		return nil
	}
	return model.CredentialsOf(a.environ, model.Base).Check(base.Place)
}
