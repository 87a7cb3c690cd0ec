package main

import (
	"context"

	"bunnyhop/internal/fault"
)

// wizard opens the home screen, or says how the project stands where there is
// no terminal to show it on.
func wizard(ctx context.Context, a *app) error {
	switch a.front(false) {
	case frontScreen, frontAsk:
		return a.screen(ctx, nil, request{})
	case frontJSON:
		return fault.New("the wizard needs a terminal", "`bunnyhop status --json` looks, `bunnyhop upgrade --yes --json` upgrades").
			WithCode(fault.Usage)
	case frontPlain:
	}
	if err := runStatus(ctx, &statusOptions{app: a}); err != nil {
		return err
	}
	a.println("")
	return fault.New("the wizard needs a terminal, and nothing was started",
		"name a command, such as `bunnyhop upgrade --yes`; `bunnyhop --help` lists them").WithCode(fault.Usage)
}
