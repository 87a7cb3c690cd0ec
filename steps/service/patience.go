package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/progress"
)

// patience is how long a server that says "not now" is asked again. Directus
// answers 503 while its event loop lags, as it does right after a boot on a
// small machine; taking that for a failure would roll a good upgrade back (VE1).
const patience = 2 * time.Minute

// Patiently asks until the answer is something other than a passing refusal.
func Patiently(ctx context.Context, report progress.Reporter, ask func() error) error {
	deadline := time.Now().Add(patience)
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := ask()
		var refused *directus.APIError
		passing := errors.As(err, &refused) &&
			(refused.Status == http.StatusServiceUnavailable || refused.Status == http.StatusTooManyRequests)
		if !passing || time.Now().Add(wait).After(deadline) {
			return err
		}
		report.Output("the server is under pressure (" + http.StatusText(refused.Status) + "); asking again")
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
}
