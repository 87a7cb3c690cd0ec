package service

import (
	"context"
	"time"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Client returns a client of the running server that speaks as one of its
// administrators, with a token that the project's own SECRET signs: nothing
// is written to the database for it. It lives for a few minutes.
func Client(ctx context.Context, r *steps.Run, s *site.Site) (*directus.Client, error) {
	p, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	token, err := directus.AdminToken(ctx, db, p.Config.Get("SECRET"), 5*time.Minute)
	if err != nil {
		return nil, err
	}
	r.HideSecrets([]string{token})
	client := directus.NewClient(site.BaseURL(p), token)
	client.Busy = r.Output
	return client, nil
}

// Version asks the running server for its version. Without a SECRET in the
// configuration nobody can ask; then the answer of the ping has to do, and
// the version is that of the code on the disk.
func Version(ctx context.Context, r *steps.Run, s *site.Site) (string, error) {
	p, err := s.Open(ctx, r)
	if err != nil {
		return "", err
	}
	if p.Config.Get("SECRET") == "" {
		r.Output("SECRET is not set, so the server's own word on its version cannot be had; taking that of the code")
		return p.Installed, directus.NewClient(site.BaseURL(p), "").Ping(ctx)
	}
	client, err := Client(ctx, r, s)
	if err != nil {
		return "", err
	}
	info, err := client.Info(ctx)
	return info.Version, err
}
